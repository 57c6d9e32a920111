// The HTTP server over a real socket: what it answers, to whom, and what it refuses.
import { request } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { ORDERS } from "../../../../src/api/http/order-table.ts";
import { readPageFiles } from "../../../../src/api/http/page-files.ts";
import { QUERIES } from "../../../../src/api/http/query-table.ts";
import { type PaperServer, servePaper } from "../../../page/paper-server.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const servers: PaperServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(settings: Parameters<typeof servePaper>[1] = {}, hosts = 3): Promise<PaperServer> {
  const server = await servePaper({ hosts, cut: [[1, 2]] }, settings);
  servers.push(server);
  return server;
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** With any header, also one that fetch would not send. */
function ask(url: string, headers: Record<string, string> = {}, method = "GET", body = ""): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** An address for each question, with parameters where it needs some. */
function pathOf(path: string): string {
  if (path === "/trace") return "/api/v1/trace?from=172.16.1.1&to=172.16.1.2";
  return `/api/v1${path.replace("{host}", "host1")}`;
}

describe("a question", () => {
  it.each(QUERIES.map((query) => [query.path, query] as const))(
    "%s is answered as the document says",
    async (_, query) => {
      const { url } = await serve();
      const { status, headers, text } = await ask(new URL(pathOf(query.path), url).href);
      expect([status, headers["content-type"]]).toEqual([200, "application/json"]);
      query.answer.parse(JSON.parse(text));
    },
  );

  it("is answered with 304 to who has the answer already", async () => {
    const { url } = await serve();
    const { headers } = await ask(`${url}api/v1/hosts`);
    const again = await ask(`${url}api/v1/hosts`, { "if-none-match": String(headers.etag) });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  it.each([
    ["/api/v1/nothing", 404, "http/unknown"],
    ["/api/v1/flows/nobody", 404, "host/unknown"],
    ["/api/v1/flows/%2e%2e%2f%2e%2e", 404, "host/unknown"],
    ["/api/v1/tunnels?state=sideways", 400, "http/parameter"],
    ["/api/v1/tunnels?state=up&state=down", 400, "http/parameter"],
    ["/api/v1/hosts?__proto__=1", 400, "http/parameter"],
    ["/api/v1/events?limit=0", 400, "http/parameter"],
    ["/api/v1/trace?from=x", 400, "http/parameter"],
    ["/api/v1/trace?from=x&to=y", 404, "trace/unknown"],
    ["/api/v1/hosts/forget", 405, "http/method"],
    ["/../../etc/passwd", 404, "http/unknown"],
    ["/%2e%2e/package.json", 404, "http/unknown"],
  ])("%s is refused with %i and %s", async (path, status, code) => {
    const { url } = await serve();
    const reply = await ask(new URL(path, url).href);
    expect(reply.status).toBe(status);
    expect(reply.headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(reply.text)).toMatchObject({ status, code, detail: expect.stringMatching(/.{10}/) });
    expect(reply.text).not.toMatch(/\bat .*:\d+|undefined|\[object/);
  });

  it("that fails inside tells nothing of the inside", async () => {
    const { url } = await serve();
    const { status, text } = await ask(`${url}api/v1/flows/boom`);
    expect(status).toBe(500);
    expect(text).not.toContain("secret");
    expect(JSON.parse(text)).toMatchObject({ code: "http/internal" });
  });
});

describe("the OpenAPI document", () => {
  it("names every question, and every order where there is a token", async () => {
    const plain = JSON.parse((await ask(`${(await serve()).url}api/v1/openapi.json`)).text);
    expect(plain.openapi).toBe("3.1.0");
    expect(Object.keys(plain.paths)).toEqual(QUERIES.map(({ path }) => `/api/v1${path}`));
    const { url } = await serve({ token: TOKEN });
    const full = JSON.parse((await ask(`${url}api/v1/openapi.json`)).text);
    for (const { path } of ORDERS) expect(full.paths[`/api/v1${path}`].post.security).toEqual([{ token: [] }]);
  });

  it("refers to nothing that it does not have, and its schemas take the answers", async () => {
    const { url } = await serve();
    const { text } = await ask(`${url}api/v1/openapi.json`);
    const document = JSON.parse(text);
    const names = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? "");
    for (const name of names) expect(document.components.schemas).toHaveProperty(name);
    const { $ref } = document.paths["/api/v1/hosts"].get.responses[200].content["application/json"].schema.items;
    expect($ref).toBe("#/components/schemas/Host");
    const whole = { ...document.components.schemas.Host, $defs: document.components.schemas };
    const schema = z.fromJSONSchema(JSON.parse(JSON.stringify(whole).replaceAll("#/components/schemas/", "#/$defs/")));
    const [host] = JSON.parse((await ask(`${url}api/v1/hosts`)).text);
    schema.parse(host);
    expect(schema.safeParse({ ...host, state: "sideways" }).success).toBe(false);
  });
});

describe("who asks", () => {
  it.each([
    ["evil.example", 421],
    ["evil.example:6680", 421],
    ["127.0.0.1.evil.example", 421],
    ["localhost", 200],
    ["LOCALHOST:1234", 200],
    ["[::1]:6680", 200],
    ["weft.example.net", 200],
  ])(
    "as if this were %s gets %i: a name that leads here by somebody else's doing is not ours",
    async (host, status) => {
      const { url } = await serve({ names: ["weft.example.net"] });
      expect((await ask(`${url}api/v1/status`, { host })).status).toBe(status);
    },
  );

  it("by a page of another site is refused, but a link to the page may be followed", async () => {
    const { url } = await serve();
    const cross = { "sec-fetch-site": "cross-site" };
    expect((await ask(`${url}api/v1/status`, cross)).status).toBe(403);
    expect((await ask(`${url}api/v1/status`, { ...cross, "sec-fetch-mode": "navigate" })).status).toBe(403);
    expect((await ask(url, { ...cross, "sec-fetch-mode": "navigate" })).status).toBe(200);
  });

  it("gets headers that keep the page to itself, and no leave for other sites", async () => {
    const { url } = await serve();
    for (const path of ["", "api/v1/status", "nothing", "metrics"]) {
      const { headers } = await ask(`${url}${path}`, { origin: "https://evil.example" });
      expect(headers["content-security-policy"]).toContain("default-src 'self'");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  it("needs the token to read where it is asked for, but not for the page and signs of life", async () => {
    const { url } = await serve({ reads: "token", token: TOKEN });
    for (const path of ["api/v1/status", "api/v1/openapi.json", "events", "metrics"]) {
      const { status, headers } = await ask(`${url}${path}`);
      expect([status, headers["www-authenticate"]]).toEqual([401, 'Bearer realm="weft"']);
      expect((await ask(`${url}${path}`, bearer(`${TOKEN.slice(0, -1)}x`))).status).toBe(401);
    }
    expect((await ask(`${url}api/v1/status`, bearer(TOKEN))).status).toBe(200);
    for (const path of ["", "healthz", "readyz"]) expect((await ask(`${url}${path}`)).status).toBe(200);
  });
});

describe("an order", () => {
  const forget = JSON.stringify({ host: "host3" });
  const json = { "content-type": "application/json" };

  it("is refused where no token is configured", async () => {
    const { url, queries } = await serve();
    const { status, text } = await ask(`${url}api/v1/hosts/forget`, { ...json, ...bearer(TOKEN) }, "POST", forget);
    expect([status, JSON.parse(text).code]).toEqual([403, "http/read-only"]);
    expect(queries.forgotten).toEqual([]);
  });

  it("is carried out for who has the token, and for nobody else", async () => {
    const { url, queries } = await serve({ token: TOKEN });
    const order = `${url}api/v1/hosts/forget`;
    expect((await ask(order, json, "POST", forget)).status).toBe(401);
    expect((await ask(order, { ...json, ...bearer("wrong") }, "POST", forget)).status).toBe(401);
    const elsewhere = { ...json, ...bearer(TOKEN), origin: "https://evil.example" };
    expect((await ask(order, elsewhere, "POST", forget)).status).toBe(403);
    expect(queries.forgotten).toEqual([]);
    const { status, text } = await ask(order, { ...json, ...bearer(TOKEN) }, "POST", forget);
    expect([status, JSON.parse(text)]).toEqual([200, { done: true, message: "host3 is forgotten" }]);
    expect(queries.forgotten).toEqual(["host3"]);
    expect((await ask(order, { ...json, ...bearer(TOKEN) }, "POST", '{"host":"host1"}')).status).toBe(409);
    expect((await ask(`${url}api/v1/trace?from=a&to=b&live=true`)).status).toBe(401);
  });

  it.each([
    ["not JSON", json, "{", 400],
    ["a list", json, "[]", 400],
    ["no host", json, "{}", 400],
    ["a key that is none", json, '{"host":"host3","force":true}', 400],
    ["a form", { "content-type": "application/x-www-form-urlencoded" }, "host=host3", 415],
    ["far too much", json, JSON.stringify({ host: "x".repeat(100_000) }), 413],
  ])("with %s is refused in words", async (_, headers, body, wanted) => {
    const { url } = await serve({ token: TOKEN });
    const reply = await ask(`${url}api/v1/hosts/forget`, { ...headers, ...bearer(TOKEN) }, "POST", body);
    expect(reply.status).toBe(wanted);
    expect(JSON.parse(reply.text).detail.length).toBeGreaterThan(8);
  });
});

describe("a connection", () => {
  /** What comes back until the server has ended it. */
  function raw(url: string, bytes: string): Promise<string> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve) => {
      let text = "";
      const socket = connect(Number(port), hostname, () => socket.write(bytes));
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(text));
    });
  }

  it("with too long a header, or none that is HTTP, is ended", async () => {
    const { url } = await serve();
    expect(await raw(url, `GET / HTTP/1.1\r\nx: ${"y".repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431/);
    expect(await raw(url, "\u0004\u0000\u0000\u0008hello\r\n\r\n")).toMatch(/^HTTP\/1.1 400/);
  });

  it("that never finishes its headers is ended", async () => {
    const { url } = await serve();
    expect(await raw(url, "GET / HTTP/1.1\r\nhost: localhost\r\n")).toMatch(/^HTTP\/1.1 408/);
  });
});

describe("signs of life", () => {
  it("are given, and readiness says what is waited for", async () => {
    const { url } = await serve();
    expect(JSON.parse((await ask(`${url}healthz`)).text)).toEqual({ alive: true });
    expect(JSON.parse((await ask(`${url}readyz`)).text)).toEqual({ ready: true, waitingFor: [] });
  });
});

describe("the page", () => {
  it("is served with its library, and nothing beside", async () => {
    const { url } = await serve();
    const { headers, text } = await ask(url);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    const files = [...text.matchAll(/(?:src|href)="\/([^"]+)"/g)].map(([, file]) => file);
    for (const file of [...files, "cytoscape.mjs", "fabric-map.js"]) {
      expect((await ask(`${url}${file}`)).status, file).toBe(200);
    }
    for (const file of ["cytoscape.d.mts", "package.json", "src/web/main.js"]) {
      expect((await ask(`${url}${file}`)).status, file).toBe(404);
    }
  });

  it("is left out, and nothing else with it, where its library is not there", () => {
    expect(readPageFiles().has("/cytoscape.mjs")).toBe(true);
    const missing = (name: string): never => {
      throw new Error(`Cannot find package "${name}"`);
    };
    expect([...readPageFiles(missing).keys()]).toEqual([]);
  });
});
