// What the rest of the controller sees of an OpenFlow connection.
import type { WeftError } from "../../../proto/bytes/errors.ts";
import type {
  Action,
  ErrorMessage,
  FlowFilter,
  FlowMod,
  FlowRemoved,
  FlowStats,
  FlowUpdate,
  GroupDesc,
  GroupMod,
  MeterConfig,
  MeterMod,
  OpenFlowMessageWithoutXid,
  PacketIn,
  PortDesc,
  PortStats,
  PortStatus,
  SwitchDesc,
} from "../../../proto/openflow13/index.ts";
import type { PeerCertificate } from "../stream/index.ts";

type WithoutXid<M> = M extends unknown ? Omit<M, "xid"> : never;

/** What `apply` takes: the session gives the xids. A message that has one already may be passed; its xid is replaced. */
export type ApplicableMessage = WithoutXid<FlowMod | GroupMod | MeterMod>;

/** The switch refused `message`. */
export interface RefusedMessage {
  /** The very object that was passed to `apply`. Absent if the refusal was of the bundle as a whole. */
  readonly message?: ApplicableMessage;
  readonly error: WeftError;
}

/**
 * `bundled` tells whether all flows and groups came in force at one instant. When `ok` is false and `bundled` is true
 * no flow or group was changed; meters, which cannot be bundled, may have been.
 */
export type ApplyResult =
  | { readonly ok: true; readonly bundled: boolean }
  | { readonly ok: false; readonly bundled: boolean; readonly errors: readonly RefusedMessage[] };

export interface ApplyOptions {
  /**
   * Each message may come into force by itself, and none needs another: they are written without a bundle, and so are in
   * force when they arrive, half a round trip from here, and not after two of them.
   */
  readonly stepwise?: boolean;
}

export interface PacketOutRequest {
  /** Port the packet is treated as coming from; OFPP.CONTROLLER unless given. */
  readonly inPort?: number;
  readonly actions: readonly Action[];
  readonly data: Uint8Array;
}

/** What a flow monitor tells: changes that others made, or that some were left out since the switch could not keep up. */
export type FlowNews = { readonly kind: "updates"; readonly updates: readonly FlowUpdate[] } | { readonly kind: "gap" };

/** One switch on one connection, after its handshake. Dead once `onClosed` was called: every pending promise rejects. */
export interface OpenFlowSession {
  /** "tcp:10.0.0.1:43210". */
  readonly label: string;
  readonly remoteAddress?: string;
  readonly localAddress?: string;
  /** What the peer has shown, over TLS. */
  readonly certificate?: PeerCertificate;
  readonly datapathId: bigint;
  readonly desc: SwitchDesc;
  /** maxMeter is 0 on a switch without meters. */
  readonly meters: { readonly maxMeter: number };
  /** Live: follows PORT_STATUS. */
  readonly ports: ReadonlyMap<number, PortDesc>;
  readFlows(filter?: Partial<FlowFilter>): Promise<readonly FlowStats[]>;
  /** How many flows there are. */
  countFlows(filter?: Partial<FlowFilter>): Promise<number>;
  /**
   * Has the switch tell `onFlowNews` of every change that is not made on this connection (ONF extension 187). False on a
   * switch that has no flow monitor.
   */
  monitorFlows(): Promise<boolean>;
  readGroups(): Promise<readonly GroupDesc[]>;
  /** What each port has received and sent so far. */
  readPortStats(): Promise<readonly PortStats[]>;
  readMeters(): Promise<readonly MeterConfig[]>;
  /** Fire and forget. What the switch refuses comes to `onError` with the message that caused it. */
  send(messages: readonly OpenFlowMessageWithoutXid[]): void;
  /**
   * Meters first (unbundled, then a barrier), then flows and groups in the order given in one atomic bundle; on a switch
   * without bundles, plainly. Settles after the switch has confirmed. Rejects only if the connection fails. The messages may
   * not be changed afterwards: an object that is applied again, here or on another switch, is not encoded again.
   */
  apply(messages: readonly ApplicableMessage[], options?: ApplyOptions): Promise<ApplyResult>;
  packetOut(request: PacketOutRequest): void;
  barrier(): Promise<void>;
  close(reason: string): void;
}

/** An error the switch sent, or one found in what it sent. */
export interface SessionError {
  readonly error: WeftError;
  /** The switch's own message, if it was one. */
  readonly reply?: ErrorMessage;
  /** What the switch sent, or its beginning, where this controller failed at it. */
  readonly bytes?: Uint8Array;
  /** The message of ours that caused it, when its xid is still known. */
  readonly cause?: OpenFlowMessageWithoutXid;
}

export interface OpenFlowHandlers {
  /** The handshake is done; called once, before any other handler is told of it. */
  onReady(session: OpenFlowSession): void;
  onPacketIn(session: OpenFlowSession, packetIn: PacketIn): void;
  onFlowRemoved(session: OpenFlowSession, flowRemoved: FlowRemoved): void;
  /** Only after `monitorFlows`. */
  onFlowNews?(session: OpenFlowSession, news: FlowNews): void;
  /** `session.ports` is already up to date. */
  onPortStatus(session: OpenFlowSession, portStatus: PortStatus): void;
  onError(session: OpenFlowSession | undefined, error: SessionError): void;
  /** Called once for every connection; `session` is undefined if it never became ready. */
  onClosed(session: OpenFlowSession | undefined, reason: string, error?: WeftError): void;
}
