// Brings flows, groups and meters into force on a switch, in one atomic bundle where the switch can.
import { WeftError } from "../../../proto/bytes/errors.ts";
import { type BundleControlType, OFPBF, type OpenFlowMessage } from "../../../proto/openflow13/index.ts";
import type { ApplicableMessage, ApplyResult, RefusedMessage } from "./session.ts";

/** What applying needs of a connection. */
export interface ApplyChannel {
  nextXid(): number;
  /** Throws WireError, having sent nothing, if a value does not fit its field. */
  write(message: OpenFlowMessage): void;
  /** Settles when the peer has room for more. */
  writable(): Promise<void>;
  /** Sends and waits for the reply. Rejects with `openflow/refused` if the switch answers by an error. */
  request(message: OpenFlowMessage, what: string): Promise<unknown>;
  /** From now on errors about this xid are kept for `takeErrors`. */
  watch(xid: number, message: ApplicableMessage): void;
  /** Errors about watched messages so far; stops watching. */
  takeErrors(): RefusedMessage[];
  /** undefined until it was tried. */
  bundles: boolean | undefined;
}

const FLAGS = OFPBF.ATOMIC | OFPBF.ORDERED;

let lastBundleId = 0;

function withXid(message: ApplicableMessage, xid: number): Extract<OpenFlowMessage, ApplicableMessage> {
  return { ...message, xid } as Extract<OpenFlowMessage, ApplicableMessage>;
}

function isRefusal(error: unknown): error is WeftError {
  return error instanceof WeftError && error.code === "openflow/refused";
}

/** Writes all, each watched under its own xid. A message that can't be encoded counts as refused, without being sent. */
async function writeAll(
  channel: ApplyChannel,
  messages: readonly ApplicableMessage[],
  wrap: (message: ReturnType<typeof withXid>) => OpenFlowMessage,
): Promise<RefusedMessage[]> {
  const unsendable: RefusedMessage[] = [];
  for (const message of messages) {
    const xid = channel.nextXid();
    channel.watch(xid, message);
    try {
      channel.write(wrap(withXid(message, xid)));
    } catch (cause) {
      if (!(cause instanceof WeftError)) throw cause;
      unsendable.push({ message, error: cause });
    }
    await channel.writable();
  }
  return unsendable;
}

async function applyPlainly(channel: ApplyChannel, messages: readonly ApplicableMessage[]): Promise<ApplyResult> {
  const unsendable = await writeAll(channel, messages, (message) => message);
  await channel.request({ kind: "barrier_request", xid: channel.nextXid() }, "a barrier");
  const errors = [...unsendable, ...channel.takeErrors()];
  return errors.length === 0 ? { ok: true, bundled: false } : { ok: false, bundled: false, errors };
}

function control(channel: ApplyChannel, bundleId: number, type: BundleControlType): Promise<unknown> {
  const message: OpenFlowMessage = { kind: "bundle_control", xid: channel.nextXid(), bundleId, type, flags: FLAGS };
  return channel.request(message, `a bundle's ${type.replace("_", " ")}`);
}

/** Undefined if the switch has no bundles. */
async function applyBundled(
  channel: ApplyChannel,
  messages: readonly ApplicableMessage[],
): Promise<ApplyResult | undefined> {
  lastBundleId = (lastBundleId % 0x7fffffff) + 1;
  const bundleId = lastBundleId;
  try {
    await control(channel, bundleId, "open_request");
    channel.bundles = true;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (channel.bundles === true) return { ok: false, bundled: true, errors: [{ error }] };
    channel.bundles = false;
    return undefined;
  }
  const unsendable = await writeAll(channel, messages, (message) => ({
    kind: "bundle_add",
    xid: message.xid,
    bundleId,
    flags: FLAGS,
    message,
  }));
  // A message refused here is merely left out of the bundle, and a commit would succeed without it.
  await channel.request({ kind: "barrier_request", xid: channel.nextXid() }, "a barrier");
  const refused = [...unsendable, ...channel.takeErrors()];
  if (refused.length > 0) {
    await control(channel, bundleId, "discard_request").catch((error) => {
      // A bundle that broke may be gone already.
      if (!isRefusal(error)) throw error;
    });
    return { ok: false, bundled: true, errors: refused };
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

/** Meters first, since no bundle takes them; then the others in the order given. */
export async function applyMessages(
  channel: ApplyChannel,
  messages: readonly ApplicableMessage[],
): Promise<ApplyResult> {
  const meters = messages.filter((message) => message.kind === "meter_mod");
  const others = messages.filter((message) => message.kind !== "meter_mod");
  if (meters.length > 0) {
    const result = await applyPlainly(channel, meters);
    if (!result.ok || others.length === 0) return result;
  }
  if (others.length === 0) return { ok: true, bundled: false };
  if (channel.bundles !== false) {
    const result = await applyBundled(channel, others);
    if (result !== undefined) return result;
  }
  return applyPlainly(channel, others);
}
