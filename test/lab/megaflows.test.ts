// What the tables cost the datapath: how many entries of its cache many flows of traffic come to, by Open vSwitch's own account.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { FabricUnderTest } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const FLOWS = 32;
const TCP = 6;
const UDP = 17;

describeLab("the datapath's cache", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 2 });
    guests = await fabric.populate();
    await fabric.settled({ guests });
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  /** The entries that so many flows would make, on the sender's host: ports are spread over all there are. */
  async function megaflows(from: Guest, to: Guest, protocol: number): Promise<readonly string[]> {
    const host = fabric.lab.host(from.host);
    const inPort = await host.vsctl("get", "interface", from.port, "ofport");
    const found = new Set<string>();
    for (let at = 0; at < FLOWS; at++) {
      const [source, target] = [1024 + ((at * 7919) % 64_000), 1024 + ((at * 23_757 + 17) % 64_000)];
      const ports = protocol === TCP ? `tcp_src=${source},tcp_dst=${target}` : `udp_src=${source},udp_dst=${target}`;
      const frame = `in_port=${inPort},dl_src=${from.mac},dl_dst=${to.mac},dl_type=0x0800,nw_src=${from.ip},nw_dst=${to.ip},nw_proto=${protocol},nw_ttl=64,${ports}`;
      const told = await host.appctl("ofproto/trace", "br-int", frame);
      found.add(/^Megaflow: (.*)$/m.exec(told)?.[1] ?? told);
    }
    return [...found].sort();
  }

  test("has one entry for all TCP from one guest to another, on the same host and across", async () => {
    const [first, near, far] = guests as [Guest, Guest, Guest];
    for (const to of [near, far]) expect(await megaflows(first, to, TCP)).toHaveLength(1);
  });

  test("has fewer for UDP than there are flows: ports that may be DHCP's are told from others by their first bits", async () => {
    const [first, near, far] = guests as [Guest, Guest, Guest];
    for (const to of [near, far]) expect((await megaflows(first, to, UDP)).length).toBeLessThanOrEqual(FLOWS / 2);
  });
});
