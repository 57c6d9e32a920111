// GET_CONFIG_REPLY and SET_CONFIG (OpenFlow 1.3.5, section 7.3.2).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export interface SwitchConfig {
  readonly kind: "get_config_reply" | "set_config";
  readonly xid: number;
  /** OFPC_FRAG_* value. */
  readonly flags: number;
  readonly missSendLen: number;
}

export function decodeSwitchConfig(r: ByteReader, xid: number, kind: SwitchConfig["kind"]): SwitchConfig {
  const flags = r.u16("config.flags");
  return { kind, xid, flags, missSendLen: r.u16("config.miss_send_len") };
}

export function encodeSwitchConfig(w: ByteWriter, m: SwitchConfig): void {
  w.u16(m.flags, "config.flags");
  w.u16(m.missSendLen, "config.miss_send_len");
}
