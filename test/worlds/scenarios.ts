// What is tried in every world, in one order on one fabric of three hosts; each leaves it as it found it, and an account to compare.
import { expect } from "vitest";
import type { Settings } from "../lab/controller-under-test.ts";
import type { Account } from "./snapshot.ts";
import { allPing, atRest, type GuestPlace, until, type World, workOf } from "./world.ts";

export const HOSTS = 3;
export const SETTINGS: Settings = { tunnel: { type: "gre" } };
const NO_WORK = { bundles: 0, flowMods: 0, groupMods: 0, meterMods: 0, ovsdbTransactions: 0, sessionErrors: 0 };

export interface Scenario {
  readonly title: string;
  /** Tunnels are taken away a while after they are out of use: it takes ten seconds and more. `npm run test:worlds` has them. */
  readonly isLong?: true;
  readonly run: (world: World, account: Account) => Promise<void>;
}

const macOf = (number: number): string => `02:00:00:00:01:${number.toString(16).padStart(2, "0")}`;

/** Guests `a1`, `a2`, ... on hosts 1, 2, ... */
const onePerHost = (letter: string, first: number, more: Partial<GuestPlace> = {}, hosts = HOSTS): GuestPlace[] =>
  Array.from({ length: hosts }, (_, at) => ({
    ...{ name: `${letter}${at + 1}`, host: at + 1, ip: `10.9.${first}.${at + 1}`, mac: macOf(first + at) },
    ...more,
  }));

async function add(world: World, places: readonly GuestPlace[]): Promise<string[]> {
  // In their order, so that a port has one number in every world.
  for (const place of places) await world.addGuest(place);
  return places.map(({ name }) => name);
}

/** They are gone, and nothing of them is left. */
async function remove(world: World, names: readonly string[]): Promise<void> {
  for (const name of names) await world.removeGuest(name);
  await until(async () => (await world.ask("endpoints")).map(({ mac }) => `${mac} is still an endpoint`));
  await atRest(world, { tunnels: world.hosts * (world.hosts - 1) });
}

async function expectOnce(world: World, from: string, heard: readonly string[], unheard: readonly string[] = []) {
  const counts = await world.broadcast(from, [...heard, ...unheard]);
  const wanted = [
    ...heard.filter((name) => name !== from).map((name) => [name, 1]),
    ...unheard.map((name) => [name, 0]),
  ];
  expect(counts).toEqual(Object.fromEntries(wanted));
}

