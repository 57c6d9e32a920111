// What goes by each tunnel and port, as the api shows it.

/** As the switch counts it at the port: what it received (`rx`) came out of the tunnel, or from the guest. */
export interface Rates {
  readonly rxBytesPerSec: number;
  readonly txBytesPerSec: number;
  readonly rxPacketsPerSec: number;
  readonly txPacketsPerSec: number;
  /** Both ways. */
  readonly dropsPerSec: number;
}

export interface TunnelRateView extends Rates {
  readonly host: string;
  readonly name: string;
  /** The host at its far end; null for a flow-based port, that all share. */
  readonly peer: string | null;
  readonly type: string;
}

export interface PortRateView extends Rates {
  readonly host: string;
  readonly name: string;
  readonly networks: readonly string[];
  /** Whose traffic it is: the first address of each endpoint there, or its MAC. */
  readonly endpoints: readonly string[];
}

export interface RatesView {
  /** ISO 8601. */
  readonly at: string;
  /** Over how long the rates are. */
  readonly seconds: number;
  /** Switches that were asked, and those that answered in time. */
  readonly switches: { readonly asked: number; readonly answered: number };
  readonly packetInsPerSec: number;
  readonly flowModsPerSec: number;
  /** By how much the controller's event loop is late, in milliseconds. */
  readonly eventLoopLagMs: { readonly mean: number; readonly max: number };
  readonly tunnels: readonly TunnelRateView[];
  readonly ports: readonly PortRateView[];
}
