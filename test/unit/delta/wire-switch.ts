// A switch that speaks OpenFlow bytes: it answers what a switch has to, keeps what it is given, and does what else a test tells it to.
import {
  decode,
  encode,
  type FlowMod,
  type FlowStats,
  type GroupDesc,
  MessageFramer,
  OFP_NO_BUFFER,
  type OpenFlowMessage,
  type PortDesc,
} from "../../../proto/openflow13/index.ts";
import { decodeCookie, type FlowKind } from "../../../src/pipeline/registry.ts";
import { PATIENCE_MS, until } from "./controller-on-loopback.ts";
import { RawPeer } from "./raw-peer.ts";

export interface WireSwitchOptions {
  readonly ports?: readonly number[];
  /** false: nothing is sent or answered but by the test. */
  readonly talks?: boolean;
  /** Kinds of message that are not answered, from the beginning. */
  readonly ignores?: readonly OpenFlowMessage["kind"][];
  /** The address that it comes from. */
  readonly from?: string;
}

export function portDesc(portNo: number): PortDesc {
  const hwAddr = `02:0f:00:00:${(portNo >> 8).toString(16).padStart(2, "0")}:${(portNo & 0xff).toString(16).padStart(2, "0")}`;
  const rates = { curr: 0, advertised: 0, supported: 0, peer: 0, currSpeedKbps: 0, maxSpeedKbps: 0 };
  return { portNo, hwAddr, name: `p${portNo}`, config: 0, state: 0, ...rates };
}

const keyOf = ({ tableId, priority, match }: Pick<FlowMod, "tableId" | "priority" | "match">): string =>
  JSON.stringify([tableId, priority, match], (_, value) => (typeof value === "bigint" ? `${value}` : value));

export class WireSwitch extends RawPeer {
  readonly dpid: bigint;
  readonly ports: number[];
  readonly flows = new Map<string, FlowStats>();
  readonly groups = new Map<number, GroupDesc>();
  readonly received: OpenFlowMessage[] = [];
  readonly ignores: Set<OpenFlowMessage["kind"]>;
  #inBundle: OpenFlowMessage[] = [];
  #xid = 0x10000;

  static async connect(port: number | URL, dpid: bigint, options: WireSwitchOptions = {}): Promise<WireSwitch> {
    return new WireSwitch(await RawPeer.dial(port, options.from), dpid, options);
  }

  private constructor(socket: RawPeer["socket"], dpid: bigint, options: WireSwitchOptions) {
    super(socket);
    this.dpid = dpid;
    this.ports = [...(options.ports ?? [1, 2])];
    this.ignores = new Set(options.ignores);
    const framer = new MessageFramer();
    socket.on("data", (bytes) =>
      framer.push(bytes, (buffer, start, end) => {
        const message = decode(buffer.slice(start, end));
        this.received.push(message);
        if (options.talks !== false && !this.ignores.has(message.kind)) this.#answer(message);
      }),
    );
    if (options.talks !== false) this.send({ kind: "hello", xid: 1, version: 4, elements: [] });
  }

  get dpidText(): string {
    return this.dpid.toString(16).padStart(16, "0");
  }

  send(...messages: readonly OpenFlowMessage[]): void {
    for (const message of messages) this.write(encode(message));
  }

  nextXid(): number {
    this.#xid += 1;
    return this.#xid;
  }

  /** The types and codes of the errors that came. */
  errors(): readonly string[] {
    return this.received.flatMap((message) => (message.kind === "error" ? [`${message.type}/${message.code}`] : []));
  }

  /** Resolves when frames of its ports are taken in: a lone switch and its ports are watched for a while first. */
  async served(timeoutMs = PATIENCE_MS): Promise<void> {
    const isServed = () => this.count("port") >= this.ports.length;
    await until(`switch ${this.dpidText} has its flows`, isServed, timeoutMs);
  }

  /** How many flows of a kind it holds. */
  count(kind: FlowKind): number {
    return [...this.flows.values()].filter(({ cookie }) => decodeCookie(cookie)?.kind === kind).length;
  }

