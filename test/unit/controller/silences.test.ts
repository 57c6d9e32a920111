// Tunnels that carry nothing, as `weft hosts` and `weft status` tell of them.
import { describe, expect, it } from "vitest";
import { silenceProblems, toldByOthers } from "../../../src/controller/silences.ts";

const EXPIRED = "Control Detection Time Expired";
const SIGNALED = "Neighbor Signaled Session Down";
const tunnel = (at: number, why = EXPIRED) => ({
  ...{ name: `vxlan${at}`, peerId: `id${at}`, peer: `h${at}`, type: "vxlan" },
  ...{ remoteIp: `192.0.2.${at}`, why },
});
const host = (at: number, ...silent: ReturnType<typeof tunnel>[]) => ({
  ...{ id: `id${at}`, tunnelIp: `192.0.2.${at}`, silent },
});

describe("tunnels that BFD calls down", () => {
  it("are a problem of their host, with both ends' addresses", () => {
    const [told, ...others] = silenceProblems("192.0.2.1", [tunnel(2), tunnel(3)]);
    expect(others).toEqual([]);
    expect(told?.code).toBe("host/tunnels-down");
    expect(told?.message).toBe(
      "nothing comes through from h2, h3: vxlan2, vxlan3 down, BFD: Control Detection Time Expired",
    );
    expect(told?.remedy).toContain("between 192.0.2.1 and 192.0.2.2, 192.0.2.3: see that firewalls pass vxlan,");
  });

  it("where the other end says that it hears nothing, are told as not heard there", () => {
    const told = silenceProblems("192.0.2.1", [tunnel(2), tunnel(3, SIGNALED)]);
    expect(told.map(({ message }) => message)).toEqual([
      "nothing comes through from h2: vxlan2 down, BFD: Control Detection Time Expired",
      "what it sends does not come through to h3: vxlan3 down, BFD: Neighbor Signaled Session Down",
    ]);
    expect(told[1]?.remedy).toContain("from 192.0.2.1 to 192.0.2.3: see that firewalls pass vxlan,");
  });

  it("are counted where they are many, and nothing is told where there is none", () => {
    const many = Array.from({ length: 20 }, (_, at) => tunnel(at + 2));
    expect(silenceProblems("192.0.2.1", many)[0]?.message).toContain("h9 and 12 more: ");
    expect(silenceProblems("192.0.2.1", [])).toEqual([]);
  });
});

describe("a tunnel that both ends call down", () => {
  const doubled = (...hosts: ReturnType<typeof host>[]) => [...toldByOthers(hosts).keys()];

  it("is told by the end that hears nothing", () => {
    expect(doubled(host(1, tunnel(3, SIGNALED)), host(3, tunnel(1)))).toEqual(["id1"]);
  });

  it("is told by the host that has the most of them, and by no other", () => {
    expect(doubled(host(1, tunnel(2)), host(2, tunnel(1), tunnel(3)), host(3, tunnel(2)))).toEqual(["id1", "id3"]);
  });

  it("is told where a host has another one besides", () => {
    const hosts = [host(1, tunnel(2), tunnel(3)), host(2, tunnel(1), tunnel(4)), host(4, tunnel(2))];
    expect(doubled(...hosts)).toEqual(["id4"]);
  });
});
