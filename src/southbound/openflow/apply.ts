// Brings flows, groups and meters into force on a switch, in one atomic bundle where the switch can.
import { WeftError } from "../../../proto/bytes/errors.ts";
import {
  type BundleControlType,
  bundleAddOf,
  OFPBF,
  type OpenFlowMessage,
  withXid,
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
  /** From now on errors about this xid are kept for `takeErrors`. */
  watch(xid: number, message: ApplicableMessage): void;
  /** Errors about watched messages so far; stops watching. */
  takeErrors(): RefusedMessage[];
  /** undefined until it was tried. */
  bundles: boolean | undefined;
}

const FLAGS = OFPBF.ATOMIC | OFPBF.ORDERED;

let lastBundleId = 0;

function isRefusal(error: unknown): error is WeftError {
  return error instanceof WeftError && error.code === "openflow/refused";
}

/** Writes all, each watched under its own xid. A message that can't be encoded counts as refused, without being sent. */
async function writeAll(
  channel: ApplyChannel,
  messages: readonly ApplicableMessage[],
  form: (bytes: Uint8Array, xid: number) => Uint8Array,
): Promise<RefusedMessage[]> {
  const unsendable: RefusedMessage[] = [];
  for (const message of messages) {
    try {
      const bytes = encodedOnce(message);
      const xid = channel.nextXid();
      channel.watch(xid, message);
      channel.writeBytes(form(bytes, xid));
    } catch (cause) {
      if (!(cause instanceof WeftError)) throw cause;
      unsendable.push({ message, error: cause });
    }
    if (!channel.hasRoom) await channel.writable();
  }
  return unsendable;
}

async function applyPlainly(channel: ApplyChannel, messages: readonly ApplicableMessage[]): Promise<ApplyResult> {
  const unsendable = await writeAll(channel, messages, withXid);
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
  const unsendable = await writeAll(channel, messages, (bytes, xid) =>
    bundleAddOf(bytes, { xid, bundleId, flags: FLAGS }),
  );
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
