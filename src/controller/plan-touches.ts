// What a change of configuration means to traffic, in words: from the fabric as it would be without and with it.
import type { Rest } from "../api/in-slices.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import { kindText } from "../model/lanes.ts";
import type { Wanted } from "../pipeline/settle.ts";

/** More of a kind are counted. */
const MAX_NAMED = 6;

/** @param rest awaited between one host and the next */
export async function touches(
  { fabric: before }: Wanted,
  { fabric: after }: Wanted,
  rest: Rest,
): Promise<readonly string[]> {
  const [was, will] = [await tunnelsOf(before, after, rest), await tunnelsOf(after, before, rest)];
  await rest();
  const words = [
    ...tunnelKinds(was, will),
    ...addresses(before, after),
    ...pairs(was, will, after),
    ...networks(before, after),
  ];
  return words.length > 0 ? words : ["no pair of hosts, and no port, gets another way or another network"];
}

function list(names: readonly string[]): string {
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
  return `${names.slice(0, MAX_NAMED).join(", ")}${more}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** Both ends' ids -> the kind of their tunnel, each pair once. */
type Kinds = ReadonlyMap<string, string>;

/** Without those of hosts that have the same in the other fabric. */
async function tunnelsOf(fabric: Fabric, other: Fabric, rest: Rest): Promise<Kinds> {
  const kinds = new Map<string, string>();
  for (const { id, wantedTunnels } of fabric.hosts.values()) {
    if (other.hosts.get(id)?.wantedTunnels === wantedTunnels) continue;
    await rest();
    for (const tunnel of wantedTunnels) {
      const { peerId } = tunnel;
      kinds.set(id < peerId ? `${id} - ${peerId}` : `${peerId} - ${id}`, kindText(tunnel));
    }
  }
  return kinds;
}

function tunnelKinds(was: Kinds, will: Kinds): readonly string[] {
  const changed = new Map<string, string[]>();
  for (const [pair, kind] of will) {
    const old = was.get(pair);
    if (old === undefined || old === kind) continue;
    const key = `${old} to ${kind}`;
    const known = changed.get(key);
    if (known === undefined) changed.set(key, [pair]);
    else known.push(pair);
  }
  return [...changed].map(
    ([how, of]) =>
      `tunnels change from ${how} between ${plural(of.length, "pair")} of hosts (${list(of)}): make-before-break, no frame is lost`,
  );
}

function pairs(was: Kinds, will: Kinds, after: Fabric): readonly string[] {
  const gone = [...was.keys()].filter((pair) => !will.has(pair));
  const come = [...will.keys()].filter((pair) => !was.has(pair));
  const other = after.topology.kind === "hubs" ? "their frames go by a hub" : "their frames go by a relay";
  return [
    ...(gone.length === 0
      ? []
      : [`${plural(gone.length, "pair")} of hosts lose their tunnel (${list(gone)}): ${other}`]),
    ...(come.length === 0 ? [] : [`${plural(come.length, "pair")} of hosts get a tunnel of their own (${list(come)})`]),
  ];
}

function addresses(before: Fabric, after: Fabric): readonly string[] {
  return [...after.hosts.values()].flatMap(({ id, tunnelIp }) => {
    const old = before.hosts.get(id)?.tunnelIp ?? null;
    if (old === null || old === tunnelIp) return [];
    return [
      tunnelIp === null
        ? `${id} loses its tunnel IP ${old}, and all tunnels with it`
        : `all tunnels to ${id} move from ${old} to ${tunnelIp}: they carry nothing until the host has that address`,
    ];
  });
}

function networks(before: Fabric, after: Fabric): readonly string[] {
  const moved = [...after.hosts.values()].flatMap((host) => movedPorts(before.hosts.get(host.id), host));
  const renumbered = after.networks.all().flatMap(({ name, vni }) => {
    const old = before.networks.all().find((one) => one.name === name);
    return old === undefined || old.vni === vni
      ? []
      : [
          `network ${name} gets the VNI ${vni} in place of ${old.vni}: its hosts change one after the other, and frames between them are lost meanwhile`,
        ];
  });
  const locked = [...after.hosts.values()].flatMap((host) => newlyLocked(before.hosts.get(host.id), host));
  return [
    ...(moved.length === 0 ? [] : [`${plural(moved.length, "port")} in another network: ${list(moved)}`]),
    ...renumbered,
    ...(locked.length === 0
      ? []
      : [`${plural(locked.length, "port")} newly locked, where only what is declared may speak: ${list(locked)}`]),
  ];
}

function networksOf(host: FabricHost | undefined, port: string): string | null {
  const found = host?.ports.find(({ fact }) => fact.name === port);
  if (found === undefined) return null;
  const names = found.attachments.map(({ network }) => network.name);
  return names.length === 0 ? "none" : list(names);
}

function movedPorts(was: FabricHost | undefined, host: FabricHost): readonly string[] {
  if (was === host) return [];
  return host.ports.flatMap(({ fact: { name } }) => {
    const [old, now] = [networksOf(was, name), networksOf(host, name)];
    return old === null || old === now ? [] : [`${host.id} ${name} (${old} to ${now})`];
  });
}

function newlyLocked(was: FabricHost | undefined, host: FabricHost): readonly string[] {
  if (was === host) return [];
  return host.ports.flatMap(({ fact: { name }, locks }) => {
    const old = was?.ports.find(({ fact }) => fact.name === name);
    return old !== undefined && old.locks.size === 0 && locks.size > 0 ? [`${host.id} ${name}`] : [];
  });
}
