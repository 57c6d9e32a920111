// Where Open vSwitch itself says that a frame goes: its own trace, taken up again at the far end of each tunnel.
import type { Guest, Host, Lab } from "../../src/lab/index.ts";
import { type Frame, frameFromBytes, frameToBytes } from "../../src/trace/index.ts";
import { effectsOf, hexOf, type PortNumbers, portNumbers, tunnelPortTo } from "./datapath-actions.ts";
import { Appctl } from "./switch-probe.ts";

/** What a frame leaves a switch by. */
export interface RealStep {
  readonly host: string;
  readonly ofport: number;
}

const MOST_STEPS = 20;

/** As the switches are asked, depth first. */
export async function realWay(lab: Lab, bridge: string, from: Guest, frame: Frame): Promise<readonly RealStep[]> {
  const ports = new Map<string, PortNumbers>();
  for (const host of lab.hosts) ports.set(host.ip, portNumbers(await host.appctl("dpif/show"), bridge));
  const portsOf = ({ ip }: Host): PortNumbers => {
    const found = ports.get(ip);
    if (found === undefined) throw new Error(`${ip} is no host's`);
    return found;
  };
  const steps: RealStep[] = [];
  const visit = async (host: Host, arrival: string, at: Frame): Promise<void> => {
    if (steps.length > MOST_STEPS) throw new Error(`the frame goes on and on: ${JSON.stringify(steps)}`);
    const actions = await traced(host, bridge, arrival, at);
    const remotes = [...actions.matchAll(/tnl_push\(.*?ipv4\(src=[^,]+,dst=([^,]+),/g)].map(([, remote]) => remote);
    for (const effect of effectsOf(actions, at, portsOf(host))) {
      const [kind, port] = effect.split(" ");
      if (kind === "controller") continue;
      steps.push({ host: `${lab.name}-${host.name}`, ofport: Number(port) });
      if (kind !== "tunnel") continue;
      const remote = remotes.shift();
      const peer = lab.hosts.find(({ ip }) => ip === remote);
      if (peer === undefined) throw new Error(`nobody has the address ${remote}`);
      const [, , , key, hex = ""] = effect.split(" ");
      const outer = `tun_id=${key},tun_src=${host.ip},tun_dst=${peer.ip}`;
      const inPort = tunnelPortTo(portsOf(peer), host.ip);
      await visit(peer, `in_port=${inPort},${outer}`, frameFromBytes(Buffer.from(hex, "hex")));
    }
  };
  const first = lab.host(from.host);
  const inPort = await first.vsctl("get", "interface", from.port, "ofport");
  await visit(first, `in_port=${inPort}`, frameFromBytes(frameToBytes(frame)));
  return steps;
}

async function traced(host: Host, bridge: string, arrival: string, frame: Frame): Promise<string> {
  const appctl = await Appctl.connect(host);
  try {
    const said = await appctl.call("ofproto/trace", bridge, arrival, hexOf(frame));
    const actions = /^Datapath actions: (.*)$/m.exec(said)?.[1];
    if (actions === undefined) throw new Error(`no datapath actions: ${said}`);
    return actions;
  } finally {
    appctl.close();
  }
}
