// What a simulated host, and what stands behind its ports, is to be like.
import type { JsonObject } from "../../proto/ovsdb/json-text.ts";

export interface HostOptions {
  readonly number: number;
  readonly systemId: string;
  /** More of `external_ids`. */
  readonly externalIds?: Readonly<Record<string, string>>;
  /** What it says its Open vSwitch is. */
  readonly ovsVersion?: string;
}

export interface GuestOptions {
  readonly name: string;
  readonly mac: string;
  readonly ip: string;
  /** The port's name; `tap-NAME` by default. */
  readonly port?: string;
  readonly bridge?: string;
  readonly tag?: number;
  /** Of its device; 1500 unless given. */
  readonly mtu?: number;
  readonly externalIds?: Readonly<Record<string, string>>;
  /** More columns of its rows. */
  readonly portRow?: JsonObject;
  readonly interfaceRow?: JsonObject;
}

export type InternalGuestOptions = Omit<GuestOptions, "mac">;

export interface SegmentOptions extends Omit<GuestOptions, "mac" | "ip"> {
  readonly members: readonly { readonly name: string; readonly mac: string; readonly ip: string }[];
}

/** A port, and the device behind it. */
export interface PlugOptions extends Omit<GuestOptions, "mac" | "ip" | "name"> {
  readonly port: string;
  readonly mac?: string;
}

/** What stands behind a port. */
export interface Behind {
  receive(frame: Uint8Array): void;
}
