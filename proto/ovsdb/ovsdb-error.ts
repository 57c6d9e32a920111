// Every way OVSDB can go wrong, as typed errors: the server's refusals (RFC 7047, sections 4.1 and 5.2), and breaches of the protocol.
import { WeftError } from "../bytes/errors.ts";
import { isJsonArray, isJsonObject, type Json, member } from "./json-text.ts";
import type { Operation } from "./operations.ts";

interface Refusal {
  readonly code: string;
  /** Whether the same request can succeed later with nothing changed in it. */
  readonly retryable: boolean;
}

/**
 * What a server says in the `error` member, by its text. The first group is RFC 7047's, the second Open vSwitch's own.
 * Anything else becomes `ovsdb/refused`.
 */
const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  ["aborted", { code: "ovsdb/aborted", retryable: false }],
  ["canceled", { code: "ovsdb/canceled", retryable: false }],
  ["constraint violation", { code: "ovsdb/constraint-violation", retryable: false }],
  ["domain error", { code: "ovsdb/domain-error", retryable: false }],
  ["duplicate uuid-name", { code: "ovsdb/duplicate-uuid-name", retryable: false }],
  ["I/O error", { code: "ovsdb/io-error", retryable: true }],
  ["not owner", { code: "ovsdb/not-owner", retryable: true }],
  ["not supported", { code: "ovsdb/not-supported", retryable: false }],
  ["range error", { code: "ovsdb/range-error", retryable: false }],
  ["referential integrity violation", { code: "ovsdb/referential-integrity-violation", retryable: false }],
  ["resources exhausted", { code: "ovsdb/resources-exhausted", retryable: true }],
  ["timed out", { code: "ovsdb/timed-out", retryable: true }],
  ["unknown database", { code: "ovsdb/unknown-database", retryable: false }],

  ["cluster error", { code: "ovsdb/cluster-error", retryable: true }],
  ["duplicate uuid", { code: "ovsdb/duplicate-uuid", retryable: false }],
  ["inconsistent data", { code: "ovsdb/inconsistent-data", retryable: true }],
  ["internal error", { code: "ovsdb/internal-error", retryable: false }],
  ["not allowed", { code: "ovsdb/not-allowed", retryable: false }],
  ["not leader", { code: "ovsdb/not-leader", retryable: true }],
  ["ovsdb error", { code: "ovsdb/ovsdb-error", retryable: false }],
  ["permission error", { code: "ovsdb/permission-error", retryable: false }],
  ["syntax error", { code: "ovsdb/syntax-error", retryable: false }],
  ["unknown column", { code: "ovsdb/unknown-column", retryable: false }],
  ["unknown database method", { code: "ovsdb/unknown-method", retryable: false }],
  ["unknown method", { code: "ovsdb/unknown-method", retryable: false }],
  ["unknown monitor", { code: "ovsdb/unknown-monitor", retryable: false }],
  ["unknown table", { code: "ovsdb/unknown-table", retryable: false }],
]);

const UNKNOWN_REFUSAL: Refusal = { code: "ovsdb/refused", retryable: false };

/** The server's words: `error` is the stable identifier, `details` is for people, `syntax` the JSON it did not like. */
export interface ServerError {
  readonly error: string;
  readonly details: string | null;
  readonly syntax: string | null;
}

/** Reads an `<error>` (RFC 7047, section 3.1); tolerates a bare string and anything else. */
export function readServerError(json: Json): ServerError {
  const text = (value: Json | undefined): string | null => (typeof value === "string" ? value : null);
  if (!isJsonObject(json)) return { error: text(json) ?? shorten(json), details: null, syntax: null };
  const error = text(member(json, "error")) ?? "error without a name";
  return { error, details: text(member(json, "details")), syntax: text(member(json, "syntax")) };
}

function describe({ error, details, syntax }: ServerError): string {
  return `${error}${details === null ? "" : `: ${details}`}${syntax === null ? "" : ` (syntax "${syntax.slice(0, 200)}")`}`;
}

/** The server refused a request as a whole, such as `get_schema` of a database it does not have. */
export class OvsdbRequestError extends WeftError {
  readonly method: string;
  readonly serverError: ServerError;

  constructor(method: string, serverError: ServerError) {
    const { code, retryable } = REFUSALS.get(serverError.error) ?? UNKNOWN_REFUSAL;
    super(code, `${method}: ${describe(serverError)}`, { retryable, context: { method, ...serverError } });
    this.method = method;
    this.serverError = serverError;
  }
}

/** A transaction failed: by one of its operations, or at its commit, when all of them had succeeded by themselves. */
export class OvsdbTransactionError extends WeftError {
  readonly serverError: ServerError;
  /** The operation that failed; null when the commit did. */
  readonly operation: Operation | null;
  readonly operationIndex: number | null;
  readonly table: string | null;

  constructor(serverError: ServerError, operation: Operation | null, operationIndex: number | null) {
    const { code, retryable } = REFUSALS.get(serverError.error) ?? UNKNOWN_REFUSAL;
    const table = operation !== null && "table" in operation ? operation.table : null;
    const where =
      operation === null
        ? "the transaction's commit"
        : `operation ${operationIndex} (${operation.op}${table === null ? "" : ` on ${table}`})`;
    super(code, `${where} failed: ${describe(serverError)}`, {
      retryable,
      context: { ...serverError, operationIndex, op: operation?.op ?? null, table },
    });
    this.serverError = serverError;
    this.operation = operation;
    this.operationIndex = operationIndex;
    this.table = table;
  }
}

/** The peer's message has a form that the protocol forbids; `path` tells where in the message. */
export class OvsdbProtocolError extends WeftError {
  readonly path: string;
  readonly #why: string;

  constructor(path: string, why: string, found?: Json) {
    const complaint = found === undefined ? why : `${why}, found ${shorten(found)}`;
    super("ovsdb/protocol", `${path}: ${complaint}`, { context: { path } });
    this.path = path;
    this.#why = complaint;
  }

  /** The same error, seen from further out. Paths are put together only when something is wrong. */
  within(outer: string): OvsdbProtocolError {
    return new OvsdbProtocolError(`${outer}.${this.path}`, this.#why);
  }
}

/** A value or operation that the schema forbids, noticed before it was sent. */
export class OvsdbSchemaError extends WeftError {
  readonly path: string;

  constructor(code: `ovsdb/${string}`, path: string, why: string) {
    super(code, `${path}: ${why}`, { context: { path } });
    this.path = path;
  }
}

/** A glimpse of a value that may be as large as a database. */
function shorten(json: Json, depth = 2): string {
  if (typeof json === "string") return JSON.stringify(json.slice(0, 60));
  if (typeof json !== "object" || json === null) return String(json);
  const more = (count: number): string => (count > 3 ? ",..." : "");
  if (isJsonArray(json)) {
    if (depth === 0) return "[...]";
    return `[${json.slice(0, 3).map((item) => shorten(item, depth - 1))}${more(json.length)}]`;
  }
  if (depth === 0) return "{...}";
  const members = Object.entries(json);
  const shown = members
    .slice(0, 3)
    .map(([key, item]) => `${JSON.stringify(key.slice(0, 60))}:${shorten(item, depth - 1)}`);
  return `{${shown}${more(members.length)}}`;
}
