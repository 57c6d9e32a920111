// A switch after its handshake, as others hold it: requests, writing, and the live list of ports.
import { WeftError } from "../../../proto/bytes/errors.ts";
import {
  FLOW_FILTER_ALL,
  type FlowFilter,
  type FlowStats,
  type GroupDesc,
  type MeterConfig,
  type MultipartRequest,
  OFP_NO_BUFFER,
  OFPM,
  OFPP,
  OFPTT,
  ONFFMF,
  type OpenFlowMessage,
  type OpenFlowMessageWithoutXid,
  type PortDesc,
  type PortStats,
} from "../../../proto/openflow13/index.ts";
import type { ByteStream, PeerCertificate } from "../stream/index.ts";
import { type ApplyChannel, applyMessages } from "./apply.ts";
import type { SwitchIdentity } from "./machine.ts";
import type { Reply } from "./request-table.ts";
import type { ApplicableMessage, ApplyOptions, ApplyResult, OpenFlowSession, PacketOutRequest } from "./session.ts";

/** What a session needs of its connection. */
export interface SessionLink extends ApplyChannel {
  readonly stream: ByteStream;
  request(message: OpenFlowMessage, what: string): Promise<Reply>;
  /** Sends what no reply is waited for; errors about it come to onError with the message itself. */
  sendLogged(message: OpenFlowMessageWithoutXid): void;
  stopWatching(): void;
  close(reason: string, error?: WeftError): void;
}

/** One for each connection. */
const MONITOR_ID = 1;
/** A switch that does not know the request refuses it, or says nothing. */
const NO_MONITOR: ReadonlySet<string> = new Set(["openflow/refused", "openflow/timeout"]);

export class LiveSession implements OpenFlowSession {
  readonly label: string;
  readonly remoteAddress?: string;
  readonly localAddress?: string;
  readonly certificate?: PeerCertificate;
  readonly datapathId: bigint;
  readonly desc: SwitchIdentity["desc"];
  readonly meters: { readonly maxMeter: number };
  readonly ports: Map<number, PortDesc>;
  readonly #link: SessionLink;
  /** The last `apply`; the next waits for it, since errors are told apart by what is under way. */
  #applying: Promise<unknown> = Promise.resolve();
  #monitor: Promise<boolean> | undefined;

  constructor(link: SessionLink, identity: SwitchIdentity) {
    const { stream } = link;
    this.#link = link;
    this.label = stream.label;
    if (stream.remoteAddress !== undefined) this.remoteAddress = stream.remoteAddress;
    if (stream.localAddress !== undefined) this.localAddress = stream.localAddress;
    if (stream.certificate !== undefined) this.certificate = stream.certificate;
    this.datapathId = identity.features.datapathId;
    this.desc = identity.desc;
    this.meters = { maxMeter: identity.maxMeter };
    this.ports = new Map(identity.ports.map((port) => [port.portNo, port]));
  }

  async readFlows(filter: Partial<FlowFilter> = {}): Promise<readonly FlowStats[]> {
    const reply = await this.#multipart({ kind: "flow", ...FLOW_FILTER_ALL, ...filter }, "its flows");
    return reply.parts.flatMap((part) => (part.body.kind === "flow" ? part.body.flows : []));
  }

  async countFlows(filter: Partial<FlowFilter> = {}): Promise<number> {
    const reply = await this.#multipart(
      { kind: "aggregate", ...FLOW_FILTER_ALL, ...filter },
      "the number of its flows",
    );
    return reply.parts.reduce((sum, { body }) => sum + (body.kind === "aggregate" ? body.aggregate.flowCount : 0), 0);
  }

  /** Open vSwitch 3.1 gives no answer at all to a second request for the same monitor: there is one, however often it is asked for. */
  monitorFlows(): Promise<boolean> {
    this.#monitor ??= this.#startMonitor();
    return this.#monitor;
  }

  async #startMonitor(): Promise<boolean> {
    const flags = ONFFMF.ADD | ONFFMF.DELETE | ONFFMF.MODIFY | ONFFMF.ACTIONS;
    const monitor = { monitorId: MONITOR_ID, flags, outPort: OFPP.ANY, tableId: OFPTT.ALL, match: [] };
    try {
      await this.#multipart({ kind: "onf_flow_monitor", monitors: [monitor] }, "a flow monitor");
      return true;
    } catch (error) {
      if (error instanceof WeftError && NO_MONITOR.has(error.code)) return false;
      throw error;
    }
  }

  async readGroups(): Promise<readonly GroupDesc[]> {
    const reply = await this.#multipart({ kind: "group_desc" }, "its groups");
    return reply.parts.flatMap((part) => (part.body.kind === "group_desc" ? part.body.groups : []));
  }

  async readPortStats(): Promise<readonly PortStats[]> {
    const reply = await this.#multipart({ kind: "port_stats", portNo: OFPP.ANY }, "its ports' counters");
    return reply.parts.flatMap((part) => (part.body.kind === "port_stats" ? part.body.ports : []));
  }

  async readMeters(): Promise<readonly MeterConfig[]> {
    if (this.meters.maxMeter === 0) return [];
    const reply = await this.#multipart({ kind: "meter_config", meterId: OFPM.ALL }, "its meters");
    return reply.parts.flatMap((part) => (part.body.kind === "meter_config" ? part.body.meters : []));
  }

  send(messages: readonly OpenFlowMessageWithoutXid[]): void {
    for (const message of messages) this.#link.sendLogged(message);
  }

  apply(messages: readonly ApplicableMessage[], { stepwise = false }: ApplyOptions = {}): Promise<ApplyResult> {
    const run = this.#applying.then(() => this.#applyNow(messages, stepwise));
    this.#applying = run.catch(() => undefined);
    return run;
  }

  packetOut(request: PacketOutRequest): void {
    const { actions, data, inPort = OFPP.CONTROLLER } = request;
    this.#link.sendLogged({ kind: "packet_out", bufferId: OFP_NO_BUFFER, inPort, actions, data });
  }

  async barrier(): Promise<void> {
    await this.#link.request({ kind: "barrier_request", xid: this.#link.nextXid() }, "a barrier");
  }

  close(reason: string): void {
    this.#link.close(reason);
  }

  async #applyNow(messages: readonly ApplicableMessage[], stepwise: boolean): Promise<ApplyResult> {
    try {
      return await applyMessages(this.#link, messages, stepwise);
    } catch (error) {
      // Nobody knows what the switch has done of it: whoever reconnects reads that back.
      if (error instanceof WeftError) this.#link.close(`applying failed: ${error.message}`, error);
      throw error;
    } finally {
      this.#link.stopWatching();
    }
  }

  #multipart(body: MultipartRequest["body"], what: string): Promise<Reply> {
    const xid = this.#link.nextXid();
    return this.#link.request({ kind: "multipart_request", xid, flags: 0, body }, `the request for ${what}`);
  }
}
