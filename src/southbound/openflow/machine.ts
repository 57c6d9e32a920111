// The life of an OpenFlow connection as a pure state machine: greeting, describing, ready, closed; and its liveness.
import { WeftError } from "../../../proto/bytes/errors.ts";
import {
  errorNumbers,
  type FeaturesReply,
  type Hello,
  negotiateVersion,
  OFP_VERSION,
  OFPMPF_REPLY_MORE,
  type OpenFlowMessage,
  type PortDesc,
  type SwitchDesc,
} from "../../../proto/openflow13/index.ts";
import { misplaced } from "./misplaced.ts";
import { describeSwitchError } from "./switch-error.ts";

export interface MachineTimes {
  /** Until the peer's HELLO. */
  readonly helloMs: number;
  /** Until the whole handshake is done. */
  readonly handshakeMs: number;
  /** Of silence before we ask whether the peer is there. */
  readonly probeAfterMs: number;
  /** Of silence in all before the connection counts as dead. */
  readonly dropAfterMs: number;
}

export const DEFAULT_TIMES: MachineTimes = Object.freeze({
  helloMs: 5_000,
  handshakeMs: 10_000,
  probeAfterMs: 5_000,
  dropAfterMs: 10_000,
});

/** Fixed, so that a capture can be read; a session's own requests begin above them. */
const XID = { HELLO: 1, FEATURES: 2, PORT_DESC: 3, DESC: 4, METER_FEATURES: 5, PROBE: 6 } as const;
export const FIRST_FREE_XID = 16;

/** More ports than this no switch has; Open vSwitch itself has numbers for as many. */
export const MAX_PORTS = 0x10000;
/** A tick this late means that this process was held up, not that the peer was silent. */
const STALL_MS = 1_000;

export interface SwitchIdentity {
  readonly features: FeaturesReply;
  readonly desc: SwitchDesc;
  readonly ports: readonly PortDesc[];
  readonly maxMeter: number;
}

/** What is known so far; the handshake is over when nothing is missing. */
interface Described {
  readonly features?: FeaturesReply;
  readonly desc?: SwitchDesc;
  readonly ports: readonly PortDesc[];
  readonly portsComplete: boolean;
  readonly maxMeter?: number;
}

export type Phase =
  | { readonly kind: "greeting" }
  | { readonly kind: "describing"; readonly known: Described }
  | { readonly kind: "ready" }
  | { readonly kind: "closed" };

export interface MachineState {
  readonly times: MachineTimes;
  readonly phase: Phase;
  readonly startedMs: number;
  readonly lastReceivedMs: number;
  /** When the echo request that is not answered yet was sent. */
  readonly probedMs?: number;
}

export type MachineEvent =
  | { readonly kind: "message"; readonly message: OpenFlowMessage }
  /** Bytes came, whatever they are: the peer is alive. */
  | { readonly kind: "received" }
  | { readonly kind: "tick" }
  | { readonly kind: "closed" };

export type Effect =
  | { readonly kind: "send"; readonly message: OpenFlowMessage }
  | { readonly kind: "ready"; readonly identity: SwitchIdentity }
  /** A message for the session; comes only when ready. */
  | { readonly kind: "deliver"; readonly message: OpenFlowMessage }
  /** `answer` names the error, such as OFPBRC_BAD_TYPE, that the message at hand is answered by before. */
  | { readonly kind: "close"; readonly reason: string; readonly error: WeftError; readonly answer?: string };

export interface Step {
  readonly state: MachineState;
  readonly effects: readonly Effect[];
}

const NO_EFFECTS: readonly Effect[] = Object.freeze([]);

const OUR_HELLO: Hello = Object.freeze<Hello>({
  kind: "hello",
  xid: XID.HELLO,
  version: OFP_VERSION,
  elements: [{ kind: "version_bitmap", bitmaps: [1 << OFP_VERSION] }],
});

/** A new connection: we greet at once, as the peer does. */
export function start(nowMs: number, times: MachineTimes = DEFAULT_TIMES): Step {
  return {
    state: { times, phase: { kind: "greeting" }, startedMs: nowMs, lastReceivedMs: nowMs },
    effects: [{ kind: "send", message: OUR_HELLO }],
  };
}

