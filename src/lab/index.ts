// The lab's public entry.
export type { GuestSpec, PortSpec } from "./add-guest.ts";
export type { BroadcastCount, BroadcastOptions, BroadcastResult } from "./broadcast.ts";
export type { Capture, CaptureOptions, CaptureResult } from "./capture.ts";
export type { CommandOptions, CommandResult } from "./command.ts";
export type { Daemon, DaemonProgram } from "./daemon.ts";
export { Guest } from "./guest.ts";
export { guestMtu, type TunnelType } from "./guest-mtu.ts";
export { type BridgeSpec, type Connection, Host } from "./host.ts";
export type { HostPresets } from "./host-start.ts";
export type { InternalPortSpec } from "./internal-port.ts";
export { type HostRef, Lab, type LabOptions, type PopulateOptions } from "./lab.ts";
export { LabError } from "./lab-error.ts";
export type { ContinuousPing, ContinuousPingResult, PingOptions, PingResult } from "./ping.ts";
export type { PingMatrix, PingMatrixOptions, PingPair } from "./ping-matrix.ts";
export type { Place } from "./place.ts";
export { checkRequirements, type Machine, type Missing } from "./requirements.ts";
export type { Segment, SegmentGuestSpec, SegmentSpec } from "./segment.ts";
export type { TransferOptions, TransferResult } from "./tcp-transfer.ts";
