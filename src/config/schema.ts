// The keys of weft.yaml, what each may hold, and what to say when it holds something else.
import { z } from "zod";
import { tryParseIp } from "../../proto/bytes/ip.ts";
import { tryParseIpRange } from "../../proto/bytes/ip-range.ts";
import { isMulticastMac, tryParseMac } from "../../proto/bytes/mac.ts";
import { defaultConfig } from "./defaults.ts";
import {
  ADMITTED,
  FLOOD_OR_DROP,
  FLOW_BASED_MODES,
  HTTP_READS,
  LOG_LEVELS,
  TUNNEL_TYPES,
  type WeftConfig,
} from "./types.ts";

/** Every message completes the sentence "expected ...". */
function text(expected: string, pattern: RegExp) {
  return z.string({ error: expected }).regex(pattern, { error: expected });
}

function integer(what: string, min: number, max: number) {
  const expected = `${what}, a whole number from ${min} to ${max}`;
  return z.int({ error: expected }).min(min, { error: expected }).max(max, { error: expected });
}

function choice<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, { error: `one of ${words.join(", ")}` });
}

function ip(what: string) {
  const expected = `${what}, such as 192.0.2.10 or 2001:db8::10`;
  return z
    .string({ error: expected })
    .refine((value) => tryParseIp(value) !== undefined, { error: expected })
    .transform((value) => tryParseIp(value) ?? value);
}

function mac(what: string) {
  const expected = `${what}, such as 52:54:00:12:34:56`;
  const station = (value: string): string | undefined => {
    const parsed = tryParseMac(value);
    return parsed === undefined || isMulticastMac(parsed) ? undefined : parsed;
  };
  return z
    .string({ error: expected })
    .refine((value) => station(value) !== undefined, { error: expected })
    .transform((value) => station(value) ?? value);
}

/** A key with nothing below it (`networks:`) is the same as no key. */
function section<Shape extends z.core.$ZodShape>(shape: Shape) {
  const object = z.strictObject(shape, { error: `keys: ${Object.keys(shape).join(", ")}` });
  return z.preprocess((value) => value ?? {}, object);
}

/** A map whose keys are chosen by the user. */
function named<Key extends z.core.$ZodRecordKey, Value extends z.core.SomeType>(key: Key, value: Value, what: string) {
  return z
    .preprocess((given) => given ?? {}, z.record(key, value, { error: what }))
    .transform((record) => Object.assign(Object.create(null) as typeof record, record));
}

const flag = z.boolean({ error: "true or false" });

function inheritable(what: string, min: number, max: number) {
  const expected = `${what}, a whole number from ${min} to ${max}, or inherit`;
  return z.union([z.literal("inherit"), z.int().min(min).max(max)], { error: expected }).nullable();
}

/** Relative paths would mean another file wherever the controller is started. */
const file = (what: string) => text(`${what}, a path that begins with /`, /^\/[^\0]+$/).nullable();
const RANGE = "an address or range of addresses, such as 192.0.2.0/24 or 2001:db8::/64";

const bridge = text("a bridge name of at most 15 letters, digits or . _ -", /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/);
const label = (what: string) =>
  text(`${what} of at most 63 letters, digits or . _ -`, /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);
const methods = (example: string) =>
  z
    .array(text(`a connection method such as ${example}`, /^\S.*$/), {
      error: `a list of connection methods, such as [${example}]`,
    })
    .min(1, { error: `at least one connection method, such as [${example}]` });

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?)*$/;

const network = section({
  vni: integer("a network's number in tunnels", 1, 0x7fefff).exactOptional(),
  tag: integer("a VLAN tag", 1, 4094).exactOptional(),
  unknownUnicast: choice(FLOOD_OR_DROP).exactOptional(),
  multicast: choice(FLOOD_OR_DROP).exactOptional(),
  floodKbps: integer("kilobits a second", 64, 100_000_000).exactOptional(),
  locked: flag.exactOptional(),
  answer: flag.exactOptional(),
});

const host = section({
  name: label("a name").exactOptional(),
  tunnelIp: ip("the host's tunnel address").exactOptional(),
  bridge: bridge.exactOptional(),
  index: integer("a host's index", 1, 65_535).exactOptional(),
});

const networkName = text(
  "a network name of at most 63 lower-case letters, digits or . _ -",
  /^[a-z0-9][a-z0-9._-]{0,62}$/,
);
const systemId = text("a system-id of at most 255 characters without spaces", /^[^\s]{1,255}$/);

const endpoint = z.strictObject(
  {
    mac: mac("the MAC of a station"),
    ips: z.array(ip("an address"), { error: "a list of addresses, such as [192.0.2.10]" }).exactOptional(),
    network: networkName.exactOptional(),
    host: systemId,
    port: text("the name of a port", /^[^\s/]{1,255}$/),
  },
  { error: "keys: mac, ips, network, host, port" },
);

const fallback = defaultConfig;

