// What a simulated lab is made of, as its process tells it: shapes, and nothing else.

export interface SimulatedHostView {
  /** "h1" for host 1. */
  readonly name: string;
  readonly systemId: string;
  /** The address that tunnels to it are sent to; no device of this machine has it. */
  readonly ip: string;
  /** The controller it was told, as `tcp:ADDRESS:PORT`. */
  readonly manager: string | null;
  /** What it does wrong on request, in words. */
  readonly misbehaves: string | null;
}

export interface SimulatedGuestView {
  readonly name: string;
  readonly host: string;
  readonly ip: string;
  readonly mac: string;
  readonly port: string;
}

export interface SimulatedLabView {
  readonly name: string;
  readonly subnet: string;
  readonly pid: number;
  readonly hosts: readonly SimulatedHostView[];
  readonly guests: readonly SimulatedGuestView[];
  /** Pairs of hosts between which the path is cut. */
  readonly cuts: readonly (readonly [string, string])[];
}

/** What a new guest is to be like; the rest follows from its host. */
export interface SimulatedGuestSpec {
  readonly host: string;
  readonly name?: string;
  /** With a prefix length, or without. */
  readonly ip?: string;
  readonly mac?: string;
  readonly port?: string;
  readonly tag?: number;
  /** `external_ids:weft-network` of the port. */
  readonly network?: string;
  /** Declares the guest's MAC as `external_ids:attached-mac`. */
  readonly attachedMac?: boolean;
}

/** What a command on a simulated host or guest has said. */
export interface CommandAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}
