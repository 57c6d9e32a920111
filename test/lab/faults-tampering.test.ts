// What an administrator, or a program of his, does behind Weft's back: put right within 5 s and named, or named and left.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK } from "./fabric.ts";
import { describeLab } from "./requires.ts";

/** What is promised. */
const WITHIN_SEC = 5;

describeLab("a fabric of three hosts that somebody else writes to", () => {
  let fabric: FabricUnderTest;
  let g1: Guest;
  let g2: Guest;
  let g3: Guest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3 });
    [g1, g2, g3] = (await fabric.populate({ perHost: 1 })) as [Guest, Guest, Guest];
    await fabric.allHeard();
    await fabric.quiet();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const flows = async (number: number) =>
    (await fabric.lab.host(number).ofctl("--no-stats", "--sort", "dump-flows", "br-int")).split("\n").sort();
  const groups = async (number: number) =>
    (await fabric.lab.host(number).ofctl("dump-groups", "br-int")).split("\n").slice(1).sort();
  const meters = async (number: number) =>
    (await fabric.lab.host(number).ofctl("dump-meters", "br-int")).split("\n").slice(1).sort();
  const held = async (number: number) => [await flows(number), await groups(number), await meters(number)];
  const told = async (number: number) => ((await fabric.hostView(number))?.problems ?? []).map((one) => one.message);

  /** Resolves when what the host's switch holds is what it was, and `words` are said of it. */
  async function restored(number: number, before: readonly (readonly string[])[], ...words: readonly RegExp[]) {
    await fabric.until(async () => {
      const missing: string[] = [];
      const now = await held(number);
      for (const [at, list] of now.entries()) {
        const gone = before[at]?.filter((line) => !list.includes(line)) ?? [];
        const more = list.filter((line) => before[at]?.includes(line) !== true);
        missing.push(...gone.map((line) => `gone: ${line}`), ...more.map((line) => `more: ${line}`));
      }
      const messages = await told(number);
      for (const word of words)
        if (!messages.some((message) => word.test(message))) missing.push(`${word} in ${messages.join(" | ")}`);
      return missing;
    }, WITHIN_SEC);
  }

  test("Weft's own writes, and a fabric at rest, are no news", async () => {
    expect((await fabric.ask("status")).counters.drifts).toBe(0);
  });

  test("del-flows of everything is put right and counted table by table; pairs of others lose nothing", async () => {
    const before = await held(1);
    await expectNoLoss([[g2, g3]], async () => {
      await fabric.lab.host(1).ofctl("del-flows", "br-int");
      await restored(1, before, /\d+ flows of tables \w.* were deleted.*by somebody else at \d\d:\d\d:\d\d; restored/);
    });
    await fabric.lab.waitUntilAllPing();
  });

  test("flows that are changed, overwritten, or written in Weft's name are put right", async () => {
    const host = fabric.lab.host(2);
    const before = await held(2);
    await host.ofctl("mod-flows", "br-int", "table=30,actions=drop");
    await restored(2, before, /flows? of tables? [\w, ]*FORWARD w\w+ changed.*; restored/);
    await host.ofctl("add-flow", "br-int", "cookie=0x574501ffffffffff,table=30,priority=7,ip,actions=drop");
    await restored(2, before, /\d flows? in Weft's name w\w+ added to tables? [\w, ]*FORWARD.*; restored/);
    const match = (await flows(2)).map((line) => /priority=400,(\S*in_port=\S+)/.exec(line)?.[1]).find((one) => one);
    await host.ofctl("add-flow", "br-int", `table=0,priority=400,${match},actions=drop`);
    await restored(2, before, /flows? of tables? [\w, ]*CLASSIFY\b[\w, ]* w\w+ changed.*; restored/);
  });

  test("groups and meters that are deleted or changed are put right, with the flows that went with them", async () => {
    const host = fabric.lab.host(3);
    const before = await held(3);
    await host.ofctl("del-groups", "br-int");
    await restored(3, before, /groups? .*HOST\(\d\).* w\w+ deleted.*; restored/);
    const id = before[1]?.map((line) => /group_id=(\d+),type=ff/.exec(line)?.[1]).find((one) => one !== undefined);
    await host.ofctl("mod-group", "br-int", `group_id=${id},type=all,bucket=drop`);
    await restored(3, before, /groups? .*HOST\(\d\).* w\w+ changed.*; restored/);
    await host.ofctl("del-meters", "br-int");
    await restored(3, before, /meters? \d.* w\w+ deleted.*; restored/);
    await fabric.lab.waitUntilAllPing();
  });

  test("flows of others in places of their own are left, and told until they are gone", async () => {
    const host = fabric.lab.host(3);
    const before = await held(3);
    await host.ofctl("add-flow", "br-int", "table=30,priority=9,tcp,tp_dst=81,actions=drop");
    await fabric.until(async () => {
      const messages = (await told(3)).join(" | ");
      const word = "holds 1 flow that Weft did not write";
      return messages.includes(word) ? [] : [`${word} in ${messages}`];
    }, WITHIN_SEC);
    expect((await flows(3)).some((line) => line.includes("tp_dst=81"))).toBe(true);
    await host.ofctl("del-flows", "--strict", "br-int", "table=30,priority=9,tcp,tp_dst=81");
    await fabric.until(async () => ((await told(3)).some((one) => one.includes("holds 1")) ? ["still told"] : []), 5);
    await restored(3, before);
  });

  test("rows that are deleted or changed are put right, and named", async () => {
    const host = fabric.lab.host(1);
    const name = `geneve${(await fabric.hostView(2))?.index}`;
    const words = async (...all: readonly RegExp[]) =>
      fabric.until(async () => {
        const messages = await told(1);
        return all.filter((word) => !messages.some((one) => word.test(one))).map((word) => `${word}: ${messages}`);
      }, WITHIN_SEC);
    await expectNoLoss([[g2, g3]], async () => {
      await host.vsctl("del-port", name);
      await words(new RegExp(`tunnel ${name} to \\S+ was deleted.*by somebody else.*; restored`));
      expect((await host.vsctl("list-ports", "br-int")).split("\n")).toContain(name);
      await host.vsctl("set", "interface", name, "options:remote_ip=192.0.2.99");
      await words(new RegExp(`tunnel ${name} to \\S+ was changed.*; restored`));
      await host.vsctl("set", "bridge", "br-int", "fail_mode=standalone");
      await words(/fail_mode of br-int was set to standalone.*; restored/);
      await host.vsctl("del-controller", "br-int");
      await words(/the controller of br-int was deleted.*; restored/);
      await fabric.lab.waitUntilAllPing();
      await fabric.settled();
    });
  });

  test("a bridge that is deleted is made again; the ports that went with it are named, and work when they are back", async () => {
    const host = fabric.lab.host(2);
    await expectNoLoss([[g1, g3]], async () => {
      await host.vsctl("del-br", "br-int");
      await fabric.until(async () => {
        const [messages, bridges] = [await told(2), await host.vsctl("list-br")];
        const missing = bridges.includes("br-int") ? [] : [`bridges ${bridges}`];
        const words = ["bridge br-int was deleted", `its ports ${g2.port} went with it`];
        return [...missing, ...words.filter((word) => !messages.some((one) => one.includes(word)))];
      }, WITHIN_SEC);
      await host.vsctl("add-port", "br-int", g2.port);
      await fabric.lab.waitUntilAllPing();
      await fabric.settled();
    });
  });

  test("after all of it a controller that starts finds nothing to do", async () => {
    await fabric.allHeard();
    await fabric.quiet();
    await fabric.stop();
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