/** When `tick` is due next; undefined once closed. */
export function nextDeadline(state: MachineState): number | undefined {
  const { times } = state;
  switch (state.phase.kind) {
    case "greeting":
      return state.startedMs + times.helloMs;
    case "describing":
      return state.startedMs + times.handshakeMs;
    case "ready":
      if (state.probedMs === undefined) return state.lastReceivedMs + times.probeAfterMs;
      return state.probedMs + (times.dropAfterMs - times.probeAfterMs);
    case "closed":
      return undefined;
  }
}

export function step(state: MachineState, event: MachineEvent, nowMs: number): Step {
  if (state.phase.kind === "closed") return { state, effects: NO_EFFECTS };
  switch (event.kind) {
    case "received": {
      const { probedMs: _answered, ...rest } = state;
      return { state: { ...rest, lastReceivedMs: nowMs }, effects: NO_EFFECTS };
    }
    case "tick":
      return tick(state, nowMs);
    case "closed":
      return { state: { ...state, phase: { kind: "closed" } }, effects: NO_EFFECTS };
    case "message":
      return message(state, event.message);
  }
}

function close(state: MachineState, code: string, reason: string, before: readonly Effect[] = []): Step {
  const error = new WeftError(code, reason, { retryable: true });
  return {
    state: { ...state, phase: { kind: "closed" } },
    effects: [...before, { kind: "close", reason, error }],
  };
}

function tick(state: MachineState, nowMs: number): Step {
  const due = nextDeadline(state);
  if (due === undefined || nowMs < due) return { state, effects: NO_EFFECTS };
  const { times } = state;
  if (state.phase.kind === "greeting") {
    return close(state, "openflow/no-hello", `no HELLO within ${times.helloMs} ms`);
  }
  if (state.phase.kind === "describing") {
    const missing = missingParts(state.phase.known).join(", ");
    return close(state, "openflow/handshake", `no answer within ${times.handshakeMs} ms: ${missing}`);
  }
  // What the peer sent while this process was held up has not been read yet: ask again instead of giving it up.
  if (state.probedMs === undefined || nowMs - due > STALL_MS) {
    const probe: OpenFlowMessage = { kind: "echo_request", xid: XID.PROBE, data: new Uint8Array(0) };
    return { state: { ...state, probedMs: nowMs }, effects: [{ kind: "send", message: probe }] };
  }
  const silentMs = Math.round(nowMs - state.lastReceivedMs);
  return close(state, "openflow/silent", `nothing received for ${silentMs} ms, and no answer to an echo request`);
}

function message(state: MachineState, m: OpenFlowMessage): Step {
  if (m.kind === "echo_request") {
    return { state, effects: [{ kind: "send", message: { kind: "echo_reply", xid: m.xid, data: m.data } }] };
  }
  if (state.phase.kind === "greeting") return greet(state, m);
  const wrong = misplaced(m);
  if (wrong !== undefined) {
    const error = new WeftError(wrong.code, wrong.reason, { retryable: true });
    // The specification's own word for it (section 7.4.4).
    const effect: Effect = { kind: "close", reason: wrong.reason, error, answer: "OFPBRC_BAD_TYPE" };
    return { state: { ...state, phase: { kind: "closed" } }, effects: [effect] };
  }
  if (state.phase.kind === "describing") return describe(state, state.phase.known, m);
  // Our probe's answer has done its work by being received.
  if (m.kind === "echo_reply" && m.xid === XID.PROBE) return { state, effects: NO_EFFECTS };
  return { state, effects: [{ kind: "deliver", message: m }] };
}

function helloFailed(xid: number, text: string): Effect {
  const numbers = errorNumbers("OFPHFC_INCOMPATIBLE") ?? { type: 0, code: 0 };
  return { kind: "send", message: { kind: "error", xid, ...numbers, data: new TextEncoder().encode(text) } };
}

