// Switches of one Open vSwitch instance, given nothing but a controller, cabled to each other in any topology, with a guest each.
import type { Guest, Host } from "../../src/lab/index.ts";
import { type FabricUnderTest, PORTS } from "./fabric.ts";

export type Edge = readonly [number, number];

export interface PlainSpec {
  /** Up to three letters: switches are named by it and their number, from 1. */
  readonly name: string;
  readonly switches: number;
  readonly edges: readonly Edge[];
  /** Patch ports have no device; a veth can be taken down. */
  readonly cable: "veth" | "patch";
  /** The third number of the guests' addresses. */
  readonly subnet: number;
}

export function ring(size: number): Edge[] {
  return Array.from({ length: size }, (_, at): Edge => [at + 1, ((at + 1) % size) + 1]);
}

export function fullMesh(size: number): Edge[] {
  return Array.from({ length: size }, (_, a) =>
    Array.from({ length: size - a - 1 }, (_, b): Edge => [a + 1, a + b + 2]),
  ).flat();
}

/** Every switch has four neighbours, round both ways. */
export function torus(width: number, height: number): Edge[] {
  const at = (x: number, y: number): number => (y % height) * width + (x % width) + 1;
  return Array.from({ length: width * height }, (_, cell): Edge[] => {
    const [x, y] = [cell % width, Math.floor(cell / width)];
    return [
      [at(x, y), at(x + 1, y)],
      [at(x, y), at(x, y + 1)],
    ];
  }).flat();
}

/** The end of a cable at switch `here`. */
export function cableEnd({ name }: Pick<PlainSpec, "name">, here: number, there: number): string {
  return `${name}${here}to${there}`;
}

export class PlainTopology {
  readonly spec: PlainSpec;
  readonly #fabric: FabricUnderTest;
  readonly #host: Host;

  constructor(fabric: FabricUnderTest, host: Host, spec: PlainSpec) {
    this.spec = spec;
    this.#fabric = fabric;
    this.#host = host;
  }

  bridge(number: number): string {
    return `${this.spec.name}${number}`;
  }

  /** 16 digits; the third is the topology's own. */
  dpid(number: number): string {
    return (this.spec.subnet * 0x100 + number).toString(16).padStart(16, "0");
  }

  hostId(number: number): string {
    return `dpid:${this.dpid(number)}`;
  }

  get guests(): readonly Guest[] {
    return this.#fabric.lab.guests.filter((guest) => guest.name.startsWith(`${this.spec.name}g`));
  }

  guest(number: number): Guest {
    return this.#fabric.lab.guest(`${this.spec.name}g${number}`);
  }

  /** All at once: cables first, so that no switch is ever without its loops. */
  async build(): Promise<void> {
    const { switches, edges, cable, subnet } = this.spec;
    const target = `tcp:${this.#fabric.lab.controllerIp}:${PORTS.openflow}`;
    if (cable === "veth") {
      const lines = edges.flatMap(([a, b]) => {
        const [one, other] = [cableEnd(this.spec, a, b), cableEnd(this.spec, b, a)];
        return [`link add ${one} type veth peer name ${other}`, `link set ${one} up`, `link set ${other} up`];
      });
      await this.#host.exec(["ip", "-batch", "-"], { input: `${lines.join("\n")}\n` });
    }
    const commands = Array.from({ length: switches }, (_, at) => {
      const bridge = this.bridge(at + 1);
      const ports = edges.flatMap(([a, b]) => (a === at + 1 ? [[a, b]] : b === at + 1 ? [[b, a]] : [])) as Edge[];
      return [
        ...["--", "add-br", bridge, "--", "set", "bridge", bridge, "datapath_type=netdev", "fail_mode=secure"],
        ...["protocols=OpenFlow13", `other-config:datapath-id=${this.dpid(at + 1)}`],
        ...ports.flatMap(([here, there]) => {
          const port = cableEnd(this.spec, here, there);
          const peer = `options:peer=${cableEnd(this.spec, there, here)}`;
          const patch = cable === "patch" ? ["--", "set", "interface", port, "type=patch", peer] : [];
          return ["--", "add-port", bridge, port, ...patch];
        }),
        ...["--", "set-controller", bridge, target],
      ];
    }).flat();
    await this.#host.vsctl(...commands.slice(1));
    await Promise.all(
      Array.from({ length: switches }, (_, at) =>
        this.#host.addGuest({
          name: `${this.spec.name}g${at + 1}`,
          ip: `10.9.${subnet}.${at + 1}/24`,
          bridge: this.bridge(at + 1),
        }),
      ),
    );
  }

  /** What is missing until the controller knows all cables, and every switch is as it should be. */
  async unfinished(links = this.spec.edges.length): Promise<string[]> {
    const view = await this.#fabric.ask("topology");
    const own = new Set(Array.from({ length: this.spec.switches }, (_, at) => this.hostId(at + 1)));
    const hosts = view.hosts.filter((host) => own.has(host.id) && host.state === "up");
    const behind = hosts.filter((host) => host.flows.desired !== host.flows.installed);
    const up = view.links.filter((link) => own.has(link.from) && link.state === "up");
    const ports = (await this.#fabric.ask("ports")).filter((port) => own.has(port.host) && port.networks.length > 0);
    const guests = this.guests.filter((guest) => !ports.some((port) => port.name === guest.port));
    return [
      ...(hosts.length === own.size ? [] : [`${hosts.length} of ${own.size} switches of ${this.spec.name}`]),
      ...(up.length === links ? [] : [`${up.length} of ${links} links of ${this.spec.name}`]),
      ...behind.map(
        (host) =>
          `${host.id} has ${host.flows.installed} of ${host.flows.desired} flows ${host.problems.map((one) => one.message).join(", ")}`,
      ),
      ...guests.map((guest) => `${guest.port} of ${guest.name} is not known as a guest's`),
    ];
  }
}
