// The lab's state on disk: what one process writes another reads, and nothing is lost between two that write.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LabState, LabStore, readState } from "../../../src/lab/state.ts";

const empty: LabState = {
  version: 1,
  name: "t1",
  subnet: "172.31.7.0/24",
  controllerIp: "172.31.7.254",
  underlayMtu: 1500,
  guestMtu: 1442,
  hosts: [],
  guests: [],
  segments: [],
};

const host = (index: number) => ({
  index,
  name: `h${index}`,
  namespace: `weft-t1-h${index}`,
  ip: `172.31.7.${index}`,
  addresses: [],
  faults: [],
});

describe("the state of a lab", () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "weft-state-"));
  });

  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  test("is read as it was written, and no draft is left", () => {
    const store = new LabStore(dir, empty);
    store.update((state) => ({ ...state, hosts: [host(1)] }));
    expect(readState(dir)).toEqual({ ...empty, hosts: [host(1)] });
    expect(readdirSync(dir)).toEqual(["lab.json"]);
  });

  test("keeps what two processes add to it in turn", () => {
    const [one, two] = [new LabStore(dir, empty), new LabStore(dir, empty)];
    one.update((state) => ({ ...state, hosts: [...state.hosts, host(1)] }));
    two.update((state) => ({ ...state, hosts: [...state.hosts, host(2)] }));
    one.updateHost("h1", (record) => ({ ...record, addresses: [{ device: "mgmt0", cidr: "10.0.0.1/24" }] }));
    expect(readState(dir)?.hosts.map(({ name, addresses }) => [name, addresses.length])).toEqual([
      ["h1", 1],
      ["h2", 0],
    ]);
    expect(one.host("h2").ip).toBe("172.31.7.2");
    expect(() => two.host("h3")).toThrow(/no host h3/);
  });

  test.each(["", "{", "[]", '{"version":2}', '{"version":1,"name":"t1"}'])("is none when the file holds %j", (text) => {
    writeFileSync(join(dir, "lab.json"), text);
    expect(readState(dir)).toBeUndefined();
  });

  test("is none where there is no file", () => {
    expect(readState(join(dir, "elsewhere"))).toBeUndefined();
  });
});
