// A switch that only counts: it takes flow-mods by the million, and answers barriers, bundles and echoes as Open vSwitch would.
import { decodeRange, encode, type FlowStats, MessageFramer } from "../../proto/openflow13/index.ts";
import { SwitchConnection } from "../../src/sim/switch/connection.ts";
import type { Datapath } from "../../src/sim/switch/datapath.ts";
import {
  BUNDLE,
  BUNDLE_CONTROL,
  BUNDLED_AT,
  COMMAND,
  FLOW_MOD,
  MULTIPART,
  namedMac,
  ONF,
  type PacketInTemplate,
  TYPE,
} from "./wire-layout.ts";

/** What a measurement wants to know of a switch. */
export interface SwitchListener {
  /** A flow that names a MAC of the load is in force. `mac` is switch * 2^24 + count. */
  flow(switchNumber: number, mac: number): void;
  /** An echo request was answered: all that was sent before it has been taken in. */
  echoed(switchNumber: number): void;
}

export interface PlayedSwitchOptions {
  /** In the MACs of its load. */
  readonly number: number;
  /** Its ports, groups and meters. Its flows are not kept there. */
  readonly datapath: Datapath;
  readonly datapathId: bigint;
  /** Whether to keep the flows' keys, so that they can be counted when the controller asks how many there are. */
  readonly keepsFlows: boolean;
}

type Bytes = Buffer | Uint8Array;

const SLAB = 256 * 1024;
const LARGEST_MESSAGE = 65_535;

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x1_0000 + u16(bytes, at + 2);
}

