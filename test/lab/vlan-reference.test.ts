// VLAN semantics, port by port and frame by frame: Weft's bridges on two hosts against one bridge with NORMAL.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Host } from "../../src/lab/index.ts";
import { frameFromBytes } from "../../src/trace/index.ts";
import { effectsOf, type PortNumbers, portNumbers } from "./datapath-actions.ts";
import { FabricUnderTest } from "./fabric.ts";
import { describeLab } from "./requires.ts";
import { Appctl } from "./switch-probe.ts";
import { frameHex, TAGS, type Tag, tagsText, VLAN_PORTS } from "./vlan-ports.ts";

const SCRIPT = fileURLToPath(new URL("raw_frames.py", import.meta.url));
const REFERENCE = "ref";
const BROADCAST = "ff:ff:ff:ff:ff:ff";
const NOBODY = "02:00:00:00:ee:ee";
const MARKER = "57454654";

/** Ports of host 1 of the fabric are `r-` on the reference bridge, those of host 2 `s-`. */
const TWINS = ["r", "s"] as const;

interface Bridge {
  readonly name: string;
  readonly appctl: Appctl;
  readonly ports: PortNumbers;
  readonly nameOf: ReadonlyMap<number, string>;
  readonly ofportOf: ReadonlyMap<string, number>;
}

const OWN_PORTS = (at: number): number => 101 + at;

