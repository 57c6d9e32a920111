// What Open vSwitch's datapath actions do to a frame, in their order: the other side of the comparison with the model.
import { type Frame, frameToBytes, vlanTag } from "../../src/trace/index.ts";

export interface PortNumbers {
  /** Datapath port -> OpenFlow port, of one bridge. */
  readonly ofports: ReadonlyMap<number, number>;
  /** Remote address, or `flow`, -> OpenFlow port of the tunnel to it. */
  readonly tunnels: ReadonlyMap<string, number>;
}

/** The port of its own for that address, or the flow-based one for all. */
export function tunnelPortTo({ tunnels }: PortNumbers, remote: string): number {
  const port = tunnels.get(remote) ?? tunnels.get("flow");
  if (port === undefined) throw new Error(`no tunnel leads to ${remote}`);
  return port;
}

/** `dpif/show`. */
export function portNumbers(shown: string, bridge: string): PortNumbers {
  const ofports = new Map<number, number>();
  const tunnels = new Map<string, number>();
  let here = false;
  for (const line of shown.split("\n")) {
    const head = /^ {2}(\S+):$/.exec(line);
    if (head !== null) here = head[1] === bridge;
    const port = /^ {4}\S+ (\d+)\/(\d+): \((.*)\)$/.exec(line);
    if (!here || port === null) continue;
    // OpenFlow 1.0 and ovs-vswitchd call OFPP_LOCAL 65534.
    const ofport = Number(port[1]) === 65_534 ? 0xffff_fffe : Number(port[1]);
    const remote = /remote_ip=([^,)]+)/.exec(port[3] ?? "")?.[1];
    if (remote === undefined) ofports.set(Number(port[2]), ofport);
    else tunnels.set(remote, ofport);
  }
  return { ofports, tunnels };
}

/** `a(b,c),d` -> `a(b,c)` and `d`. */
function split(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const char = text[at];
    if (char === "(") depth++;
    else if (char === ")") depth--;
    else if ((char === "," || char === undefined) && depth === 0) {
      if (at > start) parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return parts;
}

/** Header -> its name in datapath actions -> the place in the frame's payload. */
const PLACES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  arp: { sip: "senderIp", tip: "targetIp", op: "operation", sha: "senderMac", tha: "targetMac" },
  ipv4: { src: "source", dst: "destination", ttl: "ttl" },
  ipv6: { src: "source", dst: "destination", hlimit: "ttl" },
};
const TRANSPORT_PLACES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nd: { target: "target", sll: "sourceMac", tll: "targetMac" },
  udp: { src: "source", dst: "destination" },
  tcp: { src: "source", dst: "destination" },
};

function inside(text: string): string {
  return text.slice(text.indexOf("(") + 1, -1);
}

function setHeader(frame: Frame, text: string): Frame {
  const header = text.slice(0, text.indexOf("("));
  const fields = split(inside(text)).map((part) => part.split("=") as [string, string]);
  const valueFrom = (value: string): string | number => (/^\d+$/.test(value) ? Number(value) : value);
  const changes = (places: Readonly<Record<string, string>>): Readonly<Record<string, string | number>> =>
    Object.fromEntries(
      fields.map(([key, value]) => {
        const place = places[key];
        if (place === undefined) throw new Error(`unknown in datapath actions: set(${text})`);
        return [place, valueFrom(value)];
      }),
    );
  const { payload } = frame;
  if (header === "eth") return { ...frame, ...changes({ src: "source", dst: "destination" }) };
  const inPayload = PLACES[header];
  if (inPayload !== undefined) return { ...frame, payload: { ...payload, ...changes(inPayload) } as Frame["payload"] };
  const inTransport = TRANSPORT_PLACES[header];
  if (inTransport === undefined || (payload.kind !== "ipv4" && payload.kind !== "ipv6")) {
    throw new Error(`unknown in datapath actions: set(${text})`);
  }
  const transport = { ...payload.transport, ...changes(inTransport) } as typeof payload.transport;
  return { ...frame, payload: { ...payload, transport } };
}

export function hexOf(frame: Frame): string {
  return Buffer.from(frameToBytes(frame)).toString("hex");
}

/** What leaves the switch, in order: `port 3 <frame>`, `tunnel 32770 key 10 <frame>`, `controller ... <frame>`. */
export function effectsOf(actions: string, frame: Frame, ports: PortNumbers): readonly string[] {
  const effects: string[] = [];
  run(actions, frame, ports, effects);
  return effects;
}

function run(actions: string, start: Frame, ports: PortNumbers, effects: string[]): void {
  let frame = start;
  for (const action of split(actions)) {
    const name = /^[a-z_]+/.exec(action)?.[0] ?? "";
    if (/^\d+$/.test(action)) {
      const ofport = ports.ofports.get(Number(action));
      if (ofport === undefined) throw new Error(`datapath port ${action} is not the bridge's`);
      effects.push(`port ${ofport} ${hexOf(frame)}`);
      continue;
    }
    switch (name) {
      case "push_vlan": {
        const [, vid = "", pcp = ""] = /vid=(\d+),pcp=(\d+)/.exec(action) ?? [];
        const tpid = Number(/tpid=(0x[0-9a-f]+)/.exec(action)?.[1] ?? 0x8100);
        const tag = vlanTag(Number(vid), { priority: Number(pcp), tpid });
        frame = { ...frame, vlans: [tag, ...frame.vlans] };
        break;
      }
      case "pop_vlan":
        frame = { ...frame, vlans: frame.vlans.slice(1) };
        break;
      case "set":
        frame = setHeader(frame, inside(action));
        break;
      case "sample":
      case "clone":
        run(
          name === "clone" ? inside(action) : inside(action.slice(action.indexOf("actions("), -1)),
          frame,
          ports,
          effects,
        );
        break;
      case "userspace": {
        const [, reason = ""] = /reason=(\d+)/.exec(action) ?? [];
        const [, cookie = "0"] = /rule_cookie=(0x[0-9a-f]+|0)/.exec(action) ?? [];
        const [, controllerId = "0"] = /controller_id=(\d+)/.exec(action) ?? [];
        const [, maxLen = ""] = /max_len=(\d+)/.exec(action) ?? [];
        effects.push(
          `controller reason ${reason} cookie ${BigInt(cookie)} id ${controllerId} max ${maxLen} ${hexOf(frame)}`,
        );
        break;
      }
      case "meter":
      case "drop":
        break;
      case "tnl_push": {
        const [, remote = ""] = /ipv4\(src=[^,]+,dst=([^,]+),/.exec(action) ?? [];
        const [, key = "0"] = /(?:vni=|key=)(0x[0-9a-f]+)/.exec(action) ?? [];
        effects.push(`tunnel ${tunnelPortTo(ports, remote)} key ${BigInt(key)} ${hexOf(frame)}`);
        // What follows in this list is done to the packet outside.
        return;
      }
      default:
        throw new Error(`unknown datapath action: ${action}`);
    }
  }
}
