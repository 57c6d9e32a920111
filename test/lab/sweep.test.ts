// Nothing of a lab is left behind, whoever died; and nothing that is not a lab's is touched.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { Lab } from "../../src/lab/index.ts";
import { describeLab } from "./requires.ts";

const run = promisify(execFile);
const root = "/run/weft-lab";

/** Everything on this machine that bears the lab's name: found without the lab's own code. */
async function tracesOf(name: string) {
  const namespaces = (await run("ip", ["netns", "list"])).stdout.match(new RegExp(`^weft-${name}-\\S+`, "gm")) ?? [];
  const links = (await run("ip", ["-o", "link"])).stdout.match(new RegExp(`\\bwl-${name}(?=[@:])`, "g")) ?? [];
  const processes = readdirSync("/proc").filter((pid) => {
    try {
      const isZombie = /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
      return (
        /^\d+$/.test(pid) && !isZombie && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`${root}/${name}\0`)
      );
    } catch {
      return false;
    }
  });
  return { namespaces, links, processes, directory: existsSync(`${root}/${name}`) };
}

const nothing = { namespaces: [], links: [], processes: [], directory: false };

/** Another process that makes a lab, says so, and goes on living. */
async function labProcess(name: string, options: object, whenReady = ""): Promise<ChildProcess> {
  const entry = fileURLToPath(new URL("../../src/lab/index.ts", import.meta.url));
  const script = `
    import { runnerImport } from "vite";
    const { module: { Lab } } = await runnerImport(${JSON.stringify(entry)});
    const lab = await Lab.create(${JSON.stringify({ name, ...options })});
    ${whenReady}
    console.log("ready");
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => line === "ready" && resolve());
    child.once("close", (code) => reject(new Error(`the lab's process ended with ${code}`)));
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  await closed;
}

