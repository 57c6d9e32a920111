// How long a cut path is felt, and how far a broadcast goes: Weft beside meshes made by hand, on the same hosts: `npm run bench -- heal`.
import { parseArgs } from "node:util";
import { checkRequirements, type Guest, Lab, type TunnelType } from "../src/lab/index.ts";
import type { Benchmark, BenchOptions, BenchReport } from "./harness/benchmark.ts";
import { median } from "./harness/statistics.ts";
import { type ByHand, meshByHand } from "./heal/by-hand.ts";
import { type Copies, measureCopies } from "./heal/copies.ts";
import { Probe, type Silence } from "./heal/probe.ts";
import { healTable, type Measured } from "./heal/table.ts";
import { Weft } from "./heal/weft.ts";

const usage = `npm run bench -- heal [--hosts 4,8,16] [--rounds 5] [--slow-rounds 3] [--tunnel vxlan] [--only NAME,...] [--give-up 60]
  --rounds       cuts for each of what heals within seconds; --slow-rounds for STP and RSTP
  --only         of stp, rstp, protected, weft
  --give-up      seconds after which a path counts as lost for good`;

function optionsOf({ args: argv, quick }: BenchOptions) {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      hosts: { ...text, default: "4" },
      rounds: { ...text, default: quick ? "1" : "5" },
      "slow-rounds": { ...text, default: quick ? "1" : "3" },
      tunnel: { ...text, default: "vxlan" },
      only: { ...text, default: quick ? "weft" : "stp,rstp,protected,weft" },
      "give-up": { ...text, default: "60" },
    },
  });
  const sizes = values.hosts.split(",").map(Number);
  const [rounds, slowRounds, giveUp] = [values.rounds, values["slow-rounds"], values["give-up"]].map(Number) as [
    number,
    number,
    number,
  ];
  const wrong = ![...sizes, rounds, slowRounds, giveUp].every((n) => Number.isInteger(n) && n > 0);
  if (wrong || sizes.some((hosts) => hosts < 4) || !["gre", "vxlan", "geneve"].includes(values.tunnel))
    throw new Error(usage);
  return {
    sizes,
    rounds,
    slowRounds,
    giveUpMs: giveUp * 1000,
    tunnel: values.tunnel as TunnelType,
    only: values.only.split(","),
  };
}

type Options = ReturnType<typeof optionsOf>;

interface Event {
  readonly name: string;
  readonly rounds: number;
  /** How long nothing may be missing before a cut counts as healed, and a heal as done. */
  readonly calmMs: number;
  readonly before?: () => Promise<void>;
  readonly cut: () => Promise<void>;
  /** Between two rounds: until all is as it was. */
  readonly after?: () => Promise<void>;
}

async function populate(lab: Lab): Promise<[Guest, Guest]> {
  const guests = await lab.populate({ perHost: 1 });
  // What is measured is the path, not how long a neighbour's entry lives.
  for (const guest of guests)
    for (const other of guests)
      if (other !== guest)
        await guest.exec([
          "ip",
          "neigh",
          "replace",
          other.ip,
          "lladdr",
          other.mac,
          "dev",
          guest.device,
          "nud",
          "permanent",
        ]);
  const [first, second] = guests;
  if (first === undefined || second === undefined) throw new Error("there are no guests");
  return [first, second];
}

async function measureEvent(lab: Lab, probe: Probe, event: Event, giveUpMs: number) {
  const cuts: Silence[] = [];
  const returns: Silence[] = [];
  await event.before?.();
  for (let round = 0; round < event.rounds; round++) {
    const cut = await probe.during(event.cut, { calmMs: event.calmMs, giveUpMs });
    cuts.push(cut);
    const healed = await probe.during(() => lab.healAll(), { calmMs: event.calmMs, giveUpMs });
    // Where the cut was never got over, what is felt at the return is the cut.
    if (cut.unicast !== null && cut.broadcast !== null) returns.push(healed);
    await event.after?.();
    process.stderr.write(
      `  ${event.name} ${round + 1}/${event.rounds}: unicast ${cut.unicast?.toFixed(0) ?? "-"} ms, broadcast ${cut.broadcast?.toFixed(0) ?? "-"} ms; at the return ${healed.lost} lost, ${healed.unicast?.toFixed(0) ?? "-"} ms\n`,
    );
  }
  return { name: event.name, cuts, returns };
}