/** Bytes of the same view as a Buffer, which makes keys without a copy of the bytes. */
function buffered(bytes: Bytes): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export class PlayedSwitch {
  readonly number: number;
  listener: SwitchListener | null = null;
  /** Whether flows are looked at that name a MAC as their destination only. */
  looksAtDestinations = false;
  flowMods = 0;
  /** When something was written to it last, by `performance.now`. */
  writtenAtMs = 0;
  /** When its last connection was made, by the same clock. */
  openedAtMs = 0;
  readonly #options: PlayedSwitchOptions;
  readonly #flows = new Set<string>();
  #clearedAt = 0;
  #connection: PlayedConnection | null = null;

  constructor(options: PlayedSwitchOptions) {
    this.number = options.number;
    this.#options = options;
  }

  get flowCount(): number {
    return this.#flows.size;
  }

  /** Flow-mods since it was cleared. */
  get flowsTaken(): number {
    return this.flowMods - this.#clearedAt;
  }

  get isConnected(): boolean {
    return this.#connection !== null;
  }

  /** Its flows are gone, as when ovs-vswitchd starts again. */
  clear(): void {
    this.#flows.clear();
    this.#clearedAt = this.flowMods;
  }

  open(send: (bytes: Uint8Array) => void): { push(bytes: Uint8Array): void; close(): void } {
    const connection = new PlayedConnection(this, this.#options, send);
    this.#connection = connection;
    this.openedAtMs = performance.now();
    return {
      push: (bytes) => connection.push(bytes),
      close: () => {
        connection.close();
        if (this.#connection === connection) this.#connection = null;
      },
    };
  }

  sendPacketIn(template: PacketInTemplate, count: number): void {
    this.#connection?.sendPacketIn(template, count);
  }

  sendEcho(): void {
    this.#connection?.sendEcho();
  }

  /** A flow-mod comes into force. */
  take(bytes: Bytes, at: number): void {
    this.flowMods += 1;
    const command = bytes[at + FLOW_MOD.command] ?? 0;
    if (this.#options.keepsFlows) this.#keep(bytes, at, command);
    if (this.listener === null || command > COMMAND.modifyStrict) return;
    const mac = namedMac(bytes, at, this.looksAtDestinations ? "either" : "source");
    if (mac >= 0) this.listener.flow(this.number, mac);
  }

  #keep(bytes: Bytes, at: number, command: number): void {
    const match = at + FLOW_MOD.match;
    const matchEnd = match + u16(bytes, match + 2);
    const table = bytes[at + FLOW_MOD.table] ?? 0;
    if (command === COMMAND.delete || command === COMMAND.modify) {
      if (command === COMMAND.delete && table === 0xff && matchEnd === match + 4) this.#flows.clear();
      else throw new Error("a flow-mod that is not strict: this switch keeps keys alone");
      return;
    }
    const key = `${table}/${u16(bytes, at + FLOW_MOD.priority)}/${buffered(bytes).toString("latin1", match, matchEnd)}`;
    if (command === COMMAND.deleteStrict) this.#flows.delete(key);
    else this.#flows.add(key);
  }
}

/** One connection: what is frequent is done by bytes, all else by the simulator's switch, which holds no flows. */
class PlayedConnection {
  readonly #switch: PlayedSwitch;
  readonly #datapath: Datapath;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #rest: SwitchConnection;
  readonly #framer = new MessageFramer();
  readonly #bundles = new Map<number, { readonly bytes: Bytes; readonly at: number }[]>();
  #slab = Buffer.allocUnsafe(SLAB);
  #from = 0;
  #at = 0;
  #isFlushing = false;

  constructor(played: PlayedSwitch, { datapath, datapathId }: PlayedSwitchOptions, send: (bytes: Uint8Array) => void) {
    this.#switch = played;
    this.#datapath = datapath;
    this.#send = send;
    this.#rest = new SwitchConnection(datapath, { datapathId, send: (bytes) => this.#write(bytes) });
  }

  push(bytes: Uint8Array): void {
    this.#framer.push(bytes, (buffer, start, end) => this.#received(buffer, start, end));
  }

  close(): void {
    this.#rest.close();
  }

  sendPacketIn({ bytes, countAt }: PacketInTemplate, count: number): void {
    const at = this.#room(bytes.length);
    this.#slab.set(bytes, at);
    this.#slab[at + countAt] = count >>> 16;
    this.#slab[at + countAt + 1] = count >>> 8;
    this.#slab[at + countAt + 2] = count;
  }

  sendEcho(): void {
    const at = this.#room(8);
    this.#slab.writeUInt32BE(0x0402_0008, at);
    this.#slab.writeUInt32BE(1, at + 4);
  }

  #received(bytes: Bytes, start: number, end: number): void {
    switch (bytes[start + 1]) {
      case TYPE.flowMod:
        this.#switch.writtenAtMs = performance.now();
        this.#switch.take(bytes, start);
        return;
      case TYPE.packetOut:
        return;
      case TYPE.barrierRequest:
        this.#answer(TYPE.barrierReply, bytes, start);
        return;
      case TYPE.echoReply:
        this.#switch.listener?.echoed(this.#switch.number);
        return;
      case TYPE.experimenter:
        if (u32(bytes, start + 8) === ONF && this.#bundle(bytes, start, end)) return;
        break;
      case TYPE.multipartRequest:
        if (this.#flowsAsked(bytes, start)) return;
        break;
      default:
    }
    this.#rest.push(bytes.slice(start, end));
  }

  #bundle(bytes: Bytes, start: number, end: number): boolean {
    const id = u32(bytes, start + 16);
    const kind = u32(bytes, start + 12);
    if (kind === BUNDLE.add) {
      const bundle = this.#bundles.get(id);
      if (bundle === undefined) this.#bundles.set(id, [{ bytes, at: start + BUNDLED_AT }]);
      else bundle.push({ bytes, at: start + BUNDLED_AT });
      return true;
    }
    if (kind !== BUNDLE.control) return false;
    const type = u16(bytes, start + 20);
    if (type === BUNDLE_CONTROL.open) this.#bundles.set(id, []);
    else {
      if (type === BUNDLE_CONTROL.commit) this.#commit(this.#bundles.get(id) ?? []);
      this.#bundles.delete(id);
    }
    const at = this.#room(end - start);
    this.#slab.set(bytes.subarray(start, end), at);
    this.#slab.writeUInt16BE(type + 1, at + 20);
    return true;
  }

  #commit(changes: readonly { readonly bytes: Bytes; readonly at: number }[]): void {
    this.#switch.writtenAtMs = performance.now();
    for (const { bytes, at } of changes) {
      if (bytes[at + 1] === TYPE.flowMod) {
        this.#switch.take(bytes, at);
        continue;
      }
      const message = decodeRange(bytes, at, at + u16(bytes, at + 2));
      if (message.kind === "group_mod") this.#datapath.apply([message], null);
    }
  }

  #flowsAsked(bytes: Bytes, start: number): boolean {
    const kind = u16(bytes, start + 8);
    const xid = u32(bytes, start + 4);
    if (kind === MULTIPART.aggregate) {
      const aggregate = { packetCount: 0n, byteCount: 0n, flowCount: this.#switch.flowCount };
      this.#write(encode({ kind: "multipart_reply", xid, flags: 0, body: { kind: "aggregate", aggregate } }));
      return true;
    }
    if (kind !== MULTIPART.flow) return false;
    if (this.#switch.flowCount > 0) throw new Error("flows are read back, and this switch keeps keys alone");
    const flows: readonly FlowStats[] = [];
    this.#write(encode({ kind: "multipart_reply", xid, flags: 0, body: { kind: "flow", flows } }));
    return true;
  }

  #answer(type: number, bytes: Bytes, start: number): void {
    const at = this.#room(8);
    this.#slab.writeUInt32BE(0x0400_0008 | (type << 16), at);
    this.#slab.writeUInt32BE(u32(bytes, start + 4), at + 4);
  }

  #write(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#slab.set(bytes, at);
  }

  /** Where so many bytes go; all that one turn of the event loop writes goes out together. */
  #room(length: number): number {
    if (this.#at + length > this.#slab.length) {
      this.#flush();
      this.#slab = Buffer.allocUnsafe(Math.max(SLAB, LARGEST_MESSAGE));
      this.#from = 0;
      this.#at = 0;
    }
    const at = this.#at;
    this.#at += length;
    if (!this.#isFlushing) {
      this.#isFlushing = true;
      setImmediate(() => {
        this.#isFlushing = false;
        this.#flush();
      });
    }
    return at;
  }

  #flush(): void {
    if (this.#at === this.#from) return;
    this.#send(this.#slab.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }
}