  /** The controller still attends to this switch: it answers. */
  async isHeard(timeoutMs = PATIENCE_MS): Promise<void> {
    const xid = this.nextXid();
    this.send({ kind: "echo_request", xid, data: new Uint8Array(0) });
    const answered = () => this.received.some((message) => message.kind === "echo_reply" && message.xid === xid);
    await until(`switch ${this.dpidText} gets an answer`, answered, timeoutMs);
  }

  /** A copy of a frame, as a flow of LEARN would send it. */
  packetIn(inPort: number, metadata: bigint, data: Uint8Array, cookie = 0n): void {
    this.write(
      encode({
        kind: "packet_in",
        xid: 0,
        bufferId: OFP_NO_BUFFER,
        totalLen: data.length,
        reason: 1,
        tableId: 10,
        cookie,
        match: [
          { field: "in_port", value: inPort },
          { field: "metadata", value: metadata },
        ],
        data,
      }),
    );
  }

  #answer(m: OpenFlowMessage): void {
    switch (m.kind) {
      case "features_request":
        this.send({
          kind: "features_reply",
          xid: m.xid,
          datapathId: this.dpid,
          nBuffers: 0,
          nTables: 254,
          auxiliaryId: 0,
          capabilities: 0,
          reserved: 0,
        });
        return;
      case "echo_request":
        this.send({ kind: "echo_reply", xid: m.xid, data: m.data });
        return;
      case "barrier_request":
        this.send({ kind: "barrier_reply", xid: m.xid });
        return;
      case "multipart_request":
        this.#tell(m);
        return;
      case "bundle_add":
        this.#inBundle.push(m.message);
        return;
      case "bundle_control": {
        if (m.type === "commit_request") for (const one of this.#inBundle) this.#take(one);
        if (m.type !== "close_request") this.#inBundle = [];
        const reply = m.type.replace("request", "reply") as typeof m.type;
        this.send({ ...m, type: reply });
        return;
      }
      default:
        this.#take(m);
    }
  }

  #tell({ xid, body }: Extract<OpenFlowMessage, { kind: "multipart_request" }>): void {
    const reply = { kind: "multipart_reply", xid, flags: 0 } as const;
    const text = { mfr: "a test", hw: "none", sw: "3.1.0", serial: "none", dp: "none" };
    if (body.kind === "desc") this.send({ ...reply, body: { kind: "desc", desc: text } });
    else if (body.kind === "port_desc") {
      this.send({ ...reply, body: { kind: "port_desc", ports: this.ports.map(portDesc) } });
    } else if (body.kind === "meter_features") {
      const features = { maxMeter: 0, bandTypes: 0, capabilities: 0, maxBands: 0, maxColor: 0 };
      this.send({ ...reply, body: { kind: "meter_features", features } });
    } else if (body.kind === "flow") this.#tellFlows(xid);
    else if (body.kind === "group_desc") {
      this.send({ ...reply, body: { kind: "group_desc", groups: [...this.groups.values()] } });
    } else this.send({ kind: "error", xid, type: 1, code: 2, data: new Uint8Array(0) });
  }

  #tellFlows(xid: number): void {
    const all = [...this.flows.values()];
    for (let at = 0; at === 0 || at < all.length; at += 100) {
      const flags = at + 100 < all.length ? 1 : 0;
      this.send({ kind: "multipart_reply", xid, flags, body: { kind: "flow", flows: all.slice(at, at + 100) } });
    }
  }

  #take(m: OpenFlowMessage): void {
    if (m.kind === "flow_mod") {
      if (m.command.startsWith("delete")) this.flows.delete(keyOf(m));
      else {
        const { tableId, priority, idleTimeoutSec, hardTimeoutSec, flags, cookie, match, instructions } = m;
        const counts = { durationSec: 0, durationNsec: 0, packetCount: 0n, byteCount: 0n };
        const given = { tableId, priority, idleTimeoutSec, hardTimeoutSec, flags, cookie, match, instructions };
        this.flows.set(keyOf(m), { ...given, ...counts });
      }
    } else if (m.kind === "group_mod") {
      if (m.command === "delete") this.groups.delete(m.groupId);
      else this.groups.set(m.groupId, { type: m.type, groupId: m.groupId, buckets: m.buckets });
    }
  }
}
