// What comes for the first time, and what comes back: the latter alone has to wait for its turn.
import { describe, expect, it } from "vitest";
import { desiredFlow } from "../../../src/pipeline/desired.ts";
import { NOTHING_INSTALLED } from "../../../src/reconcile/installed.ts";
import { planSwitch } from "../../../src/reconcile/switch-plan.ts";
import { Turnarounds } from "../../../src/reconcile/turnarounds.ts";

function known(mac: bigint) {
  return desiredFlow({
    table: "learn",
    priority: 200,
    match: [{ field: "eth_src", value: mac }],
    cookie: { kind: "known-mac", place: 1, vni: 7 },
    instructions: [],
  });
}

function port(inPort: number) {
  return desiredFlow({
    table: "classify",
    priority: 400,
    match: [{ field: "in_port", value: inPort }],
    cookie: { kind: "port", place: inPort, vni: 7 },
    instructions: [],
  });
}

function holding(...flows: readonly ReturnType<typeof known>[]) {
  return { ...NOTHING_INSTALLED, flows: new Map(flows.map((flow) => [flow.key, flow])) };
}

describe("flows", () => {
  it("come for the first time, or back, as long as it is remembered that they went", () => {
    const turnarounds = new Turnarounds();
    const come = planSwitch(holding(known(1n), known(2n)), NOTHING_INSTALLED).changes;
    const go = planSwitch(holding(known(1n)), holding(known(1n), known(2n))).changes;
    expect(turnarounds.bringsBack(come, 0)).toBe(false);
    expect(turnarounds.bringsBack(go, 1_000)).toBe(false);
    expect(turnarounds.bringsBack(planSwitch(holding(known(3n)), NOTHING_INSTALLED).changes, 2_000)).toBe(false);
    expect(turnarounds.bringsBack(come, 3_000)).toBe(true);
    expect(turnarounds.bringsBack(come, 30_000)).toBe(false);
  });

  it("count as coming back where too many have gone to be remembered", () => {
    const turnarounds = new Turnarounds();
    const all = Array.from({ length: 4096 }, (_, n) => known(BigInt(n)));
    turnarounds.bringsBack(planSwitch(NOTHING_INSTALLED, holding(...all)).changes, 0);
    const fresh = planSwitch(holding(known(0xffffn)), NOTHING_INSTALLED).changes;
    expect(turnarounds.bringsBack(fresh, 1_000)).toBe(true);
    expect(turnarounds.bringsBack(fresh, 20_000)).toBe(false);
  });
});

describe("a plan", () => {
  it("needs no bundle where it adds flows of single MACs, few of them, and nothing else", () => {
    const stepwise = (...args: Parameters<typeof planSwitch>): boolean => planSwitch(...args).stepwise;
    expect(stepwise(holding(known(1n)), NOTHING_INSTALLED)).toBe(true);
    expect(stepwise(holding(known(1n), port(1)), NOTHING_INSTALLED)).toBe(false);
    expect(stepwise(NOTHING_INSTALLED, holding(known(1n)))).toBe(false);
    expect(stepwise(holding(known(1n)), holding(known(2n)))).toBe(false);
    const many = Array.from({ length: 513 }, (_, n) => known(BigInt(n)));
    expect(stepwise(holding(...many), NOTHING_INSTALLED)).toBe(false);
  });

  it("that puts a flow in the place of another is bounded like any write, although it needs no bundle", () => {
    const elsewhere = { ...known(1n), cookie: known(1n).cookie + 1n, form: "of another port" };
    const replaces = planSwitch(holding(elsewhere), holding(known(1n)));
    expect([replaces.stepwise, replaces.fresh]).toEqual([true, false]);
    expect(planSwitch(holding(known(1n)), NOTHING_INSTALLED).fresh).toBe(true);
  });
});
