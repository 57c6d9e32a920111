// Endpoints and addresses that appear, move and go.
import { type Change, type Draft, draft, type Moment, nameIn, type Step, step } from "./change.ts";
import type { KnownEndpoint } from "./known.ts";

type Sides = Step & { readonly before: KnownEndpoint | null; readonly after: KnownEndpoint | null };

export function compareEndpoint(steps: readonly Step[], moment: Moment): readonly Change[] {
  const all = steps as readonly Sides[];
  const lost = ownersOf(all, ({ before, after }) => [before, after]);
  const won = ownersOf(all, ({ before, after }) => [after, before]);
  return all.flatMap((one) => changesOf(one, { lost, won }, moment));
}

/** `network address` -> the MAC that has it on the first side and not on the second. */
type Owners = ReadonlyMap<string, string>;

function ownersOf(
  steps: readonly Sides[],
  sides: (one: Sides) => readonly [KnownEndpoint | null, KnownEndpoint | null],
): Owners {
  const owners = new Map<string, string>();
  for (const one of steps) {
    const [has, hasNot] = sides(one);
    for (const ip of has?.ips ?? []) if (!hasNot?.ips.includes(ip)) owners.set(`${has?.network} ${ip}`, has?.mac ?? "");
  }
  return owners;
}

function changesOf(
  one: Sides,
  { lost, won }: { readonly lost: Owners; readonly won: Owners },
  moment: Moment,
): readonly Change[] {
  const { before, after } = one;
  const told = after ?? before;
  if (told === null) return [];
  const { mac, network, owner } = told;
  const who = owner === null ? `MAC ${mac}` : `MAC ${mac} (${owner})`;
  const at = (place: KnownEndpoint): string =>
    `${nameIn(moment, place.host)}${place.port === null ? "" : ` port ${place.port}`}`;
  const base = { mac, network };
  const here = (place: KnownEndpoint) => ({ ...base, ips: place.ips.join(" "), host: place.host, port: place.port });
  if (after === null) {
    if (before === null || moment.settling) return [];
    const message = `${who} of network ${network} is gone from ${at(before)}`;
    return [step(one, draft("endpoint/gone", "info", before.host, mac, message, here(before)))];
  }
  // What other hosts' flows remember is no news while the host itself is yet to be read.
  if (moment.settling && after.port === null) return [];
  const hasMoved =
    before !== null && (before.host !== after.host || (after.port !== null && before.port !== after.port));
  // What others remember of it says less than is known.
  if (before !== null && !hasMoved && after.port === null && before.port !== null) return [];
  const added = after.ips.filter((ip) => !before?.ips.includes(ip));
  const taken = added.filter((ip) => lost.has(`${network} ${ip}`) && lost.get(`${network} ${ip}`) !== mac);
  const moves = taken.map((ip): Draft => {
    const from = lost.get(`${network} ${ip}`) ?? null;
    const message = `address ${ip} of network ${network} has moved from MAC ${from} to MAC ${mac} at ${at(after)}`;
    return draft("address/moved", "info", after.host, ip, message, { ...here(after), ip, from });
  });
  const fresh = added.filter((ip) => !taken.includes(ip));
  if (before === null) {
    const ips = fresh.length === 0 ? "" : ` with ${fresh.join(", ")}`;
    const message = `${who} of network ${network} is at ${at(after)}${ips}`;
    return [step(one, draft("endpoint/appeared", "info", after.host, mac, message, here(after)), ...moves)];
  }
  const events: Draft[] = [];
  if (hasMoved) {
    // A port whose name is only learned now is no other place.
    const isNews = before.host !== after.host || before.port !== null;
    const message = `${who} of network ${network} has moved from ${at(before)} to ${at(after)}`;
    const details = { ...here(after), fromHost: before.host, fromPort: before.port };
    if (isNews) events.push(draft("endpoint/moved", "info", after.host, mac, message, details));
  }
  events.push(...moves);
  for (const ip of fresh) {
    const message = `${who} of network ${network} at ${at(after)} has address ${ip}`;
    events.push(draft("address/appeared", "info", after.host, ip, message, { ...here(after), ip }));
  }
  const gone = before.ips.filter((ip) => !after.ips.includes(ip));
  const silent = gone.filter((ip) => !won.has(`${network} ${ip}`));
  if (moment.settling && silent.length > 0) {
    // An address that is not heard of yet is not gone.
    const known = { ...after, ips: [...after.ips, ...silent].sort() };
    const isNews = events.length > 0 || known.ips.length !== before.ips.length;
    return isNews ? [{ key: one.key, events, known: [[one.key, known]] }] : [];
  }
  for (const ip of silent) {
    const message = `${who} of network ${network} at ${at(after)} has not address ${ip} any more`;
    events.push(draft("address/gone", "info", after.host, ip, message, { ...here(after), ip }));
  }
  return [step(one, ...events)];
}
