import { describe, expect, it } from "vitest";
import { destinationOf, macOf } from "../../../bench/endpoints.ts";
import { FlowWatch } from "../../../bench/fleet/flow-watch.ts";

const toward = (mac: string) => [{ field: "eth_dst" as const, value: BigInt(`0x${mac.replaceAll(":", "")}`) }];

describe("the watch over many switches", () => {
  it("tells when the last of them has a flow to an endpoint, and not before", async () => {
    const watch = new FlowWatch();
    let isTold = false;
    const everywhere = watch.everywhere(7, ["a", "b"]).then(() => {
      isTold = true;
    });
    watch.saw("a", 7);
    watch.saw("a", 7);
    watch.saw("b", 8);
    watch.saw("b", undefined);
    await Promise.resolve();
    expect(isTold).toBe(false);
    watch.saw("b", 7);
    await everywhere;
    expect(isTold).toBe(true);
  });

  it("names those that have none when the time is over", async () => {
    const watch = new FlowWatch();
    const everywhere = watch.everywhere(7, ["a", "b", "c"], 1);
    watch.saw("b", 7);
    await expect(everywhere).rejects.toThrow("2 switches have no flow to endpoint 7 after 1 ms: a, c");
  });

  it("knows an endpoint by the destination of a flow, and only those of a benchmark", () => {
    expect(destinationOf(toward(macOf(70_000)))).toBe(70_000);
    expect(destinationOf(toward("52:54:00:00:00:01"))).toBeUndefined();
    expect(destinationOf([])).toBeUndefined();
  });
});
