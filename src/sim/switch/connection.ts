// The switch's side of one OpenFlow 1.3 connection: the handshake, what a controller asks and orders, and what it is told.
import {
  type AsyncConfig,
  type ControllerRole,
  decodeRange,
  encode,
  errorNumbers,
  type FlowMonitor,
  type FlowUpdate,
  MessageFramer,
  type MultipartReplyBody,
  type MultipartRequest,
  OFP_NO_BUFFER,
  OFPFF,
  OFPMPF_REPLY_MORE,
  ONFFMF,
  type OpenFlowMessage,
  type PortDesc,
} from "../../../proto/openflow13/index.ts";
import { answersTo } from "./answers.ts";
import { Bundles } from "./bundles.ts";
import { type Datapath, isStateChange, type SwitchWatcher } from "./datapath.ts";
import type { FlowEdit } from "./flow-tables.ts";
import { falselyRemoved, falsified } from "./lies.ts";
import type { Packet } from "./packet.ts";
import type { Punt } from "./pipeline.ts";
import { SwitchRefusal } from "./switch-error.ts";

const VERSION = 4;
const ONF = 0x4f4e4600;
/** The ONF's bundle errors on OpenFlow 1.3: experimenter errors by these numbers. */
const BUNDLE_ERRORS: Readonly<Record<string, number>> = {
  OFPBFC_BAD_ID: 2302,
  OFPBFC_MSG_UNSUP: 2310,
  OFPBFC_MSG_FAILED: 2313,
};
const MAX_MESSAGE = 65_535;
/** OFPRR_IDLE_TIMEOUT. */
const IDLE_TIMEOUT = 0;
const NO_LIES: ReadonlySet<string> = new Set();
const REASONS = { added: 0, deleted: 0, modified: 0 } as const;

export interface ConnectionOptions {
  readonly datapathId: bigint;
  readonly send: (bytes: Uint8Array) => void;
  /** What it says that is not so: names of lies. */
  readonly lies?: () => ReadonlySet<string>;
  /** Kinds of messages that are never answered: a switch that misbehaves. */
  readonly ignores?: ReadonlySet<OpenFlowMessage["kind"]>;
}

export class SwitchConnection implements SwitchWatcher {
  readonly #switch: Datapath;
  readonly #options: ConnectionOptions;
  readonly #framer = new MessageFramer();
  readonly #bundles = new Bundles();
  readonly #monitors = new Map<number, FlowMonitor>();
  readonly #unwatch: () => void;
  #role: ControllerRole = "equal";
  #missSendLen = 128;
  #controllerId = 0;
  #packetInFormat = 0;
  #isReady = false;
  #isClosed = false;

  constructor(switched: Datapath, options: ConnectionOptions) {
    this.#switch = switched;
    this.#options = options;
    this.#unwatch = switched.watch(this);
    this.#send({ kind: "hello", xid: 1, version: VERSION, elements: [{ kind: "version_bitmap", bitmaps: [1 << 4] }] });
  }

  /** @throws WireError where the peer speaks no OpenFlow 1.3 */
  push(bytes: Uint8Array): void {
    this.#framer.push(bytes, (buffer, start, end) => {
      // A copy: what a flow holds outlives the buffer that it came in.
      const message = buffer.slice(start, end);
      this.#received(decodeRange(message, 0, message.length));
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#unwatch();
  }