function macOf(twin: number, port: number, way: number): string {
  return `02:00:00:${[twin + 1, port, way].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
}

function hostPorts(prefix: string): string[] {
  return VLAN_PORTS.map((port) => `${prefix}-${port.name}`);
}

async function addPorts(host: Host, bridge: string, prefix: string, first: number): Promise<void> {
  const commands = VLAN_PORTS.flatMap((port, at) => {
    const columns = prefix === "x" ? port.columns : (port.reference ?? port.columns);
    const name = `${prefix}-${port.name}`;
    const add = ["--", "add-port", bridge, name, "--", "set", "interface", name, "type=internal"];
    return [
      ...add,
      `ofport_request=${first + at}`,
      ...(columns.length > 0 ? ["--", "set", "port", name, ...columns] : []),
    ];
  });
  await host.vsctl(...commands.slice(1));
  const up = hostPorts(prefix).map(
    (name) => `sysctl -qw net.ipv6.conf.${name}.disable_ipv6=1; ip link set ${name} mtu 1400 up`,
  );
  await host.exec(["sh", "-ec", up.join("\n")]);
}

async function bridgeOf(host: Host, name: string, appctl: Appctl): Promise<Bridge> {
  const shown = await host.appctl("dpif/show");
  const nameOf = new Map<number, string>();
  let here = false;
  for (const line of shown.split("\n")) {
    const head = /^ {2}(\S+):$/.exec(line);
    if (head !== null) here = head[1] === name;
    const port = /^ {4}([xrs]-\S+) (\d+)\/\d+:/.exec(line);
    if (here && port !== null) nameOf.set(Number(port[2]), port[1] ?? "");
  }
  const ofportOf = new Map([...nameOf].map(([ofport, port]) => [port, ofport]));
  return { name, appctl, ports: portNumbers(shown, name), nameOf, ofportOf };
}

/** Where a frame comes out of a bridge: `port frame`, and tunnels' `tunnel N key K frame`. */
async function effects(bridge: Bridge, inPort: string, hex: string): Promise<readonly string[]> {
  const said = await bridge.appctl.call("ofproto/trace", bridge.name, `in_port=${inPort}`, hex);
  const actions = /^Datapath actions: (.*)$/m.exec(said)?.[1];
  if (actions === undefined) throw new Error(`no datapath actions: ${said}`);
  return effectsOf(actions, frameFromBytes(Buffer.from(hex, "hex")), bridge.ports).flatMap((effect) => {
    const [kind, port, ...rest] = effect.split(" ");
    if (kind === "tunnel") return [effect];
    const name = kind === "port" ? bridge.nameOf.get(Number(port)) : undefined;
    return name === undefined ? [] : [`${name} ${rest.join(" ")}`];
  });
}

describeLab("VLANs of local ports", () => {
  let fabric: FabricUnderTest;
  let reference: Bridge;
  let weft: readonly Bridge[];
  const connections: Appctl[] = [];
  /** Known to both: MAC -> the twin's port. */
  let known: readonly string[] = [];

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 2 });
    const [h1, h2] = [fabric.lab.host(1), fabric.lab.host(2)];
    await fabric.until(async () => {
      const missing = (await fabric.ask("hosts")).filter((host) => host.state !== "up");
      return missing.map((host) => `${host.id} is ${host.state}`);
    });
    await h1.createBridge({ name: REFERENCE });
    await h1.waitForBridge(REFERENCE);
    await addPorts(h1, "br-int", "x", OWN_PORTS(0));
    await addPorts(h2, "br-int", "x", OWN_PORTS(0));
    await addPorts(h1, REFERENCE, "r", 1);
    await addPorts(h1, REFERENCE, "s", 1 + VLAN_PORTS.length);
    connections.push(await Appctl.connect(h1), await Appctl.connect(h2));
    await fabric.settled({ guests: [] });
    const [c1, c2] = connections as [Appctl, Appctl];
    reference = await bridgeOf(h1, REFERENCE, c1);
    weft = [await bridgeOf(h1, "br-int", c1), await bridgeOf(h2, "br-int", c2)];
    await teach();
  });

  afterAll(async () => {
    for (const connection of connections) connection.close();
    await fabric?.destroy();
  });

  /** Sends on one host and hears on it, and hears on the other meanwhile. @returns port -> frames heard. */
  async function exchange(
    from: Host,
    send: readonly { readonly port: string; readonly hex: string }[],
    heard: readonly { readonly host: Host; readonly ports: readonly string[] }[],
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const stop = `${fabric.lab.dir}/stop`;
    rmSync(stop, { force: true });
    const listening = heard.map(({ host, ports }, at) => {
      const ready = `${fabric.lab.dir}/ready${at}`;
      rmSync(ready, { force: true });
      const input = JSON.stringify({ listen: ports, send: [], marker: MARKER, ready, stop });
      return { ready, host, result: host.exec(["python3", SCRIPT], { input, timeoutSec: 110 }) };
    });
    await fabric.until(async () => listening.filter(({ ready }) => !existsSync(ready)).map(({ ready }) => ready));
    const input = JSON.stringify({ listen: [], send, marker: MARKER });
    await from.exec(["python3", SCRIPT], { input, timeoutSec: 110 });
    await from.exec(["touch", stop]);
    const result = new Map<string, readonly string[]>();
    for (const { host, result: running } of listening) {
      const said = JSON.parse((await running).stdout) as Record<string, string[]>;
      for (const [port, frames] of Object.entries(said)) result.set(`${host.name} ${port}`, frames);
    }
    return result;
  }

  /** Every port speaks once in each way that its columns may know, so that both sides know its MACs. */
  async function teach(): Promise<void> {
    const ways: readonly (readonly Tag[])[] = [[], ...[10, 20].map((vid) => [{ tpid: 0x8100, vid, pcp: 0 }])];
    for (const [twin, host] of fabric.lab.hosts.entries()) {
      const frames = (prefix: string) =>
        VLAN_PORTS.flatMap(({ name }, port) =>
          ways.map((tags, way) => ({
            port: `${prefix}-${name}`,
            hex: frameHex(BROADCAST, macOf(twin, port, way), tags, MARKER),
          })),
        );
      await exchange(host, frames("x"), []);
      await exchange(fabric.lab.host(1), frames(TWINS[twin] ?? ""), []);
    }
    const learned = await fabric.lab.host(1).appctl("fdb/show", REFERENCE);
    known = [...new Set(learned.match(/02:00:00:0[12]:[0-9a-f]{2}:[0-9a-f]{2}/g) ?? [])].sort();
    expect(known.length).toBeGreaterThan(VLAN_PORTS.length * 2);
    await fabric.until(async () => {
      const macs = new Set((await fabric.ask("endpoints")).map((endpoint) => endpoint.mac));
      return known.filter((mac) => !macs.has(mac)).map((mac) => `${mac} is not known`);
    });
    await fabric.settled({ guests: [] });
  }

  /** All frames of the comparison, with what is asked of them. */
  function* questions(): Generator<{ port: string; at: number; tags: readonly Tag[]; hex: string; text: string }> {
    let turn = 0;
    for (const [at, { name }] of VLAN_PORTS.entries()) {
      for (const tags of TAGS) {
        const some = [0, 1, 2].map((step) => known[(turn + step * 17) % known.length] ?? "");
        turn++;
        for (const destination of [BROADCAST, NOBODY, ...some]) {
          const hex = frameHex(destination, macOf(0, at, 0), tags, MARKER);
          yield { port: name, at, tags, hex, text: `${name}: ${tagsText(tags)} to ${destination}` };
        }
      }
    }
  }

  /** By both hosts of the fabric, in the names of the reference's ports. */
  async function throughFabric(port: string, hex: string): Promise<string[]> {
    const [one, two] = weft as [Bridge, Bridge];
    const out: string[] = [];
    for (const effect of await effects(one, String(one.ofportOf.get(`x-${port}`)), hex)) {
      if (!effect.startsWith("tunnel ")) {
        out.push(effect.replace(/^x-/, "r-"));
        continue;
      }
      const [, , , key, inner = ""] = effect.split(" ");
      const [h1, h2] = [fabric.lab.host(1), fabric.lab.host(2)];
      const tunnel = two.ports.tunnels.get(h1.ip);
      const arrived = await effects(two, `${tunnel},tun_id=${key},tun_src=${h1.ip},tun_dst=${h2.ip}`, inner);
      out.push(...arrived.map((one) => one.replace(/^x-/, "s-")));
    }
    return out.sort();
  }

  test("every frame leaves the ports of both hosts as it leaves those of one switch, by ofproto/trace", async () => {
    const wrong: string[] = [];
    let asked = 0;
    let copies = 0;
    for (const { port, hex, text } of questions()) {
      const want = [...(await effects(reference, String(reference.ofportOf.get(`r-${port}`)), hex))].sort();
      const got = await throughFabric(port, hex);
      asked++;
      copies += want.length;
      const lost = want.filter((one) => !got.includes(one));
      const more = got.filter((one) => !want.includes(one));
      if (got.join() !== want.join())
        wrong.push([text, ...lost.map((one) => `  not ${one}`), ...more.map((one) => `  but ${one}`)].join("\n"));
    }
    expect(asked).toBe(VLAN_PORTS.length * TAGS.length * 5);
    expect(copies).toBeGreaterThan(asked);
    if (process.env.DUMP) writeFileSync(process.env.DUMP, wrong.join("\n"));
    process.stderr.write(`${asked} frames, ${copies} copies, ${wrong.length} differ\n`);
    expect(wrong.slice(0, 60).join("\n")).toBe("");
  }, 300_000);
});
