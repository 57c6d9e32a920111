// What is written to a host, and by which connection, while it is handed back.
import pino from "pino";
import { describe, expect, it } from "vitest";
import { EMPTY_VSWITCH_ROWS, type VswitchRows } from "../../../proto/ovsdb/vswitch-rows.ts";
import { Counters } from "../../../src/controller/counters.ts";
import { Durations } from "../../../src/controller/durations.ts";
import { Hosts } from "../../../src/controller/hosts.ts";
import { Trouble } from "../../../src/controller/trouble.ts";
import type { OvsdbSession } from "../../../src/southbound/ovsdb/index.ts";

const timers = { now: () => 0, setTimer: () => ({ cancel: () => undefined }) };
const log = pino({ level: "silent" });
const counters = new Counters();

const root = {
  ...{ uuid: "u", bridges: [], manager_options: [], datapath_types: [], iface_types: [], cur_cfg: 0, next_cfg: 0 },
  ...{ db_version: null, ovs_version: "3.1.0", other_config: new Map(), external_ids: new Map([["system-id", "h"]]) },
};
const rows = { ...EMPTY_VSWITCH_ROWS, openVSwitch: root } as unknown as VswitchRows;

function session(port: number) {
  const closed: string[] = [];
  const one = { label: `tcp:192.0.2.1:${port}`, remoteAddress: "192.0.2.1", rows, diagnostics: [], closed };
  return {
    ...one,
    probe: async () => undefined,
    close: (why: string) => closed.push(why),
  } as unknown as OvsdbSession & {
    readonly closed: string[];
  };
}

function hosts(asked: OvsdbSession[], trouble = new Trouble(log, counters, timers.now), maxEntries = 9) {
  return new Hosts({
    ...{ defaultBridge: "br-int", settings: new Map(), log, timers, counters, maxEntries, trouble },
    durations: new Durations(),
    timeOfDay: () => "12:00:00",
    connectedSwitches: () => new Set(),
    changed: () => undefined,
    touched: () => undefined,
    desired: (_entry, by) => {
      asked.push(by);
      return null;
    },
  });
}

describe("a host that is handed back", () => {
  it("is not written to by another connection of its id that takes the place of the one that ends", async () => {
    const asked: OvsdbSession[] = [];
    const all = hosts(asked);
    const [first, second] = [session(1), session(2)];
    all.rowsChanged(first);
    all.rowsChanged(second);
    const [entry] = all.entries.values();
    if (entry === undefined) throw new Error("it is not known");
    await all.pause(entry);
    asked.length = 0;
    all.closed(first, "a bad line");
    expect(entry.session).toBe(second);
    all.wakeAll();
    await entry.reconciler?.idle();
    expect(asked).toEqual([]);
    all.resume(entry);
    await entry.reconciler?.idle();
    expect(asked).toEqual([second]);
  });

  it("is known no more when it is free, and others that claim its id have to come again", () => {
    const all = hosts([]);
    const [first, second] = [session(1), session(2)];
    all.rowsChanged(first);
    all.rowsChanged(second);
    all.forget("h");
    expect(all.entries.size).toBe(0);
    expect(second.closed).toHaveLength(1);
  });
});

describe("hosts for which there is no room", () => {
  it("are told by their address, from however many ports one of them comes", () => {
    const trouble = new Trouble(log, counters, timers.now);
    const all = hosts([], trouble, 0);
    for (let port = 1; port <= 100; port++) all.rowsChanged(session(port));
    const messages = trouble.problems().map(({ message }) => message);
    expect(messages).toEqual(["192.0.2.1 was refused: there are 0 hosts already (limits.hosts) (100 times)"]);
  });
});

describe("hosts whose rows are read again", () => {
  it("are so where that of another throws", () => {
    const trouble = new Trouble(log, counters, timers.now);
    const all = hosts([], trouble);
    const broken = session(1);
    const named = (id: string, one: OvsdbSession) => {
      const own = { ...root, external_ids: new Map([["system-id", id]]) };
      return Object.assign(one, { rows: { ...rows, openVSwitch: own } as unknown as VswitchRows });
    };
    all.rowsChanged(named("a", broken));
    all.rowsChanged(named("b", session(2)));
    Object.defineProperty(broken, "rows", {
      get: () => {
        throw new RangeError("rows that can't be read");
      },
    });
    const setting = { name: "bob", tunnelIp: "192.0.2.77", bridge: null, index: null };
    all.reconfigure(new Map([["b", setting]]));
    expect(all.entries.get("b")?.fact).toMatchObject({ name: "bob", tunnelIp: "192.0.2.77" });
    expect(trouble.problems().map(({ message }) => message)).toEqual([
      expect.stringContaining("reading the rows of host a again"),
    ]);
  });
});
