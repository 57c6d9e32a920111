// Endpoints that come one after the other, on real hosts: by Weft, or by what stands beside it.
import type { Lab } from "../../src/lab/index.ts";
import { macOf, portOf } from "../endpoints.ts";
import { median, quantile } from "../harness/statistics.ts";
import { figure } from "../harness/table.ts";
import { cpuSecOf, memoryMbOf } from "../processes.ts";
import { BRIDGE, type Contender } from "../real/contender.ts";
import { CONTENDERS, type ContenderName } from "../real/contenders.ts";
import { FlowMonitors } from "../real/flow-monitors.ts";
import { TunnelWatch } from "../real/tunnel-watch.ts";
import { withContender } from "../real/with-contender.ts";

const MESH_SEC = 180;
const FLOW_MS = 120_000;
/** Ports that one ovs-vsctl adds, where they come together. */
const CHUNK = 50;
/** How long what follows a change may go on after the last flow. */
const SETTLE_MS = 3000;

export interface Step {
  /** Ports there are at its end. */
  readonly endpoints: number;
  /** How many came one by one, in this step. */
  readonly added: number;
  /** From the return of ovs-vsctl until the last host had the flow; 0 where it was there before. */
  readonly afterReturnMs: { readonly median: number; readonly p99: number };
  /** From the call of ovs-vsctl. */
  readonly afterCallMs: { readonly median: number; readonly p99: number };
  /** What ovs-vsctl alone takes of that. */
  readonly vsctlMs: number;
  readonly cpuSec: { readonly control: number; readonly hosts: number };
  readonly memoryMb: { readonly control: number; readonly hosts: number };
  /** In the tables of one host: the mean of all. */
  readonly flowsPerHost: number;
}

export interface AttachedReal {
  readonly name: ContenderName;
  readonly hosts: number;
  readonly steps: readonly Step[];
}

const now = (): number => performance.timeOrigin + performance.now();

class RealHosts {
  readonly #lab: Lab;
  readonly #contender: Contender;
  readonly #monitors: FlowMonitors;

  constructor(lab: Lab, contender: Contender, monitors: FlowMonitors) {
    this.#lab = lab;
    this.#contender = contender;
    this.#monitors = monitors;
  }

  #hostOf(number: number) {
    const host = this.#lab.hosts[number % this.#lab.hosts.length];
    if (host === undefined) throw new Error("the lab has no hosts");
    return host;
  }

  #addPort(number: number): string[] {
    const columns = ["type=internal", `mac="${macOf(number)}"`, ...this.#contender.columns(number)];
    const port = portOf(number);
    return ["--", "add-port", BRIDGE, port, "--", "set", "interface", port, ...columns];
  }

  #everywhere(number: number): Promise<number> {
    return this.#monitors.watch.everywhere(
      number,
      this.#lab.hosts.map(({ name }) => name),
      FLOW_MS,
    );
  }

  /** Together, a chunk on each host at a time. */
  async addMany(from: number, count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, at) => from + at);
    await this.#contender.declare(numbers);
    const everywhere = Promise.all(numbers.map((number) => this.#everywhere(number)));
    const adding = this.#lab.hosts.map(async (host) => {
      const own = numbers.filter((number) => this.#hostOf(number) === host);
      for (let at = 0; at < own.length; at += CHUNK)
        await host.vsctl(
          ...own
            .slice(at, at + CHUNK)
            .flatMap((number) => this.#addPort(number))
            .slice(1),
        );
    });
    await Promise.all([everywhere, ...adding]);
  }

  async addOne(
    number: number,
  ): Promise<{ readonly calledMs: number; readonly returnedMs: number; readonly heldMs: number }> {
    const everywhere = this.#everywhere(number);
    const calledMs = now();
    const vsctl = this.#hostOf(number).vsctl(...this.#addPort(number).slice(1));
    const returned = vsctl.then(() => now());
    const [returnedMs, heldMs] = await Promise.all([returned, everywhere]);
    return { calledMs, returnedMs, heldMs };
  }

  get #hostPids(): number[] {
    return this.#lab.hosts.flatMap(({ ovsdb, vswitchd }) => [ovsdb.pid ?? [], vswitchd.pid ?? []].flat());
  }

  async flowsPerHost(): Promise<number> {
    const counts = await Promise.all(
      this.#lab.hosts.map(async (host) => /flow_count=(\d+)/.exec(await host.ofctl("dump-aggregate", BRIDGE))?.[1]),
    );
    return counts.reduce((sum, count) => sum + Number(count), 0) / counts.length;
  }

  async step(from: number, count: number): Promise<Step> {
    const cpu = () => ({ control: cpuSecOf(this.#contender.pids), hosts: cpuSecOf(this.#hostPids) });
    const before = cpu();
    // It is part of the work of one who has to be told before.
    await this.#contender.declare(Array.from({ length: count }, (_, at) => from + at));
    const times = [];
    for (let number = from; number < from + count; number++) times.push(await this.addOne(number));
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const after = cpu();
    const spread = (values: readonly number[]) => ({ median: median(values), p99: quantile(values, 0.99) });
    return {
      endpoints: from + count,
      added: count,
      afterReturnMs: spread(times.map(({ returnedMs, heldMs }) => Math.max(0, heldMs - returnedMs))),
      afterCallMs: spread(times.map(({ calledMs, heldMs }) => heldMs - calledMs)),
      vsctlMs: median(times.map(({ calledMs, returnedMs }) => returnedMs - calledMs)),
      cpuSec: { control: after.control - before.control, hosts: after.hosts - before.hosts },
      memoryMb: { control: memoryMbOf(this.#contender.pids), hosts: memoryMbOf(this.#hostPids) },
      flowsPerHost: await this.flowsPerHost(),
    };
  }
}

/**
 * @param sizes ports there are at the ends of the steps. In the first step all but the last ones come together.
 * @param each how many come one by one in a step; all of them where it has fewer
 */
export function attachReal(
  name: ContenderName,
  hosts: number,
  sizes: readonly number[],
  each: number,
  progress: (text: string) => void,
): Promise<AttachedReal> {
  const told = ({ endpoints, afterReturnMs }: Step): void =>
    progress(`${name}, ${hosts} hosts, ${endpoints} ports: ${figure(afterReturnMs.median)} ms after the return`);
  return withContender(CONTENDERS[name], hosts, async (lab, contender) => {
    const tunnels = await TunnelWatch.open(lab.hosts);
    try {
      await contender.join();
      await tunnels.all(hosts - 1, { live: true }, MESH_SEC);
    } finally {
      tunnels.close();
    }
    const monitors = await FlowMonitors.open(lab.hosts, BRIDGE, contender.mark);
    try {
      return { name, hosts, steps: await stepsOf(new RealHosts(lab, contender, monitors), sizes, each, told) };
    } finally {
      monitors.close();
    }
  });
}

async function stepsOf(
  hosts: RealHosts,
  sizes: readonly number[],
  each: number,
  told: (step: Step) => void,
): Promise<readonly Step[]> {
  const steps: Step[] = [];
  let there = 0;
  for (const size of sizes) {
    const alone = Math.min(each, size - there);
    const together = size - there - alone;
    if (together > 0) await hosts.addMany(there, together);
    const step = await hosts.step(there + together, alone);
    there = size;
    steps.push(step);
    told(step);
  }
  return steps;
}
