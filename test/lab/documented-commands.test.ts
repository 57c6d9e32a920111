// Runs the commands that README.md and docs/ show, on real hosts, as they stand there.
import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, test } from "vitest";
import { callControl } from "../../src/api/index.ts";
import { type Host, Lab } from "../../src/lab/index.ts";
import { startAt } from "../../src/lab/place.ts";
import { BuiltProgram } from "../unit/cli/built.ts";
import { describeLab } from "./requires.ts";
import { CHAPTERS, QUESTIONS } from "./shown-commands.ts";
import type { Machine, Run, World } from "./shown-world.ts";

const MACHINES: readonly Machine[] = ["controller", "spare", "one", "two", "three"];
const HOST_NAMES: Partial<Record<Machine, string>> = { one: "host1", two: "host2", three: "host3" };
const PATIENCE_MS = 40_000;

const missing = ["jq", "uuidgen"]
  .filter((program) => spawnSync("which", [program]).status !== 0)
  .map((what) => ({ what, remedy: "scripts/bootstrap.sh --with-tests installs it" }));

describeLab(
  "the commands that are shown",
  () => {
    let lab: Lab;
    let weft: BuiltProgram;
    let scratch: string;
    let controller: ChildProcess | undefined;

    const host = (machine: Machine): Host => lab.host(MACHINES.indexOf(machine) + 1);
    const environment = (): Record<string, string> => ({
      PATH: `${scratch}:${process.env.PATH}:/usr/sbin:/sbin:/usr/bin:/bin`,
      WEFT_CONTROL: join(scratch, "weft.sock"),
    });

    async function tell(machine: Machine, command: string) {
      return host(machine).exec(["bash", "-c", command], { env: environment(), check: false });
    }
    const world: World = {
      host,
      sh: async (machine, command) => {
        const { exitCode, stdout, stderr } = await tell(machine, command);
        if (exitCode !== 0) throw new Error(`${command}: ${exitCode}: ${stderr}`);
        return stdout;
      },
      ask: async (question) => JSON.parse(await callControl(join(scratch, "weft.sock"), question, ["--json"])),
      control: async (machine, command) => {
        await stopped();
        const settings = Object.entries(environment()).map(([name, value]) => `${name}=${value}`);
        controller = startAt(host(machine), ["env", ...settings, "bash", "-c", command]);
        await until(command, async () => (await tell(machine, "weft status")).exitCode === 0);
      },
      get scratch() {
        return scratch;
      },
    };

    async function stopped(): Promise<void> {
      if (controller === undefined || controller.exitCode !== null) return;
      const exit = once(controller, "exit");
      controller.kill("SIGTERM");
      await exit;
    }

    async function until(what: string, fact: () => Promise<boolean>): Promise<void> {
      const deadline = Date.now() + PATIENCE_MS;
      while (!(await fact())) {
        if (Date.now() > deadline) throw new Error(`${what}: not so after ${PATIENCE_MS / 1000} s\n${await picture()}`);
        await sleep(100);
      }
    }

    async function picture(): Promise<string> {
      const { stdout, stderr } = await tell("controller", "weft status; weft hosts; weft endpoints");
      return stdout + stderr;
    }

    function asHere(run: Run, machine: Machine): string {
      const values = {
        ...run.values?.(world, machine),
        "CONTROLLER:": `${host("controller").ip}:`,
        "/run/weft/weft.sock": join(scratch, "weft.sock"),
      };
      return Object.entries(values).reduce((text, [from, to]) => text.replaceAll(from, to), run.command);
    }

    async function play(run: Run): Promise<void> {
      await run.before?.(world);
      const { given, after } = run;
      if (given !== undefined) await until(`before ${run.command}`, () => given(world));
      for (const machine of run.at) {
        const command = asHere(run, machine);
        if (run.stays === true) await world.control(machine, `exec ${command}`);
        else await says(run, machine, command);
      }
      if (after !== undefined) await until(`after ${run.command}`, () => after(world));
    }

    async function says(run: Run, machine: Machine, command: string): Promise<void> {
      let said = "";
      const isRight = async (): Promise<boolean> => {
        const { exitCode, stdout, stderr } = await tell(machine, command);
        said = `${machine}$ ${command}\n${stdout}${stderr}exit code ${exitCode}`;
        return (run.exits ?? [0]).includes(exitCode ?? -1) && (run.shows?.test(stdout) ?? true);
      };
      if (run.again === true) await until(command, isRight);
      else if (!(await isRight())) throw new Error(said);
    }

    beforeAll(async () => {
      weft = new BuiltProgram();
      scratch = mkdtempSync(join(tmpdir(), "weft-shown-"));
      writeFileSync(join(scratch, "weft"), `#!/bin/sh\nexec ${process.execPath} ${weft.bin} "$@"\n`);
      chmodSync(join(scratch, "weft"), 0o755);
      const hosts = MACHINES.map((machine) => ({
        systemId: `shown-${machine}`,
        externalIds: { hostname: HOST_NAMES[machine] ?? machine },
      }));
      lab = await Lab.create({ name: "shown", hosts });
    });

    afterAll(async () => {
      await stopped();
      await lab?.destroy();
      weft?.remove();
      if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
    });

    // What a chapter has made the next one finds there: a second try would find half of it.
    test.each(Object.entries(CHAPTERS))("%s", { retry: 0 }, async (title, runs) => {
      if (title === QUESTIONS) await Promise.all(runs.map(play));
      else for (const run of runs) await play(run);
    });
  },
  missing,
);
