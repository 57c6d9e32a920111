// What a running controller takes over of a changed configuration.
import { describe, expect, it } from "vitest";
import { defaultConfig, parseConfig } from "../../../src/config/index.ts";
import { reconfigured } from "../../../src/controller/reconfigure.ts";

function read(text: string) {
  const { config } = parseConfig(text, "test");
  if (config === undefined) throw new Error(text);
  return config;
}

describe("a changed configuration", () => {
  it("that is the same changes nothing", () => {
    expect(reconfigured(defaultConfig, read("{}"))).toEqual({ config: defaultConfig, applied: [], needsRestart: [] });
  });

  it("is taken over key by key, and what can't be stays as it runs, also when asked for again", () => {
    const wanted = read("endpoints: { idleTimeoutSec: 60, perPort: 7 }\nlisten: { ovsdb: ['ptcp:7000'] }\n");
    const first = reconfigured(defaultConfig, wanted);
    expect(first).toMatchObject({
      applied: ["endpoints.idleTimeoutSec"],
      needsRestart: ["endpoints.perPort", "listen.ovsdb"],
      config: { endpoints: { idleTimeoutSec: 60, perPort: 1024 }, listen: { ovsdb: ["ptcp:6640"] } },
    });
    expect(reconfigured(first.config, wanted)).toMatchObject({
      applied: [],
      needsRestart: ["endpoints.perPort", "listen.ovsdb"],
    });
  });

  it("that leaves out a network or a host takes it away", () => {
    const running = read("networks: { blue: { tag: 7 } }\nhosts: { a: { index: 5 } }\n");
    const { config, applied } = reconfigured(running, read("{}"));
    expect(applied).toEqual(["hosts.a", "networks.blue"]);
    expect([Object.keys(config.networks), Object.keys(config.hosts)]).toEqual([[], []]);
  });
});
