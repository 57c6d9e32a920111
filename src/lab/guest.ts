// A guest: a network namespace with one address on the fabric, from which packets are sent and counted.
import type { ChildProcess } from "node:child_process";
import type { CommandOptions, CommandResult } from "./command.ts";
import { ContinuousPing, type PingOptions, type PingResult, pingFrom } from "./ping.ts";
import { type Place, runAt, startAt } from "./place.ts";
import type { GuestRecord } from "./state.ts";
import { type TransferOptions, type TransferResult, transfer } from "./tcp-transfer.ts";

export class Guest implements Place {
  readonly name: string;
  /** The host it is on, for example "h1". */
  readonly host: string;
  readonly namespace: string;
  /** Its own interface: eth0, or an internal port in the host's namespace. */
  readonly device: string;
  /** The interface on the host's bridge. */
  readonly port: string;
  readonly ip: string;
  readonly prefixLength: number;
  readonly mac: string;
  readonly mtu: number;
  readonly env: Readonly<Record<string, string>>;

  constructor(record: GuestRecord, env: Readonly<Record<string, string>>) {
    this.name = record.name;
    this.host = record.host;
    this.namespace = record.namespace;
    this.device = record.device;
    this.port = record.port;
    this.ip = record.ip;
    this.prefixLength = record.prefixLength;
    this.mac = record.mac;
    this.mtu = record.mtu;
    this.env = env;
  }

  /** Runs a program in the guest to its end. */
  exec(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runAt(this, argv, options);
  }

  /** Starts a program in the guest that ends with the lab if not before. */
  spawn(argv: readonly string[]): ChildProcess {
    return startAt(this, argv);
  }

  ping(ip: string, options: PingOptions = {}): Promise<PingResult> {
    return pingFrom(this, ip, options);
  }

  /** Pings until it is stopped. */
  startPing(ip: string, options: { readonly intervalSec?: number } = {}): ContinuousPing {
    return new ContinuousPing(this, ip, options.intervalSec ?? 0.01);
  }

  /** Rejects unless all bytes arrive unchanged. */
  tcpTransfer(to: Guest, bytes: number, options: TransferOptions = {}): Promise<TransferResult> {
    return transfer(this, to, bytes, options);
  }
}
