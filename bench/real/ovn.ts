// OVN on real hosts: its two databases and northd beside them, and an ovn-controller in the namespace of each.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { childEnv, inNamespace, run, searchPath } from "../../src/lab/command.ts";
import { databaseSocketOf } from "../../src/lab/daemon.ts";
import type { Lab } from "../../src/lab/index.ts";
import { macOf } from "../endpoints.ts";
import { ROOT } from "../harness/results.ts";
import type { Contender, ContenderKind } from "./contender.ts";
import type { FlowMark } from "./flow-monitors.ts";

/** Where `npm run bench:fetch-ovn` puts it: nothing of it runs unless a benchmark does. */
export const FETCHED = join(ROOT, ".build/ovn");
const PLACES = [...searchPath().split(delimiter), join(FETCHED, "usr/bin"), join(FETCHED, "usr/sbin")];
const SCHEMAS = ["/usr/share/ovn", join(FETCHED, "usr/share/ovn")];
const PROGRAMS = ["ovn-northd", "ovn-controller", "ovn-nbctl", "ovsdb-server", "ovsdb-tool"];
const SOUTHBOUND_PORT = 6642;
const SWITCH = "bench";
/** Ports that one ovn-nbctl adds. */
const CHUNK = 200;
const START_MS = 10_000;

const find = (program: string): string | undefined =>
  PLACES.map((place) => join(place, program)).find((path) => existsSync(path));
const schema = (name: string): string | undefined =>
  SCHEMAS.map((place) => join(place, `${name}.ovsschema`)).find((path) => existsSync(path));

function lacks(): string | null {
  const missing = PROGRAMS.filter((program) => find(program) === undefined);
  if (missing.length === 0 && schema("ovn-nb") !== undefined) return null;
  return `${missing.join(", ")} not found: npm run bench:fetch-ovn, or apt-get install ovn-central ovn-host`;
}

/** Ports have keys of their own, which stand in the flows that lead to them. */
const FIRST_KEY = 100;
/**
 * OFTABLE_REMOTE_OUTPUT and OFTABLE_LOCAL_OUTPUT: 37 and 38 of most of OVN 22 and 23, two more where large packets have
 * tables of their own. Flows there come when a port is bound; logical ones, by its MAC, when it is declared.
 */
const OUTPUT_TABLES = [37, 38, 39, 40];

const MARK: FlowMark = {
  tableIds: OUTPUT_TABLES,
  match: [],
  numberOf: (match) => {
    const key = match.find(({ field }) => field === "nx_reg15");
    return key === undefined || key.field === "unknown" ? undefined : Number(key.value) - FIRST_KEY;
  },
};

const portName = (number: number): string => `p${number}`;

export class OvnOnHosts implements Contender {
  readonly mark = MARK;
  readonly #lab: Lab;
  readonly #dir: string;
  readonly #children: ChildProcess[] = [];
  #hasSwitch = false;

  private constructor(lab: Lab) {
    this.#lab = lab;
    this.#dir = join(lab.dir, "ovn");
  }

  static async start(lab: Lab): Promise<OvnOnHosts> {
    const ovn = new OvnOnHosts(lab);
    try {
      await ovn.#start();
      return ovn;
    } catch (error) {
      await ovn.stop();
      throw error;
    }
  }

  get pids(): readonly number[] {
    return this.#children.flatMap(({ pid, exitCode, signalCode }) =>
      pid === undefined || exitCode !== null || signalCode !== null ? [] : [pid],
    );
  }

  #at(name: string): string {
    return join(this.#dir, name);
  }

  #spawn(argv: readonly string[], env: Readonly<Record<string, string>>): void {
    const [program = "", ...args] = argv;
    this.#children.push(spawn(program, args, { env: childEnv(env), stdio: "ignore" }));
  }

  async #start(): Promise<void> {
    mkdirSync(this.#dir, { recursive: true });
    // The lab's sweep ends what bears its mark, should the benchmark not come to it.
    const env = { ...this.#lab.host(1).env, OVN_RUNDIR: this.#dir, OVS_RUNDIR: this.#dir };
    const log = (name: string): string[] => [`--unixctl=${this.#at(`${name}.ctl`)}`, "-vconsole:off"];
    for (const [name, remotes] of [
      ["nb", []],
      ["sb", [`--remote=ptcp:${SOUTHBOUND_PORT}:${this.#lab.controllerIp}`]],
    ] as const) {
      await run([find("ovsdb-tool") ?? "", "create", this.#at(`${name}.db`), schema(`ovn-${name}`) ?? ""]);
      const remote = `--remote=punix:${this.#at(`${name}.sock`)}`;
      this.#spawn([find("ovsdb-server") ?? "", this.#at(`${name}.db`), remote, ...remotes, ...log(name)], env);
    }
    await this.#there("nb.sock", "sb.sock");
    const databases = [`--ovnnb-db=unix:${this.#at("nb.sock")}`, `--ovnsb-db=unix:${this.#at("sb.sock")}`];
    this.#spawn([find("ovn-northd") ?? "", ...databases, ...log("northd")], env);
    for (const host of this.#lab.hosts) {
      const controller = [find("ovn-controller") ?? "", `unix:${databaseSocketOf(host.dir)}`];
      const env = { ...host.env, OVN_RUNDIR: host.dir };
      this.#spawn(inNamespace(host.namespace, [...controller, "-vconsole:off"]), env);
    }
    await this.#nbctl("init");
    await sleep(500);
    if (this.pids.length !== this.#children.length) throw new Error("one of OVN's daemons has ended");
  }

  async #there(...names: readonly string[]): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (!names.every((name) => existsSync(this.#at(name)))) {
      if (Date.now() > deadline) throw new Error("OVN's databases do not start");
      await sleep(20);
    }
  }

  #nbctl(...args: readonly string[]) {
    return run([find("ovn-nbctl") ?? "", `--db=unix:${this.#at("nb.sock")}`, "--timeout=60", ...args]);
  }

  async join(): Promise<void> {
    await Promise.all(
      this.#lab.hosts.map((host) =>
        host.vsctl(
          ...["set", "open_vswitch", ".", `external_ids:ovn-remote="tcp:${this.#lab.controllerIp}:${SOUTHBOUND_PORT}"`],
          ...["external_ids:ovn-encap-type=geneve", `external_ids:ovn-encap-ip=${host.ip}`],
          ...["external_ids:ovn-bridge-datapath-type=netdev"],
        ),
      ),
    );
  }

  /** MACs alone: no port security, no addresses to answer for. */
  async declare(numbers: readonly number[]): Promise<void> {
    if (!this.#hasSwitch) await this.#nbctl("ls-add", SWITCH);
    this.#hasSwitch = true;
    for (let at = 0; at < numbers.length; at += CHUNK) {
      const commands = numbers
        .slice(at, at + CHUNK)
        .flatMap((number) => [
          ...["--", "lsp-add", SWITCH, portName(number)],
          ...["--", "lsp-set-addresses", portName(number), macOf(number)],
          ...["--", "lsp-set-options", portName(number), `requested-tnl-key=${number + FIRST_KEY}`],
        ]);
      await this.#nbctl(...commands.slice(1));
    }
  }

  columns(number: number): readonly string[] {
    return [`external_ids:iface-id=${portName(number)}`];
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
        const exit = once(child, "exit");
        child.kill("SIGKILL");
        await exit;
      }),
    );
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

export const ovnKind: ContenderKind = { lacks, start: (lab) => OvnOnHosts.start(lab) };
