// Every command that README.md and docs/ show, in the order in which a lab runs them, with what makes sense of it; and those that no lab can run.
import { TAKEOVER } from "./shown-takeover.ts";
import { all, doing, hosts, joined, prints, problem, type Run, state } from "./shown-world.ts";

const GUEST = { PORT: "guest0", tap0: "guest0", DEVICE: "guest0" };
const guest = () => GUEST;
const ips: Run["values"] = () => ({ "OTHER-ADDRESS": "10.99.0.2", ADDRESS: "10.99.0.1" });
const question = (command: string, shows: RegExp, more: Partial<Run> = {}): Run => ({
  command,
  at: ["controller"],
  shows,
  ...more,
});
const named = (name: string): Pick<Run, "values"> => ({ values: () => ({ "HOST...": name, HOST: name }) });
const snapshot: Run["values"] = ({ scratch }) => ({
  "/tmp/tonight.snapshot": `${scratch}/tonight.snapshot`,
  vm1: "10.99.0.1",
  vm3: "10.99.0.2",
});
const pingsAcross = prints("one", "ping -c 1 -W 1 10.99.0.2 || true", / 1 received/);
const NO_TRACE = /^(?!.*weft-(?!datapath-type))/s;

/** The chapter whose commands change nothing: they are asked all at once. */
export const QUESTIONS = "questions are answered";

