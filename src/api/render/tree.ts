// The fabric as a tree: under each host its guests and everything that leads away from it.
import type { HostView, TopologyView } from "../views.ts";
import { namer } from "./graph.ts";
import { paint, printable, type Style, shorten } from "./style.ts";
import { stateTone } from "./tones.ts";

interface Branch {
  readonly text: string;
  readonly children: readonly Branch[];
}

export function topologyTree(view: TopologyView, style: Style): string {
  const title = view.fabric === null ? "Fabric" : `Fabric ${printable(view.fabric)}`;
  const hosts = view.hosts.map((host) => hostBranch(host, view, style));
  const lines = [paint(title, "strong", style), ...drawn(hosts, "", style)];
  return `${lines.join("\n")}\n`;
}

function drawn(branches: readonly Branch[], indent: string, style: Style): readonly string[] {
  return branches.flatMap(({ text, children }, at) => {
    const last = at === branches.length - 1;
    const room = style.width === null ? null : Math.max(10, style.width - indent.length - 3);
    const shown = room === null || style.color ? text : shorten(text, room);
    return [
      `${paint(`${indent}${last ? "└─ " : "├─ "}`, "dim", style)}${shown}`,
      ...drawn(children, `${indent}${last ? "   " : "│  "}`, style),
    ];
  });
}

function list(title: string, texts: readonly string[]): readonly Branch[] {
  if (texts.length === 0) return [];
  return [{ text: title, children: texts.map((text) => ({ text, children: [] })) }];
}

function hostBranch(host: HostView, view: TopologyView, style: Style): Branch {
  const nameOf = namer(view.hosts);
  const stated = (state: string, reason: string | null): string =>
    `${paint(printable(state), stateTone(state), style)}${reason === null ? "" : `: ${printable(reason)}`}`;
  const words = [printable(host.name), ...(host.index === null ? [] : [`#${host.index}`]), stated(host.state, null)];
  const where = [host.tunnelIp, host.bridge].flatMap((text) => (text === null ? [] : [printable(text)]));
  return {
    text: [...words, ...where].join("  "),
    children: [
      ...list(
        "guests",
        view.endpoints
          .filter((guest) => guest.host === host.id)
          .map((guest) => [guest.mac, ...guest.ips, guest.network, guest.port ?? "-"].map(printable).join("  ")),
      ),
      ...list(
        "tunnels",
        view.tunnels
          .filter((tunnel) => tunnel.from === host.id)
          .map(({ to, type, state, reason }) => `${nameOf(to)}  ${printable(type)}  ${stated(state, reason)}`),
      ),
      ...list(
        "relays",
        (view.relays ?? [])
          .filter((relay) => relay.from === host.id)
          .map((relay) => `${nameOf(relay.to)}  by ${nameOf(relay.by)}: ${printable(relay.reason)}`),
      ),
      ...list(
        "hand-made tunnels",
        (view.foreignTunnels ?? [])
          .filter((tunnel) => tunnel.host === host.id)
          .map((one) => {
            const to = one.to === null ? printable(one.remoteIp) : nameOf(one.to);
            return `${printable(one.name)}  ${printable(one.type)}  to ${to}  ${stated(one.state, one.reason)}`;
          }),
      ),
      ...list(
        "links",
        (view.links ?? [])
          .filter((link) => link.from === host.id)
          .map((link) => {
            const ports = `${printable(link.fromPort)} - ${nameOf(link.to)} ${printable(link.toPort)}`;
            return `${ports}  ${stated(link.state, link.reason)}`;
          }),
      ),
    ],
  };
}
