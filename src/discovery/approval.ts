// An approval as it stands in a host's own rows: a code that only who has the secret can make.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Means } from "../model/admission.ts";
import { HOST_KEYS } from "../model/external-ids.ts";
import type { HostId } from "../model/facts.ts";

/** A certificate proves the name wherever it comes from; without one an approval is for the address that was seen. */
function meansText(means: Means): string {
  return means.kind === "address" ? `address ${means.address}` : means.kind;
}

export function approvalCode(secret: Uint8Array, id: HostId, means: Means): string {
  const claim = JSON.stringify(["weft approval 1", id, meansText(means)]);
  return createHmac("sha256", secret).update(claim).digest("base64url");
}

export function holdsApproval(
  externalIds: ReadonlyMap<string, string>,
  secret: Uint8Array,
  id: HostId,
  means: Means,
): boolean {
  const held = Buffer.from(externalIds.get(HOST_KEYS.approval) ?? "");
  const code = Buffer.from(approvalCode(secret, id, means));
  return held.length === code.length && timingSafeEqual(held, code);
}
