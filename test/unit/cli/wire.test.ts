import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../proto/bytes/hex.ts";
import { encode } from "../../../proto/openflow13/index.ts";
import { ethernet, ipSegment, pcap } from "../inspect/write-pcap.ts";
import { ovsOfctlMissing } from "../proto/openflow13/ovs-ofctl.ts";
import { VECTORS } from "../proto/openflow13/vectors.ts";
import { BuiltProgram, type Ended, ended } from "./built.ts";

let weft: BuiltProgram;
beforeAll(() => {
  weft = new BuiltProgram();
});
afterAll(() => weft.remove());

async function piped(args: readonly string[], input: string | Uint8Array): Promise<Ended> {
  const child = weft.start(args);
  child.stdin.end(input);
  return ended(child);
}

const HELLO = "0400000800000001";
const BARRIER = "0414000800000002";

describe("weft decode", () => {
  it.each([
    ["plain digits", [HELLO]],
    ["words", ["0400", "0008", "0000", "0001"]],
    ["0x", [`0x${HELLO}`]],
    ["bytes with 0x and commas", ["0x04, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x01"]],
    ["colons", ["04:00:00:08:00:00:00:01"]],
    ["capitals", [HELLO.toUpperCase()]],
  ])("takes hex as %s", async (_, args) => {
    const { code, stdout, stderr } = await weft.run(["decode", ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({ kind: "hello", xid: 1, version: 4, elements: [] });
  });

  it("prints several messages from standard input, one a line", async () => {
    const { code, stdout } = await piped(["decode"], `# a comment\n${HELLO}\n  04 14 00 08  00 00 00 02\n`);
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).kind),
    ).toEqual(["hello", "barrier_request"]);
  });

  it("reads a capture from a file and from a pipe alike", async () => {
    const file = join(weft.directory, "trace.pcap");
    const bytes = pcap([ethernet(ipSegment({ sequence: 1, payload: fromHex(HELLO + BARRIER) }))]);
    writeFileSync(file, bytes);
    const named = await weft.run(["decode", file]);
    const pipe = await piped(["decode", "-"], bytes);
    expect(named).toEqual({ code: 0, stderr: "", stdout: pipe.stdout });
    expect(JSON.parse(named.stdout.split("\n")[1] ?? "")).toMatchObject({ frame: 1, message: { xid: 2 } });
    const text = await weft.run(["decode", "--text", file]);
    expect(text.stdout).toMatch(
      /^1 2026-01-02T\S+ 10\.0\.0\.1:40000 > 10\.0\.0\.2:6653: OFPT_HELLO \(OF1\.3\) \(xid=0x1\):/,
    );
  });

  it("looks at another port with --port", async () => {
    const file = join(weft.directory, "port.pcap");
    writeFileSync(file, pcap([ethernet(ipSegment({ sequence: 1, destinationPort: 7000, payload: fromHex(HELLO) }))]));
    expect((await weft.run(["decode", file])).stdout).toBe("");
    expect((await weft.run(["decode", "--port", "7000", file])).stdout).toContain('"hello"');
    expect(await weft.run(["decode", "--port", "0", file])).toMatchObject({ code: 2 });
  });

  it("goes on after a message that is wrong, names file, offset and field, and exits with 1", async () => {
    const file = join(weft.directory, "bad.hex");
    writeFileSync(file, `04990008000000ff ${BARRIER}`);
    const { code, stdout, stderr } = await weft.run(["decode", file]);
    expect(code).toBe(1);
    expect(stdout.split("\n").filter((line) => line !== "")).toHaveLength(2);
    expect(stderr).toBe(`weft: ${file}: message 1, at byte 0: unknown message type 153 (header.type at offset 1)\n`);
  });

  it.each([
    ["text that is no hex", ["decode", "hello"], 2, /neither a file that is there nor hexadecimal digits/],
    ["a message cut short", ["decode", "04000010 00000001"], 1, /header says 16 bytes, 8 are there/],
    ["a file that is not there", ["encode", "/nowhere/x.json"], 1, /\/nowhere\/x\.json: ENOENT/],
    ["an odd digit", ["decode", "04000008 0000000"], 1, /odd number of hexadecimal digits/],
    ["an option that does not exist", ["decode", "--frob"], 2, /unknown option/],
  ])("explains %s", async (_, args, code, text) => {
    const result = await weft.run(args);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(text);
    expect(result.stderr).not.toMatch(/should not have happened/);
  });

  it("and weft encode show examples with --help", async () => {
    for (const command of ["decode", "encode", "ovsdb"]) {
      const { code, stdout } = await weft.run([command, "--help"]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Examples:\n {2}/);
    }
  });
});

