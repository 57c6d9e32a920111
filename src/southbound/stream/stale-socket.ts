// Clears the way for a Unix socket: a file that a dead process left is removed, anything else is left alone.
import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { WeftError } from "../../../proto/bytes/errors.ts";
import { formatConnectionMethod, type PassiveMethod } from "../connection-method.ts";

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    // Only a refusal proves that nobody listens; a full backlog or a lack of permission does not.
    probe.once("error", (error) =>
      resolve(!("code" in error && (error.code === "ECONNREFUSED" || error.code === "ENOENT"))),
    );
  });
}

/** @throws WeftError `stream/address-in-use` when somebody listens there, `stream/not-a-socket` when it is another kind of file. */
export async function removeStaleSocket(method: PassiveMethod & { readonly kind: "punix" }): Promise<void> {
  const found = await lstat(method.path).catch(() => undefined);
  if (found === undefined) return;
  const text = formatConnectionMethod(method);
  if (!found.isSocket()) {
    throw new WeftError(
      "stream/not-a-socket",
      `cannot listen on ${text}: a file that is not a socket is there; choose another path`,
      {
        context: { method: text },
      },
    );
  }
  if (await answers(method.path)) {
    throw new WeftError(
      "stream/address-in-use",
      `cannot listen on ${text}: another process listens there; stop it or choose another path`,
      {
        context: { method: text },
        retryable: true,
      },
    );
  }
  await unlink(method.path).catch(() => undefined);
}
