// The public entry of the wire tools.
export { OPENFLOW_PORTS } from "./capture/read-capture.ts";
export { type DecodeOptions, type DecodeOutput, decodeInput } from "./decode-input.ts";
export { encodeInput } from "./encode-input.ts";
export { looksLikeHex } from "./openflow/hex-input.ts";
export { outputJson, outputTables, type TextTable } from "./ovsdb/render.ts";
export { OVSDB_COMMANDS, type OvsdbCommandOptions, type OvsdbOutput, runOvsdbCommand } from "./ovsdb/run-command.ts";
