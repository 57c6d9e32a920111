// A fabric of two hosts and a tunnel, as a picture: enough flows for a frame to get across.
import type {
  FabricPicture,
  PictureEndpoint,
  PictureFlow,
  PictureHost,
  PictureTunnel,
} from "../../../src/trace/index.ts";

export const A = "02:00:00:00:00:01";
export const B = "02:00:00:00:00:02";
export const GUEST = 1;
const TUNNEL = 11;

export const flow = (text: string, kind: string, place = 0): PictureFlow => ({
  text,
  fact: { kind, place, vni: 4095 },
});

export function endpoint(mac: string, host: string, fields: Partial<PictureEndpoint> = {}): PictureEndpoint {
  const base = { ips: [], vni: 4095, port: "tap0", ofport: GUEST, origin: "observed", declaredBy: null, owner: null };
  return { ...base, mac, host, ...fields } as PictureEndpoint;
}

const network = { vni: 4095, vlans: [0] };
const tap = {
  ...{ name: "tap0", ofport: GUEST, up: true, networks: [network], owner: null, declaredMacs: [] },
  ...{ locked: false, blocked: false, excluded: null },
};

export function host(number: number, peer: number, fields: Partial<PictureHost> = {}): PictureHost {
  const tunnel: PictureTunnel = {
    ...{ name: `geneve${peer}`, type: "geneve", ofport: TUNNEL, shared: false, remoteIp: `192.0.2.${peer}` },
    ...{ peer: `id${peer}`, bfd: "up", why: null, error: null },
  };
  const far = peer === 2 ? B : A;
  return {
    ...{ id: `id${number}`, name: `host${number}`, index: number, bridge: "br-int", tunnelIp: `192.0.2.${number}` },
    ...{ fabric: "f", caveat: null, ports: [tap], tunnels: [tunnel], links: [] },
    switch: {
      ...{ source: "read", reason: null, connected: true },
      flows: [
        flow(`table=0,priority=400,in_port=${GUEST} actions=resubmit(,30)`, "port", GUEST),
        flow(`table=0,priority=500,in_port=${TUNNEL} actions=output:${GUEST}`, "tunnel", peer),
        flow(`table=30,priority=200,dl_dst=${far} actions=group:${65_536 + peer}`, "remote-endpoint", peer),
      ],
      groups: [
        {
          name: `HOST(${peer})`,
          text: `group_id=${65_536 + peer},type=ff,bucket=watch_port:${TUNNEL},actions=output:${TUNNEL}`,
        },
      ],
      ports: [
        { ofport: GUEST, name: "tap0", live: true },
        { ofport: TUNNEL, name: `geneve${peer}`, live: true },
      ],
    },
    ...fields,
  };
}

export function picture(fields: Partial<FabricPicture> = {}): FabricPicture {
  return {
    version: 1,
    hosts: [host(1, 2), host(2, 1)],
    networks: [{ vni: 4095, name: "default", mtu: 1442 }],
    endpoints: [
      endpoint(A, "id1", { ips: ["10.0.0.1"], owner: "vm1" }),
      endpoint(B, "id2", {
        ips: ["10.0.0.2", "fd00::2"],
        origin: "declared",
        declaredBy: "attached-mac",
        owner: "vm2",
      }),
    ],
    tables: { "0": "CLASSIFY", "30": "FORWARD" },
    ...fields,
  };
}
