// What a host with one flow-based tunnel should hold, for tests of what others do to it.
import type { DesiredAdoption, DesiredRows } from "../../../src/pipeline/rows.ts";

export function desiredRows(adoption: DesiredAdoption | null = null): DesiredRows {
  return {
    hostId: "h1",
    hostExternalIds: new Map(),
    bridge: {
      ...{ name: "br-int", ownerKey: "weft-fabric", fabricId: "f0", datapathType: null, hwaddr: "06:00:00:00:00:01" },
      ...{ controllerTarget: "tcp:192.0.2.1:6653", adoption },
    },
    tunnels: [
      {
        ...{ name: "geneve-all", type: "geneve", peers: [], shared: true, ofportRequest: 40960 },
        options: new Map([
          ["key", "flow"],
          ["remote_ip", "flow"],
        ]),
        externalIds: new Map([
          ["weft-fabric", "f0"],
          ["weft-flow-based", "true"],
          ["weft-peer-2", "10.0.0.2 h2"],
        ]),
        bfd: new Map(),
      },
    ],
    portExternalIds: new Map(),
  };
}
