// What a change of settings comes to in the end: round by round, as controller, hosts and switches would go.
import { describe, expect, it } from "vitest";
import type { FabricInput } from "../../../src/model/fabric.ts";
import { compileSwitch } from "../../../src/pipeline/compile.ts";
import { compileRows } from "../../../src/pipeline/rows.ts";
import { type Situation, settle, type Wanted } from "../../../src/pipeline/settle.ts";
import { derive, FABRIC, hostFact, portFact, stored, switchFact } from "../model/facts-for-tests.ts";

const numbers = [1, 2, 3];
const pipeline = { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 50, loopProbes: false };
const tunnelOptions = { csum: null, dstPort: null, dfDefault: null, tos: null, ttl: null, localIp: false };

/** Hosts that have just joined. */
const START: Situation = {
  hosts: new Map(
    numbers.map((at) => {
      const ports = [portFact({ name: "tap0", ofport: 1 })];
      return [`h${at}`, hostFact({ id: `h${at}`, stored: stored(`h${at}`, at), tunnelIp: `10.0.0.${at}`, ports })];
    }),
  ),
  switches: new Map(numbers.map((at) => [`h${at}`, switchFact({ dpid: `000000000000000${at}`, ownIndex: at })])),
  remembered: [],
};

function draw({ hosts, switches, remembered }: Situation, fields: Partial<FabricInput>): Wanted {
  const fabric = derive([...hosts.values()], Object.fromEntries(switches), { ...fields, remembered });
  const all = [...fabric.hosts.values()];
  const settings = { datapathType: null, controllerTarget: "tcp:192.0.2.1:6653", tunnelOptions };
  return {
    fabric,
    rows: new Map(all.flatMap((host) => compileRows(fabric, host, settings) ?? []).map((rows) => [rows.hostId, rows])),
    switches: new Map(all.map((host) => [host.id, compileSwitch(fabric, host, pipeline)])),
  };
}

type Round = (wanted: Wanted, situation: Situation) => void;

function settled(
  start: Situation,
  fields: Partial<FabricInput>,
  seen: Round = () => undefined,
  rest = () => Promise.resolve(),
): Promise<Wanted> {
  const drawn = async (situation: Situation): Promise<Wanted> => {
    const wanted = draw(situation, fields);
    seen(wanted, situation);
    return wanted;
  };
  return settle(start, drawn, rest);
}

const typesOf = ({ rows }: Wanted) => [
  ...new Set([...rows.values()].flatMap((row) => row.tunnels.map(({ type }) => type))),
];

/** The situation in which everything of that is in place. */
async function inPlace(fields: Partial<FabricInput>): Promise<Situation> {
  let last: Situation = START;
  await settled(START, fields, (_, situation) => {
    last = situation;
  });
  return last;
}

describe("a fabric that settles", () => {
  it("rests at least once for each host and each switch in every round", async () => {
    let [rests, rounds] = [0, 0];
    await settled(
      START,
      {},
      () => {
        rounds += 1;
      },
      async () => {
        rests += 1;
      },
    );
    expect(rests).toBeGreaterThanOrEqual(2 * numbers.length * (rounds - 1));
  });

  it("has a tunnel to every peer, and says the same when asked again", async () => {
    const end = await settled(START, {});
    expect(typesOf(end)).toEqual(["geneve"]);
    expect(end.rows.get("h1")?.tunnels.map(({ name }) => name)).toEqual(["geneve2", "geneve3"]);
    const rounds: Wanted[] = [];
    await settled(await inPlace({}), {}, (wanted) => rounds.push(wanted));
    expect(rounds.length).toBe(2);
  });

  it("has tunnels of the new type alone in the end, and of both on the way", async () => {
    const before = await inPlace({});
    const rounds: string[][] = [];
    const end = await settled(before, { tunnelType: "vxlan" }, (wanted) => rounds.push(typesOf(wanted)));
    expect(rounds.some((types) => types.length === 2)).toBe(true);
    expect(typesOf(end)).toEqual(["vxlan"]);
    expect(end.rows.get("h3")?.bridge.fabricId).toBe(FABRIC);
    const ports = [...(end.switches.get("h1")?.flows.values() ?? [])].map(({ match }) =>
      JSON.stringify(match, (_, v) => (typeof v === "bigint" ? `${v}` : v)),
    );
    expect(ports.filter((text) => text.includes(String(0xa002)))).toEqual([]);
    expect(ports.filter((text) => text.includes(String(0x9002)))).not.toEqual([]);
  });

  it("gives up tunnels between spokes where hubs are named", async () => {
    const before = await inPlace({});
    const end = await settled(before, { topology: { kind: "hubs", hubs: ["h1"], direct: [] } });
    expect(end.rows.get("h2")?.tunnels.map(({ name }) => name)).toEqual(["geneve1"]);
    expect(end.rows.get("h1")?.tunnels.map(({ name }) => name)).toEqual(["geneve2", "geneve3"]);
  });
});