describeLab("sweeping", () => {
  const names = ["swa", "swb"];

  afterEach(async () => {
    for (const name of names) await Lab.sweep(name);
  });

  test("a destroyed lab leaves no namespace, link, process or directory", async () => {
    const lab = await Lab.create({ name: "swa", hosts: 2 });
    await lab.host(1).createBridge();
    const [guest] = await lab.populate({ hosts: [1], perHost: 1 });
    guest!.startPing("10.0.9.9");
    await lab.capture("underlay");
    guest!.spawn(["sleep", "1000"]);
    const traces = await tracesOf("swa");
    expect(traces.namespaces.sort()).toEqual(["weft-swa-g1a", "weft-swa-h1", "weft-swa-h2", "weft-swa-net"]);
    expect(traces.links).toEqual(["wl-swa"]);
    expect(traces.processes).toHaveLength(2 * 2 + 3);
    await lab.destroy();
    expect(await tracesOf("swa")).toEqual(nothing);
    await lab.destroy(); // Twice is no error.
  });

  test("what a SIGKILLed process leaves is swept whole, while a living lab beside it stays", async () => {
    const busy = `await lab.host(1).createBridge(); const [g] = await lab.populate({ perHost: 1 }); g.startPing("10.0.1.9"); await lab.capture("underlay");`;
    const [dying, alive] = await Promise.all([labProcess("swa", { hosts: 1 }, busy), labProcess("swb", { hosts: 1 })]);
    await kill(dying);
    expect((await tracesOf("swa")).processes.length).toBeGreaterThanOrEqual(2);
    expect(await Lab.sweep()).toContain("swa");
    expect(await tracesOf("swa")).toEqual(nothing);
    expect((await tracesOf("swb")).namespaces).toHaveLength(2);
    const other = await Lab.open("swb");
    expect((await run("ping", ["-c1", "-W1", other.host(1).ip])).stdout).toContain("1 received");
    await kill(alive);
    expect(await Lab.sweep("swb")).toEqual(["swb"]);
    expect(await tracesOf("swb")).toEqual(nothing);
    expect(await Lab.sweep("swb")).toEqual([]);
  });

  test("a lab that was made to stay outlives its process and is removed by name alone", async () => {
    await kill(await labProcess("swa", { hosts: 1, persistent: true }));
    expect(await Lab.sweep()).not.toContain("swa");
    const lab = await Lab.open("swa");
    expect(await lab.host(1).vsctl("list-br")).toBe("br-phy");
    await expect(Lab.create({ name: "swa" })).rejects.toMatchObject({ code: "lab/taken" });
    await lab.destroy();
    expect(await tracesOf("swa")).toEqual(nothing);
    await expect(Lab.open("swa")).rejects.toMatchObject({ code: "lab/no-lab" });
  });

  test("making a lab anew first removes what a dead one of its name has left", async () => {
    await kill(await labProcess("swa", { hosts: 3 }));
    const lab = await Lab.create({ name: "swa", hosts: 1 });
    expect((await tracesOf("swa")).namespaces.sort()).toEqual(["weft-swa-h1", "weft-swa-net"]);
    await lab.destroy();
  });

  test("remains without a directory are found by their names", async () => {
    await kill(await labProcess("swa", { hosts: 1 }));
    const { processes } = await tracesOf("swa");
    rmSync(`${root}/swa`, { recursive: true });
    expect(processes).toHaveLength(2);
    expect(await Lab.sweep()).toContain("swa");
    expect(await tracesOf("swa")).toEqual(nothing);
  });

  test("labs side by side have subnets and names of their own", async () => {
    const [a, b] = await Promise.all(names.map((name) => Lab.create({ name, hosts: 1 })));
    expect(a!.subnet).not.toBe(b!.subnet);
    await expect(Lab.create({ name: "swa" })).rejects.toMatchObject({ code: "lab/taken" });
    await expect(Lab.create({ subnet: a!.subnet })).rejects.toMatchObject({ code: "lab/subnet" });
    await a!.destroy();
    expect((await run("ping", ["-c1", "-W1", b!.host(1).ip])).stdout).toContain("1 received");
    await b!.destroy();
  });

  test("a process that is not the lab's is never ended: not one in its namespace, nor one a pid file points at", async () => {
    const lab = await Lab.create({ name: "swa", hosts: 1 });
    const { namespace, vswitchd, dir } = lab.host(1);
    const foreign = spawn("ip", ["netns", "exec", namespace, "sleep", "1000"], { stdio: "ignore" });
    const bystander = spawn("sleep", ["1000"], { stdio: "ignore" });
    try {
      await vswitchd.kill();
      writeFileSync(`${dir}/ovs-vswitchd.pid`, `${bystander.pid}\n`);
      expect(vswitchd.pid).toBeUndefined();
      await expect(vswitchd.kill()).rejects.toMatchObject({ code: "lab/not-running" });
      await lab.destroy();
      expect(await tracesOf("swa")).toEqual(nothing);
      expect([foreign, bystander].map((child) => child.exitCode ?? child.signalCode)).toEqual([null, null]);
      expect(existsSync(`/proc/${foreign.pid}`)).toBe(true);
    } finally {
      await Promise.all([kill(foreign), kill(bystander)]);
    }
  });

  test("namespaces and links that only look like a lab's are left alone", async () => {
    await run("ip", ["link", "add", "wl-mine", "type", "bridge"]);
    await run("ip", ["netns", "add", "weftish-swa-h1"]);
    try {
      await Lab.sweep();
      await Lab.sweep("mine");
      expect((await run("ip", ["-br", "link"])).stdout).toContain("wl-mine");
      expect((await run("ip", ["netns"])).stdout).toContain("weftish-swa-h1");
    } finally {
      await run("ip", ["link", "del", "wl-mine"]);
      await run("ip", ["netns", "del", "weftish-swa-h1"]);
    }
  });

  test("a lab that cannot be finished removes what it had begun", async () => {
    await expect(Lab.create({ name: "swa", hosts: 3, subnet: "172.30.255.0/30" })).rejects.toMatchObject({
      code: "lab/subnet",
    });
    expect(await tracesOf("swa")).toEqual(nothing);
  });
});