  tick(nowMs: number): void {
    this.#bundles.expire(nowMs);
    if (!this.#isReady || !this.#lies.has("forged-removals")) return;
    for (const flow of falselyRemoved(this.#switch.flows.all())) this.#tellRemoved(flow, IDLE_TIMEOUT);
  }

  onPort(reason: "add" | "delete" | "modify", port: PortDesc): void {
    if (this.#isReady) this.#send({ kind: "port_status", xid: 0, reason, port });
  }

  onPunt(packet: Packet, punt: Punt): void {
    if (!this.#isReady || punt.controllerId !== this.#controllerId) return;
    const frame = packet.frame();
    const metadata = [
      { field: "in_port", value: packet.inPort },
      ...(packet.metadata === 0n ? [] : [{ field: "metadata", value: packet.metadata } as const]),
      ...(packet.tunnel.id === 0n ? [] : [{ field: "tunnel_id", value: packet.tunnel.id } as const]),
      ...packet.registers.flatMap((value, n) =>
        value === 0n ? [] : [{ field: `nx_reg${n}` as "nx_reg0", value: Number(value) }],
      ),
    ] as const;
    const { tableId, cookie, reason, userdata } = punt;
    const data = frame.subarray(0, punt.maxLen);
    if (this.#packetInFormat === 2) {
      const more = { tableId, cookie, reason, fullLen: frame.length, ...(userdata === undefined ? {} : { userdata }) };
      this.#send({ kind: "nx_packet_in2", xid: 0, packet: data, metadata, ...more });
      return;
    }
    const totalLen = frame.length;
    this.#send({
      kind: "packet_in",
      xid: 0,
      bufferId: OFP_NO_BUFFER,
      totalLen,
      reason,
      tableId,
      cookie,
      match: metadata,
      data,
    });
  }

  onFlows(edits: readonly FlowEdit[], by: { readonly watcher: SwitchWatcher; readonly xid: number } | null): void {
    for (const { before, after, reason } of edits) {
      const isGone = before !== undefined && after === undefined;
      if (isGone && (before.flags & OFPFF.SEND_FLOW_REM) !== 0) this.#tellRemoved(before, reason);
    }
    for (const monitor of this.#monitors.values()) {
      if (by?.watcher === this && (monitor.flags & ONFFMF.OWN) === 0) {
        this.#tellUpdates([{ kind: "abbreviated", xid: by.xid }], monitor);
        continue;
      }
      const updates = edits.flatMap((edit) => updateOf(edit, monitor) ?? []);
      for (let at = 0; at < updates.length; at += 100) this.#tellUpdates(updates.slice(at, at + 100), monitor);
    }
  }

  #tellUpdates(updates: readonly FlowUpdate[], { monitorId }: FlowMonitor): void {
    this.#send({ kind: "multipart_reply", xid: monitorId, flags: 0, body: { kind: "onf_flow_monitor", updates } });
  }

  #tellRemoved(flow: NonNullable<FlowEdit["before"]>, reason: number): void {
    const { cookie, priority, tableId, idleTimeoutSec, hardTimeoutSec, match, packets, bytes } = flow;
    const durationSec = Math.trunc((this.#switch.nowMs() - flow.addedMs) / 1000);
    const counts = { durationSec, durationNsec: 0, packetCount: packets, byteCount: bytes };
    const told = { cookie, priority, reason, tableId, idleTimeoutSec, hardTimeoutSec, match };
    this.#send({ kind: "flow_removed", xid: 0, ...told, ...counts });
  }

  #received(message: OpenFlowMessage): void {
    if (this.#options.ignores?.has(message.kind) === true) return;
    try {
      this.#take(message);
    } catch (error) {
      if (!(error instanceof SwitchRefusal)) throw error;
      this.#refuse(message.xid, error.code, message);
    }
  }

  #take(m: OpenFlowMessage): void {
    if (isStateChange(m)) {
      if (this.#role === "slave") throw new SwitchRefusal("OFPBRC_IS_SLAVE");
      this.#switch.apply([m], { watcher: this, xid: m.xid });
      return;
    }
    switch (m.kind) {
      case "hello":
        if (m.version < VERSION) throw new SwitchRefusal("OFPHFC_INCOMPATIBLE");
        return;
      case "features_request":
        this.#isReady = true;
        this.#send({
          kind: "features_reply",
          xid: m.xid,
          datapathId: this.#options.datapathId,
          nBuffers: 0,
          nTables: 254,
          auxiliaryId: 0,
          capabilities: 0x4f,
          reserved: 0,
        });
        return;
      case "echo_request":
        this.#send({ kind: "echo_reply", xid: m.xid, data: m.data });
        return;
      case "barrier_request":
        this.#send({ kind: "barrier_reply", xid: m.xid });
        return;
      case "set_config":
        this.#missSendLen = m.missSendLen;
        return;
      case "get_config_request":
        this.#send({ kind: "get_config_reply", xid: m.xid, flags: 0, missSendLen: this.#missSendLen });
        return;
      case "role_request":
        if (m.role !== "nochange") this.#role = m.role;
        this.#send({ kind: "role_reply", xid: m.xid, role: this.#role, generationId: m.generationId });
        return;
      case "get_async_request": {
        const all: AsyncConfig["packetIn"] = [0xffffffff, 0];
        this.#send({ kind: "get_async_reply", xid: m.xid, packetIn: all, portStatus: all, flowRemoved: all });
        return;
      }
      case "nx_set_controller_id":
        this.#controllerId = m.controllerId;
        return;
      case "nx_set_packet_in_format":
        this.#packetInFormat = m.format;
        return;
      case "packet_out":
        this.#switch.packetOut(m.inPort, m.actions, m.data);
        return;
      case "bundle_control":
        this.#bundle(m);
        return;
      case "bundle_add":
        this.#bundles.add(m.bundleId, m.message, this.#switch.nowMs());
        return;
      case "multipart_request":
        this.#answer(m);
        return;
      case "onf_flow_monitor_cancel":
        this.#monitors.delete(m.monitorId);
        return;
      case "echo_reply":
      case "error":
      case "experimenter_error":
        return;
      default:
        throw new SwitchRefusal("OFPBRC_BAD_TYPE");
    }
  }

  #bundle(m: Extract<OpenFlowMessage, { kind: "bundle_control" }>): void {
    const reply = (type: "open_reply" | "commit_reply" | "discard_reply" | "close_reply"): void =>
      this.#send({ ...m, type });
    switch (m.type) {
      case "open_request":
        this.#bundles.open(m.bundleId, this.#switch.nowMs());
        reply("open_reply");
        return;
      case "close_request":
        reply("close_reply");
        return;
      case "discard_request":
        this.#bundles.take(m.bundleId);
        reply("discard_reply");
        return;
      case "commit_request":
        this.#commit(m);
        reply("commit_reply");
        return;
      default:
        throw new SwitchRefusal("OFPBRC_BAD_TYPE");
    }
  }

