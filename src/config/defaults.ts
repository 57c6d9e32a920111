// The configuration of a controller that was given none.
import type { WeftConfig } from "./types.ts";

export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

export const defaultConfig: WeftConfig = deepFreeze({
  bridge: "br-int",
  datapathType: null,
  fabric: { id: null },
  tunnel: {
    type: "geneve",
    csum: null,
    dstPort: null,
    dfDefault: null,
    tos: null,
    ttl: null,
    localIp: false,
    flowBased: "auto",
    flowBasedAbove: 200,
    pinAddress: null,
  },
  listen: { ovsdb: ["ptcp:6640"], openflow: ["ptcp:6653"], control: null },
  http: { enabled: true, listen: null, names: [], reads: null, token: null, tokenFile: null },
  tls: { privateKey: null, certificate: null, caCertificate: null, crl: null },
  admit: "all",
  admission: { allow: [], secretFile: null },
  controllerAddress: null,
  networks: Object.create(null) as Record<string, never>,
  hosts: Object.create(null) as Record<string, never>,
  endpoints: {
    idleTimeoutSec: 300,
    perPort: 1024,
    perHost: 16_384,
    duplicateWindowSec: 5,
    freezeSec: 30,
    moves: { count: 5, windowSec: 180 },
    static: [],
  },
  punts: { packetsPerSecond: 100, burst: 100 },
  timeouts: { startHoldSec: 15, probeSec: 5, handshakeSec: 10 },
  limits: { connections: 8192, connectionsPerSource: 1024, hosts: 8192 },
  underlayMtu: 1500,
  mtu: { request: false },
  loops: { probeSec: 5 },
  topology: { hubs: [], direct: [] },
  bfd: { enabled: true, packetsPerSecond: 200 },
  log: { level: "info" },
  journal: { file: null, maxBytes: 8 * 1024 * 1024 },
});
