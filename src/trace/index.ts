// The public entry of the model of the switch and of the fabric.
export { describeFrame } from "./describe-frame.ts";
export { type Ends, resolveEnds } from "./ends.ts";
export {
  type ControllerCopy,
  type Crossing,
  type Delivery,
  type Hop,
  type HostId,
  type Lost,
  type Switches,
  type Trace,
  type TraceOptions,
  type TunnelEnd,
  traceFrame,
  type World,
  world,
} from "./fabric-trace.ts";
export type { TraceFlow } from "./flow-table.ts";
export {
  arpFrame,
  type Frame,
  type Ipv4Payload,
  type Ipv6Payload,
  ipv4Frame,
  ipv6Frame,
  type Payload,
  rawFrame,
  type Transport,
  vlanTag,
} from "./frame.ts";
export { frameFromBytes, frameToBytes } from "./frame-bytes.ts";
export { hostName as pictureHostName, portName as picturePortName, whoText } from "./names.ts";
export type {
  FabricPicture,
  PictureEndpoint,
  PictureFact,
  PictureFlow,
  PictureHost,
  PictureLink,
  PictureNetwork,
  PicturePort,
  PictureSwitch,
  PictureTunnel,
} from "./picture.ts";
export { pictured } from "./pictured.ts";
export { describeDrop, renderTrace, type TraceNames } from "./render.ts";
export type { ControllerOutput, DropReason, PortOutput, Step } from "./steps.ts";
export { TraceError } from "./trace-error.ts";
export { traceSource, traceView, traceViewOf } from "./trace-view.ts";
export { PROTOCOLS, type TracedFrame, tracedFrame } from "./traced-frame.ts";
export {
  type Arrival,
  type SelectMode,
  type SwitchModel,
  switchModel,
  type TraceGroup,
  type TracePort,
  type Translation,
  translate,
} from "./translate.ts";