function greet(state: MachineState, m: OpenFlowMessage): Step {
  if (m.kind === "error") {
    return close(state, "openflow/refused", `the peer refused the connection: ${describeSwitchError(m)}`);
  }
  if (m.kind !== "hello") {
    const text = `the first message must be HELLO, not ${m.kind}`;
    return close(state, "openflow/no-hello", text, [helloFailed(m.xid, text)]);
  }
  if (negotiateVersion(OUR_HELLO, m) !== OFP_VERSION) {
    const text = `this controller speaks OpenFlow 1.3 (0x04) alone, the switch offers ${offered(m)}; add OpenFlow13 to the bridge's protocols`;
    return close(state, "openflow/version", text, [helloFailed(m.xid, text)]);
  }
  const known: Described = { ports: [], portsComplete: false };
  const request = (xid: number, kind: "port_desc" | "desc" | "meter_features"): Effect => ({
    kind: "send",
    message: { kind: "multipart_request", xid, flags: 0, body: { kind } },
  });
  return {
    state: { ...state, phase: { kind: "describing", known } },
    effects: [
      { kind: "send", message: { kind: "features_request", xid: XID.FEATURES } },
      request(XID.PORT_DESC, "port_desc"),
      request(XID.DESC, "desc"),
      request(XID.METER_FEATURES, "meter_features"),
    ],
  };
}

function offered(hello: Hello): string {
  for (const element of hello.elements) {
    if (element.kind !== "version_bitmap") continue;
    const versions = element.bitmaps.flatMap((word, i) =>
      Array.from({ length: 32 }, (_, bit) => bit).flatMap((bit) => ((word >>> bit) & 1 ? [i * 32 + bit] : [])),
    );
    return versions.length === 0 ? "none" : versions.map(hex).join(", ");
  }
  return `at most ${hex(hello.version)}`;
}

function hex(version: number): string {
  return `0x${version.toString(16).padStart(2, "0")}`;
}

function missingParts(known: Described): string[] {
  const missing: string[] = [];
  if (known.features === undefined) missing.push("FEATURES");
  if (!known.portsComplete) missing.push("PORT_DESC");
  if (known.desc === undefined) missing.push("DESC");
  if (known.maxMeter === undefined) missing.push("METER_FEATURES");
  return missing;
}

function describe(state: MachineState, known: Described, m: OpenFlowMessage): Step {
  const next = learn(known, m);
  if (typeof next === "string") return close(state, "openflow/handshake", next);
  if (next === known) return { state, effects: NO_EFFECTS };
  const { features, desc, maxMeter, ports } = next;
  if (features === undefined || desc === undefined || maxMeter === undefined || !next.portsComplete) {
    return { state: { ...state, phase: { kind: "describing", known: next } }, effects: NO_EFFECTS };
  }
  const identity: SwitchIdentity = { features, desc, ports, maxMeter };
  return { state: { ...state, phase: { kind: "ready" } }, effects: [{ kind: "ready", identity }] };
}

/**
 * The same object if `m` says nothing about the switch: packet-ins and flow-removeds of this time are passed over, since
 * whoever takes over the session reads the switch's state first. Text if the handshake has failed.
 */
function learn(known: Described, m: OpenFlowMessage): Described | string {
  if (m.kind === "features_reply") {
    if (m.auxiliaryId !== 0) return "auxiliary connections are not supported";
    return { ...known, features: m };
  }
  if (m.kind === "port_status") {
    const ports = known.ports.filter((port) => port.portNo !== m.port.portNo);
    if (ports.length >= MAX_PORTS) return `more than ${MAX_PORTS} ports`;
    return { ...known, ports: m.reason === "delete" ? ports : [...ports, m.port] };
  }
  if (m.kind === "multipart_reply") {
    if (m.body.kind === "desc") return { ...known, desc: m.body.desc };
    if (m.body.kind === "meter_features") return { ...known, maxMeter: m.body.features.maxMeter };
    if (m.body.kind !== "port_desc") return known;
    if (known.ports.length + m.body.ports.length > MAX_PORTS) return `more than ${MAX_PORTS} ports`;
    const more = (m.flags & OFPMPF_REPLY_MORE) !== 0;
    return { ...known, ports: [...known.ports, ...m.body.ports], portsComplete: !more };
  }
  if (m.kind === "error") {
    // A switch without meters is a switch all the same.
    if (m.xid === XID.METER_FEATURES) return { ...known, maxMeter: 0 };
    return `the switch refused the handshake: ${describeSwitchError(m)}`;
  }
  return known;
}
