// Which JSON form the values have that JSON has no type for: bytes, and integers of 64 bits and more.

/** Bytes, written as plain hex digits. Bytes under any other name are written as {"hex": "..."}. */
export const BYTES_KEYS: ReadonlySet<string> = new Set([
  "data",
  "bytes",
  "note",
  "userdata",
  "properties",
  "packet",
  "continuation",
]);

/** 64-bit counters: JSON numbers, and decimal text where a double would round them. */
export const COUNTER_KEYS: ReadonlySet<string> = new Set(
  "packet_count byte_count lookup_count matched_count packet_in_count byte_in_count packet_band_count byte_band_count rx_packets tx_packets rx_bytes tx_bytes rx_dropped tx_dropped rx_errors tx_errors rx_frame_err rx_over_err rx_crc_err collisions".split(
    " ",
  ),
);

/** Other integers of 64 bits: hex text like "0x1f". A JSON number is taken too. */
export const WIDE_KEYS: ReadonlySet<string> = new Set(
  "cookie cookie_mask datapath_id generation_id metadata metadata_mask metadata_match metadata_write".split(" "),
);

/** Numbers that people know by their hexadecimal digits, and how many. */
export const HEX_NUMBER_KEYS: ReadonlyMap<string, number> = new Map([
  ["experimenter", 8],
  ["ethertype", 4],
  ["oxm_class", 4],
]);

/** Free text: never taken for a number, whatever it looks like. */
export const TEXT_KEYS: ReadonlySet<string> = new Set(
  "kind field name mfr_desc hw_desc sw_desc serial_num dp_desc hw_addr".split(" "),
);

export const HEX_INTEGER = /^0x[0-9a-fA-F]+$/;
export const DECIMAL_INTEGER = /^(?:0|[1-9]\d*)$/;

export function hexText(value: number | bigint, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}
