// A full mesh of tunnels made by hand, for tests that need traffic but no controller.
import type { Lab, TunnelType } from "../../src/lab/index.ts";

/** A standalone br-int on every host, one tunnel per pair and direction. More than two hosts in a full mesh make a loop. */
export async function meshByHand(lab: Lab, type: TunnelType = "gre"): Promise<void> {
  await Promise.all(
    lab.hosts.map(async (host) => {
      await host.createBridge();
      const tunnels = lab.hosts
        .filter((peer) => peer !== host)
        .flatMap((peer) => {
          const port = `${type}${peer.index}`;
          const columns = [`type=${type}`, `options:remote_ip=${peer.ip}`, "options:key=7"];
          return ["--", "add-port", "br-int", port, "--", "set", "interface", port, ...columns];
        });
      await host.vsctl(...tunnels.slice(1));
    }),
  );
}
