// Tunnels that fail and come back. A host that goes takes many with it, which is told as one.
import { type Change, type Draft, draft, type Moment, nameIn, type Step, step, wording } from "./change.ts";
import { HEARS, hostKey, type KnownTunnel } from "./known.ts";

/** So many at one moment, with one host in common, are one event. */
const MANY = 4;
/** More are counted, not named. */
const MAX_NAMED = 8;

interface Told {
  readonly step: Step;
  readonly tunnel: KnownTunnel;
  readonly event: Draft;
}

export function compareTunnels(steps: readonly Step[], moment: Moment): readonly Change[] {
  const changes: Change[] = [];
  const told: Told[] = [];
  for (const one of steps) {
    const before = one.before as KnownTunnel | null;
    const after = one.after as KnownTunnel | null;
    const tunnel = after ?? before;
    if (tunnel === null) continue;
    const ends = [tunnel.a, tunnel.b].map((id) => moment.now.get(hostKey(id)));
    if (after === null) {
      // Of a host that is not there nobody knows; one that was forgotten has no tunnels.
      if (ends.some((end) => end === undefined)) {
        if (!moment.settling) changes.push(step(one));
      } else if (ends.every((end) => end?.kind === "host" && end.state === "up")) {
        told.push({ step: one, tunnel, event: upAgain(tunnel, moment) });
      }
    } else if (before?.state === after.state && before.deaf === after.deaf) changes.push(wording(one));
    // Of two ends that were at fault one is well again, and the other about to be.
    else if (before?.state === "one-way" && HEARS.test(after.reason)) continue;
    else told.push({ step: one, tunnel, event: failed(after, moment) });
  }
  return [...changes, ...gathered(told, moment)];
}

function detailsOf({ a, b, type, state, reason }: KnownTunnel): Draft["details"] {
  return { from: a, to: b, type, state, reason };
}

function failed(tunnel: KnownTunnel, moment: Moment): Draft {
  const { a, b, type, state, deaf, reason } = tunnel;
  const name = (id: string): string => nameIn(moment, id);
  if (deaf !== null) {
    const speaker = deaf === a ? b : a;
    const message = `${type} tunnel of ${name(a)} and ${name(b)} is one-way: ${name(deaf)} hears nothing from ${name(speaker)}: ${reason}`;
    return draft("tunnel/one-way", "error", deaf, speaker, message, detailsOf(tunnel));
  }
  const kind = state === "error" ? "tunnel/error" : "tunnel/down";
  const what = state === "error" ? "has an error" : "is down";
  return draft(
    kind,
    "error",
    a,
    b,
    `${type} tunnel of ${name(a)} and ${name(b)} ${what}: ${reason}`,
    detailsOf(tunnel),
  );
}

function upAgain(tunnel: KnownTunnel, moment: Moment): Draft {
  const { a, b, type } = tunnel;
  const message = `${type} tunnel of ${nameIn(moment, a)} and ${nameIn(moment, b)} is up again`;
  return draft("tunnel/up", "info", a, b, message, { from: a, to: b, type, state: "up" });
}

function gathered(told: readonly Told[], moment: Moment): readonly Change[] {
  const rest = new Set(told);
  const changes: Change[] = [];
  for (;;) {
    const crowd = largestCrowd(rest);
    if (crowd === null) break;
    for (const one of crowd.members) rest.delete(one);
    const { host, kind, members } = crowd;
    const peers = members.map(({ tunnel }) => nameIn(moment, tunnel.a === host ? tunnel.b : tunnel.a)).sort();
    const named = peers.slice(0, MAX_NAMED).join(", ");
    const more = peers.length > MAX_NAMED ? ` and ${peers.length - MAX_NAMED} more` : "";
    const [first] = members;
    const message = `${members.length} tunnels of ${nameIn(moment, host)}, to ${named}${more}, ${WORDS.get(kind) ?? kind}`;
    const why = kind === "tunnel/up" || first === undefined ? "" : `: ${first.tunnel.reason}`;
    const severity = first?.event.severity ?? "info";
    changes.push({
      key: `tunnels ${host}`,
      events: [draft(kind, severity, host, null, `${message}${why}`, { tunnels: members.length })],
      known: members.map(({ step }) => [step.key, step.after]),
    });
  }
  return [...changes, ...[...rest].map((one) => step(one.step, one.event))];
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ["tunnel/up", "are up again"],
  ["tunnel/down", "are down"],
  ["tunnel/one-way", "are one-way"],
  ["tunnel/error", "have errors"],
]);

interface Crowd {
  readonly host: string;
  readonly kind: string;
  readonly members: readonly Told[];
}

function largestCrowd(told: ReadonlySet<Told>): Crowd | null {
  if (told.size < MANY) return null;
  const crowds = new Map<string, { host: string; kind: string; members: Told[] }>();
  for (const one of told) {
    for (const host of [one.tunnel.a, one.tunnel.b]) {
      const key = `${one.event.kind} ${host}`;
      const crowd = crowds.get(key) ?? { host, kind: one.event.kind, members: [] };
      crowd.members.push(one);
      crowds.set(key, crowd);
    }
  }
  let largest: Crowd | null = null;
  for (const crowd of crowds.values()) {
    if (crowd.members.length >= MANY && crowd.members.length > (largest?.members.length ?? 0)) largest = crowd;
  }
  return largest;
}
