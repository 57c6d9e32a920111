// What the command line may say to `weft lab`.
import type { TunnelType } from "../config/types.ts";

/** The lab that is meant where none is named. */
export const DEFAULT_LAB = "lab";
/** Each real host is two daemons; a simulated one is a few objects. */
export const MOST_HOSTS = Object.freeze({ real: 64, simulated: 4000 });

export interface UpOptions {
  readonly name: string;
  readonly guests: number;
  readonly simulated?: true;
  readonly tunnel?: TunnelType;
  readonly controller?: { readonly address: string; readonly port: number };
}

/** Of a guest that is added. */
export interface GuestWishes {
  readonly tag?: number;
  readonly network?: string;
  readonly ip?: string;
}
