// VLAN semantics, port by port and frame by frame: Weft's bridges on two hosts against one bridge with NORMAL.
import { existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Host } from "../../src/lab/index.ts";
import { frameFromBytes } from "../../src/trace/index.ts";
import { effectsOf, type PortNumbers, portNumbers } from "./datapath-actions.ts";
import { FabricUnderTest, NO_WORK } from "./fabric.ts";
import { describeLab } from "./requires.ts";
import { Appctl } from "./switch-probe.ts";
import { frameHex, TAGS, type Tag, tagsText, VLAN_PORTS } from "./vlan-ports.ts";

const SCRIPT = fileURLToPath(new URL("raw_frames.py", import.meta.url));
const REFERENCE = "ref";
const BROADCAST = "ff:ff:ff:ff:ff:ff";
const NOBODY = "02:00:00:00:ee:ee";
const MARKER = "57454654";
const REALLY_SENT_EVERY = 23;

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

interface Question {
  readonly port: string;
  readonly tags: readonly Tag[];
  readonly hex: string;
  readonly text: string;
}

/**
 * The one thing that a tunnel loses: a service tag that is the only one, and without a priority, would cost four bytes in
 * the tunnel for its TPID alone. It comes out as a customer's. (Where two tags are parsed, not only if it is alone. Tags of protected ports' frames go along anyway.)
 */
function asCarried(arrived: string, { port, tags }: Question, vlanLimit = 1): string {
  const [only, ...more] = tags;
  const columns = VLAN_PORTS.find(({ name }) => name === port)?.columns ?? [];
  const guarded = columns.includes("protected=true");
  // Told to tag always, Open vSwitch does not tag what came without a tag, unless it came by an access port.
  const trunk = columns.some((column) => column === "vlan_mode=trunk" || column.startsWith("trunks="));
  if (only === undefined && trunk) return arrived.replace(/^([rs]-ta .{24})88b5/, "$18100000088b5");
  const lost = only?.tpid === 0x88a8 && only.pcp === 0 && (more.length === 0 || vlanLimit > 1) && !guarded;
  return lost ? arrived.replace(/^(s-\S+ .{24})88a8/, "$18100") : arrived;
}

