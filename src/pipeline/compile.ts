// Facts to desired flows, groups and meters of one switch. Pure and deterministic.
import type { Fabric, FabricHost } from "../model/fabric.ts";
import { heardFlows, prepared } from "./adopt.ts";
import { answerFlows } from "./answer.ts";
import { classifyFlows } from "./classify.ts";
import { compileContext, type PipelineSettings } from "./context.ts";
import type { DesiredFlow, DesiredSwitch } from "./desired.ts";
import { egressFlows } from "./egress.ts";
import { floodFlows } from "./flood.ts";
import { forwardFlows } from "./forward.ts";
import { groups, meters } from "./groups.ts";
import { guardFlows } from "./guard.ts";
import { learnFlows } from "./learn.ts";
import { plainLinkFlows } from "./plain-links.ts";

const FEATURES = [
  guardFlows,
  classifyFlows,
  plainLinkFlows,
  learnFlows,
  answerFlows,
  forwardFlows,
  floodFlows,
  egressFlows,
  heardFlows,
] as const;

/** What the switch of `host` should hold. The same facts give the same bytes. */
export function compileSwitch(fabric: Fabric, host: FabricHost, settings: PipelineSettings): DesiredSwitch {
  const context = compileContext(fabric, host, settings);
  const flows = new Map<string, DesiredFlow>();
  for (const feature of FEATURES) {
    for (const flow of feature(context)) flows.set(flow.key, flow);
  }
  const whole = {
    flows,
    groups: new Map([...groups(context)].map((group) => [group.groupId, group])),
    meters: new Map([...meters(context)].map((meter) => [meter.meterId, meter])),
  };
  // What the host's rows say, not what is next: the stage is in force once it is written there.
  return host.adoption?.forwards === false ? prepared(whole, host) : whole;
}
