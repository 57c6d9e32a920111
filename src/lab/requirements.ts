// What the machine must have before real Open vSwitch hosts can be built on it, with the remedy for what is missing.
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { childEnv, searchPath } from "./command.ts";
import { LabError } from "./lab-error.ts";

export interface Missing {
  readonly what: string;
  readonly remedy: string;
}

/** Each program the lab starts, and the Debian package it comes in. */
const programs: Readonly<Record<string, string>> = Object.freeze({
  ip: "iproute2",
  "ovs-vswitchd": "openvswitch-switch",
  "ovsdb-server": "openvswitch-switch",
  "ovsdb-tool": "openvswitch-switch",
  "ovs-vsctl": "openvswitch-switch",
  "ovs-ofctl": "openvswitch-switch",
  "ovs-appctl": "openvswitch-switch",
  ethtool: "ethtool",
  tcpdump: "tcpdump",
  ping: "iputils-ping",
});

export interface Machine {
  readonly uid: number;
  readonly platform: string;
  readonly hasProgram: (name: string) => boolean;
  /** Why no namespace with a link can be made; null where one can. Asked of root with all programs alone. */
  readonly refusesNamespace: () => string | null;
}

export const thisMachine = (): Machine => ({
  uid: process.getuid?.() ?? -1,
  platform: process.platform,
  hasProgram: (name) =>
    searchPath()
      .split(":")
      .some((dir) => isExecutable(join(dir, name))),
  refusesNamespace: () => {
    tried ??= { refusal: tryNamespace() };
    return tried.refusal;
  },
});

/** It stays as it is while this process runs. */
let tried: { readonly refusal: string | null } | undefined;

/** Root in a container may lack the means: that shows when it is tried, and nowhere else. */
function tryNamespace(): string | null {
  // No lab's namespace is called so.
  const name = `weftprobe-${process.pid}-${randomInt(2 ** 32)}`;
  const ip = (...args: readonly string[]): string | null => {
    const { status, stderr, error } = spawnSync("ip", args, { env: childEnv(), encoding: "utf8", timeout: 60_000 });
    if (status === 0) return null;
    return error?.message ?? (stderr.trim().split("\n").at(-1) || `ip ${args.join(" ")} exited with ${status}`);
  };
  const refusal =
    ip("netns", "add", name) ??
    ip("-n", name, "link", "add", "name", "probe0", "type", "veth", "peer", "name", "probe1");
  ip("netns", "del", name);
  return refusal;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Everything that is missing, in a fixed order; empty when the lab can be built. */
export function checkRequirements(machine: Machine = thisMachine()): Missing[] {
  if (machine.platform !== "linux")
    return [{ what: "Linux", remedy: "the lab needs network namespaces: run it on a Linux machine" }];
  const missing: Missing[] = [];
  if (machine.uid !== 0)
    missing.push({
      what: "root",
      remedy: "run as root: network namespaces and Open vSwitch need it (for example with sudo)",
    });
  for (const [program, debianPackage] of Object.entries(programs))
    if (!machine.hasProgram(program))
      missing.push({ what: program, remedy: `install it: scripts/bootstrap.sh, or apt-get install ${debianPackage}` });
  const refusal = missing.length === 0 ? machine.refusesNamespace() : null;
  if (refusal !== null)
    missing.push({
      what: "network namespaces",
      remedy: `root may not make them here (${refusal}): run outside of a container, or in one with --privileged`,
    });
  return missing;
}

/** Rejects with `lab/requirements`, naming everything that is missing at once. */
export async function requireLab(): Promise<void> {
  const missing = checkRequirements();
  if (missing.length === 0) return;
  const list = missing.map(({ what, remedy }) => `${what} (${remedy})`).join("; ");
  throw new LabError("lab/requirements", `the lab cannot be built here: missing ${list}`, { context: { missing } });
}
