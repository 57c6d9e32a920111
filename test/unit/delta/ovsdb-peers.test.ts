// Peers on the OVSDB port that are no database, or a hostile one: each is closed for its own fault, and a good host is served on.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Json, JsonObject } from "../../../proto/ovsdb/json-text.ts";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { RawPeer } from "./raw-peer.ts";
import { WireHost, type WireHostOptions } from "./wire-host.ts";

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

let controller: ControllerOnLoopback;
let witness: WireHost;

beforeAll(async () => {
  controller = await ControllerOnLoopback.start();
  witness = await WireHost.connect(controller.ovsdbPort, { systemId: "witness", tunnelIp: "10.2.0.1", obeys: true });
  await witness.served();
});

afterAll(async () => {
  witness?.socket.destroy();
  await controller?.stop();
});

async function expectEnd(peer: RawPeer, withinMs = 30_000): Promise<void> {
  await peer.endedWithin(withinMs);
  expect(witness.isOpen).toBe(true);
  await witness.isHeard();
}

let hosts = 0;
async function readHost(options: Partial<WireHostOptions> = {}): Promise<WireHost> {
  hosts += 1;
  const host = await WireHost.connect(controller.ovsdbPort, {
    systemId: `h${hosts}`,
    tunnelIp: `10.2.1.${hosts}`,
    ...options,
  });
  await host.served();
  return host;
}

const update = (tables: JsonObject): JsonObject => ({
  id: null,
  method: "update3",
  params: ["weft", "00000000-0000-0000-0000-000000000001", tables] as unknown as Json,
});
const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;

