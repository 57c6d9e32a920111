import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../src/api/commands.ts";
import { inSlices } from "../../../src/api/in-slices.ts";
import { callControl } from "../../../src/api/index.ts";
import { snapshotTarget } from "../../../src/api/snapshot/index.ts";
import { parseSnapshot } from "../../../src/api/snapshot/read.ts";
import { takeSnapshot, writeSnapshot } from "../../../src/api/snapshot/sections.ts";
import { DRIFT, FakeQueries } from "./fake-queries.ts";

const AT = new Date("2026-01-02T04:00:00.000Z");
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-snapshot-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function written(queries = new FakeQueries()): Promise<string> {
  const rest = inSlices();
  return writeSnapshot(await takeSnapshot(queries, "1.2.3", AT, rest), rest);
}

let count = 0;
function file(content: string | Uint8Array): string {
  const path = join(directory, `${count++}.snapshot`);
  writeFileSync(path, content);
  return path;
}

describe("a snapshot", () => {
  it.each([
    ["status"],
    ["hosts"],
    ["tunnels"],
    ["ports"],
    ["endpoints"],
    ["networks"],
    ["topology"],
    ["events"],
    ["doctor"],
    ["drift"],
    ["rates"],
    ["flows", "host1"],
    ["endpoints", "10.0.0.3"],
    ["where", "10.0.0.3"],
    ["events", "since=59m"],
  ])("answers %j %j as the controller did", async (method, ...args) => {
    const target = snapshotTarget(file(gzipSync(await written())));
    const context = { queries: new FakeQueries(), version: "1.2.3", nowMs: AT.getTime() };
    for (const format of ["--json", "--format=table"]) {
      const params = [format, "--", ...args];
      expect(await callControl(target, method, params)).toBe(await runCommand(context, method, params));
    }
  });

  it.each([
    ["hosts/forget", "host3"],
    ["hosts/approve", "host4"],
    ["adopt", "host1"],
    ["release", "host1"],
    ["reload"],
    ["tls/reload"],
  ])("can't be changed by %j", async (method, ...args) => {
    const target = snapshotTarget(file(await written()));
    await expect(callControl(target, method, ["--", ...args])).rejects.toThrow(/a snapshot can't be changed/);
  });

  it("is written part by part as JSON has it", async () => {
    const snapshot = await takeSnapshot(new FakeQueries(), "1.2.3", AT, inSlices());
    let rests = 0;
    const text = await writeSnapshot(snapshot, async () => {
      rests += 1;
    });
    expect(text).toBe(JSON.stringify(snapshot));
    expect(rests).toBeGreaterThan(20);
    const odd = { ...snapshot, sections: { odd: { value: [undefined, { left: undefined, deep: [[[[1, null]]]] }] } } };
    expect(await writeSnapshot(odd, async () => undefined)).toBe(JSON.stringify(odd));
  });

  it("says what it does not hold, and why, and holds the rest", async () => {
    const queries = new FakeQueries();
    queries.picture = () => Promise.reject(new Error("no switch answers"));
    const target = snapshotTarget(file(await written(queries)));
    await expect(callControl(target, "trace", ["a", "b"])).rejects.toThrow(
      "the snapshot does not hold picture: no switch answers",
    );
    expect(await callControl(target, "hosts", [])).toContain("host1");
    await expect(callControl(target, "flows", ["host9"])).rejects.toThrow(/no host is called "host9"/);
  });

  it("leaves out the flows of a fabric that has more than it could hold, and asks no switch for them", async () => {
    const queries = new FakeQueries();
    const asked: string[] = [];
    const [first] = queries.hosts();
    queries.hosts = () =>
      Array.from({ length: 40 }, () => ({ ...first!, flows: { desired: 10_000, installed: 10_000 } }));
    queries.picture = () => Promise.reject(new Error(String(asked.push("picture"))));
    queries.flows = (id) => Promise.reject(new Error(String(asked.push(id))));
    const { sections } = parseSnapshot(Buffer.from(await written(queries)), "x");
    expect(sections.picture).toEqual({ error: expect.stringContaining("hold 400000 flows") });
    expect(sections.flows).toEqual(sections.picture);
    expect(sections.status).toHaveProperty("value");
    expect(asked).toEqual([]);
  });

  it("tells of another end of a tunnel as the controller does", async () => {
    const queries = new FakeQueries();
    const finding = { code: "tunnel/cut", severity: "critical", host: "host2", others: ["host1"] } as const;
    queries.doctor = async () => [{ ...finding, subject: null, message: "cut", remedy: "", command: null }];
    const target = snapshotTarget(file(await written(queries)));
    expect(JSON.parse(await callControl(target, "doctor", ["--json", "--", "host1"]))).toHaveLength(1);
  });

  it("holds no approval, wherever it is told of", async () => {
    const queries = new FakeQueries();
    const [first] = DRIFT;
    const told = [
      'external_ids:weft-approval="s3cr3t-1"',
      "{weft-approval=s3cr3t-2, a=b}",
      'weft-approval": "s3cr3t-3"',
    ];
    queries.drift = async () =>
      told.map((wanted) => ({
        ...{ host: first?.host ?? "", reason: null },
        deviations: [{ what: "row", state: "changed", wanted, held: null, foreign: false } as const],
      }));
    const text = await written(queries);
    expect(text).not.toContain("s3cr3t");
    expect(text.match(/weft-approval/g)).toHaveLength(3);
  });

  it.each([
    ["an empty file", "", /is no snapshot of weft/],
    ["a picture", "\u0089PNG", /is no snapshot of weft/],
    ["other JSON", "{}", /is no snapshot of weft/],
    ["half of it", '{"weftSnapshot":1,"sec', /is damaged/],
    ["half of its gzip", gzipSync("{}").subarray(0, 12), /is damaged: unexpected end of file/],
    ["one without a beginning", '{"weftSnapshot":1}', /is damaged: it lacks/],
    [
      "one of sections that are none",
      '{"weftSnapshot":1,"version":"1","at":"2026-01-02","sections":{"hosts":7}}',
      /is damaged/,
    ],
    ["one of a newer program", '{"weftSnapshot":2,"version":"9.0.0"}', /use that of weft 9\.0\.0/],
    ["a file that is nested without end", `{"a":${"[".repeat(200_000)}`, /is damaged/],
  ])("that is %s is refused in words", async (_what, content, message) => {
    await expect(async () => callControl(snapshotTarget(file(content)), "hosts", [])).rejects.toThrow(message);
  });

  it("that holds what no controller says is damaged, and no failure of the program", async () => {
    const sections = { hosts: { value: [{ id: 7 }] }, topology: { value: null } };
    const path = file(JSON.stringify({ weftSnapshot: 1, version: "1", at: "2026-01-02T00:00:00Z", sections }));
    await expect(callControl(snapshotTarget(path), "topology", [])).rejects.toThrow(/is damaged/);
    await expect(callControl(snapshotTarget(path), "hosts", [])).rejects.toThrow(/is damaged/);
  });

  it("that is not there, or no file, is told so", async () => {
    await expect(async () => callControl(snapshotTarget("/nowhere/x"), "hosts", [])).rejects.toThrow(/cannot read/);
    await expect(async () => callControl(snapshotTarget(directory), "hosts", [])).rejects.toThrow(/is not a file/);
  });

  it("that unfolds into more than any holds is not unfolded", () => {
    const bomb = gzipSync(Buffer.alloc(400 * 1024 * 1024), { level: 1 });
    expect(() => parseSnapshot(bomb, "bomb")).toThrow(/larger than any/);
  });
});
