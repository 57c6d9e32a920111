// How much the fault tests do: a short form with every run of the suite, the long one by `npm run test:faults`.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import type { Host, Lab } from "../../src/lab/index.ts";

const isLong = process.env.WEFT_FAULTS === "long";

/** The long form's figures are those of the promise. */
export const scale = <T>(short: T, long: T): T => (isLong ? long : short);

/** For a test's timeout. */
export const testMs = (shortSec: number, longSec: number): number => scale(shortSec, longSec) * 1000;

export const SEED = Number(process.env.WEFT_FAULTS_SEED ?? (isLong ? Date.now() % 1_000_000 : 1));

/** What a fault cost, and how long it took until all was right again. */
export interface Measured {
  readonly fault: string;
  readonly repetitions: number;
  /** Of pairs that must lose none; absent where no guest pings. */
  readonly pings?: { readonly sent: number; readonly lost: number };
  /** The longest of the repetitions: with the start of a process, where there is one, and the half second of rest by which a test knows it. */
  readonly secondsUntilRight?: number;
  /** What else is bounded, in its own words. */
  readonly figures?: Readonly<Record<string, number | string>>;
}

/** The long form's figures stand in bench/results, a file for each test file; one fault that is tried again replaces its own. */
export function recordMeasured(name: string, measured: Measured): void {
  if (!isLong) return;
  const directory = resolve(import.meta.dirname, "../../bench/results");
  const file = join(directory, `faults-${name}.json`);
  const { fault, secondsUntilRight, ...rest } = measured;
  let faults: Record<string, unknown> = {};
  try {
    faults = JSON.parse(readFileSync(file, "utf8")).faults;
  } catch {
    // The first of its kind.
  }
  const seconds = secondsUntilRight === undefined ? {} : { secondsUntilRight: Number(secondsUntilRight.toFixed(2)) };
  faults[fault] = { ...rest, ...seconds, seed: SEED };
  const sorted = Object.fromEntries(Object.entries(faults).sort(([a], [b]) => (a < b ? -1 : 1)));
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? "unknown", processors: cpus().length };
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...machine, faults: sorted }, undefined, 2)}\n`);
}

/**
 * All that stands in the hosts' databases by Weft's hand, and what their switches hold.
 * @param plain leaves out of a line what may differ.
 */
export function heldBy(hosts: readonly Host[], plain = (line: string): string => line) {
  const sorted = (text: string): readonly string[] => text.split("\n").map(plain).sort();
  return Promise.all(
    hosts.map(async (host) => ({
      flows: sorted(await host.ofctl("--no-stats", "dump-flows", "br-int")),
      groups: sorted((await host.ofctl("dump-groups", "br-int")).replace(/.*\n/, "")),
      meters: sorted((await host.ofctl("dump-meters", "br-int")).replace(/.*\n/, "")),
      rows: sorted(
        await host.vsctl("--format=csv", "--columns=name,type,options,ofport,external_ids", "list", "interface"),
      ),
    })),
  );
}

/** Seconds that something takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The host's database is gone, and a new one is made with its system-id and nothing else: all rows have new UUIDs, and
 * every bridge went, that of the underlay too.
 * @param reboot also restarts ovs-vswitchd; else it stays, and follows.
 */
export async function loseDatabase(lab: Lab, host: Host, reboot: boolean): Promise<void> {
  if (reboot) await host.vswitchd.kill();
  await host.ovsdb.kill();
  const file = join(host.dir, "conf.db");
  for (const name of [file, `${file}.~lock~`, join(host.dir, `.conf.db.~lock~`)]) rmSync(name, { force: true });
  await host.exec(["ovsdb-tool", "create", file, "/usr/share/openvswitch/vswitch.ovsschema"]);
  await host.ovsdb.start();
  const mac = await host.exec(["cat", "/sys/class/net/eth0/address"]).then(({ stdout }) => stdout.trim());
  await host.vsctl(
    ...["--no-wait", "init", "--", "set", "open_vswitch", "."],
    ...[`external_ids:system-id=${lab.name}-${host.name}`, "external_ids:weft-datapath-type=netdev"],
    ...["--", "add-br", "br-phy", "--", "set", "bridge", "br-phy", "datapath_type=netdev", "fail_mode=standalone"],
    // Not the MAC that the neighbours know: a host that comes back with another NIC is the same host.
    ...[`other_config:hwaddr="${mac.replace(/^02:57:01/, "02:57:03")}"`, "other_config:disable-in-band=true"],
    ...["--", "add-port", "br-phy", "eth0"],
  );
  if (reboot) await host.vswitchd.start();
  else {
    await host.vsctl("wait-until", "bridge", "br-phy", "datapath_id!=[]");
    const address = `${host.ip}/${lab.subnet.split("/")[1]}`;
    await host.exec(["sh", "-c", `ip addr replace ${address} dev br-phy; ip link set br-phy up`]);
  }
}
