// The model of the switch, and the simulated one, against Open vSwitch itself: the same flows, thousands of random frames, the same outcome.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenFlowMessage } from "../../proto/openflow13/index.ts";
import type { Host } from "../../src/lab/index.ts";
import {
  type Arrival,
  frameFromBytes,
  frameToBytes,
  renderTrace,
  type Step,
  type SwitchModel,
  switchModel,
  type TracePort,
  traceFrame,
  translate,
  world,
} from "../../src/trace/index.ts";
import { scaled, TIMEOUT } from "../property/runs.ts";
import { effectsOf, hexOf, type PortNumbers, portNumbers } from "./datapath-actions.ts";
import { FabricUnderTest, type TunnelType } from "./fabric.ts";
import { frames } from "./random-frames.ts";
import { BUILT_PORTS, type Build, builds, messagesOf } from "./random-pipelines.ts";
import { describeLab } from "./requires.ts";
import { SimulatedTwin } from "./simulated-twin.ts";
import { Appctl, SwitchTap } from "./switch-probe.ts";

const FRAMES_PER_HOST = scaled(700);
const PIPELINES = scaled(150);
const FRAMES_PER_PIPELINE = 40;
const MUST_MEET = [
  ...["group all", "group ff", "group indirect", "action_set", "metadata", "resubmit", "controller", "output"],
  ...["push_vlan", "pop_vlan", "set_field", "nx_reg_move", "nx_reg_load", "dec_nw_ttl"],
  ...["drop ingress-port", "drop no-live-bucket", "drop no-flow", "drop no-action", "drop no-port"],
];
const seed = Number(process.env.WEFT_PROPERTY_SEED ?? Math.floor(Math.random() * 0x7fff_ffff));

/** What frames have met in the model: a comparison that never saw a group says nothing about groups. */
const met = new Map<string, number>();

function meet(step: Step): void {
  const what = step.kind === "rewrite" ? step.action.kind : step.kind === "group" ? `group ${step.type}` : step.kind;
  const name = step.kind === "drop" ? `drop ${step.reason}` : what;
  met.set(name, (met.get(name) ?? 0) + 1);
}

/** What the model lets out of the switch, in the order and words of `effectsOf`. */
function effectsOfModel(model: SwitchModel, arrival: Arrival, tunnels: ReadonlySet<number>): readonly string[] {
  const translation = translate(model, arrival);
  if (translation.error !== null) return [];
  const walk = (steps: readonly Step[]): string[] =>
    steps.flatMap((step): string[] => {
      meet(step);
      switch (step.kind) {
        case "output": {
          const way = tunnels.has(step.port) ? `tunnel ${step.port} key ${step.tunnelId}` : `port ${step.port}`;
          return [`${way} ${hexOf(step.frame)}`];
        }
        case "controller": {
          const { reason, cookie, controllerId = 0, maxLen } = step;
          return [`controller reason ${reason} cookie ${cookie} id ${controllerId} max ${maxLen} ${hexOf(step.frame)}`];
        }
        case "group":
          return step.buckets.flatMap((bucket) => walk(bucket.steps));
        case "resubmit":
        case "action_set":
          return walk(step.steps);
        default:
          return [];
      }
    });
  return walk(translation.steps);
}

/** What the switch holds, twice: as the model of `weft trace` has it, and in a simulated switch. */
interface Held {
  readonly model: SwitchModel;
  readonly twin: SimulatedTwin;
}

interface Question extends Arrival {
  readonly tunnel?: { readonly from: string; readonly to: string };
}

