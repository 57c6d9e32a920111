// What went wrong with a request, as RFC 9457 has it: words and a stable code, never the inside of the program.
import { WeftError } from "../../../proto/bytes/errors.ts";

export interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable identifier, such as `host/unknown`. */
  readonly code: string;
}

const TITLES: Readonly<Record<number, string>> = Object.freeze({
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  500: "Internal Server Error",
  503: "Service Unavailable",
});

/** What a request did wrong, with the status it is answered with. */
export class RequestError extends WeftError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(code, message);
    this.status = status;
    this.headers = headers;
  }
}

/** Problems of the fabric, which the one who asks can't know before, are conflicts. */
function statusOf(error: WeftError): number {
  if (error instanceof RequestError) return error.status;
  if (/\/(?:unknown|not-waiting)$/.test(error.code)) return 404;
  if (error.code === "control/usage" || error.code.startsWith("trace/")) return 400;
  return 409;
}

export function problemOf(error: unknown): Problem {
  const isKnown = error instanceof WeftError;
  const status = isKnown ? statusOf(error) : 500;
  return {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    detail: isKnown ? error.message : "this failed inside the controller; its log says how",
    code: isKnown ? error.code : "http/internal",
  };
}

export function problemResponse(error: unknown): Response {
  const problem = problemOf(error);
  const headers = {
    ...(error instanceof RequestError ? error.headers : {}),
    "content-type": "application/problem+json",
  };
  return new Response(`${JSON.stringify(problem)}\n`, { status: problem.status, headers });
}
