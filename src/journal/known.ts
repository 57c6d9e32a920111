// What the journal knows of the fabric at one moment: as much as events are told of, as small plain JSON.
import { z } from "zod";

const text = z.string();
const nullable = z.string().nullable();

/** A host, or a switch without OVSDB. */
const host = z.object({
  kind: z.literal("host"),
  id: text,
  name: text,
  state: z.enum(["up", "joining", "waiting", "refused", "down"]),
  /** Whether its switch is connected. */
  openflow: z.boolean(),
  /** How far the taking over of its bridge is. */
  adoption: nullable,
  reason: nullable,
});

/** A tunnel that does not carry both directions; there is none where all is well. `a` sorts before `b`. */
const tunnel = z.object({
  kind: z.literal("tunnel"),
  a: text,
  b: text,
  type: text,
  state: z.enum(["down", "one-way", "error"]),
  /** The end that hears nothing, where only one does. */
  deaf: nullable,
  reason: text,
});

/** Frames that cross a third host since their own tunnel is down. */
const relay = z.object({ kind: z.literal("relay"), from: text, to: text, by: text, reason: text });

const endpoint = z.object({
  kind: z.literal("endpoint"),
  mac: text,
  network: text,
  host: text,
  /** null while only other hosts' flows tell of it. */
  port: nullable,
  ips: z.array(text).readonly(),
  origin: z.enum(["declared", "observed"]),
  owner: nullable,
});

/** A port that is cut off. */
const blocked = z.object({ kind: z.literal("blocked"), host: text, port: text, reason: text });

const problem = z.object({
  kind: z.literal("problem"),
  code: text,
  /** null where it is no host's, or that of several. */
  host: nullable,
  message: text,
  remedy: text,
  /** The MAC or address of a dispute, by which it is the same one. */
  about: text.optional(),
});

const known = z.discriminatedUnion("kind", [host, tunnel, relay, endpoint, blocked, problem]);

export type KnownHost = Readonly<z.infer<typeof host>>;
export type KnownTunnel = Readonly<z.infer<typeof tunnel>>;
export type KnownRelay = Readonly<z.infer<typeof relay>>;
export type KnownEndpoint = Readonly<z.infer<typeof endpoint>>;
export type KnownBlocked = Readonly<z.infer<typeof blocked>>;
export type KnownProblem = Readonly<z.infer<typeof problem>>;
export type Known = KnownHost | KnownTunnel | KnownRelay | KnownEndpoint | KnownBlocked | KnownProblem;

/** RFC 5880, section 4.1: an end with this diagnostic heard its neighbour say that it hears nothing. */
export const HEARS = /neighbor signaled/i;

/** By `keyOf`. What did not change is the same object as before: that is how a change costs what it touches. */
export type Picture = ReadonlyMap<string, Known>;

/** What is read from a disk may be anything. */
export function readKnown(value: unknown): Known | null {
  const read = known.safeParse(value);
  return read.success ? read.data : null;
}

export function hostKey(id: string): string {
  return `host ${id}`;
}

export function keyOf(one: Known): string {
  switch (one.kind) {
    case "host":
      return hostKey(one.id);
    case "tunnel":
      return `tunnel ${one.a} ${one.b} ${one.type}`;
    case "relay":
      return `relay ${one.from} ${one.to}`;
    case "endpoint":
      return `endpoint ${one.network} ${one.mac}`;
    case "blocked":
      return `blocked ${one.host} ${one.port}`;
    case "problem":
      return `problem ${one.code} ${one.about ?? withoutCounts(one.message)}`;
  }
}

/** Numbers that grow, and how far what is being mended is, make no other problem of it. */
function withoutCounts(message: string): string {
  const time = /\bat \d\d:\d\d:\d\d\b/.exec(message);
  if (time !== null) return time[0];
  return message.replaceAll(/\(\d+ times\)|, \d+ times\b/g, "").replaceAll(/(?<=^|\s)\d+(?=\s|$)/g, "#");
}

export function pictureOf(all: Iterable<Known>): Picture {
  const picture = new Map<string, Known>();
  for (const one of all) {
    const key = keyOf(one);
    if (!picture.has(key)) picture.set(key, one);
  }
  return picture;
}
