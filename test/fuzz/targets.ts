// Every parser of the project that reads what others wrote, with what must hold of whatever it takes.
import { toHex } from "../../proto/bytes/hex.ts";
import {
  canonicalActions,
  canonicalMatch,
  decode,
  encode,
  formatActions,
  formatFlow,
  formatInstructions,
  formatMatch,
  MessageFramer,
  type OpenFlowMessage,
  parseActions,
  parseFlow,
  parseMatch,
} from "../../proto/openflow13/index.ts";
import {
  applyUpdates,
  decodeNotification,
  decodeRpcMessage,
  decodeTransactionReply,
  emptyReplica,
  insert,
  type Json,
  JsonFramer,
  jsonText,
  listDatabases,
  MONITOR_METHODS,
  monitor,
  monitoredColumns,
  parseSchema,
  RpcPeer,
  select,
} from "../../proto/ovsdb/index.ts";
import { decodeFrame } from "../../proto/packet/index.ts";
import { decodeInput, encodeInput } from "../../src/inspect/index.ts";
import { messageText } from "../../src/inspect/openflow/message-text.ts";
import { CAPTURES, FLOWS, FRAMES, OPENFLOW, OWN_SCHEMA, RPC, SCHEMA, UPDATES } from "./corpus.ts";
import type { Target } from "./fuzz.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateJson } from "./mutate-json.ts";
import { mutateText } from "./mutate-text.ts";
import type { Random } from "./random.ts";

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const utf8 = new TextEncoder();
const bytesTarget = { show: (bytes: Uint8Array) => toHex(bytes) };
const textTarget = { show: (text: string) => text };

/** What was encoded is the same however often it goes round. */
function checkStable(message: OpenFlowMessage): void {
  const bytes = encode(message);
  const again = encode(decode(bytes));
  must(toHex(again) === toHex(bytes), "decode, encode, decode is not stable");
}

const OPENFLOW_MESSAGES: Target<Uint8Array> = {
  ...bytesTarget,
  name: "openflow",
  make: (random) => mutateBytes(random, OPENFLOW, true),
  run: (bytes) => checkStable(decode(bytes)),
};

const OPENFLOW_SHOWN: Target<Uint8Array> = {
  ...bytesTarget,
  name: "openflow as text and JSON",
  make: (random) => mutateBytes(random, OPENFLOW, true),
  run: (bytes) => {
    const message = decode(bytes);
    must(messageText(message).length > 0, "no text");
    const [document] = [...decodeInput(bytes, { name: "fuzz", form: "json", pretty: false })];
    const [line] = [...encodeInput(utf8.encode(document?.text), "fuzz")];
    must(line === `${toHex(encode(message))}\n`, "its JSON gives other bytes");
  },
};

interface Stream {
  readonly bytes: Uint8Array;
  readonly cuts: readonly number[];
}

function makeCuts(random: Random, length: number): number[] {
  const cuts = Array.from({ length: random.below(8) }, () => random.below(length + 1));
  return [...cuts.sort((a, b) => a - b), length];
}

const streamTarget = { show: ({ bytes, cuts }: Stream) => `${cuts.join(",")} ${toHex(bytes)}` };

/** What a consumer sees of a stream, to its first error, in one piece or in many. */
function told(push: (chunk: Uint8Array) => void, { bytes, cuts }: Stream, seen: string[]): string {
  let from = 0;
  try {
    for (const to of cuts) {
      push(bytes.subarray(from, to));
      from = to;
    }
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    return `${seen.join("\n")}\n${String(error.code)}`;
  }
  return seen.join("\n");
}

const OPENFLOW_STREAM: Target<Stream> = {
  ...streamTarget,
  name: "openflow framer",
  make: (random) => {
    const parts = Array.from({ length: 1 + random.below(4) }, () => mutateBytes(random, OPENFLOW, true));
    const bytes = Uint8Array.from(Buffer.concat(parts));
    return { bytes, cuts: makeCuts(random, bytes.length) };
  },
  run: (stream) => {
    const read = (cuts: readonly number[]): string => {
      const seen: string[] = [];
      const framer = new MessageFramer(4_096);
      const take = (buffer: Uint8Array, start: number, end: number) => seen.push(toHex(buffer.slice(start, end)));
      return told((chunk) => framer.push(chunk, take), { bytes: stream.bytes, cuts }, seen);
    };
    must(read(stream.cuts) === read([stream.bytes.length]), "the split changes what is read");
  },
};

const JSON_TEXTS = [...RPC, ...UPDATES, SCHEMA].map((json) => jsonText(json));

const JSON_STREAM: Target<Stream> = {
  ...streamTarget,
  name: "ovsdb framer",
  make: (random) => {
    const text = Array.from({ length: 1 + random.below(3) }, () => mutateText(random, JSON_TEXTS)).join("\n");
    const bytes =
      random.oneIn(3) && text.length < 60_000
        ? mutateBytes(random, [utf8.encode(`${text} `)], false)
        : utf8.encode(text);
    return { bytes, cuts: makeCuts(random, bytes.length) };
  },
  run: (stream) => {
    const read = (cuts: readonly number[], pieceBytes: number): string => {
      const seen: string[] = [];
      const framer = new JsonFramer((json) => seen.push(jsonText(json)), { maxDepth: 64, pieceBytes });
      const heard = told((chunk) => framer.push(chunk), { bytes: stream.bytes, cuts }, seen);
      return framer.atBoundary ? heard : `${heard}\nunfinished`;
    };
    const whole = read([stream.bytes.length], 1 << 20);
    must(read(stream.cuts, 1 << 20) === whole, "the split changes what is read");
    // Parsing in pieces may find an error of syntax sooner, but what is whole is the same.
    const pieces = read(stream.cuts, 64);
    must(whole.endsWith("\nunfinished") || pieces === whole, "parsing in pieces changes what is read");
  },
};

