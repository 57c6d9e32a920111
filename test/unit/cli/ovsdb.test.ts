// `weft ovsdb` asks a real ovsdb-server, and must say what the real ovsdb-client says.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { initPki, makeHostCertificate } from "../../../src/pki/index.ts";
import { type RealServer, startServer } from "../southbound/ovsdb/real-server.ts";
import { BuiltProgram, ended } from "./built.ts";

let weft: BuiltProgram;
let server: RealServer;
let method: string;
beforeAll(async () => {
  weft = new BuiltProgram();
  server = await startServer();
  method = `unix:${server.socket}`;
  server.vsctl("init");
  server.vsctl("add-br", "br0", "--", "set", "bridge", "br0", 'other_config:a="b, c"', "external-ids:x=1");
  server.vsctl(
    "add-br",
    "br1",
    "--",
    "add-port",
    "br1",
    "p1",
    "tag=5",
    "--",
    "set",
    "interface",
    "p1",
    "type=internal",
  );
});
afterAll(async () => {
  weft.remove();
  await server.remove();
});

describe("weft ovsdb over TLS", () => {
  it("speaks with a server that ovs-pki's or weft's CA has signed, and says what it needs for that", async () => {
    const pki = initPki(join(server.directory, "pki"));
    const { privateKey, certificate } = makeHostCertificate(pki.directory, "server");
    const tls = await startServer(undefined, {
      args: [
        "--remote=pssl:0:127.0.0.1",
        `--private-key=${privateKey}`,
        `--certificate=${certificate}`,
        `--ca-cert=${pki.caCertificate}`,
        `--log-file=${server.directory}/tls.log`,
      ],
    });
    try {
      // ovsdb-server writes its log by a thread of its own: a line may be there after the server answers.
      const port = await vi.waitFor(() => {
        const log = readFileSync(`${server.directory}/tls.log`, "utf8");
        const found = /0:127\.0\.0\.1: listening on port (\d+)/.exec(log)?.[1];
        if (found === undefined) throw new Error(`no port is told of in ${JSON.stringify(log)}`);
        return found;
      });
      const at = `ssl:127.0.0.1:${port}`;
      const keys = ["-p", pki.controller.privateKey, "-c", pki.controller.certificate, "-C", pki.caCertificate];
      expect(await weft.run(["ovsdb", ...keys, at, "list-dbs"])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("Open_vSwitch"),
      });
      expect(await weft.run(["ovsdb", at, "list-dbs"])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("give --private-key"),
      });
      expect(await weft.run(["ovsdb", "-p", "/x", at, "list-dbs"])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("given together"),
      });
      const strange = initPki(join(server.directory, "strange"));
      const wrong = [
        "-p",
        strange.controller.privateKey,
        "-c",
        strange.controller.certificate,
        "-C",
        strange.caCertificate,
      ];
      expect((await weft.run(["ovsdb", ...wrong, at, "list-dbs"])).code).toBe(1);
    } finally {
      await tls.remove();
    }
  });
});

type Cell = string | number | boolean | readonly unknown[];

/** ovsdb-client's JSON: headings and cells in the notation of RFC 7047. */
function theirTable(json: { headings: string[]; data: Cell[][] }): Record<string, unknown>[] {
  const value = (cell: unknown): unknown => {
    if (!Array.isArray(cell)) return cell;
    const [tag, inner] = cell as [string, unknown];
    if (tag === "uuid") return inner;
    if (tag === "set") return (inner as unknown[]).map(value);
    return Object.fromEntries((inner as [unknown, unknown][]).map(([k, v]) => [String(value(k)), value(v)]));
  };
  return json.data.map((row) => Object.fromEntries(row.map((cell, i) => [json.headings[i] ?? "", value(cell)])));
}

