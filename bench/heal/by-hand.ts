// Meshes made by hand on Open vSwitch, as people make them without a controller.
import type { Lab, TunnelType } from "../../src/lab/index.ts";

export type ByHand = "stp" | "rstp" | "protected";

/** The first host is the root, so that the path from it to every other is the direct tunnel. */
function bridgeColumns(kind: ByHand, isRoot: boolean): string[] {
  if (kind === "protected") return [];
  return [`${kind}_enable=true`, ...(isRoot ? [`other_config:${kind}-priority=${kind === "stp" ? 1 : 4096}`] : [])];
}

/** One transaction on each host: a mesh that has no spanning tree yet is a storm. */
export async function meshByHand(lab: Lab, tunnel: TunnelType, kind: ByHand): Promise<void> {
  await Promise.all(
    lab.hosts.map(async (host) => {
      const bridge = ["datapath_type=netdev", "fail_mode=standalone", ...bridgeColumns(kind, host.index === 1)];
      const tunnels = lab.hosts
        .filter((peer) => peer !== host)
        .flatMap((peer) => {
          const port = `${tunnel}${peer.index}`;
          const columns = [`type=${tunnel}`, `options:remote_ip=${peer.ip}`, "options:key=7"];
          return [
            ...["--", "add-port", "br-int", port, ...(kind === "protected" ? ["protected=true"] : [])],
            ...["--", "set", "interface", port, ...columns],
          ];
        });
      await host.vsctl("add-br", "br-int", "--", "set", "bridge", "br-int", ...bridge, ...tunnels);
    }),
  );
}
