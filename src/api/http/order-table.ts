// What can be told by HTTP to whoever has the token: one row for each order, as in query-table.ts.
import { z } from "zod";
import type { Queries, ReloadView } from "../views.ts";
import { RequestError } from "./problem.ts";
import * as schema from "./schemas.ts";

export interface Told {
  readonly queries: Queries;
  readonly reload: (() => Promise<ReloadView>) | undefined;
}

export interface HttpOrder {
  readonly path: string;
  readonly summary: string;
  readonly body: z.ZodType;
  readonly answer: z.ZodType;
  run(told: Told, body: unknown): unknown;
}

const host = z.strictObject({ host: z.string().min(1).max(255) });
const adoption = z.strictObject({
  host: z.string().min(1).max(255),
  bridge: z.string().min(1).max(15).nullable().default(null),
  now: z.boolean().default(false),
});
const nothing = z.strictObject({});

function done(text: string): z.infer<typeof schema.done> {
  return { done: true, message: text.trim() };
}

function order<T extends z.ZodType>(
  path: string,
  summary: string,
  body: T,
  run: (told: Told, body: z.infer<T>) => Promise<string> | string,
): HttpOrder {
  return {
    path,
    summary,
    body,
    answer: schema.done,
    run: async (told, given) => done(await run(told, body.parse(given))),
  };
}

export const ORDERS: readonly HttpOrder[] = [
  order(
    "/adopt",
    "Takes over a bridge that was there before, step by step",
    adoption,
    ({ queries }, { host: id, bridge, now }) => queries.adoptHost(id, { bridge, now }),
  ),
  order("/release", "Hands a host back as it was before it joined", host, ({ queries }, { host: id }) =>
    queries.releaseHost(id),
  ),
  order("/hosts/approve", "Admits a host that waits, by its id", host, ({ queries }, { host: id }) => {
    queries.approveHost(id);
    return `${id} is approved`;
  }),
  order("/hosts/forget", "Forgets a host that is away", host, ({ queries }, { host: id }) => {
    queries.forgetHost(id);
    return `${id} is forgotten`;
  }),
  order("/tls/reload", "Reads the TLS keys again", nothing, ({ queries }) => {
    queries.reloadTls();
    return "the keys are read";
  }),
  {
    path: "/reload",
    summary: "Reads the configuration file again",
    body: nothing,
    answer: schema.reload,
    run: ({ reload }) => {
      if (reload !== undefined) return reload();
      throw new RequestError(409, "control/no-reload", "this controller has nothing to reload");
    },
  },
];

/** @throws RequestError `http/body`, `http/content-type` */
export function readBody(wanted: HttpOrder, contentType: string | undefined, text: string): unknown {
  if (text.trim() !== "" && !/^application\/json *(?:;|$)/i.test(contentType ?? "")) {
    throw new RequestError(415, "http/content-type", "send JSON, and say so: Content-Type: application/json");
  }
  let given: unknown;
  try {
    given = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw new RequestError(400, "http/body", "the body is not JSON");
  }
  const parsed = wanted.body.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at =
    issue === undefined || issue.path.length === 0 ? "the body" : `"${issue.path.map(String).join(".").slice(0, 80)}"`;
  throw new RequestError(400, "http/body", `${at}: ${issue?.message ?? "not what is expected"}`);
}