  #commit({ bundleId, xid }: { readonly bundleId: number; readonly xid: number }): void {
    const changes = this.#bundles.take(bundleId);
    this.#switch.counts.bundles += 1;
    try {
      this.#switch.apply(changes, { watcher: this, xid });
    } catch (error) {
      if (!(error instanceof SwitchRefusal)) throw error;
      // The switch first names the message that failed, then the commit.
      const failed = changes[(error as SwitchRefusal & { at?: number }).at ?? 0];
      if (failed !== undefined) this.#refuse(failed.xid, error.code, failed);
      throw new SwitchRefusal("OFPBFC_MSG_FAILED");
    }
  }

  get #lies(): ReadonlySet<string> {
    return this.#options.lies?.() ?? NO_LIES;
  }

  #answer({ xid, body }: MultipartRequest): void {
    if (body.kind === "onf_flow_monitor") {
      for (const monitor of body.monitors) this.#monitors.set(monitor.monitorId, monitor);
      this.#send({ kind: "multipart_reply", xid, flags: 0, body: { kind: "onf_flow_monitor", updates: [] } });
      return;
    }
    const bodies = answersTo(this.#switch, body);
    if (bodies === undefined) throw new SwitchRefusal("OFPBRC_BAD_MULTIPART");
    const told = this.#lies.size === 0 ? bodies : bodies.map((one) => falsified(one, this.#lies));
    const fitting = told.flatMap(fittingBodies);
    fitting.forEach((one, at) => {
      const flags = at < fitting.length - 1 ? OFPMPF_REPLY_MORE : 0;
      this.#send({ kind: "multipart_reply", xid, flags, body: one });
    });
  }

  #refuse(xid: number, code: string, cause: OpenFlowMessage): void {
    const data = encode(cause).subarray(0, 64);
    const bundleError = BUNDLE_ERRORS[code];
    if (bundleError !== undefined) {
      this.#send({ kind: "experimenter_error", xid, expType: bundleError, experimenter: ONF, data });
      return;
    }
    const numbers = errorNumbers(code) ?? { type: 1, code: 1 };
    this.#send({ kind: "error", xid, ...numbers, data });
  }

  #send(message: OpenFlowMessage): void {
    if (!this.#isClosed) this.#options.send(encode(message));
  }
}

/** A body whose list is too long for one message, as several. */
function fittingBodies(body: MultipartReplyBody): readonly MultipartReplyBody[] {
  const list = listOf(body);
  if (list === undefined || list.items.length < 2) return [body];
  try {
    if (encode({ kind: "multipart_reply", xid: 0, flags: 0, body }).length <= MAX_MESSAGE) return [body];
  } catch {
    // Too long to be written at all.
  }
  const half = Math.ceil(list.items.length / 2);
  return [list.items.slice(0, half), list.items.slice(half)].flatMap((items) => fittingBodies(list.of(items)));
}

function listOf(
  body: MultipartReplyBody,
): { items: readonly unknown[]; of: (items: readonly unknown[]) => MultipartReplyBody } | undefined {
  for (const key of ["flows", "groups", "ports", "meters"]) {
    const items = (body as unknown as Record<string, unknown>)[key];
    if (Array.isArray(items)) return { items, of: (some) => ({ ...body, [key]: some }) as MultipartReplyBody };
  }
  return undefined;
}

function updateOf({ before, after, reason }: FlowEdit, { tableId, flags }: FlowMonitor): FlowUpdate | undefined {
  const flow = after ?? before;
  if (flow === undefined || (tableId !== 0xff && flow.tableId !== tableId)) return undefined;
  const kind = after === undefined ? "deleted" : before === undefined ? "added" : "modified";
  const wanted = { added: ONFFMF.ADD, deleted: ONFFMF.DELETE, modified: ONFFMF.MODIFY }[kind];
  if ((flags & wanted) === 0) return undefined;
  const { priority, idleTimeoutSec, hardTimeoutSec, cookie, match } = flow;
  const instructions = (flags & ONFFMF.ACTIONS) === 0 ? [] : flow.instructions;
  const told = { priority, idleTimeoutSec, hardTimeoutSec, tableId: flow.tableId, cookie, match, instructions };
  return { kind, reason: kind === "deleted" ? reason : REASONS[kind], ...told };
}