/** What is optional is null here and an empty set there; a set of one is the one. */
function alike(ours: unknown, theirs: unknown): boolean {
  if (ours === null) return Array.isArray(theirs) && theirs.length === 0;
  if (Array.isArray(ours)) {
    const list = Array.isArray(theirs) ? theirs : [theirs];
    return JSON.stringify([...ours].sort()) === JSON.stringify([...list].sort());
  }
  if (typeof ours === "object") {
    const sorted = (o: object) => JSON.stringify(Object.entries(o).sort());
    return typeof theirs === "object" && theirs !== null && sorted(ours as object) === sorted(theirs);
  }
  return ours === theirs;
}

describe("weft ovsdb", () => {
  it("dumps the tables that ovsdb-client dumps, with the same rows and values", async () => {
    const { code, stdout, stderr } = await weft.run(["ovsdb", method, "dump", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const ours: Record<string, Record<string, unknown>[]> = JSON.parse(stdout);
    const lines = server.client("--format=json", "dump", method, "Open_vSwitch").split("\n");
    const theirs = new Map(
      lines.map((line) => JSON.parse(line)).map((table) => [table.caption.replace(/ table$/, ""), theirTable(table)]),
    );
    expect(Object.keys(ours).sort()).toEqual([...theirs.keys()].sort());
    for (const [name, rows] of Object.entries(ours)) {
      const byUuid = new Map(theirs.get(name)?.map((row) => [row._uuid, row]));
      expect(rows.length).toBe(byUuid.size);
      for (const row of rows) {
        const other = byUuid.get(row._uuid) ?? {};
        expect(Object.keys(row).sort()).toEqual(Object.keys(other).sort());
        for (const [column, value] of Object.entries(row)) {
          expect(alike(value, other[column]), `${name}.${column}: ${JSON.stringify([value, other[column]])}`).toBe(
            true,
          );
        }
      }
    }
    expect(ours.Bridge?.map((row) => row.name)).toEqual(["br0", "br1"]);
  });

  it("lists databases and gives the schema as ovsdb-client does", async () => {
    expect((await weft.run(["ovsdb", method, "list-dbs"])).stdout).toBe(`${server.client("list-dbs", method)}\n`);
    const schema = await weft.run(["ovsdb", method, "get-schema"]);
    expect(JSON.parse(schema.stdout)).toEqual(JSON.parse(server.client("get-schema", method, "Open_vSwitch")));
  });

  it("transacts as ovsdb-client does, and fails where an operation failed", async () => {
    const select = { op: "select", table: "Bridge", where: [["name", "==", "br0"]] };
    const theirs = JSON.parse(server.client("transact", method, JSON.stringify(["Open_vSwitch", select])));
    for (const text of [["Open_vSwitch", select], [select], select]) {
      const { code, stdout } = await weft.run(["ovsdb", method, "transact", JSON.stringify(text)]);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual(theirs);
    }
    const bad = await weft.run(["ovsdb", method, "transact", '[{"op":"select","table":"Nope","where":[]}]']);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain('"error"');
    expect(await weft.run(["ovsdb", method, "transact", "[1,"])).toMatchObject({ code: 2, stdout: "" });
  });

  it("selects columns and rows by conditions", async () => {
    const select = async (...args: string[]) =>
      JSON.parse((await weft.run(["ovsdb", method, "--json", "select", ...args])).stdout);
    expect(await select("Bridge", "name", "name==br0")).toEqual({ Bridge: [{ name: "br0" }] });
    expect(await select("Port", "name,tag", "tag==5")).toEqual({ Port: [{ name: "p1", tag: 5 }] });
    expect(await select("Bridge", "name", "external_ids includes x=1")).toEqual({ Bridge: [{ name: "br0" }] });
    expect(await select("Interface", "name", "type!=internal")).toEqual({ Interface: [] });
    const wrong = await weft.run(["ovsdb", method, "select", "Port", "nope==1"]);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: 'weft: "nope==1" is not a condition: table Port has no column "nope"\n',
    });
  });

  it("prints tables for people and CSV for spreadsheets", async () => {
    const table = await weft.run(["ovsdb", method, "select", "Bridge", "name", "external_ids", "other_config"]);
    expect(table.stdout).toBe(
      'Bridge table\nname  external_ids  other_config\nbr0   {x=1}         {a="b, c"}\nbr1   {}            {}\n',
    );
    const csv = await weft.run(["ovsdb", method, "--format", "csv", "select", "Bridge", "name", "external_ids"]);
    expect(csv.stdout).toBe("table,name,external_ids\nBridge,br0,{x=1}\nBridge,br1,{}\n");
  });

  it("monitors a table: rows as they are, then each change", async () => {
    const child = weft.start(["ovsdb", method, "--json", "monitor", "Port", "name", "tag"]);
    let text = "";
    child.stdout.on("data", (bytes) => {
      text += bytes;
    });
    const until = async (pattern: RegExp): Promise<void> => {
      for (let i = 0; i < 500 && !pattern.test(text); i++) await new Promise((done) => setTimeout(done, 10));
      expect(text).toMatch(pattern);
    };
    const end = ended(child);
    await until(/"name":"p1"/);
    server.vsctl("set", "port", "p1", "tag=6");
    await until(/"modify"/);
    server.vsctl("add-port", "br1", "p2", "--", "del-port", "p1");
    await until(/"delete"/);
    await until(/"insert"/);
    child.kill("SIGINT");
    await end;
    const events = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(
      events
        .filter((event) => event.action === "initial")
        .map((event) => event.new.name)
        .sort(),
    ).toEqual(["br0", "br1", "p1"]);
    expect(events.find((event) => event.action === "modify")).toMatchObject({
      old: { name: "p1", tag: 5 },
      new: { name: "p1", tag: 6 },
    });
    expect(events.find((event) => event.action === "delete").old).toEqual({ name: "p1", tag: 6 });
  });

  it("waits for a server that calls, on a passive method", async () => {
    const path = join(weft.directory, "called.sock");
    const run = weft.run(["ovsdb", `punix:${path}`, "list-dbs"]);
    await new Promise((done) => setTimeout(done, 500));
    execFileSync("ovs-appctl", ["-t", join(server.directory, "ctl"), "ovsdb-server/add-remote", `unix:${path}`]);
    expect(await run).toEqual({ code: 0, stderr: "", stdout: "Open_vSwitch\n_Server\n" });
    execFileSync("ovs-appctl", ["-t", join(server.directory, "ctl"), "ovsdb-server/remove-remote", `unix:${path}`]);
  });

  it("says what is wrong, and how to do better", async () => {
    const run = (...args: string[]) => weft.run(["ovsdb", ...args]);
    expect(await run("unix:/nowhere.sock", "dump")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^weft: cannot connect to unix:\/nowhere\.sock: .*is the server running\?\n$/),
    });
    expect(await run("frob:1", "dump")).toMatchObject({ code: 2, stderr: expect.stringMatching(/not a known kind/) });
    expect(await run(method, "frob")).toMatchObject({ code: 2, stderr: expect.stringMatching(/there are list-dbs, /) });
    expect(await run(method, "dump", "Nope")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/it has AutoAttach, Bridge/),
    });
    expect(await run(method, "--db", "Nope", "dump")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/unknown database/),
    });
    expect(await run(method, "monitor")).toMatchObject({ code: 2 });
  });

  it("does not wait for ever for a server that says nothing", async () => {
    const path = join(weft.directory, "mute.sock");
    const mute = createServer((socket) => socket.on("error", () => undefined));
    await new Promise<void>((done) => mute.listen(path, done));
    const result = await weft.run(["ovsdb", `unix:${path}`, "--timeout", "1", "dump"]);
    expect(result).toMatchObject({ code: 1, stderr: expect.stringMatching(/no answer within 1 s/) });
    mute.close();
  });
});
