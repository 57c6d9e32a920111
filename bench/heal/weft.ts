// Weft on the lab's hosts: joins them by the one command, comes to rest, and says which relay a host would take.
import { setTimeout as sleep } from "node:timers/promises";
import pino from "pino";
import { parseConfig } from "../../src/config/index.ts";
import { startController } from "../../src/controller/start.ts";
import type { Lab, TunnelType } from "../../src/lab/index.ts";

const PORTS = { ovsdb: 16_640, openflow: 16_653 };
const QUIET_MS = 1000;
const HOST_GROUPS = 0x1_0000;
const INDEX_OF_PORT = 0xfff;

type Controller = Awaited<ReturnType<typeof startController>>;

export class Weft {
  readonly #lab: Lab;
  readonly #tunnel: TunnelType;
  #controller: Controller | null = null;

  constructor(lab: Lab, tunnel: TunnelType) {
    this.#lab = lab;
    this.#tunnel = tunnel;
  }

  async start(): Promise<void> {
    const ip = this.#lab.controllerIp;
    const listen = { ovsdb: [`ptcp:${PORTS.ovsdb}:${ip}`], openflow: [`ptcp:${PORTS.openflow}:${ip}`] };
    const { config } = parseConfig(JSON.stringify({ tunnel: { type: this.#tunnel }, listen }), "bench");
    if (config === undefined) throw new Error("the configuration is wrong");
    this.#controller = await startController({ config, logger: pino({ level: "silent" }), version: "0" });
  }

  join(): Promise<void> {
    return this.#lab.join({ port: PORTS.ovsdb });
  }

  async stop(): Promise<void> {
    await this.#controller?.stop();
    this.#controller = null;
  }

  get #queries(): Controller["queries"] {
    if (this.#controller === null) throw new Error("the controller does not run");
    return this.#controller.queries;
  }

  /** Resolves when every host and tunnel is up and nothing has changed for a second. */
  async settled(timeoutSec = 90): Promise<void> {
    const count = this.#lab.hosts.length;
    const deadline = Date.now() + timeoutSec * 1000;
    let [last, since] = ["", Date.now()];
    for (;;) {
      const { hosts, tunnels } = this.#queries.topology();
      const whole =
        hosts.length === count &&
        tunnels.length === count * (count - 1) &&
        hosts.every(({ state, flows }) => state === "up" && flows.desired === flows.installed) &&
        tunnels.every(({ state }) => state === "up");
      const { flowMods, groupMods } = this.#queries.status().counters;
      const now = `${whole} ${flowMods} ${groupMods}`;
      if (now !== last) [last, since] = [now, Date.now()];
      if (whole && Date.now() - since >= QUIET_MS) return;
      if (Date.now() > deadline) throw new Error(`the fabric is not whole after ${timeoutSec} s`);
      await sleep(50);
    }
  }

  /** The number of the host by which host 1 goes first when its path to host 2 is cut. */
  async firstRelay(): Promise<number> {
    const indexes = new Map(this.#queries.hosts().map(({ id, index }) => [id, index]));
    const indexOf = (host: number): number => indexes.get(`${this.#lab.name}-h${host}`) ?? Number.NaN;
    const groups = await this.#lab.host(1).ofctl("--no-names", "dump-groups", "br-int");
    const line = groups.split("\n").find((text) => text.includes(`group_id=${HOST_GROUPS + indexOf(2)},`)) ?? "";
    const ports = [...line.matchAll(/watch_port:(\d+)/g)].map(([, port]) => Number(port));
    const relay = this.#lab.hosts.find(({ index }) => indexOf(index) === ((ports[1] ?? 0) & INDEX_OF_PORT));
    if (relay === undefined) throw new Error(`no relay is in the group of host 2: ${line}`);
    return relay.index;
  }
}
