// Where the demo plays: on real Open vSwitch hosts, or on simulated ones where the machine can't hold those.
import type { TunnelType } from "../../config/types.ts";
import { Lab, type PingMatrix } from "../../lab/index.ts";
import { SimulatedLab } from "../../lab/simulated/index.ts";
import { SIMULATED } from "../lab-found.ts";

export interface StageOptions {
  readonly name: string;
  readonly hosts: number;
  readonly tunnel: TunnelType;
  readonly script: string;
}

/** The hosts of a demo. */
export interface Stage {
  /** The address at which the hosts reach a controller. */
  readonly controllerIp: string;
  /** For files that go with the hosts. */
  readonly dir: string;
  readonly hostNames: readonly string[];
  readonly guests: readonly { readonly name: string; readonly ip: string }[];
  /** What is there now, in words. */
  readonly told: string;
  /** `ovs-vsctl set-manager` on one host. */
  join(host: string, port: number): Promise<void>;
  populate(perHost: number): Promise<void>;
  pingMatrix(): Promise<PingMatrix>;
  destroy(): Promise<void>;
}

/** How a stage is made, and what is said of it before. */
export interface StageKind {
  readonly making: (hosts: number) => string;
  /** Removes what an earlier run left; the names. */
  readonly sweep: () => Promise<readonly string[]>;
  readonly make: (options: StageOptions) => Promise<Stage>;
}

/** Known to the controller by the names the lab has for them. */
const systemIds = (hosts: number): string[] => Array.from({ length: hosts }, (_, at) => `h${at + 1}`);

export const REAL: StageKind = {
  making: (hosts) => `making ${hosts} hosts: network namespaces, each with its own ovsdb-server and ovs-vswitchd`,
  sweep: () => Lab.sweep(),
  make: async ({ name, hosts, tunnel }) => {
    const presets = systemIds(hosts).map((systemId) => ({ systemId }));
    const lab = await Lab.create({ name, hosts: presets, tunnelType: tunnel });
    const version = /\d+\.\d+\.\d+/.exec((await lab.hosts[0]?.vsctl("--version")) ?? "")?.[0] ?? "";
    return {
      controllerIp: lab.controllerIp,
      dir: lab.dir,
      hostNames: lab.hosts.map((host) => host.name),
      get guests() {
        return lab.guests;
      },
      told: `${hosts} hosts run Open vSwitch ${version}; they meet in ${lab.subnet} and know nothing of each other`,
      join: (host, port) => lab.join({ hosts: [host], port }),
      populate: async (perHost) => void (await lab.populate({ perHost })),
      pingMatrix: () => lab.pingMatrix(lab.guests, { count: 1, timeoutSec: 1 }),
      destroy: () => lab.destroy(),
    };
  },
};

export const SIMULATED_STAGE: StageKind = {
  making: (hosts) => `making ${hosts} hosts, ${SIMULATED}`,
  sweep: () => SimulatedLab.sweep(),
  make: async ({ name, hosts, script }) => {
    const lab = await SimulatedLab.create({ name, hosts, systemIds: systemIds(hosts), script });
    return {
      controllerIp: lab.controllerIp,
      dir: lab.dir,
      hostNames: lab.hosts.map((host) => host.name),
      get guests() {
        return lab.guests;
      },
      told: `${hosts} simulated hosts speak OVSDB and OpenFlow as Open vSwitch does; they meet in ${lab.subnet} and know nothing of each other`,
      join: (host, port) => lab.join(`tcp:${lab.controllerIp}:${port}`, [host]),
      populate: (perHost) => lab.populate(perHost),
      pingMatrix: () => lab.pingMatrix(),
      destroy: () => lab.destroy(),
    };
  },
};
