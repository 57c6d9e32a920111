// A controller that is killed, or cut off, at each single step of an update: nothing half done stays, and the next one is right.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Json, JsonObject } from "../../proto/ovsdb/json-text.ts";
import type { Guest, Host } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, PORTS, pairsOf } from "./fabric.ts";
import { heldBy, randomOf, recordMeasured, SEED, scale, secondsOf, testMs } from "./faults.ts";
import { type Aim, MessageGate, type Passing } from "./message-gate.ts";
import { describeLab } from "./requires.ts";

/** What is promised for a controller that is back. */
const RIGHT_AGAIN_SEC = 15;
/** Each step so many times by each of the two ways; in the short form by one of the two, as chance will have it. */
const ROUNDS = scale(0, 3);
/** An update takes place well within it. */
const HIT_WITHIN_SEC = 10;
const NETWORKS = ["red", "blue"] as const;

type Step = Pick<Aim, "at" | "arrives"> & { readonly name: string };

const controls =
  (type: string) =>
  ({ message }: Passing): boolean =>
    message.kind === "bundle_control" && message.type === type;
const kindIs =
  (kind: string) =>
  ({ message }: Passing): boolean =>
    message.kind === kind;

function isWrite({ protocol, from, message }: Passing): boolean {
  if (protocol !== "ovsdb" || from !== "controller" || message.method !== "transact") return false;
  const operations = (message.params as readonly Json[]).slice(1) as readonly JsonObject[];
  return operations.some(({ op }) => op === "insert" || op === "update" || op === "mutate" || op === "delete");
}

/** Steps begin to count at an OPEN: a barrier belongs to a bundle then. */
function inBundle(wanted: (passing: Passing) => boolean): (passing: Passing) => boolean {
  let isOpen = false;
  return (passing) => {
    if (passing.protocol !== "openflow") return false;
    if (controls("open_request")(passing)) isOpen = true;
    return isOpen && wanted(passing);
  };
}

/** The answer to a transaction that writes. */
function answerToWrite(): (passing: Passing) => boolean {
  let asked: Json | undefined;
  return (passing) => {
    if (passing.protocol !== "ovsdb") return false;
    if (isWrite(passing)) asked = passing.message.id ?? undefined;
    return (
      asked !== undefined && passing.from === "host" && passing.message.id === asked && "result" in passing.message
    );
  };
}

/** Made anew for each use: some remember what has passed. */
const steps = (): readonly Step[] => [
  { name: "OPEN is sent", at: inBundle(controls("open_request")), arrives: true },
  { name: "OPEN is answered", at: inBundle(controls("open_reply")), arrives: false },
  { name: "the first ADD is sent", at: inBundle(kindIs("bundle_add")), arrives: true },
  { name: "all ADDs are sent, and no BARRIER", at: inBundle(kindIs("barrier_request")), arrives: false },
  { name: "BARRIER is sent", at: inBundle(kindIs("barrier_request")), arrives: true },
  { name: "BARRIER is answered, and no COMMIT sent", at: inBundle(controls("commit_request")), arrives: false },
  { name: "COMMIT is sent", at: inBundle(controls("commit_request")), arrives: true },
  { name: "COMMIT is done and its answer on the way", at: inBundle(controls("commit_reply")), arrives: false },
  { name: "an OVSDB transaction is about to be sent", at: isWrite, arrives: false },
  { name: "an OVSDB transaction is sent", at: isWrite, arrives: true },
  { name: "an OVSDB transaction is done and its answer on the way", at: answerToWrite(), arrives: false },
];
const STEPS = steps().map(({ name }) => name);
/** In the short form: one of each kind. */
const FEW = ["OPEN is answered", "BARRIER is sent", "COMMIT is sent", "an OVSDB transaction is sent"];

