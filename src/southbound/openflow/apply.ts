// Brings flows, groups and meters into force on a switch, in one atomic bundle where the switch can.
import { WeftError } from "../../../proto/bytes/errors.ts";
import {
  BUNDLE_ADD_LENGTH,
  type BundleControlType,
  messageRoom,
  OFPBF,
  type OpenFlowMessage,
  putBundleAdd,
  putMessage,
} from "../../../proto/openflow13/index.ts";
import { encodedOnce } from "./encoded-once.ts";
import type { ApplicableMessage, ApplyResult, RefusedMessage } from "./session.ts";

/** What applying needs of a connection. */
export interface ApplyChannel {
  nextXid(): number;
  writeBytes(bytes: Uint8Array): void;
  /** Whether more may be written now. */
  readonly hasRoom: boolean;
  /** Settles when it may. */
  writable(): Promise<void>;
  /** Sends and waits for the reply. Rejects with `openflow/refused` if the switch answers by an error. */
  request(message: OpenFlowMessage, what: string): Promise<unknown>;
  /** From now on errors about these are kept for `takeErrors`. @returns the first one's xid: the others' are those after it. */
  watch(messages: readonly ApplicableMessage[]): number;
  /** Errors about watched messages so far; stops watching. */
  takeErrors(): RefusedMessage[];
  /** undefined until it was tried. */
  bundles: boolean | undefined;
}

const FLAGS = OFPBF.ATOMIC | OFPBF.ORDERED;
/** The length of a message is a field of 16 bits. */
const MAX_MESSAGE = 0xffff;
/** Bytes that are written at once. */
const BUFFER = 64 * 1024;

let lastBundleId = 0;

function isRefusal(error: unknown): error is WeftError {
  return error instanceof WeftError && error.code === "openflow/refused";
}

interface Encoded {
  readonly messages: readonly ApplicableMessage[];
  /** Of each of them. */
  readonly bytes: readonly Uint8Array[];
  /** A message that can't be encoded counts as refused, without being sent. */
  readonly unsendable: readonly RefusedMessage[];
}

/** @param extra bytes that are put before each of them */
function encodeAll(all: readonly ApplicableMessage[], extra: number): Encoded {
  const [messages, bytes, unsendable]: [ApplicableMessage[], Uint8Array[], RefusedMessage[]] = [[], [], []];
  for (const message of all) {
    try {
      const encoded = encodedOnce(message);
      if (encoded.length + extra > MAX_MESSAGE) {
        throw new WeftError("wire/range", `${encoded.length} bytes are more than a bundle takes as one message`);
      }
      bytes.push(encoded);
      messages.push(message);
    } catch (cause) {
      if (!(cause instanceof WeftError)) throw cause;
      unsendable.push({ message, error: cause });
    }
  }
  return { messages, bytes, unsendable };
}

/** Where the run ends that begins at `start` and is as long as fits into one buffer; one message fits whatever its size. */
function runFrom(start: number, bytes: readonly Uint8Array[], extra: number): { end: number; length: number } {
  let [end, length] = [start, 0];
  for (; end < bytes.length; end++) {
    const more = extra + (bytes[end]?.length ?? 0);
    if (length > 0 && length + more > BUFFER) break;
    length += more;
  }
  return { end, length };
}

/** Writes all, watched, in few buffers: into which each encoding is copied once. */
async function writeAll(
  channel: ApplyChannel,
  all: readonly ApplicableMessage[],
  bundleId: number | null,
): Promise<readonly RefusedMessage[]> {
  const extra = bundleId === null ? 0 : BUNDLE_ADD_LENGTH;
  const { messages, bytes, unsendable } = encodeAll(all, extra);
  const firstXid = channel.watch(messages);
  for (let next = 0; next < bytes.length; ) {
    const { end, length } = runFrom(next, bytes, extra);
    const room = messageRoom(length);
    let at = 0;
    for (; next < end; next++) {
      const [message, xid] = [bytes[next] as Uint8Array, firstXid + next];
      if (bundleId === null) at = putMessage(room, at, message, xid);
      else at = putBundleAdd(room, at, message, { xid, bundleId, flags: FLAGS });
    }
    channel.writeBytes(room.bytes);
    if (!channel.hasRoom) await channel.writable();
  }
  return unsendable;
}

