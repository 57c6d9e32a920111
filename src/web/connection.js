// Asks the controller, with the token where it wants one, and listens to its events.

const TOKEN = "weft-token";
const TIMEOUT_MS = 20_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 15_000;

/** What the controller says is wrong. */
export class Refused extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @param {string} token */
export function useToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

/** @returns {Record<string, string>} */
function headers() {
  const token = sessionStorage.getItem(TOKEN);
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** @param {Response} response @returns {Promise<Refused>} */
async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  return new Refused(response.status, typeof problem.detail === "string" ? problem.detail : `HTTP ${response.status}`);
}

/**
 * @template T
 * @param {string} path under /api/v1
 * @param {Readonly<Record<string, string>>} [parameters]
 * @returns {Promise<{ readonly view: T, readonly etag: string }>}
 */
export async function ask(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  const response = await fetch(`/api/v1${path}${query === "" ? "" : `?${query}`}`, {
    headers: headers(),
    cache: "no-cache",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw await refusal(response);
  return { view: await response.json(), etag: response.headers.get("etag") ?? "" };
}

/**
 * Events, those that were missed first, for ever. An EventSource could not show a token.
 * @param {(event: import("../api/event-views.ts").EventView) => void} told
 */
export async function listen(told) {
  let last = "";
  let wait = FIRST_RETRY_MS;
  for (;;) {
    try {
      const known =
        last === "" ? { path: "/events?last=60", more: {} } : { path: "/events", more: { "last-event-id": last } };
      const response = await fetch(known.path, { headers: { ...headers(), ...known.more }, cache: "no-store" });
      if (!response.ok || response.body === null) throw await refusal(response);
      wait = FIRST_RETRY_MS;
      for await (const message of messages(response.body)) {
        last = message.id === "" ? last : message.id;
        if (message.data !== "") told(JSON.parse(message.data));
      }
    } catch {
      // The controller is away, or wants a token: the map tells so.
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, MAX_RETRY_MS);
  }
}

/** @param {ReadableStream<Uint8Array>} body */
async function* messages(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const parts = text.split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        /** @type {Record<string, string>} */
        const fields = { id: "", data: "" };
        for (const line of part.split("\n")) {
          const at = line.indexOf(": ");
          if (at > 0) fields[line.slice(0, at)] = line.slice(at + 2);
        }
        yield { id: fields.id ?? "", data: fields.data ?? "" };
      }
    }
  } finally {
    // Who stops in the middle must not hold a connection that nobody reads.
    reader.cancel().catch(() => undefined);
  }
}