async function measure(
  lab: Lab,
  options: Options,
  setUp: () => Promise<void>,
  events: readonly Event[],
): Promise<Omit<Measured, "name">> {
  const start = performance.now();
  await setUp();
  const [first, second] = await populate(lab);
  let probe = new Probe(first, second);
  try {
    await probe.first(120);
    const firstAnswerMs = performance.now() - start;
    // Spanning trees go on changing for a while after the first answer.
    await probe.during(async () => undefined, { calmMs: 5000, giveUpMs: 45_000 });
    await probe.stop();
    const copies: Copies = await measureCopies(lab, options.tunnel, first, second);
    probe = new Probe(first, second);
    await probe.first(10);
    const measured = [];
    for (const event of events) measured.push(await measureEvent(lab, probe, event, options.giveUpMs));
    return { firstAnswerMs, copies, events: measured };
  } finally {
    await probe.stop();
    for (const guest of lab.guests) await lab.host(guest.host).removeGuest(guest.name);
    await lab.healAll();
    await Promise.all(lab.hosts.map((host) => host.vsctl("del-manager", "--", "--if-exists", "del-br", "br-int")));
  }
}

const TITLES: Readonly<Record<ByHand, string>> = {
  stp: "STP",
  rstp: "RSTP",
  protected: "protected tunnel ports",
};

async function measureMesh(hosts: number, options: Options): Promise<readonly Measured[]> {
  const lab = await Lab.create({ hosts });
  const results: Measured[] = [];
  try {
    for (const kind of ["stp", "rstp", "protected"] as const) {
      if (!options.only.includes(kind)) continue;
      process.stderr.write(`${TITLES[kind]}\n`);
      const cut: Event = {
        name: "path cut",
        rounds: kind === "protected" ? 1 : options.slowRounds,
        calmMs: 5000,
        cut: () => lab.cut(1, 2),
      };
      const setUp = () => meshByHand(lab, options.tunnel, kind);
      results.push({ name: TITLES[kind], ...(await measure(lab, options, setUp, [cut])) });
    }
    if (options.only.includes("weft")) {
      process.stderr.write("Weft\n");
      const weft = new Weft(lab, options.tunnel);
      let relay = 3;
      const { rounds } = options;
      const events: Event[] = [
        { name: "path cut", rounds, calmMs: 2000, cut: () => lab.cut(1, 2), after: () => weft.settled() },
        {
          name: "two paths cut",
          rounds,
          calmMs: 2000,
          before: async () => {
            relay = await weft.firstRelay();
          },
          cut: async () => {
            await Promise.all([lab.cut(1, 2), lab.cut(relay, 2)]);
          },
          after: () => weft.settled(),
        },
        {
          name: "path cut, controller stopped",
          rounds,
          calmMs: 3000,
          before: () => weft.stop(),
          cut: () => lab.cut(1, 2),
        },
      ];
      const setUp = async (): Promise<void> => {
        await weft.start();
        await weft.join();
      };
      try {
        results.push({ name: "Weft", ...(await measure(lab, options, setUp, events)) });
      } finally {
        await weft.stop();
      }
    }
  } finally {
    await lab.destroy();
  }
  return results;
}

/** The median outage of Weft's unicast where a path is cut, by hosts. */
function outages(meshes: readonly (readonly [hosts: number, results: readonly Measured[]])[]) {
  return meshes.flatMap(([size, results]) => {
    const event = results.find(({ name }) => name === "Weft")?.events.find(({ name }) => name === "path cut");
    const silences = event?.cuts.flatMap(({ unicast }) => unicast ?? []) ?? [];
    return silences.length === 0 ? [] : [{ size, cost: median(silences) }];
  });
}

async function run(given: BenchOptions): Promise<BenchReport> {
  const options = optionsOf(given);
  const missing = checkRequirements();
  if (missing.length > 0) throw new Error(missing.map(({ what, remedy }) => `${what}: ${remedy}`).join("\n"));
  await Lab.sweep();
  const { sizes, tunnel } = options;
  const meshes: [number, readonly Measured[]][] = [];
  for (const hosts of sizes) meshes.push([hosts, await measureMesh(hosts, options)]);
  return {
    tables: meshes.map(([hosts, results]) => {
      const title = `A mesh of ${hosts} hosts, ${tunnel}; milliseconds: median (best to worst) of so many cuts`;
      return healTable(title, results, options.giveUpMs);
    }),
    scalings: [{ title: "weft, a path is cut, unicast", size: "hosts", cost: "ms", points: outages(meshes) }],
    notes: [],
    data: { ...options, meshes: meshes.map(([hosts, results]) => ({ hosts, results })) },
    ...(sizes.length === 1 ? { file: `heal-${sizes[0]}` } : {}),
  };
}

export const heal: Benchmark = {
  name: "heal",
  about: "how long a cut path is felt, and how far a broadcast goes, beside meshes made by hand",
  run,
};
