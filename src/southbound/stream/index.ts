// Byte streams to peers: the only place in the project that opens a socket.
export { formatEndpoint, plainAddress } from "./address.ts";
export { type BackoffOptions, DEFAULT_BACKOFF, nextBackoff } from "./backoff.ts";
export type { ByteStream, StreamEnd } from "./byte-stream.ts";
export { type Clock, systemClock, type Timer } from "./clock.ts";
export { ConnectionGate, DEFAULT_GATE_LIMITS, type GateLimits, type GateRefusal } from "./connection-gate.ts";
export { type Dialer, type DialHandlers, type DialOptions, dial } from "./dial.ts";
export { type Listener, type ListenOptions, listen } from "./listen.ts";
export { Pace } from "./pace.ts";
export type { StreamOptions } from "./socket-stream.ts";