async function expectSame(
  appctl: Appctl,
  bridge: string,
  { model, twin }: Held,
  ports: PortNumbers,
  question: Question,
): Promise<void> {
  // Padding and checksums as on the wire, on both sides.
  const frame = frameFromBytes(frameToBytes(question.frame));
  const { inPort, tunnelId = 0n, tunnel } = question;
  const from = inPort === 0xffff_fffe ? "LOCAL" : String(inPort);
  const outer = tunnel === undefined ? "" : `,tun_id=${tunnelId},tun_src=${tunnel.from},tun_dst=${tunnel.to}`;
  const said = await appctl.call("ofproto/trace", bridge, `in_port=${from}${outer}`, hexOf(frame));
  const actions = /^Datapath actions: (.*)$/m.exec(said)?.[1];
  if (actions === undefined) throw new Error(`no datapath actions: ${said}`);
  // Copies of what no flow matches go to OpenFlow 1.0 controllers alone, but stand among the actions.
  const real = effectsOf(actions, frame, ports).filter((effect) => !effect.startsWith("controller reason 7 "));
  const modelled = effectsOfModel(model, { ...question, frame }, new Set(ports.tunnels.values()));
  const through = tunnel === undefined ? {} : { tunnel: { key: tunnelId, ...tunnel } };
  // Where the frame is resubmitted without end Open vSwitch lets nothing out; the simulated switch cuts off what is too deep.
  const isEndless = translate(model, { ...question, frame }).error !== null;
  const simulated = isEndless ? real : twin.effects({ inPort, frame: frameToBytes(frame), ...through });
  if (withoutPadding(real) !== withoutPadding(simulated))
    throw new Error(`seed ${seed}\nOpen vSwitch:\n${real.join("\n")}\nsimulated:\n${simulated.join("\n")}\n\n${said}`);
  if (real.join("\n") === modelled.join("\n")) return;
  const within = world(new Map([["model", model]]), []);
  const rendered = renderTrace(traceFrame(within, "model", inPort, frame));
  throw new Error(
    `seed ${seed}\nOpen vSwitch:\n${real.join("\n")}\nmodel:\n${modelled.join("\n")}\n\n${rendered}\n${said}`,
  );
}

/** A short frame that loses its tag keeps its padding on the wire, which the other side of the comparison does not know. */
function withoutPadding(effects: readonly string[]): string {
  return effects.map((effect) => effect.replace(/(00)+$/, "")).join("\n");
}

/** The switch's own account of what it holds. */
async function heldBy(
  host: Host,
  bridge: string,
  ports: PortNumbers,
  dead: ReadonlySet<number> = new Set(),
): Promise<Held> {
  const tap = await SwitchTap.connect(host, bridge);
  const [flows, groups] = [await tap.flows(), await tap.groups()];
  tap.close();
  const all = [...ports.ofports.values(), ...ports.tunnels.values()];
  const model = switchModel({
    flows,
    groups,
    ports: new Map(all.map((port): [number, TracePort] => [port, { live: !dead.has(port) }])),
  });
  const tunnels = new Set(ports.tunnels.values());
  return { model, twin: new SimulatedTwin({ flows, groups, ports: all, tunnels, dead }) };
}

