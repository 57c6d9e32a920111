// All that can be seen of a fabric, in words that are the same in every world: to be compared.
import { formatFlow, formatGroup } from "../../proto/openflow13/index.ts";
import { isPassing } from "../../src/pipeline/registry.ts";
import { type RowJson, type World, workOf } from "./world.ts";

/** Lines of text by what they tell of. */
export type Snapshot = Readonly<Record<string, readonly string[]>>;

/** Longest first: an address that is the beginning of another must not be taken for it. */
function normaliser(volatile: readonly (readonly [string, string])[]): (text: string) => string {
  const sorted = [...volatile].sort(([a], [b]) => b.length - a.length || (a < b ? -1 : 1));
  return (text) => sorted.reduce((all, [found, word]) => all.split(found).join(word), text);
}

const PORT = /\b(in_port=|output:|watch_port:|IN_PORT=)"?(\d+)"?/g;

/** By their names: a switch numbers its ports as they come. */
function withPortNames(text: string, ports: ReadonlyMap<number, string>): string {
  return text.replace(PORT, (whole, word: string, number: string) => {
    const name = ports.get(Number(number));
    return name === undefined ? whole : `${word}${name}`;
  });
}

/** Sets and maps of RFC 7047 have no order. */
function sortedJson(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const [kind, items] = value as [unknown, unknown];
  if ((kind === "set" || kind === "map") && Array.isArray(items))
    return [kind, items.map((item) => JSON.stringify(item)).sort()];
  return value;
}

/** Simulated hosts say where tunnels to them are sent; of real ones it is where their connections come from. */
const TOLD_BY_HOSTS = /,?"\[\\"weft-tunnel-ip\\",[^\]]*\]"/;

function rowText(table: string, row: RowJson): string {
  const columns = Object.entries(row).map(([name, value]) => `${name}=${JSON.stringify(sortedJson(value))}`);
  return `${table} ${columns.sort().join(" ")}`.replace(TOLD_BY_HOSTS, "");
}

const json = (value: unknown): string =>
  JSON.stringify(value, (_, held) => (typeof held === "bigint" ? `${held}` : held));

export async function snapshot(world: World): Promise<Snapshot> {
  const same = normaliser(await world.volatile());
  const lines = (texts: readonly string[]): readonly string[] => texts.map(same).sort();
  const [status, topology, ports] = [await world.ask("status"), await world.ask("topology"), await world.ask("ports")];
  const result: Record<string, readonly string[]> = {
    problems: lines(status.problems.map(({ code, message }) => `${code}: ${message}`)),
    hosts: lines(
      topology.hosts.map(({ name, index, bridge, state, flows, tunnelIp, problems }) =>
        json({ name, index, bridge, state, flows, tunnelIp, problems: problems.map(({ code }) => code) }),
      ),
    ),
    tunnels: lines(topology.tunnels.map(json)),
    networks: lines(topology.networks.map(json)),
    endpoints: lines(topology.endpoints.map(json)),
    ports: lines(ports.filter(({ type }) => type !== "patch").map(({ ofport: _, ...port }) => json(port))),
  };
  for (const { name } of topology.hosts) {
    const number = Number(/\d+$/.exec(name)?.[0]);
    const held = await world.holdings(number);
    const texts = (list: readonly string[]) => lines(list.map((text) => withPortNames(text, held.ports)));
    const flows = held.flows.filter((flow) => !isPassing(flow));
    result[`flows of ${same(name)}`] = texts(
      flows.map((flow) => {
        const { tableId, priority, cookie, idleTimeoutSec, hardTimeoutSec, flags, match, instructions } = flow;
        return formatFlow({ tableId, priority, cookie, idleTimeoutSec, hardTimeoutSec, flags, match, instructions });
      }),
    );
    result[`groups of ${same(name)}`] = texts(held.groups.map((group) => formatGroup(group)));
    result[`rows of ${same(name)}`] = lines(
      Object.entries(held.rows).flatMap(([table, rows]) => rows.map((row) => rowText(table, row))),
    );
  }
  return result;
}

/** What a scenario leaves to compare. */
export class Account {
  readonly #world: World;
  readonly entries: [string, unknown][] = [];

  constructor(world: World) {
    this.#world = world;
  }

  note(what: string, value: unknown): void {
    this.entries.push([what, value]);
  }

  async all(what: string): Promise<void> {
    this.note(what, await snapshot(this.#world));
  }

  async work(what: string): Promise<void> {
    this.note(what, await workOf(this.#world));
  }
}

type Entries = Account["entries"];

/** The lines that one world has and the other has not, by what they tell of; none where both accounts are the same. */
export function differences(real: Entries, simulated: Entries): readonly string[] {
  const labels = [...new Set([...real, ...simulated].map(([what]) => what))];
  return labels.flatMap((what) => {
    const [a, b] = [real, simulated].map((entries) => linesOf(entries.find(([other]) => other === what)?.[1]));
    return [...only(a ?? [], b ?? [], `${what}: real:      `), ...only(b ?? [], a ?? [], `${what}: simulated: `)];
  });
}

function linesOf(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [json(value)];
  return Object.entries(value).flatMap(([part, lines]) =>
    Array.isArray(lines) ? lines.map((line) => `${part}: ${line}`) : [`${part}: ${json(lines)}`],
  );
}

/** A line that stands twice in one and once in the other counts too. */
function only(lines: readonly string[], others: readonly string[], title: string): readonly string[] {
  const left = [...others];
  return lines.flatMap((line) => {
    const at = left.indexOf(line);
    if (at < 0) return [title + line];
    left.splice(at, 1);
    return [];
  });
}
