// Shown commands, continued: hosts with a mesh made by hand, a controller that moves, keys.
import { all, joined, known, prints, problem, type Run, type Step, state } from "./shown-world.ts";

const BY_HAND = ["one", "two", "three"] as const;
const named = (name: string): Pick<Run, "values"> => ({ values: () => ({ "HOST...": name, HOST: name }) });

const otherConfig: Run["values"] = ({ scratch }) => ({ "weft.yaml": `${scratch}/other.yaml` });

/** Open vSwitch without Weft: bridges, tunnels to each other, a guest on each, RSTP against the loop. */
const makeMesh: Step = async (world) => {
  for (const machine of BY_HAND) {
    await world.sh(
      machine,
      "ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev rstp_enable=true other_config:rstp-forward-delay=4",
    );
    for (const other of BY_HAND) {
      if (other === machine) continue;
      const port = `gre-${other}`;
      const remote = world.host(other).ip;
      await world.sh(
        machine,
        `ovs-vsctl add-port br0 ${port} -- set interface ${port} type=gre options:remote_ip=${remote}`,
      );
    }
  }
};

export const TAKEOVER: Readonly<Record<string, readonly Run[]>> = {
  "a mesh that was made by hand is taken over, and given back": [
    { command: "weft release HOST", at: ["controller"], ...named("host2"), after: known("host2", false) },
    { command: "weft release HOST...", at: ["controller"], ...named("host1"), after: known("host1", false) },
    {
      command: "weft adopt host1 host2 host3",
      at: ["controller"],
      before: async (world) => {
        await makeMesh(world);
        await joined(...BY_HAND)(world);
      },
      given: all(state("waiting", "host1", "host2", "host3"), problem("host/foreign-mesh")),
      after: all(state("up", "host1", "host2", "host3"), problem("host/foreign-mesh", false)),
    },
    {
      command: "weft release host1 host2 host3",
      at: ["controller"],
      given: prints("one", "ovs-vsctl list-ports br0", /^(?!.*gre-)/s),
      after: prints("one", "ovs-vsctl list-ports br0", /gre-two/),
    },
  ],
  "the controller moves, and is told what changed": [
    {
      command: "ovs-vsctl set-manager tcp:NEW-CONTROLLER:6640",
      at: ["one", "two"],
      values: (world) => ({ "NEW-CONTROLLER": world.host("spare").ip }),
      before: async (world) => {
        for (const machine of BY_HAND) await world.sh(machine, "ovs-vsctl del-br br0");
        await joined("one", "two")(world);
      },
      given: async (world) => {
        if (!(await state("up", "host1", "host2")(world))) return false;
        await world.control(
          "spare",
          `echo 'log: {level: info}' > ${world.scratch}/weft.yaml; exec weft controller --config ${world.scratch}/weft.yaml`,
        );
        return true;
      },
      after: state("up", "host1", "host2"),
    },
    { command: "weft reload", at: ["controller"], shows: /./ },
    {
      command: "weft plan weft.yaml",
      at: ["controller"],
      before: async (world) => {
        await world.sh("controller", `echo 'networks: {servers: {tag: 33}}' > ${world.scratch}/other.yaml`);
      },
      values: otherConfig,
      shows: /networks\.servers/,
    },
    { command: "weft apply weft.yaml", at: ["controller"], values: otherConfig, shows: /networks\.servers/ },
  ],
  "keys are made, and named on a host": [
    {
      command: "weft pki init",
      at: ["controller"],
      values: ({ scratch }) => ({ init: `init --directory ${scratch}/pki` }),
      shows: /cacert\.pem/,
    },
    {
      command:
        "ovs-vsctl set-ssl /etc/openvswitch/SYSTEM-ID-key.pem /etc/openvswitch/SYSTEM-ID-cert.pem /etc/openvswitch/cacert.pem",
      at: ["three"],
      values: () => ({ "SYSTEM-ID": "shown-three" }),
      after: prints("three", "ovs-vsctl get-ssl", /shown-three-cert\.pem/),
    },
    {
      command: "ovs-vsctl set-manager ssl:CONTROLLER:6640",
      at: ["three"],
      after: prints("three", "ovs-vsctl get-manager", /^ssl:/),
    },
  ],
};