async function applyPlainly(channel: ApplyChannel, messages: readonly ApplicableMessage[]): Promise<ApplyResult> {
  const unsendable = await writeAll(channel, messages, null);
  await channel.request({ kind: "barrier_request", xid: channel.nextXid() }, "a barrier");
  const errors = [...unsendable, ...channel.takeErrors()];
  return errors.length === 0 ? { ok: true, bundled: false } : { ok: false, bundled: false, errors };
}

function control(channel: ApplyChannel, bundleId: number, type: BundleControlType): Promise<unknown> {
  const message: OpenFlowMessage = { kind: "bundle_control", xid: channel.nextXid(), bundleId, type, flags: FLAGS };
  return channel.request(message, `a bundle's ${type.replace("_", " ")}`);
}

/** Opens a bundle. @returns undefined, or the switch's refusal */
function open(channel: ApplyChannel, bundleId: number): Promise<WeftError | undefined> {
  return control(channel, bundleId, "open_request").then(
    () => {
      channel.bundles = true;
      return undefined;
    },
    (error: unknown) => {
      if (!isRefusal(error)) throw error;
      return error;
    },
  );
}

async function discard(channel: ApplyChannel, bundleId: number): Promise<void> {
  await control(channel, bundleId, "discard_request").catch((error) => {
    // A bundle that broke may be gone already.
    if (!isRefusal(error)) throw error;
  });
}

/** Undefined if the switch has no bundles. */
async function applyBundled(
  channel: ApplyChannel,
  messages: readonly ApplicableMessage[],
): Promise<ApplyResult | undefined> {
  lastBundleId = (lastBundleId % 0x7fffffff) + 1;
  const bundleId = lastBundleId;
  const knowsBundles = channel.bundles === true;
  const opening = open(channel, bundleId);
  // What fails is looked at below: until then it has to count as handled.
  opening.catch(() => undefined);
  // A switch that has opened one before is not waited for: all of it is one way there, and one back.
  if (!knowsBundles && (await opening) !== undefined) {
    channel.bundles = false;
    return undefined;
  }
  const unsendable = await writeAll(channel, messages, bundleId);
  // A message refused here is merely left out of the bundle, and a commit would succeed without it.
  await channel.request({ kind: "barrier_request", xid: channel.nextXid() }, "a barrier");
  const unopened = await opening;
  const refused = [...unsendable, ...channel.takeErrors()];
  if (unopened !== undefined || refused.length > 0) {
    await discard(channel, bundleId);
    return { ok: false, bundled: true, errors: unopened === undefined ? refused : [{ error: unopened }] };
  }
  return commit(channel, bundleId);
}

async function commit(channel: ApplyChannel, bundleId: number): Promise<ApplyResult> {
  try {
    await control(channel, bundleId, "commit_request");
    return { ok: true, bundled: true };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // The switch first names the message that failed, then the commit.
    const named = channel.takeErrors();
    return { ok: false, bundled: true, errors: named.length > 0 ? named : [{ error }] };
  }
}

/**
 * Meters first, since no bundle takes them; then the others in the order given.
 * @param stepwise whether each message may come into force by itself: they are in force when they arrive, then
 */
export async function applyMessages(
  channel: ApplyChannel,
  messages: readonly ApplicableMessage[],
  stepwise = false,
): Promise<ApplyResult> {
  const meters = messages.filter((message) => message.kind === "meter_mod");
  const others = messages.filter((message) => message.kind !== "meter_mod");
  if (meters.length > 0) {
    const result = await applyPlainly(channel, meters);
    if (!result.ok || others.length === 0) return result;
  }
  if (others.length === 0) return { ok: true, bundled: false };
  if (!stepwise && channel.bundles !== false) {
    const result = await applyBundled(channel, others);
    if (result !== undefined) return result;
  }
  return applyPlainly(channel, others);
}
