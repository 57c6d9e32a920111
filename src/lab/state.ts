// What a lab is made of, kept in a file in its directory, so that another process can use it or remove it.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { LabError } from "./lab-error.ts";

const addressRecord = z.object({ device: z.string(), cidr: z.string() });

const faultRecord = z.object({ id: z.number().int().positive(), name: z.string(), matches: z.array(z.string()) });

const hostRecord = z.object({
  index: z.number().int().positive(),
  name: z.string(),
  namespace: z.string(),
  ip: z.string(),
  /** Addresses on internal ports: they are lost with ovs-vswitchd, and given back when it starts. */
  addresses: z.array(addressRecord),
  /** What br-phy drops: lost with ovs-vswitchd too. */
  faults: z.array(faultRecord),
});

const guestRecord = z.object({
  name: z.string(),
  host: z.string(),
  namespace: z.string(),
  device: z.string(),
  /** The interface on the host's bridge. Guests of one segment share it. */
  port: z.string(),
  ip: z.string(),
  prefixLength: z.number(),
  mac: z.string(),
  mtu: z.number(),
});

const segmentRecord = z.object({ name: z.string(), host: z.string(), namespace: z.string(), port: z.string() });

export const processOwner = z.object({ pid: z.number(), startTicks: z.number() });

const labState = z.object({
  version: z.literal(1),
  name: z.string(),
  subnet: z.string(),
  /** Of the underlay; absent is IPv4. */
  family: z.enum(["ipv4", "ipv6"]).optional(),
  controllerIp: z.string(),
  underlayMtu: z.number(),
  guestMtu: z.number(),
  /** The process the lab ends with. Absent: it stays until it is taken down. */
  owner: processOwner.optional(),
  hosts: z.array(hostRecord),
  guests: z.array(guestRecord),
  segments: z.array(segmentRecord),
});

export type AddressRecord = Readonly<z.infer<typeof addressRecord>>;
export type FaultRecord = Readonly<z.infer<typeof faultRecord>>;
export type HostRecord = Readonly<z.infer<typeof hostRecord>>;
export type GuestRecord = Readonly<z.infer<typeof guestRecord>>;
export type SegmentRecord = Readonly<z.infer<typeof segmentRecord>>;
export type ProcessOwner = Readonly<z.infer<typeof processOwner>>;
export type LabState = Readonly<z.infer<typeof labState>>;

const stateFile = "lab.json";
const draftPrefix = ".new-";

/** Every directory that may hold labs: the usual one, and the one for machines whose /run is read-only. */
export const labRoots = (): string[] => ["/run/weft-lab", join(tmpdir(), "weft-lab")];

function writableRoot(): string {
  let cause: unknown;
  for (const root of labRoots()) {
    try {
      mkdirSync(root, { recursive: true, mode: 0o755 });
      return root;
    } catch (error) {
      cause = error;
    }
  }
  throw new LabError("lab/directory", `no lab directory can be made: tried ${labRoots().join(", ")}`, { cause });
}

/** The directories of the labs there are, by lab name. */
export function labDirs(): Map<string, string> {
  const dirs = new Map<string, string>();
  for (const root of labRoots().filter((path) => existsSync(path)))
    for (const name of readdirSync(root))
      if (!name.startsWith(".") && !dirs.has(name)) dirs.set(name, join(root, name));
  return dirs;
}

/** Undefined when there is no readable state: the lab was cut off while it was made, or by another version. */
export function readState(dir: string): LabState | undefined {
  try {
    return labState.parse(JSON.parse(readFileSync(join(dir, stateFile), "utf8")));
  } catch {
    return undefined;
  }
}

/** Takes the name, atomically: undefined when a lab of this name stands already, or the root was just removed. */
export function claimDir(state: LabState): string | undefined {
  const root = writableRoot();
  let draft: string;
  try {
    draft = mkdtempSync(join(root, draftPrefix));
  } catch {
    return undefined;
  }
  writeFileSync(join(draft, stateFile), JSON.stringify(state));
  const dir = join(root, state.name);
  try {
    renameSync(draft, dir); // Refused when the target is a directory that is not empty.
    return dir;
  } catch {
    rmSync(draft, { recursive: true, force: true });
    return undefined;
  }
}

/** Directories of labs whose process was killed before it could take their name. */
export function abandonedDrafts(isAlive: (owner: ProcessOwner) => boolean): string[] {
  return labRoots()
    .filter((root) => existsSync(root))
    .flatMap((root) => readdirSync(root).map((name) => join(root, name)))
    .filter((path) => basename(path).startsWith(draftPrefix))
    .filter((path) => {
      const owner = readState(path)?.owner;
      return owner !== undefined && !isAlive(owner);
    });
}

/** Removes a lab's directory, and the directory of all labs with the last of them. */
export function removeDir(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  try {
    rmdirSync(dirname(dir));
  } catch {
    // Another lab is in it.
  }
}

/** The state of a lab that this process uses. Values are replaced, never changed in place. */
export class LabStore {
  readonly dir: string;
  #state: LabState;

  constructor(dir: string, state: LabState) {
    this.dir = dir;
    this.#state = state;
  }

  get state(): LabState {
    return this.#state;
  }

  /** The change is applied to what the file holds now: another process may have added to it. */
  update(change: (state: LabState) => LabState): void {
    this.#state = change(readState(this.dir) ?? this.#state);
    const draft = join(this.dir, `${stateFile}.new`);
    writeFileSync(draft, JSON.stringify(this.#state, undefined, 2));
    renameSync(draft, join(this.dir, stateFile));
  }

  host(name: string): HostRecord {
    const record = this.#state.hosts.find((host) => host.name === name);
    if (record === undefined) throw new LabError("lab/no-host", `the lab has no host ${name}`, { context: { name } });
    return record;
  }

  updateHost(name: string, change: (host: HostRecord) => HostRecord): void {
    this.update((state) => ({
      ...state,
      hosts: state.hosts.map((host) => (host.name === name ? change(host) : host)),
    }));
  }
}
