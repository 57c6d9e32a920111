// OFPMP_DESC (OpenFlow 1.3.5, section 7.3.5.1).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export interface SwitchDesc {
  readonly mfr: string;
  readonly hw: string;
  readonly sw: string;
  readonly serial: string;
  readonly dp: string;
}

export function decodeDesc(r: ByteReader): SwitchDesc {
  return {
    mfr: r.text(256, "desc.mfr_desc"),
    hw: r.text(256, "desc.hw_desc"),
    sw: r.text(256, "desc.sw_desc"),
    serial: r.text(32, "desc.serial_num"),
    dp: r.text(256, "desc.dp_desc"),
  };
}

export function encodeDesc(w: ByteWriter, desc: SwitchDesc): void {
  w.text(desc.mfr, 256, "desc.mfr_desc");
  w.text(desc.hw, 256, "desc.hw_desc");
  w.text(desc.sw, 256, "desc.sw_desc");
  w.text(desc.serial, 32, "desc.serial_num");
  w.text(desc.dp, 256, "desc.dp_desc");
}
