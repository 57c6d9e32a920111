// The path of a frame as schemas; see schemas.ts.
import { z } from "zod";
import type { TraceDeliveryView, TraceHopView, TraceOutputView, TraceStepView } from "../trace-views.ts";
import { components } from "./schemas.ts";

const text = z.string();
const whole = z.int();
const maybe = text.nullable();

function named<T extends z.ZodType>(id: string, schema: T): T {
  components.add(schema, { id });
  return schema;
}

const step = named(
  "TraceStep",
  z.strictObject({
    table: text,
    tableId: whole,
    priority: whole.nullable(),
    match: text,
    actions: text,
    cookie: maybe,
    reason: text,
  }),
) satisfies z.ZodType<TraceStepView>;

const output = named(
  "TraceOutput",
  z.strictObject({ port: text, ofport: whole, toHost: maybe, arrives: z.boolean(), reason: maybe }),
) satisfies z.ZodType<TraceOutputView>;

/** The trace may come to tell more of a hop than is named here. */
const hop = named(
  "TraceHop",
  z.looseObject({
    host: text,
    bridge: text,
    inPort: text,
    fromHost: maybe,
    frame: text,
    steps: z.array(step).readonly(),
    outputs: z.array(output).readonly(),
    dropped: maybe,
    seenUs: z.number().nullable(),
  }),
) satisfies z.ZodType<TraceHopView>;

const delivery = named(
  "TraceDelivery",
  z.strictObject({ host: text, port: text }),
) satisfies z.ZodType<TraceDeliveryView>;

export const trace = named(
  "Trace",
  z.looseObject({
    request: z.looseObject({ from: text, to: text }),
    from: text,
    to: text,
    frame: text,
    live: z.boolean(),
    verdict: z.enum(["delivered", "answered", "flooded", "dropped", "lost", "unknown"]),
    summary: text,
    hops: z.array(hop).readonly(),
    deliveries: z.array(delivery).readonly(),
  }),
);