export const CHAPTERS: Readonly<Record<string, readonly Run[]>> = {
  "hosts join, and a guest of each": [
    { command: "weft controller --no-http", at: ["controller"], stays: true },
    { command: "weft controller --http 127.0.0.1:8080", at: ["controller"], stays: true },
    { command: "weft controller", at: ["controller"], stays: true },
    {
      command: "ovs-vsctl set open_vswitch . external_ids:weft-tunnel-ip=ADDRESS",
      at: ["one"],
      values: (world, machine) => ({ ADDRESS: world.host(machine).ip }),
    },
    {
      command: "ovs-vsctl set-manager tcp:CONTROLLER:6640",
      at: ["one", "two"],
      after: state("up", "host1", "host2"),
    },
    {
      command: "ovs-vsctl add-port br-int guest0 -- set interface guest0 type=internal mtu_request=1442",
      at: ["one", "two"],
    },
    {
      command: "ip addr add 10.99.0.1/24 dev guest0",
      at: ["one", "two"],
      values: (_, machine) => ({ "10.99.0.1": machine === "one" ? "10.99.0.1" : "10.99.0.2" }),
    },
    { command: "ip link set guest0 up", at: ["one", "two"] },
    { command: "ping -c 3 10.99.0.2", at: ["one"], shows: / 0% packet loss/, again: true },
  ],
  [QUESTIONS]: [
    question("weft hosts", /host1 +up .*\n.*host2 +up /),
    question("weft hosts --json | jq -r '.[] | select(.state != \"up\") | .name'", /^$/),
    question("weft topology", /guest0 .* 10\.99\.0\.2 /, { again: true }),
    question("weft status", /hosts +2 of 2 up/),
    question("weft status --json | jq -e '.problems == []'", /^true$/m, { again: true }),
    question("weft doctor", /./, { exits: [0, 1] }),
    question("weft doctor host2", /./, { exits: [0, 1] }),
    question("weft drift", /./),
    question("weft events --since 10m", /host1 has joined|host1 is back/),
    question("weft events --host host2 --kind tunnel", /^/),
    question("weft where 10.0.0.7 --at 2h", /host2 .*guest0/, {
      values: () => ({ "10.0.0.7": "10.99.0.2", "2h": "1s" }),
      again: true,
    }),
    question("weft endpoints", /10\.99\.0\.1 /),
    question("weft ports", /guest0 /),
    question("weft tunnels", /host1 +host2 +geneve +up /),
    question(`weft tunnels --json | jq -r '.[] | select(.state != "up") | "\\(.from) -> \\(.to): \\(.reason)"'`, /^$/),
    question("weft trace ADDRESS OTHER-ADDRESS", /host2/, { values: ips }),
    question("weft check", /host2/),
    question("weft flows HOST", /CLASSIFY/, named("host1")),
    question("weft version", /^weft \d/),
    { command: "ovs-appctl -t /run/weft/weft.sock list-commands", at: ["controller"], shows: /topology/ },
    { command: "ovs-appctl -t /run/weft/weft.sock topology", at: ["controller"], shows: /Networks/ },
    { command: "ovs-appctl -t /run/weft/weft.sock hosts --json", at: ["controller"], shows: /"host1"/ },
    {
      // ovs-vswitchd writes it down every five seconds.
      command: "ovs-vsctl --columns=target,is_connected,status list manager",
      at: ["one"],
      shows: /is_connected +: true/,
      again: true,
    },
    {
      command: "ovs-vsctl --columns=target,is_connected,status list controller",
      at: ["one"],
      shows: /is_connected +: true/,
      again: true,
    },
  ],
  "a snapshot answers like the controller": [
    { ...question("weft snapshot /tmp/tonight.snapshot", /bytes, of /), values: snapshot },
    { ...question("weft --snapshot /tmp/tonight.snapshot status", /hosts +2 of 2 up/), values: snapshot },
    { ...question("weft --snapshot /tmp/tonight.snapshot trace vm1 vm3", /host2/), values: snapshot },
    question("weft events --follow", /host1/, {
      values: () => ({ "weft events --follow": "timeout 3 weft events --follow --since 10m" }),
      exits: [124],
    }),
    { ...question("weft --snapshot /tmp/tonight.snapshot events --since 30m", /host1/), values: snapshot },
  ],
  "what is wrong is named, and mended by the command that is shown": [
    {
      command: "ovs-vsctl clear port PORT tag",
      at: ["two"],
      values: guest,
      before: doing("two", "ovs-vsctl set port guest0 tag=10"),
      given: prints("controller", "weft ports", /host2 .*vlan10 /),
      after: pingsAcross,
    },
    {
      command: "ovs-vsctl set interface PORT external_ids:weft-network=blue",
      at: ["one", "two"],
      values: guest,
      given: pingsAcross,
      after: all(prints("controller", "weft networks", /blue .* host1, host2/), pingsAcross),
    },
    {
      command: "ovs-vsctl set interface PORT mtu_request=1442",
      at: ["two"],
      values: guest,
      before: doing("two", "ovs-vsctl set interface guest0 mtu_request=1500"),
      given: problem("port/mtu"),
      after: problem("port/mtu", false),
    },
    {
      command: "ip link set dev PORT mtu 1442",
      at: ["one"],
      values: () => ({ PORT: "veth0" }),
      before: doing(
        "one",
        "ip link add veth0 type veth peer name veth1",
        "ip link set veth0 up",
        "ovs-vsctl add-port br-int veth0",
      ),
      given: problem("port/mtu"),
      after: problem("port/mtu", false),
    },
    {
      command: "ovs-vsctl del-port br-int PORT",
      at: ["one"],
      values: () => ({ PORT: "veth0" }),
      after: async (world) => !/veth0/.test(await world.sh("controller", "weft ports")),
    },
    {
      command:
        "ovs-vsctl set interface tap0 'external_ids:attached-mac=\"52:54:00:00:00:01\"' external_ids:weft-locked=true \\\n  'external_ids:weft-ips=\"10.0.0.1,2001:db8::1\"'",
      at: ["two"],
      values: guest,
      after: prints("controller", "weft ports --json | jq -c '.[] | [.name, .locked]'", /\["guest0",true\]/),
    },
    {
      command: "ip link set DEVICE address NEW-MAC",
      at: ["two"],
      values: () => ({ DEVICE: "guest0", "NEW-MAC": "02:00:00:00:00:77" }),
      // Two guests with one MAC; that of the second was locked to another one above.
      before: async (world) => {
        await world.sh(
          "two",
          "ovs-vsctl remove interface guest0 external_ids attached-mac -- remove interface guest0 external_ids weft-locked",
        );
        const mac = (await world.sh("one", "cat /sys/class/net/guest0/address")).trim();
        await world.sh("two", `ip link set guest0 address ${mac}`);
      },
      given: async (world) => {
        await world.sh("one", "ping -c 1 -W 1 10.99.0.99 || true");
        await world.sh("two", "ping -c 1 -W 1 10.99.0.99 || true");
        return problem("endpoint/duplicate-mac")(world);
      },
    },
    {
      command: "ovs-ofctl -O OpenFlow13 --strict del-flows br-int priority=65535",
      at: ["one"],
      before: doing("one", "ovs-ofctl -O OpenFlow13 add-flow br-int priority=65535,actions=NORMAL"),
      given: problem("switch/foreign-flows"),
      after: problem("switch/foreign-flows", false),
    },
  ],
  "a host that waits, is refused, or is gone": [
    {
      command: "ovs-vsctl remove open_vswitch . external_ids ovn-remote",
      at: ["three"],
      before: async (world) => {
        await world.sh("three", "ovs-vsctl set open_vswitch . external_ids:ovn-remote=tcp:192.0.2.1:6642");
        await world.sh("three", "ovs-vsctl add-br br-int -- set bridge br-int datapath_type=netdev");
        await world.sh("three", `ovs-vsctl set-manager tcp:${world.host("controller").ip}:6640`);
      },
      given: all(state("refused", "host3"), problem("host/ovn-owned")),
      after: all(state("waiting", "host3"), problem("host/bridge-exists")),
    },
    {
      command: "ovs-vsctl set open_vswitch . external_ids:weft-bridge=br-int",
      at: ["three"],
      after: state("up", "host3"),
    },
    {
      command: "ovs-vsctl set open_vswitch . external_ids:system-id=$(uuidgen)",
      at: ["three"],
      before: async (world) => {
        const id = (await world.sh("one", "ovs-vsctl get open_vswitch . external_ids:system-id")).trim();
        await world.sh("three", `ovs-vsctl set open_vswitch . external_ids:system-id=${id}`);
      },
      given: problem("host/duplicate-id"),
      // Who it was before is away; its address is taken as long as that one is known.
      after: problem("host/duplicate-id", false),
    },
  ],
  "hosts are taken out by hand": [
    { command: "ovs-vsctl del-manager", at: ["three"] },
    { command: "ovs-vsctl --if-exists del-br br-int", at: ["three"] },
    {
      command:
        "for key in weft-index weft-fabric weft-host weft-approval; do\n  ovs-vsctl remove open_vswitch . external_ids $key\ndone",
      at: ["three"],
      before: doing("three", "ovs-vsctl remove open_vswitch . external_ids weft-bridge"),
      after: prints("three", "ovs-vsctl list open_vswitch; ovs-vsctl list bridge", NO_TRACE),
    },
    {
      command: "weft hosts forget HOST",
      at: ["controller"],
      // Known by the id it had first, and by the one that it was given above.
      values: () => ({ HOST: "shown-three" }),
      after: async (world) => !(await hosts(world)).some((host) => host.id === "shown-three"),
    },
    {
      command: "ovs-vsctl del-manager",
      at: ["spare"],
      before: async (world) => {
        await world.sh("spare", "ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev");
        await world.sh("spare", "ovs-vsctl set open_vswitch . external_ids:weft-bridge=br0");
        await joined("spare")(world);
      },
      given: state("up", "spare"),
    },
    { command: "ovs-vsctl del-controller br0", at: ["spare"] },
    {
      command:
        'for port in $(ovs-vsctl --bare --columns=name find port \'external_ids:weft-fabric!=""\'); do\n  ovs-vsctl del-port br0 "$port"\ndone',
      at: ["spare"],
    },
    { command: "ovs-vsctl del-fail-mode br0", at: ["spare"] },
    {
      command: "for key in disable-in-band hwaddr; do\n  ovs-vsctl remove bridge br0 other_config $key\ndone",
      at: ["spare"],
    },
    {
      command:
        "for key in weft-fabric weft-before weft-stage; do\n  ovs-vsctl remove bridge br0 external_ids $key\ndone",
      at: ["spare"],
    },
    {
      command:
        "for key in weft-index weft-fabric weft-host weft-approval weft-bridge weft-adopt weft-adopt-now; do\n  ovs-vsctl remove open_vswitch . external_ids $key\ndone",
      at: ["spare"],
      after: prints(
        "spare",
        "for table in open_vswitch bridge port interface; do ovs-vsctl list $table; done",
        NO_TRACE,
      ),
    },
    {
      command: "ovs-vsctl set-controller br0 tcp:CONTROLLER:6653",
      at: ["spare"],
      before: doing("controller", "weft hosts forget spare"),
      after: async (world) => (await hosts(world)).some((host) => host.id.startsWith("dpid:") && host.state === "up"),
    },
  ],
  ...TAKEOVER,
};