describe("a peer that is no ovsdb-server is closed", () => {
  it.each([
    ["OpenFlow", Uint8Array.of(4, 0, 0, 8, 0, 0, 0, 1)],
    ["TLS", Uint8Array.of(0x16, 3, 1, 2, 0, 1)],
    ["HTTP", "GET / HTTP/1.1\r\n\r\n"],
    ["text that is no JSON", '{"id": nonsense}'],
    ["JSON that is no RPC", "[1,2,3]"],
    ["an RPC message without a method", '{"id":7,"params":[]}'],
    ["an answer to nothing", '{"id":4711,"result":[],"error":null}'],
    ["bytes that are no UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d)],
    ["arrays within each other, a thousand deep", "[".repeat(1_000)],
    ["numbers that are no numbers", '{"id":1e999999999999,"method":"echo","params":[]'],
    ["an update before anything was asked for", '{"id":null,"method":"update3","params":["weft","x",{}]}'],
  ])("when it says %s", async (_, words) => {
    const peer = await RawPeer.to(controller.ovsdbPort);
    // What must be answered first is not.
    peer.write(words);
    if (words === '{"id":1e999999999999,"method":"echo","params":[]') peer.write("}}");
    await expectEnd(peer);
  });

  it("when it says nothing for 5 s, or stops in the middle of the handshake, or answers nothing once it was read, for 10 s", async () => {
    const silent = await RawPeer.to(controller.ovsdbPort);
    const half = await WireHost.connect(controller.ovsdbPort, { systemId: "half", ignores: ["get_schema"] });
    const deaf = await readHost({ ignores: ["echo"] });
    const slow = await RawPeer.to(controller.ovsdbPort);
    void slow.trickle(Buffer.from(`{"id":1,"result":["Open_vSwitch"],"error":null}${" ".repeat(20)}`), 1_000);
    await Promise.all([silent.endedWithin(30_000), slow.endedWithin(30_000)]);
    await Promise.all([expectEnd(half), expectEnd(deaf)]);
    expect(controller.said()).toContain("the peer was silent for");
    expect(controller.said()).toContain(
      "no OVSDB handshake within 5000 ms: the peer stopped answering while listing databases",
    );
    expect(controller.said()).toContain(
      "no OVSDB handshake within 10000 ms: the peer stopped answering while reading the schema",
    );
  });
});

describe("a host that was read is closed", () => {
  it("for a message longer than 16 MiB, which is not kept meanwhile", async () => {
    const host = await readHost();
    host.write('{"id":null,"method":"update3","params":["');
    const part = Buffer.alloc(1024 * 1024, "x");
    for (let i = 0; i < 20 && host.isOpen; i++) {
      await new Promise<void>((resolve) => host.socket.write(part, () => resolve()));
    }
    await expectEnd(host);
    expect(controller.said()).toContain("longer than 16777216 bytes");
  });

  it.each<[string, JsonObject]>([
    ["rows of a table that was not asked for", { Nonsense: { [uuid(1)]: { initial: {} } } }],
    ["rows that are no objects", { Bridge: { [uuid(1)]: 7 } }],
    ["a row id that is no UUID", { Bridge: { "../etc": { initial: {} } } }],
    ["a change of a row that is not there", { Bridge: { [uuid(2)]: { modify: { name: "x" } } } }],
    ["a column of the wrong kind", { Bridge: { [uuid(3)]: { initial: { name: 7 } } } }],
    ["a map that is no map", { Bridge: { [uuid(4)]: { initial: { external_ids: ["map", 7] } } } }],
    ["a set in a set", { Bridge: { [uuid(5)]: { initial: { ports: ["set", [["set", []]]] } } } }],
  ])("for %s", async (_, tables) => {
    const host = await readHost();
    host.send(update(tables));
    await expectEnd(host);
  });

  it("for more rows than a host can have", async () => {
    const host = await readHost();
    const row = { initial: {} };
    for (let at = 0; at < 80_000 && host.isOpen; at += 10_000) {
      const rows = Object.fromEntries(Array.from({ length: 10_000 }, (_unused, i) => [uuid(at + i), row]));
      host.send(update({ Interface: rows }));
      await Promise.race([host.ended, host.isHeard().catch(() => undefined)]);
    }
    await expectEnd(host);
    expect(controller.said()).toContain("more than 65536 rows");
  });

  it("for few rows of more bytes than one message could tell of again, however they come; and it is told by name, once", async () => {
    for (const _time of ["first", "second"]) {
      const host = await readHost();
      for (let at = 0; at < 6 && host.isOpen; at++) {
        const ids = ["map", Array.from({ length: 40 }, (_unused, i) => [`k${i}`, "x".repeat(100_000)])];
        host.send(
          update({ Interface: { [uuid(100 + at)]: { initial: { name: `i${at}`, external_ids: ids } } } } as never),
        );
        await Promise.race([host.ended, host.isHeard().catch(() => undefined)]);
      }
      await expectEnd(host);
    }
    expect(controller.said()).toContain("its rows have more than 16777216 bytes");
    const told = controller.queries.status().problems.filter(({ message }) => message.includes("no host's database"));
    expect(told).toMatchObject([{ code: "controller/refused", message: expect.stringMatching(/\(\d+ times\)$/) }]);
  });

  it("not for rows that change often and stay as large as they are", async () => {
    const host = await readHost();
    for (let at = 0; at < 12; at++) {
      const ids = ["map", [["k", `${at}`.repeat(2_000_000)]]];
      host.send(update({ Interface: { [uuid(200)]: { initial: { name: "i", external_ids: ids } } } } as never));
      await host.isHeard();
    }
    expect(host.isOpen).toBe(true);
    host.socket.destroy();
  });
});

it("names that JavaScript gives a meaning to are names like any other", async () => {
  const host = await readHost({ systemId: "__proto__" });
  host.send(JSON.parse(`{"id":null,"method":"update3","params":["weft","x",{"__proto__":{"polluted":true}}]}`) as Json);
  await host.endedWithin(30_000);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(controller.queries.hosts().map((one) => one.id)).toContain("__proto__");
  await witness.isHeard();
});

it("a second host with a live system-id is not served, and is named; more of them make room for each other", async () => {
  const rivals: WireHost[] = [];
  for (let i = 0; i < 10; i++) {
    rivals.push(await WireHost.connect(controller.ovsdbPort, { systemId: "witness", tunnelIp: "10.2.0.9" }));
  }
  await until("all but a few are closed", () => rivals.filter((one) => one.isOpen).length === 4);
  await witness.isHeard();
  expect(rivals.flatMap((one) => one.transactions)).toEqual([]);
  const view = controller.queries.hosts().find((one) => one.id === "witness");
  expect(view?.problems.map((one) => one.code)).toContain("host/duplicate-id");
  for (const rival of rivals) rival.socket.destroy();
});
