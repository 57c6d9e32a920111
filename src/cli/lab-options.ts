// What the command line may say to `weft lab`.
import type { TunnelType } from "../config/types.ts";

/** The lab that is meant where none is named. */
export const DEFAULT_LAB = "lab";

export interface UpOptions {
  readonly name: string;
  readonly guests: number;
  readonly tunnel?: TunnelType;
  readonly controller?: { readonly address: string; readonly port: number };
}
