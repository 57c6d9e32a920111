// The path of a frame over a fabric as it was pictured: what every switch on the way does with it, and why.
import type { TraceRequest, TraceView } from "../api/trace-views.ts";
import { resolveEnds } from "./ends.ts";
import type { HostId } from "./fabric-trace.ts";
import { pathOf } from "./path.ts";
import type { FabricPicture } from "./picture.ts";
import { pictured } from "./pictured.ts";
import { type TracedFrame, tracedFrame } from "./traced-frame.ts";

/** On which host the frame begins. @throws TraceError as `traceView` */
export function traceSource(picture: FabricPicture, request: TraceRequest): HostId {
  return resolveEnds(picture, request).source.host.id;
}

/**
 * Pure. A path ends at a host whose switch the picture leaves out; the output that leads there names it.
 * @throws TraceError `trace/unknown`, `trace/ambiguous`, `trace/usage` naming what there is to choose from
 */
export function traceView(picture: FabricPicture, request: TraceRequest): TraceView {
  const ends = resolveEnds(picture, request);
  return pathOf(pictured(picture), request, ends, tracedFrame(ends, request));
}

/** The same for a frame that is given. */
export function traceViewOf(
  picture: FabricPicture,
  request: TraceRequest,
  traced: Pick<TracedFrame, "frame" | "notes">,
): TraceView {
  return pathOf(pictured(picture), request, resolveEnds(picture, request), traced);
}