describeLab(`a controller that is hit in the middle of an update (seed ${SEED})`, () => {
  const random = randomOf(SEED);
  const gate = new MessageGate();
  let fabric: FabricUnderTest;
  let guests: Guest[];
  let updates = 0;
  /** What every host holds when the ports are in a network of NETWORKS, whatever their MACs are just then. */
  const right = new Map<string, unknown>();

  beforeAll(async () => {
    // It hears its hosts by Unix sockets, at which the gate is, in a network namespace of its own: so the address that it
    // gives its switches is the gate's as well.
    fabric = await FabricUnderTest.create({
      hosts: 3,
      child: { within: ["unshare", "-n"] },
      join: false,
      settings: (lab) => ({
        timeouts: { startHoldSec: 1 },
        controllerAddress: lab.controllerIp,
        listen: {
          ovsdb: [`punix:${join(lab.dir, "ovsdb.sock")}`],
          openflow: [`punix:${join(lab.dir, "openflow.sock")}`, `ptcp:${PORTS.openflow}:0.0.0.0`],
        },
      }),
    });
    const { dir, controllerIp: host, hosts } = fabric.lab;
    await gate.open("ovsdb", { host, port: PORTS.ovsdb }, join(dir, "ovsdb.sock"));
    await gate.open("openflow", { host, port: PORTS.openflow }, join(dir, "openflow.sock"));
    await Promise.all(
      hosts.map((one) => one.vsctl("set", "open_vswitch", ".", `external_ids:weft-tunnel-ip=${one.ip}`)),
    );
    // One after the other: a host's index, and with it the names of the tunnels to it, is the order in which they come.
    for (const one of hosts) {
      await fabric.join(one);
      await fabric.until(async () => ((await fabric.hostView(one.index))?.index === one.index ? [] : ["no index yet"]));
    }
    guests = await fabric.populate({ perHost: 1 });
    await fabric.allHeard();
    await Promise.all(
      hosts.map((one) => one.vsctl("add-port", "br-int", "x", "--", "set", "interface", "x", "type=internal")),
    );
    // Both networks have been, and all their numbers are given.
    for (const network of NETWORKS) {
      await update(network);
      await taken();
      right.set(network, await held());
    }
  });

  afterAll(async () => {
    await gate.close();
    await fabric?.destroy();
  });

  const macOf = (host: Host): string => `02:aa:00:0${host.index}:00:${(updates % 256).toString(16).padStart(2, "0")}`;

  /**
   * One command on each host: a new MAC in another network is a bundle for every switch, and what somebody has written to
   * a tunnel's row is a transaction for every host. No port comes or goes, and nobody's frames depend on it.
   */
  function update(network: (typeof NETWORKS)[number]) {
    updates += 1;
    return Promise.all(
      fabric.lab.hosts.map((host) =>
        host.vsctl(
          ...["set", "interface", "x", `external_ids:weft-network=${network}`],
          `external_ids:attached-mac="${macOf(host)}"`,
          ...["--", "set", "interface", `geneve${host.index === 1 ? 2 : 1}`, `bfd:foreign=${updates}`],
        ),
      ),
    );
  }

  /** The update is in force everywhere. */
  async function taken(): Promise<void> {
    const since = performance.now();
    await fabric.until(async () => {
      const endpoints = await fabric.ask("endpoints");
      const macs = fabric.lab.hosts.map(macOf);
      return macs.filter((mac) => !endpoints.some((endpoint) => endpoint.mac === mac));
    }, RIGHT_AGAIN_SEC);
    await fabric.settled({ timeoutSec: RIGHT_AGAIN_SEC - (performance.now() - since) / 1000 });
  }

  /** Of a flow, what does not tell which MAC of the many it is for, nor what it was made from. */
  const plain = (line: string): string =>
    line.replace(/cookie=\w+/, "").replace(/(02:?aa:?00:?0\d:?00:?)\w\w/g, "$1xx");
  const held = () => heldBy(fabric.lab.hosts, plain);

  async function strike(step: Step, cuts: Aim["cuts"]): Promise<number> {
    const host = fabric.lab.hosts[Math.floor(random() * fabric.lab.hosts.length)] as Host;
    const network = NETWORKS[updates % NETWORKS.length] as (typeof NETWORKS)[number];
    const { controllerPid } = fabric;
    const isHit = gate.hit({ ...step, hostIp: host.ip, cuts }, () => {
      if (cuts === "everything") process.kill(controllerPid, "SIGKILL");
    });
    const late = new Promise<never>((_, reject) => {
      const words = `within ${HIT_WITHIN_SEC} s it did not come to this at ${host.name}: ${step.name}`;
      setTimeout(() => reject(new Error(words)), HIT_WITHIN_SEC * 1000).unref();
    });
    const changed = update(network);
    await Promise.race([isHit, late]).finally(() => gate.disarm());
    const seconds = await secondsOf(async () => {
      if (cuts === "everything") {
        await fabric.kill();
        await changed;
        await fabric.start();
      }
      await changed;
      await taken();
    });
    expect(await held(), `${step.name}, at ${host.name}, ${cuts}`).toEqual(right.get(network));
    return seconds;
  }

  test(
    "is right within 15 s of its return, whichever step it was: no ping is lost, and nothing half done is left",
    async () => {
      const slowest = { connection: 0, everything: 0 };
      const times = { connection: 0, everything: 0 };
      const pings = await expectNoLoss(pairsOf(guests), async () => {
        for (let round = 0; round < Math.max(1, ROUNDS); round++) {
          for (const [at, name] of STEPS.entries()) {
            if (ROUNDS === 0 && !FEW.includes(name)) continue;
            const ways: Aim["cuts"][] =
              ROUNDS > 0 ? ["everything", "connection"] : [random() < 0.5 ? "everything" : "connection"];
            for (const way of ways) {
              const seconds = await strike(steps()[at] as Step, way);
              slowest[way] = Math.max(slowest[way], seconds);
              times[way] += 1;
            }
          }
        }
      });
      recordMeasured("aimed", {
        fault: "controller killed at each step of an update",
        repetitions: times.everything,
        pings,
        secondsUntilRight: slowest.everything,
      });
      recordMeasured("aimed", {
        fault: "connection cut at each step of an update",
        repetitions: times.connection,
        pings,
        secondsUntilRight: slowest.connection,
      });
    },
    testMs(150, 1800),
  );

  test("finds nothing to do when it starts after all of it", async () => {
    await fabric.stop();
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
