import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Lab } from "../../src/lab/index.ts";
import { BuiltProgram, ended } from "../unit/cli/built.ts";
import { describeLab } from "./requires.ts";

const demo = ["demo", "--hosts", "2", "--guests", "1"];
const everyPairPings = /Pings in ms, from the row to the column: 2 of 2 pairs answer\n/;

describeLab("weft demo", () => {
  let weft: BuiltProgram;

  beforeAll(() => {
    weft = new BuiltProgram();
  });

  afterAll(async () => {
    await Lab.sweep();
    weft?.remove();
  });

  it.each(["gre", "vxlan", "geneve"])(
    "--exit joins hosts by %s, shows that every pair pings, and leaves nothing",
    async (tunnel) => {
      const { code, stdout, stderr } = await weft.run([...demo, "--tunnel", tunnel, "--exit"], { timeoutMs: 90_000 });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/ h2 joined: bridge br-int created, index 2, /);
      expect(stdout).toMatch(everyPairPings);
      expect(stdout).toContain(`Tunnels (${tunnel})\n`);
      expect(Lab.list()).not.toContain("demo");
    },
  );

  it("stays until Ctrl-C, of which a second one changes nothing", async () => {
    const child = weft.start(demo);
    const end = ended(child, 90_000);
    await sees(child, "The fabric stays until Ctrl-C");
    expect(Lab.list()).toContain("demo");
    child.kill("SIGINT");
    await sleep(50);
    child.kill("SIGINT");
    const { code, stdout } = await end;
    expect(code).toBe(0);
    expect(stdout).toMatch(/everything is removed\n$/);
    expect(Lab.list()).not.toContain("demo");
  });

  it.each(["making 2 hosts", "set-manager", "The fabric stays"])(
    "runs again after one that was killed at “%s”",
    async (moment) => {
      const child = weft.start(demo);
      const end = ended(child, 90_000);
      await sees(child, moment);
      child.kill("SIGKILL");
      await end;
      const { code, stdout } = await weft.run([...demo, "--exit"], { timeoutMs: 90_000 });
      expect(code).toBe(0);
      expect(stdout).toMatch(everyPairPings);
    },
  );

  it("is over in good order when it is told to stop in the middle", async () => {
    for (const moment of ["making 2 hosts", "set-manager", "joined"]) {
      const child = weft.start(demo);
      const end = ended(child, 90_000);
      await sees(child, moment);
      child.kill("SIGTERM");
      expect((await end).code).toBe(130);
      expect(Lab.list()).not.toContain("demo");
    }
  });
});

/** Resolves when the text is on the program's standard output. */
function sees(child: ReturnType<BuiltProgram["start"]>, text: string): Promise<void> {
  let seen = "";
  return new Promise((resolve, reject) => {
    child.stdout.on("data", (bytes) => {
      seen += bytes;
      if (seen.includes(text)) resolve();
    });
    child.on("close", () => reject(new Error(`ended without "${text}":\n${seen}`)));
  });
}