/** Commands that no lab runs, each with the reason. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  "npm ci && npm run demo": "installs packages; test/lab/demo.test.ts runs the demo",
  "npm ci && npm test": "would run this test",
  "weft lab up 200 --simulated": "takes long; test/unit/cli/simulated-lab.test.ts makes a small one",
  "weft lab ping g1a g2a g200b": "as above",
  "weft lab cut h1 h2": "as above",
  "weft lab heal": "as above",
  "weft lab down": "as above",
  "npm ci && npm run build && npm install -g .": "installs packages",
  "npm run bench:heal": "takes ten minutes",
  "npm run bench:heal -- --hosts 8,16 --rounds 5": "takes many minutes",
  "npm run bench:heal -- --only weft --rounds 20": "takes many minutes",
  "(umask 077; openssl rand -hex 32 > /etc/weft/http-token)": "writes to the machine's own files",
  'curl -H "Authorization: Bearer $(cat /etc/weft/http-token)" http://192.0.2.1:6680/api/v1/status':
    "another machine's; test/unit/api/http asks with a token",
  "curl -s http://127.0.0.1:6680/api/v1/tunnels?state=down": "as above, without one",
  'curl -s -X POST -H "Authorization: Bearer $TOKEN" -H \'Content-Type: application/json\' \\\n  -d \'{"host": "host4"}\' http://127.0.0.1:6680/api/v1/hosts/approve':
    "as above, with an order",
  "apt install ./weft_VERSION_all.deb":
    "installs packages; test/unit/packages/debian.test.ts does it in a place of its own",
  "editor /etc/weft/weft.yaml": "waits for a person",
  "systemctl enable --now weft": "needs systemd as the machine's first process",
  "source <(weft completion bash)": "test/unit/cli/completion.test.ts completes in bash, zsh and fish",
  'weft completion zsh > "${fpath[1]}/_weft"': "as above",
  "weft completion fish > ~/.config/fish/completions/weft.fish": "as above",
  "ovs-pki init": "writes to the machine's own CA; test/lab/tls.test.ts does it elsewhere",
  "ovs-pki req+sign SYSTEM-ID switch": "as above",
  "ovs-pki req+sign weft controller": "as above",
};