export const SCENARIOS: readonly Scenario[] = [
  {
    title: "hosts are joined by one command each, into a full mesh",
    run: async (world, account) => {
      await atRest(world);
      await account.all("joined");
    },
  },
  {
    title: "two hosts with two virtual machines each, joined by GRE: all ping, a broadcast comes once",
    run: async (world, account) => {
      const places = [1, 2].flatMap((host) =>
        [1, 2].map((at) => ({
          ...{ name: `vm${host}${at}`, host, port: `tap${at}`, ip: `192.168.1.${host * 10 + at}` },
          mac: macOf(host * 16 + at),
        })),
      );
      const names = await add(world, places);
      await allPing(world, names);
      await atRest(world, { type: "gre" });
      await expectOnce(world, "vm12", names);
      await account.all("four machines");
      await remove(world, names);
      await account.all("they are gone");
    },
  },
  {
    title: "bare metal, a container and a virtual machine on three hosts, in a mesh without STP",
    run: async (world, account) => {
      await world.addGuest({ name: "mgmt0", host: 1, ip: "10.10.10.30", internal: true });
      await world.addSegment({
        name: "docker0",
        host: 2,
        members: [{ name: "box", mac: macOf(0x31), ip: "10.10.10.10" }],
      });
      await world.addGuest({ name: "vm", host: 3, ip: "10.10.10.20", mac: macOf(0x32), attachedMac: true });
      const names = ["mgmt0", "box", "vm"];
      await allPing(world, names);
      await atRest(world);
      await expectOnce(world, "box", names);
      await account.all("metal, container, machine");
      await world.removeGuest("mgmt0");
      await world.removeSegment("docker0");
      await remove(world, ["vm"]);
    },
  },
  {
    title: "docker's bridges behind one veth each: many MACs on a port, and one that is there twice",
    run: async (world, account) => {
      const at = (host: number, numbers: readonly number[]) => ({
        ...{ name: `dock${host}`, host },
        members: numbers.map((number) => ({
          name: `c${host}${number}`,
          mac: macOf(0x40 + number),
          ip: `172.17.0.${number}`,
        })),
      });
      await world.addSegment(at(1, [2, 3]));
      await allPing(world, ["c12", "c13"]);
      await world.addSegment(at(2, [4, 5]));
      const names = ["c12", "c13", "c24", "c25"];
      await allPing(world, names);
      await atRest(world);
      await account.all("four containers behind two ports");
      await world.removeSegment("dock1");
      await world.removeSegment("dock2");
      await remove(world, []);
    },
  },
  {
    title: "networks by tag and by name have their members alone, though addresses are the same",
    run: async (world, account) => {
      const plain = await add(world, onePerHost("p", 0x50));
      const tagged = await add(world, [
        { name: "t1", host: 1, ip: "10.9.80.1", mac: macOf(0x5a), tag: 10 },
        { name: "t2", host: 2, ip: "10.9.80.2", mac: macOf(0x5b), tag: 10 },
      ]);
      const other = await add(world, [{ name: "u2", host: 2, ip: "10.9.80.3", mac: macOf(0x5c), tag: 20 }]);
      const blue = await add(world, onePerHost("b", 0x60, { network: "blue" }, 2));
      for (const names of [plain, tagged, other, blue]) await allPing(world, names);
      await atRest(world);
      const all = [...plain, ...tagged, ...other, ...blue];
      account.note("pings", await world.pings(all));
      await expectOnce(world, "t1", tagged, [...plain, ...other, ...blue]);
      await expectOnce(world, "p3", plain, [...tagged, ...other, ...blue]);
      await account.all("three networks");
      await remove(world, all);
    },
  },
  {
    title: "a guest that moves is reached at its new place, and leaves nothing at the old one",
    run: async (world, account) => {
      const [first = "", , third = ""] = await add(world, onePerHost("m", 0x70));
      const nomad = { name: "nomad", ip: "10.9.112.9", mac: macOf(0x79) };
      await world.addGuest({ ...nomad, host: 1 });
      await allPing(world, [first, third, "nomad"]);
      await world.removeGuest("nomad");
      await world.addGuest({ ...nomad, host: 2 });
      await allPing(world, [first, "m2", third, "nomad"]);
      await atRest(world);
      await account.all("moved");
      await remove(world, [first, "m2", third, "nomad"]);
    },
  },
  {
    title: "a path that is cut is gone round by a relay, and taken again when it is healed",
    run: async (world, account) => {
      const names = await add(world, onePerHost("c", 0x80));
      await allPing(world, names);
      await atRest(world);
      await world.cut(1, 2);
      await atRest(world, { down: 2 });
      await allPing(world, names);
      await expectOnce(world, "c1", names);
      await atRest(world, { down: 2 });
      const { relays = [] } = await world.ask("topology");
      account.note(
        "relays",
        relays.map(({ from, to, by }) => `${from.slice(-1)} -> ${to.slice(-1)} by ${by.slice(-1)}`),
      );
      await account.all("cut");
      await world.heal(1, 2);
      await atRest(world);
      await allPing(world, names);
      await account.all("healed");
      await remove(world, names);
    },
  },
  {
    title: "a controller that starts anew finds everything right, and writes nothing",
    run: async (world, account) => {
      const names = await add(world, onePerHost("r", 0x90));
      await allPing(world, names);
      await atRest(world);
      const before = await world.ask("endpoints");
      await world.restart();
      await atRest(world);
      expect(await workOf(world)).toEqual(NO_WORK);
      expect(await world.ask("endpoints")).toEqual(before);
      await allPing(world, names);
      await account.all("as before");
      await remove(world, names);
    },
  },
  {
    title: "behind a locked port only what is declared can speak",
    run: async (world, account) => {
      const names = await add(world, onePerHost("l", 0xa0, {}, 2));
      const ids = { "weft-locked": "true", "weft-ips": "10.9.160.9" };
      await add(world, [
        { name: "right", host: 1, ip: "10.9.160.9", mac: macOf(0xa8), attachedMac: true, ids },
        {
          name: "wrong",
          host: 2,
          ip: "10.9.160.8",
          mac: macOf(0xa9),
          attachedMac: true,
          ids: { ...ids, "weft-ips": "10.9.160.7" },
        },
      ]);
      await allPing(world, [...names, "right"]);
      await atRest(world);
      account.note("pings", await world.pings([...names, "right", "wrong"]));
      await account.all("locked");
      await remove(world, [...names, "right", "wrong"]);
    },
  },
  {
    isLong: true,
    title: "the tunnels' type changes on a running fabric, GRE to VXLAN, and to one port for all and back",
    run: async (world, account) => {
      const names = await add(world, onePerHost("x", 0xb0));
      await allPing(world, names);
      await world.restart({ tunnel: { type: "vxlan" } });
      await atRest(world, { type: "vxlan" });
      await gone(world, "gre");
      await allPing(world, names);
      await account.all("vxlan");
      await world.restart({ tunnel: { type: "vxlan", flowBased: "always" } });
      await until(async () =>
        (await world.ask("tunnels")).filter(({ name }) => name !== "vxlan-flow").map(({ name }) => `${name}`),
      );
      await gone(world, "vxlan1", "vxlan2", "vxlan3");
      await atRest(world);
      await allPing(world, names);
      await expectOnce(world, "x2", names);
      await account.all("flow-based");
      await world.restart(SETTINGS);
      await atRest(world, { type: "gre" });
      await gone(world, "vxlan");
      await allPing(world, names);
      await account.all("gre again");
      await remove(world, names);
    },
  },
  {
    isLong: true,
    title: "a host that joins later reaches everyone, two hubs are enough, and a host that leaves leaves nothing",
    run: async (world, account) => {
      await world.addHost();
      await atRest(world);
      // As on servers that have an address on the bridge itself.
      const places = [1, 2, 3, 4].map((host) => ({
        ...{ name: `s${host}`, host, port: "br-int", ip: `10.244.${host}.1`, internal: true as const },
      }));
      const names = await add(world, places);
      await allPing(world, names);
      await atRest(world);
      await account.all("four servers");
      const [first, second] = (await world.ask("hosts")).map(({ id }) => id);
      await world.restart({ ...SETTINGS, topology: { hubs: [first, second] } });
      await atRest(world, { tunnels: 10 });
      await allPing(world, names);
      await expectOnce(world, "s3", names);
      await account.all("two hubs");
      await world.restart(SETTINGS);
      await atRest(world);
      await allPing(world, names);
      await world.dropHost(4);
      await atRest(world, { tunnels: 6 });
      await allPing(world, names.slice(0, 3));
      await atRest(world, { tunnels: 6 });
      await account.all("the fourth is gone");
    },
  },
];

/** Ports of earlier tunnels are taken away a little after the new ones carry. */
async function gone(world: World, ...names: readonly string[]): Promise<void> {
  await until(async () => {
    const left: string[] = [];
    for (let host = 1; host <= world.hosts; host++)
      for (const { name } of (await world.holdings(host)).rows.Interface ?? [])
        if (names.some((start) => String(name).startsWith(start) && name !== `${start}-flow`))
          left.push(`${host} ${name}`);
    return left;
  });
}