describeLab("the model of the switch", () => {
  describe.each<TunnelType>(["geneve", "gre", "vxlan"])("with the flows of a fabric over %s", (tunnel) => {
    let fabric: FabricUnderTest;

    beforeAll(async () => {
      fabric = await FabricUnderTest.create({ hosts: 2, tunnel });
      const columns: Readonly<Record<string, Readonly<Record<string, string>>>> = {
        t: { vlan_mode: "trunk" },
        u: { vlan_mode: "native-untagged", tag: "10" },
        n: { vlan_mode: "native-tagged", tag: "20", trunks: "10" },
      };
      const guests = fabric.lab.hosts.flatMap((host) => [
        host.addGuest({ name: `a${host.index}`, ip: `10.0.0.${host.index}/24`, tag: 10 }),
        host.addGuest({ name: `b${host.index}`, ip: `10.0.0.${host.index}/24`, tag: 20 }),
        host.addGuest({ name: `d${host.index}`, ip: `10.0.1.${host.index}/24`, attachedMac: true }),
        ...Object.entries(columns).map(([name, portColumns]) =>
          host.addGuest({ name: `${name}${host.index}`, ip: `10.0.9.${host.index}/24`, portColumns }),
        ),
      ]);
      const made = await Promise.all(guests);
      const named = (letter: string) => made.filter((guest) => guest.name.startsWith(letter));
      for (const letter of ["a", "b", "d"]) await fabric.lab.waitUntilAllPing(named(letter));
      await fabric.settled({ guests: ["a", "b", "d"].flatMap(named) });
      // Guests go on talking: the flows that the model is given must be those that ovs-vswitchd is asked about.
      await fabric.stop();
    });

    afterAll(async () => {
      await fabric?.destroy();
    });

    test(`sends ${FRAMES_PER_HOST} random frames on each host where ovs-vswitchd sends them`, TIMEOUT, async () => {
      for (const host of fabric.lab.hosts) {
        const ports = portNumbers(await host.appctl("dpif/show"), "br-int");
        const held = await heldBy(host, "br-int", ports);
        const macs = [...fabric.lab.guests.map((guest) => guest.mac), "02:00:00:00:00:99"];
        const peer = fabric.lab.hosts.find((other) => other !== host)!;
        const question = fc.record({
          frame: frames({ macs, vlans: [0, 10, 20, 30] }),
          inPort: fc.constantFrom(...ports.ofports.values(), ...ports.tunnels.values()),
          key: fc.constantFrom(10n, 20n, 4095n, 99n, 0n),
        });
        const appctl = await Appctl.connect(host);
        for (const { frame, inPort, key } of fc.sample(question, { numRuns: FRAMES_PER_HOST, seed })) {
          const tunnelled = [...ports.tunnels.values()].includes(inPort);
          const more = tunnelled ? { tunnelId: key, tunnel: { from: peer.ip, to: host.ip } } : {};
          await expectSame(appctl, "br-int", held, ports, { frame, inPort, ...more });
        }
        appctl.close();
      }
    });
  });

  describe("with random flows and groups", () => {
    let fabric: FabricUnderTest;
    let host: Host;
    const bridge = "br-random";

    beforeAll(async () => {
      fabric = await FabricUnderTest.create({ hosts: 1, join: false });
      host = fabric.lab.host(1);
      const ports = BUILT_PORTS.flatMap((port) => [
        "--",
        "add-port",
        bridge,
        `r${port}`,
        "--",
        "set",
        "interface",
        `r${port}`,
        "type=internal",
        `ofport_request=${port}`,
      ]);
      await host.vsctl(
        "add-br",
        bridge,
        "--",
        "set",
        "bridge",
        bridge,
        "datapath_type=netdev",
        "fail_mode=secure",
        "protocols=OpenFlow13",
        ...ports,
      );
      // A port that is down is not live: fast failover passes it over.
      for (const port of BUILT_PORTS.slice(1)) await host.exec(["ip", "link", "set", `r${port}`, "up"]);
    });

    afterAll(async () => {
      await fabric?.destroy();
    });

    async function install(tap: SwitchTap, messages: readonly OpenFlowMessage[]): Promise<number> {
      return (await tap.send(messages)).size;
    }

    test(
      `does what ovs-vswitchd does in ${PIPELINES} random pipelines, with ${FRAMES_PER_PIPELINE} frames each`,
      TIMEOUT,
      async () => {
        const ports = portNumbers(await host.appctl("dpif/show"), bridge);
        const tap = await SwitchTap.connect(host, bridge);
        const appctl = await Appctl.connect(host);
        const macs = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"];
        const question = fc.record({
          frame: frames({ macs, vlans: [0, 10, 20] }),
          inPort: fc.constantFrom(...BUILT_PORTS),
        });
        let refused = 0;
        let held = 0;
        const tried: readonly Build[] = fc.sample(builds(macs), { numRuns: PIPELINES, seed });
        for (const [at, build] of tried.entries()) {
          refused += await install(tap, messagesOf(build));
          const both = await heldBy(host, bridge, ports, new Set([BUILT_PORTS[0]]));
          held += [...both.model.tables.values()].reduce(
            (sum, tuples) => sum + tuples.reduce((n, tuple) => n + tuple.flows.size, 0),
            0,
          );
          for (const each of fc.sample(question, { numRuns: FRAMES_PER_PIPELINE, seed: seed + at })) {
            await expectSame(appctl, bridge, both, ports, each);
          }
        }
        tap.close();
        appctl.close();
        if (process.env.WEFT_PROPERTY_RUNS !== undefined) console.log({ seed, held, refused }, met);
        // Otherwise the frames would have met nothing.
        expect(held).toBeGreaterThan(PIPELINES * 10);
        expect(refused).toBeLessThan(held / 4);
        expect([...met.keys()]).toEqual(expect.arrayContaining(MUST_MEET));
      },
    );
  });
});