export const configSchema = section({
  bridge: bridge.default(fallback.bridge),
  datapathType: label("netdev, system, or null to leave it to the host;").nullable().default(fallback.datapathType),
  fabric: section({ id: label("a fabric id").nullable().default(fallback.fabric.id) }),
  tunnel: section({
    type: choice(TUNNEL_TYPES).default(fallback.tunnel.type),
    csum: flag.nullable().default(fallback.tunnel.csum),
    dstPort: integer("a UDP port", 1, 65_535).nullable().default(fallback.tunnel.dstPort),
    dfDefault: flag.nullable().default(fallback.tunnel.dfDefault),
    tos: inheritable("a type of service", 0, 255).default(fallback.tunnel.tos),
    ttl: inheritable("a time to live", 1, 255).default(fallback.tunnel.ttl),
    localIp: flag.default(fallback.tunnel.localIp),
    flowBased: choice(FLOW_BASED_MODES).default(fallback.tunnel.flowBased),
    flowBasedAbove: integer("a number of hosts", 1, 65_535).default(fallback.tunnel.flowBasedAbove),
    pinAddress: flag.nullable().default(fallback.tunnel.pinAddress),
  }),
  listen: section({
    ovsdb: methods("ptcp:6640").default([...fallback.listen.ovsdb]),
    openflow: methods("ptcp:6653").default([...fallback.listen.openflow]),
    control: text("the path of a socket", /^\/.+$/)
      .nullable()
      .default(fallback.listen.control),
  }),
  http: section({
    enabled: flag.default(fallback.http.enabled),
    listen: text("an address and a port, such as 127.0.0.1:6680 or [::1]:6680", /^[^\s/]{1,255}:\d{1,5}$/)
      .nullable()
      .default(fallback.http.listen),
    names: z
      .array(text("a host name, such as weft.example.net", HOST_NAME), {
        error: "a list of host names, such as [weft.example.net]",
      })
      .default([...fallback.http.names]),
    reads: choice(HTTP_READS).nullable().default(fallback.http.reads),
    token: text("a token of 16 to 512 letters, digits or - . _ ~ + / =", /^[A-Za-z0-9._~+/=-]{16,512}$/)
      .nullable()
      .default(fallback.http.token),
    tokenFile: file("the file of the token").default(fallback.http.tokenFile),
  }),
  tls: section({
    privateKey: file("the private key's file").default(fallback.tls.privateKey),
    certificate: file("the certificate's file").default(fallback.tls.certificate),
    caCertificate: file("the file of the CA that signs hosts' certificates").default(fallback.tls.caCertificate),
    crl: file("the file of a revocation list").default(fallback.tls.crl),
  }),
  admit: choice(ADMITTED).default(fallback.admit),
  admission: section({
    allow: z
      .array(
        z.string({ error: RANGE }).refine((value) => tryParseIpRange(value) !== undefined, { error: RANGE }),
        { error: "a list of ranges, such as [192.0.2.0/24]" },
      )
      .default([...fallback.admission.allow]),
    secretFile: file("the file of the secret that approvals are signed with").default(fallback.admission.secretFile),
  }),
  controllerAddress: ip("the controller's address").nullable().default(fallback.controllerAddress),
  networks: named(networkName, network, "networks by name"),
  hosts: named(systemId, host, "hosts by system-id"),
  endpoints: section({
    idleTimeoutSec: integer("seconds", 1, 65_535).default(fallback.endpoints.idleTimeoutSec),
    perPort: integer("a number of endpoints", 1, 65_536).default(fallback.endpoints.perPort),
    perHost: integer("a number of endpoints", 1, 1_048_576).default(fallback.endpoints.perHost),
    duplicateWindowSec: integer("seconds", 1, 3600).default(fallback.endpoints.duplicateWindowSec),
    freezeSec: integer("seconds", 1, 86_400).default(fallback.endpoints.freezeSec),
    moves: section({
      count: integer("a number of moves", 2, 1000).default(fallback.endpoints.moves.count),
      windowSec: integer("seconds", 1, 86_400).default(fallback.endpoints.moves.windowSec),
    }),
    static: z.preprocess(
      (value) => value ?? [],
      z.array(endpoint, { error: "a list of endpoints, each with mac, host and port" }),
    ),
  }),
  punts: section({
    packetsPerSecond: integer("packets per second", 1, 100_000).default(fallback.punts.packetsPerSecond),
    burst: integer("packets", 1, 100_000).default(fallback.punts.burst),
  }),
  timeouts: section({
    startHoldSec: integer("seconds", 0, 3600).default(fallback.timeouts.startHoldSec),
    probeSec: integer("seconds", 1, 300).default(fallback.timeouts.probeSec),
    handshakeSec: integer("seconds", 1, 300).default(fallback.timeouts.handshakeSec),
  }),
  limits: section({
    connections: integer("a number of connections", 1, 65_536).default(fallback.limits.connections),
    connectionsPerSource: integer("a number of connections", 1, 65_536).default(fallback.limits.connectionsPerSource),
    hosts: integer("a number of hosts", 1, 65_536).default(fallback.limits.hosts),
  }),
  underlayMtu: integer("bytes", 576, 65_535).default(fallback.underlayMtu),
  mtu: section({ request: flag.default(fallback.mtu.request) }),
  loops: section({ probeSec: integer("seconds", 0, 3600).default(fallback.loops.probeSec) }),
  topology: section({
    hubs: z.array(label("a host's id or name"), { error: "a list of hosts" }).default([...fallback.topology.hubs]),
    direct: z
      .array(z.tuple([label("a host's id or name"), label("a host's id or name")], { error: "a pair of hosts" }), {
        error: "a list of pairs, such as [[a, b]]",
      })
      .default([]),
  }),
  bfd: section({
    enabled: flag.default(fallback.bfd.enabled),
    packetsPerSecond: integer("packets per second", 1, 100_000).default(fallback.bfd.packetsPerSecond),
  }),
  log: section({ level: choice(LOG_LEVELS).default(fallback.log.level) }),
  journal: section({
    file: file("the journal's file").default(fallback.journal.file),
    maxBytes: integer("bytes", 65_536, 1_073_741_824).default(fallback.journal.maxBytes),
  }),
}) satisfies z.ZodType<WeftConfig>;