describeLab("VLANs of local ports", () => {
  let fabric: FabricUnderTest;
  let reference: Bridge;
  let weft: readonly Bridge[];
  const connections: Appctl[] = [];
  /** Known to both: MAC -> the twin's port. */
  let known: readonly string[] = [];

  beforeAll(async () => {
    // Probes for loops would be heard among what is sent.
    fabric = await FabricUnderTest.create({ hosts: 3, settings: { loops: { probeSec: 0 } } });
    const [h1, h2] = [fabric.lab.host(1), fabric.lab.host(2)];
    await fabric.until(async () => {
      const up = (await fabric.ask("hosts")).filter((host) => host.state === "up");
      return up.length === 3 ? [] : [`${up.length} hosts are up`];
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
    for (const [twin, host] of [fabric.lab.host(1), fabric.lab.host(2)].entries()) {
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
  function* questions(): Generator<Question> {
    let turn = 0;
    for (const [at, { name }] of VLAN_PORTS.entries()) {
      for (const tags of TAGS) {
        // In VLANs that no port names Weft learns nothing, and floods.
        const learns = [undefined, 0, 10, 20].includes(tags[0]?.vid);
        const some = learns ? [0, 1, 2].map((step) => known[(turn + step * 17) % known.length] ?? "") : [];
        turn++;
        for (const destination of [BROADCAST, NOBODY, ...some]) {
          // A source that is no destination: ofproto/trace lets the reference learn it, in any VLAN.
          const hex = frameHex(destination, macOf(0, at, 9), tags, MARKER);
          yield { port: name, tags, hex, text: `${name}: ${tagsText(tags)} to ${destination}` };
        }
      }
    }
  }

  async function throughReference(port: string, hex: string): Promise<string[]> {
    return [...(await effects(reference, String(reference.ofportOf.get(`r-${port}`)), hex))];
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
    for (const question of questions()) {
      const { port, hex, text } = question;
      const want = (await throughReference(port, hex)).map((one) => asCarried(one, question)).sort();
      const got = await throughFabric(port, hex);
      asked++;
      copies += want.length;
      const lost = want.filter((one) => !got.includes(one));
      const more = got.filter((one) => !want.includes(one));
      if (got.join() !== want.join())
        wrong.push([text, ...lost.map((one) => `  not ${one}`), ...more.map((one) => `  but ${one}`)].join("\n"));
    }
    expect(asked).toBeGreaterThan(VLAN_PORTS.length * TAGS.length * 4);
    expect(copies).toBeGreaterThan(asked * 5);
    expect(`${wrong.length} differ\n${wrong.slice(0, 20).join("\n")}`).toBe("0 differ\n");
  }, 300_000);

  /** What is heard when the frames are really sent, on both sides. */
  async function expectSameHeard(every: number): Promise<void> {
    const [h1, h2] = [fabric.lab.host(1), fabric.lab.host(2)];
    const sent = [...questions()].filter((_, at) => at % every === 0);
    const numbered = sent.map((one, at) => {
      const number = `${MARKER}${at.toString(16).padStart(4, "0")}`;
      return { ...one, number, hex: one.hex.replace(MARKER, number) };
    });
    const from = (prefix: string) => numbered.map(({ port, hex }) => ({ port: `${prefix}-${port}`, hex }));
    const fabricHeard = await exchange(h1, from("x"), [
      { host: h1, ports: hostPorts("x") },
      { host: h2, ports: hostPorts("x") },
    ]);
    const referenceHeard = await exchange(h1, from("r"), [{ host: h1, ports: TWINS.flatMap(hostPorts) }]);
    const summary = (
      heard: ReadonlyMap<string, readonly string[]>,
      told: (arrived: string, question: Question) => string,
    ): string[] =>
      [...heard]
        .flatMap(([at, frames]) =>
          frames.map((hex) => {
            const one = numbered.find(({ number }) => hex.includes(number));
            if (one === undefined) throw new Error(`heard what was not sent: ${hex}`);
            return `${one.text} -> ${told(`${at} ${hex.slice(0, hex.indexOf(MARKER))}`, one)}`;
          }),
        )
        .sort();
    const got = summary(fabricHeard, (arrived) => arrived.replace("h1 x-", "r-").replace("h2 x-", "s-"));
    const want = summary(referenceHeard, (arrived, one) => asCarried(arrived.replace("h1 ", ""), one));
    expect(sent.length).toBeGreaterThan(60);
    expect(want.length).toBeGreaterThan(sent.length * 4);
    const lost = want.filter((one) => !got.includes(one));
    const more = got.filter((one) => !want.includes(one));
    expect({ lost, more, count: got.length }).toEqual({ lost: [], more: [], count: want.length });
  }

  test("really sent frames are heard at the ports of both hosts as at those of one switch", async () => {
    await expectSameHeard(REALLY_SENT_EVERY);
  }, 300_000);

  test("by a relay too, with one tag more, at Open vSwitch's own vlan-limit", async () => {
    const [h1, h2] = [fabric.lab.host(1), fabric.lab.host(2)];
    await fabric.lab.cut(h1, h2);
    await fabric.until(async () => {
      const direct = (await fabric.ask("tunnels")).filter((one) => one.state === "up" && !one.from.endsWith("h3"));
      const between = direct.filter((one) => !one.to.endsWith("h3"));
      return between.map((one) => `${one.from} -> ${one.to} is ${one.state}`);
    });
    await expectSameHeard(REALLY_SENT_EVERY + 8);
    await fabric.lab.heal(h1, h2);
    await fabric.settled({ guests: [] });
  }, 300_000);

  test("on hosts that parse two tags as on those that parse one", async () => {
    const wanted: [Question, string][] = [];
    for (const question of questions()) {
      if (question.tags.length < 2) continue;
      const want = (await throughReference(question.port, question.hex)).map((one) => asCarried(one, question, 2));
      wanted.push([question, want.sort().join("\n")]);
    }
    const [h1, h2] = [fabric.lab.host(1), fabric.lab.host(2)];
    for (const host of [h1, h2]) await host.vsctl("set", "open_vswitch", ".", "other_config:vlan-limit=2");
    await fabric.until(async () => ((await fabric.hostView(h1))?.problems.length === 1 ? [] : ["it is not reported"]));
    const wrong: string[] = [];
    for (const [{ port, hex, text }, want] of wanted) {
      const got = (await throughFabric(port, hex)).join("\n");
      if (got !== want) wrong.push(`${text}\n got ${got}\n not ${want}`);
    }
    for (const host of [h1, h2]) await host.vsctl("remove", "open_vswitch", ".", "other_config", "vlan-limit");
    expect(wanted.length).toBeGreaterThan(500);
    expect(`${wrong.length} differ\n${wrong.slice(0, 5).join("\n")}`).toBe("0 differ\n");
  });

  test("destinations that a bridge keeps to one link are dropped just as NORMAL drops them, unless forward-bpdu is set", async () => {
    const reserved = [
      ...Array.from({ length: 16 }, (_, last) => `01:80:c2:00:00:0${last.toString(16)}`),
      ...Array.from({ length: 16 }, (_, last) => `01:00:0c:cc:cc:c${last.toString(16)}`),
      ...Array.from({ length: 8 }, (_, last) => `00:e0:2b:00:00:0${last}`),
      ...["01:80:c2:00:00:10", "01:00:0c:00:00:00", "01:00:0c:cd:cd:cd", "01:00:0c:cd:cd:ce"],
    ];
    const dropped = async (): Promise<[number, string[]]> => {
      const differ: string[] = [];
      let count = 0;
      for (const destination of reserved) {
        const hex = frameHex(destination, macOf(0, 0, 0), [], MARKER);
        const want = (await throughReference("plain", hex)).sort();
        if (want.length === 0) count++;
        if (want.join() !== (await throughFabric("plain", hex)).join()) differ.push(destination);
      }
      return [count, differ];
    };
    const [before, differ] = await dropped();
    expect(before).toBeGreaterThan(25);
    expect(differ).toEqual([]);
    const forward = ["other_config:forward-bpdu=true"];
    await fabric.lab.host(1).vsctl("set", "bridge", REFERENCE, ...forward, "--", "set", "bridge", "br-int", ...forward);
    await fabric.lab.host(2).vsctl("set", "bridge", "br-int", ...forward);
    await fabric.until(async () => ((await dropped())[1].length === 0 ? [] : ["they are not forwarded"]));
    expect((await dropped())[0]).toBe(0);
  });

  test("a controller that starts anew finds all of it right", async () => {
    await fabric.stop();
    await fabric.start();
    await fabric.settled({ guests: [] });
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