describe("weft encode", () => {
  it("gives back the bytes of every vector that decode was given", async () => {
    const hex = VECTORS.map((vector) => toHex(vector.bytes)).join("\n");
    const decoded = await piped(["decode", "--pretty"], hex);
    expect(decoded).toMatchObject({ code: 0, stderr: "" });
    expect(await piped(["encode"], decoded.stdout)).toEqual({ code: 0, stderr: "", stdout: `${hex}\n` });
  });

  it("reads what decode printed of a capture, and bytes that could not be decoded", async () => {
    const file = join(weft.directory, "mixed.pcap");
    const bad = "041e0008000000ff";
    writeFileSync(file, pcap([ethernet(ipSegment({ sequence: 1, payload: fromHex(HELLO + bad + BARRIER) }))]));
    const { stdout } = await weft.run(["decode", file]);
    expect((await piped(["encode"], stdout)).stdout).toBe(`${HELLO}\n${bad}\n${BARRIER}\n`);
  });

  it("takes what people write: numbers for hex, an array of messages, fields in any notation", async () => {
    const message = {
      kind: "flow_mod",
      xid: 1,
      cookie: 5,
      cookie_mask: "0x0",
      table_id: 0,
      command: "add",
      idle_timeout: 0,
      hard_timeout: 0,
      priority: 1,
      buffer_id: 0xffffffff,
      out_port: 0xffffffff,
      out_group: 0xffffffff,
      flags: 0,
      match: [
        { field: "eth_type", value: 2048 },
        { field: "ipv4_src", value: "10.0.0.0", mask: "255.0.0.0" },
        { field: "eth_dst", value: "0A-00-00-00-00-01" },
        { field: "metadata", value: 7 },
      ],
      instructions: [],
    };
    const { stdout, stderr } = await piped(["encode"], JSON.stringify([message, { kind: "barrier_request", xid: 2 }]));
    expect(stderr).toBe("");
    const [flow = "", barrier] = stdout.split("\n");
    expect(barrier).toBe(BARRIER);
    expect((await weft.run(["decode", "--text", flow])).stdout).toContain(
      "priority=1,ip,metadata=0x7,dl_dst=0a:00:00:00:00:01,nw_src=10.0.0.0/8 cookie:0x5 actions=drop",
    );
  });

  it.each([
    [{ kind: "flow_modd", xid: 1 }, /document 1: kind: there is no message of kind "flow_modd"/],
    [{ kind: "echo_request", xid: 1 }, /document 1: echo_request\.data/],
    [{ kind: "echo_request", xid: 1, data: "xy" }, /echo_request\.data: must be bytes in hexadecimal digits/],
    [{ kind: "echo_request", xid: 1, data: "", more: 1 }, /echo_request\.more: no such member/],
    [{ kind: "role_request", xid: 1, role: "master", generation_id: null }, /generation_id: null says nothing/],
    [{ kind: "role_request", xid: 2 ** 40, role: "master", generation_id: 1 }, /1099511627776 does not fit 32 bits/],
    [{ kind: "role_request", xid: 1.5, role: "master", generation_id: 1 }, /xid: 1\.5 is not a whole number/],
    [{ xid: 1 }, /message\.kind: must name the message/],
    [{ kind: "packet_out", xid: 1, buffer_id: 1, in_port: 1, data: "", actions: [{ kind: "outptu" }] }, /spelt right/],
    [{ kind: "packet_out", xid: 1, buffer_id: 1, in_port: 1, data: "", actions: { kind: "output" } }, /actions/],
  ])("says what is wrong with %j", async (json, text) => {
    const { code, stdout, stderr } = await piped(["encode"], JSON.stringify(json));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(text);
    expect(stderr).not.toMatch(/should not have happened/);
  });

  it("says so where there is no JSON, or a document ends early", async () => {
    expect((await piped(["encode"], "")).stderr).toMatch(/there is no JSON in it/);
    expect((await piped(["encode"], '{"kind":')).stderr).toMatch(/ends in the middle of a document/);
    expect((await piped(["encode"], "nonsense")).stderr).toMatch(/a message must be a JSON object or array/);
    expect((await piped(["encode"], '{"__proto__":{"kind":"hello"}}')).code).toBe(1);
  });
});

describe.skipIf(ovsOfctlMissing())("the text of weft decode", () => {
  /** What ovs-ofctl shows of a packet's contents, and spaces, are its own affair. */
  const plain = (text: string): string =>
    text
      .replace(/\n[\s\S]*$/, "")
      .replace(/\s+/g, " ")
      .trim();

  it("is that of ovs-ofctl ofp-print for flow-mods, group-mods, meter-mods and packet-outs", async () => {
    for (const { bytes, message } of VECTORS) {
      if (!["flow_mod", "meter_mod", "packet_out", "flow_removed"].includes(message.kind)) continue;
      const theirs = execFileSync("ovs-ofctl", ["ofp-print", toHex(encode(message))], { encoding: "utf8" });
      const ours = (await weft.run(["decode", "--text", toHex(bytes)])).stdout;
      if (message.kind === "meter_mod")
        expect(ours.replace(/\s+/g, " ").trim()).toBe(
          theirs
            .replace(/bands=\s+/, "bands=")
            .replace(/\s+/g, " ")
            .trim(),
        );
      else expect(plain(ours)).toBe(plain(theirs));
    }
  });
});
