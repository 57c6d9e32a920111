// Byte streams to peers: the only place in the project that opens a socket.
export { formatEndpoint, plainAddress } from "./address.ts";
export { type BackoffOptions, DEFAULT_BACKOFF, nextBackoff } from "./backoff.ts";
export type { ByteStream, StreamEnd, Transport } from "./byte-stream.ts";
export { type Clock, systemClock, type Timer } from "./clock.ts";
export { ConnectionGate, DEFAULT_GATE_LIMITS, type GateLimits, type GateRefusal } from "./connection-gate.ts";
export { type Dialer, type DialHandlers, type DialOptions, dial } from "./dial.ts";
export { type Listener, type ListenOptions, listen, type Refusal } from "./listen.ts";
export { Pace } from "./pace.ts";
export type { PeerCertificate } from "./peer-certificate.ts";
export type { StreamOptions } from "./socket-stream.ts";
export { TlsKeys, type TlsKeysHandlers } from "./tls-keys.ts";
export type { TlsFiles, TlsMaterial } from "./tls-material.ts";