function parsed(text: string): Json {
  const found: Json[] = [];
  new JsonFramer((json) => found.push(json), { maxDepth: 64 }).push(utf8.encode(text));
  return found[0] ?? null;
}

const schema = parseSchema(SCHEMA);
const tables = new Map(
  [...schema.tables.values()].map((table) => {
    const columns = [...table.columns.keys()].filter((name) => !name.startsWith("_"));
    return [table.name, { columns }] as const;
  }),
);
const columns = monitoredColumns(schema, tables);

const RPC_MESSAGES: Target<string> = {
  ...textTarget,
  name: "ovsdb rpc",
  make: (random) => mutateJson(random, JSON_TEXTS),
  run: (text) => {
    const json = parsed(text);
    const peer = new RpcPeer({
      send: () => undefined,
      onNotification: (method, params) => {
        decodeNotification(method, params);
      },
    });
    peer.request(listDatabases(), () => undefined);
    peer.receive(json);
    decodeRpcMessage(json);
  },
};

const RESULTS: Target<string> = {
  ...textTarget,
  name: "ovsdb schemas and results",
  make: (random) =>
    mutateJson(random, [
      ...JSON_TEXTS,
      ...(OWN_SCHEMA === undefined || !random.oneIn(50) ? [] : [jsonText(OWN_SCHEMA)]),
    ]),
  run: (text) => {
    const json = parsed(text);
    const result = typeof json === "object" && json !== null && "result" in json ? (json.result as Json) : json;
    const calls = [
      () => parseSchema(result),
      () => decodeTransactionReply(schema, [insert("Bridge", {}), select("Bridge", [])], result),
      ...MONITOR_METHODS.map((method) => () => monitor(method, schema, "weft", tables).decode(result)),
    ];
    let refused: unknown;
    let taken = 0;
    for (const call of calls) {
      try {
        call();
        taken += 1;
      } catch (error) {
        // The last refusal is passed on; what is no refusal goes at once.
        if (!(error instanceof Error) || !("code" in error)) throw error;
        refused = error;
      }
    }
    if (taken === 0) throw refused;
  },
};

const TABLE_UPDATES: Target<readonly string[]> = {
  name: "ovsdb values and updates",
  show: (texts) => texts.join("\n"),
  make: (random) =>
    Array.from({ length: 1 + random.below(3) }, () =>
      mutateJson(
        random,
        UPDATES.map((json) => jsonText(json)),
      ),
    ),
  run: (texts) => {
    let replica = emptyReplica(columns);
    const before = Object.getOwnPropertyNames(Object.prototype).length;
    try {
      for (const text of texts) {
        const updates = parsed(text);
        const version = /"(?:new|old)":/.test(text) ? 1 : 2;
        replica = applyUpdates(columns, replica, { version, updates, incremental: true }).replica;
      }
    } finally {
      must(Object.getOwnPropertyNames(Object.prototype).length === before, "the prototype of all objects was changed");
    }
  },
};

const PACKETS: Target<Uint8Array> = {
  ...bytesTarget,
  name: "packets",
  make: (random) => mutateBytes(random, FRAMES, false),
  run: (bytes) => {
    must(typeof decodeFrame(bytes).truncated === "boolean", "no answer");
  },
};

const CAPTURE_FILES: Target<Uint8Array> = {
  ...bytesTarget,
  name: "captures",
  make: (random) => mutateBytes(random, CAPTURES, false),
  run: (bytes) => {
    for (const form of ["json", "text"] as const) {
      let documents = 0;
      for (const { kind } of decodeInput(bytes, { name: "fuzz", form, pretty: false })) {
        if (kind === "document") documents += 1;
        must(documents <= bytes.length, "more documents than bytes");
      }
    }
  },
};

const FLOW_TEXT: Target<string> = {
  ...textTarget,
  name: "ovs-ofctl text",
  make: (random) => mutateText(random, FLOWS),
  run: (text) => {
    const flow = parseFlow(text);
    encode({ ...flow, xid: 0 });
    formatFlow(flow);
    const match = formatMatch(flow.match);
    if (!match.includes("oxm(")) must(canonicalMatch(parseMatch(match)).length >= 0, "no match");
    formatInstructions(flow.instructions);
    for (const instruction of flow.instructions) {
      if (instruction.kind !== "apply_actions") continue;
      must(canonicalActions(instruction.actions).length > 0, "no actions");
      parseActions(formatActions(instruction.actions));
    }
  },
};

const JSON_INPUT: Target<string> = {
  ...textTarget,
  name: "weft encode",
  make: (random) => mutateJson(random, MESSAGE_JSON),
  run: (text) => {
    for (const line of encodeInput(utf8.encode(text), "fuzz")) must(/^[0-9a-f]*\n$/.test(line), "not hex");
  },
};

const MESSAGE_JSON = OPENFLOW.filter((_, i) => i % 7 === 0).flatMap((bytes) =>
  [...decodeInput(bytes, { name: "corpus", form: "json", pretty: false })].map((item) => item.text),
);

// biome-ignore lint/suspicious/noExplicitAny: a list of targets whose inputs differ
export const TARGETS: readonly Target<any>[] = [
  OPENFLOW_MESSAGES,
  OPENFLOW_SHOWN,
  OPENFLOW_STREAM,
  JSON_STREAM,
  RPC_MESSAGES,
  RESULTS,
  TABLE_UPDATES,
  PACKETS,
  CAPTURE_FILES,
  FLOW_TEXT,
  JSON_INPUT,
];
