// The path of a frame over a fabric as it was pictured: what every switch on the way does with it, and why.
import type { TraceRequest, TraceView } from "../api/trace-views.ts";
import { resolveEnds } from "./ends.ts";
import { pathOf } from "./path.ts";
import type { FabricPicture } from "./picture.ts";
import { pictured } from "./pictured.ts";
import { tracedFrame } from "./traced-frame.ts";

/**
 * Pure. Switches that the picture leaves out end a path, and are told by `missingHosts`.
 * @throws TraceError `trace/unknown`, `trace/ambiguous`, `trace/usage` naming what there is to choose from
 */
export function traceView(picture: FabricPicture, request: TraceRequest): TraceView {
  const ends = resolveEnds(picture, request);
  return pathOf(pictured(picture), request, ends, tracedFrame(ends, request));
}
