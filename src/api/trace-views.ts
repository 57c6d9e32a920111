// The path of a frame over the whole fabric, as the api shows it.

export interface TraceRequest {
  /** A MAC, an IP address, a port (`HOST:PORT`) or an owner's name. */
  readonly from: string;
  /** A MAC, an IP address, an owner's name, or `broadcast`. */
  readonly to: string;
  /** `icmp`, `icmp6`, `tcp`, `udp`, `arp`, `nd`, `dhcp` or `ether`; the frame is made to fit. */
  readonly protocol?: string;
  /** The destination port of TCP and UDP. */
  readonly port?: number;
  /** The tag that the frame comes with; else the one that the port asks for. */
  readonly vlan?: number;
  /** Of the whole frame, in bytes. */
  readonly size?: number;
}

/** One flow that the frame met. */
export interface TraceStepView {
  readonly table: string;
  readonly tableId: number;
  /** null where no flow matched. */
  readonly priority: number | null;
  readonly match: string;
  readonly actions: string;
  readonly cookie: string | null;
  /** The fact behind it, in words: "vm3 is on host2 port tap0, declared by attached-mac". */
  readonly reason: string;
}

export interface TraceOutputView {
  readonly port: string;
  readonly ofport: number;
  /** The host at the other end where the port is a tunnel; null where a guest is. */
  readonly toHost: string | null;
  /** Whether the frame arrives; with the reason where it does not. */
  readonly arrives: boolean;
  readonly reason: string | null;
}

/** What one switch does with the frame. */
export interface TraceHopView {
  readonly host: string;
  readonly bridge: string;
  readonly inPort: string;
  /** From whom, where it came by a tunnel. */
  readonly fromHost: string | null;
  readonly frame: string;
  readonly steps: readonly TraceStepView[];
  readonly outputs: readonly TraceOutputView[];
  /** Why nothing goes out here; null where something does. */
  readonly dropped: string | null;
  /** Microseconds since the frame was sent, where it was sent and seen (`--live`). */
  readonly seenUs: number | null;
  /** Whether the flows were read off the switch for this, or are what it is known to hold, with the reason. */
  readonly source?: "read" | "known";
  readonly sourceReason?: string | null;
}

export interface TraceDeliveryView {
  readonly host: string;
  readonly port: string;
}

export interface TraceView {
  readonly request: TraceRequest;
  /** How the ends were found, in words. */
  readonly from: string;
  readonly to: string;
  readonly frame: string;
  readonly live: boolean;
  /** `unknown`: it meets what the model does not know, such as NORMAL, before it has come to whom it is for. */
  readonly verdict: "delivered" | "answered" | "flooded" | "dropped" | "lost" | "unknown";
  /** One sentence: what becomes of the frame and why. */
  readonly summary: string;
  /** In the order the frame meets the switches. */
  readonly hops: readonly TraceHopView[];
  readonly deliveries: readonly TraceDeliveryView[];
  /** What hosts are called, by their ids. */
  readonly names?: Readonly<Record<string, string>>;
  /** What else is to be known of it, such as that a probe differs from the frame that was asked for. */
  readonly notes?: readonly string[];
}
