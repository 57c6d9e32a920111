// ROLE_REQUEST and ROLE_REPLY (OpenFlow 1.3.5, section 7.3.9).

export type ControllerRole = "nochange" | "equal" | "master" | "slave";

export interface RoleMessage {
  readonly kind: "role_request" | "role_reply";
  readonly xid: number;
  readonly role: ControllerRole;
  readonly generationId: bigint;
}
