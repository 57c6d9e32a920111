// Who sends, and to whom: what a person wrote, found among the endpoints, ports and hosts of a picture.

import { tryParseIp } from "../../proto/bytes/ip.ts";
import { parseMac } from "../../proto/bytes/mac.ts";
import type { TraceRequest } from "../api/trace-views.ts";
import { endpointText, hostName, networkName } from "./names.ts";
import type { FabricPicture, PictureEndpoint, PictureHost, PicturePort } from "./picture.ts";
import { TraceError } from "./trace-error.ts";

export const BROADCAST = "ff:ff:ff:ff:ff:ff";
/** Of a port where nobody has been heard: locally administered, and nobody's. */
const MADE_UP_MAC = "02:57:45:46:54:00";

export interface SourceEnd {
  readonly host: PictureHost;
  readonly ofport: number;
  /** null on a port that the facts do not have. */
  readonly port: PicturePort | null;
  readonly vni: number | null;
  /** The tag that the frame comes with; 0 is none. */
  readonly vlan: number;
  readonly mac: string;
  readonly ips: readonly string[];
  /** The address that was asked by, if it was. */
  readonly ip: string | null;
  readonly words: string;
}

export interface DestinationEnd {
  readonly mac: string;
  readonly ips: readonly string[];
  readonly ip: string | null;
  /** null: broadcast, or a MAC or address that nobody is known to have. */
  readonly endpoint: PictureEndpoint | null;
  readonly words: string;
}

export interface Ends {
  readonly source: SourceEnd;
  readonly destination: DestinationEnd;
}

/** What a text may mean. */
type Candidate =
  | { readonly kind: "endpoint"; readonly endpoint: PictureEndpoint; readonly ip: string | null }
  | { readonly kind: "port"; readonly host: PictureHost; readonly ofport: number; readonly port: PicturePort | null }
  | { readonly kind: "mac"; readonly mac: string }
  | { readonly kind: "address"; readonly ip: string };

const MAC = /^([0-9a-f]{1,2}[:-]){5}[0-9a-f]{1,2}$/i;
/** More are counted, not named. */
const MAX_NAMED = 8;

/** @throws TraceError `trace/unknown`, `trace/ambiguous`, `trace/usage` */
export function resolveEnds(picture: FabricPicture, request: TraceRequest): Ends {
  const sources = candidates(picture, request.from, "from");
  const isBroadcast = request.to.toLowerCase() === "broadcast";
  const targets: readonly Candidate[] = isBroadcast
    ? [{ kind: "mac", mac: BROADCAST }]
    : candidates(picture, request.to, "to");
  const pairs = sources.flatMap((source) => targets.map((target) => ({ source, target })));
  const together = pairs.filter(({ source, target }) => sharesNetwork(source, target));
  const [only, ...more] = together.length > 0 ? together : pairs;
  if (only === undefined) throw new TraceError("trace/unknown", "there is nothing to trace");
  if (more.length > 0) {
    const [text, all] = sources.length > 1 ? [request.from, sources] : [request.to, targets];
    throw ambiguous(picture, text, all);
  }
  return {
    source: sourceOf(picture, only.source, request),
    destination: isBroadcast
      ? { mac: BROADCAST, ips: [], ip: null, endpoint: null, words: "everybody (broadcast)" }
      : destinationOf(picture, only.target),
  };
}

function sharesNetwork(a: Candidate, b: Candidate): boolean {
  if (a.kind === "endpoint" && b.kind === "endpoint") return a.endpoint.vni === b.endpoint.vni;
  return a.kind === "endpoint" || a.kind === "port";
}

function ambiguous(picture: FabricPicture, text: string, all: readonly Candidate[]): TraceError {
  const named = all.map((one) => (one.kind === "endpoint" ? choice(picture, one.endpoint) : ""));
  return new TraceError(
    "trace/ambiguous",
    `"${text}" may be more than one; say which by its MAC or HOST:PORT: ${listed([...new Set(named)], "; ")}`,
    { context: { text } },
  );
}

function choice(picture: FabricPicture, endpoint: PictureEndpoint): string {
  return `${endpoint.mac} (${endpointText(picture, endpoint)}, in ${networkName(picture, endpoint.vni)})`;
}

function listed(texts: readonly string[], separator = ", "): string {
  if (texts.length === 0) return "none";
  const rest = texts.length - MAX_NAMED;
  return `${texts.slice(0, MAX_NAMED).join(separator)}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** At least one. */
function candidates(picture: FabricPicture, text: string, end: "from" | "to"): readonly Candidate[] {
  const { endpoints } = picture;
  const found = (list: readonly PictureEndpoint[], ip: string | null): readonly Candidate[] =>
    list.map((endpoint) => ({ kind: "endpoint", endpoint, ip }));
  if (MAC.test(text)) {
    const mac = parseMac(text.replaceAll("-", ":"));
    const known = found(
      endpoints.filter((one) => one.mac === mac),
      null,
    );
    if (known.length > 0) return known;
    if (end === "to") return [{ kind: "mac", mac }];
    throw unknown(picture, text, "no endpoint has this MAC; name the port it sends from as HOST:PORT");
  }
  const ip = tryParseIp(text);
  if (ip !== undefined) {
    const known = found(
      endpoints.filter((one) => one.ips.includes(ip)),
      ip,
    );
    if (known.length > 0) return known;
    if (end === "to") return [{ kind: "address", ip }];
    throw unknown(picture, text, "no endpoint is known to have this address");
  }
  const places = portsNamed(picture, text, end);
  if (places !== null) return places;
  const owned = found(
    endpoints.filter((one) => one.owner === text),
    null,
  );
  if (owned.length > 0) return owned;
  const ported = found(
    endpoints.filter((one) => one.port === text),
    null,
  );
  if (ported.length > 0) return ported;
  throw unknown(picture, text, "it is no MAC, no address, no HOST:PORT and no owner's name");
}

function unknown(picture: FabricPicture, text: string, why: string): TraceError {
  const names = picture.endpoints.map((one) => one.owner ?? one.ips[0] ?? one.mac);
  const near = names.filter((name) => name.startsWith(text.slice(0, 3)));
  const known = [...new Set([...near, ...names])];
  return new TraceError("trace/unknown", `"${text}" is not known: ${why}; known are ${listed(known)}`, {
    context: { text },
  });
}

/** null where the text is no HOST:PORT. */
function portsNamed(picture: FabricPicture, text: string, end: "from" | "to"): readonly Candidate[] | null {
  const colon = text.lastIndexOf(":");
  if (colon <= 0) return null;
  const [hostText, portText] = [text.slice(0, colon), text.slice(colon + 1)];
  const hosts = picture.hosts.filter(
    ({ id, name, index }) => id === hostText || name === hostText || String(index) === hostText,
  );
  const [host, ...others] = hosts;
  if (host === undefined) {
    const known = picture.hosts.map(({ name }) => name);
    throw new TraceError("trace/unknown", `no host is called "${hostText}"; known are ${listed(known)}`);
  }
  if (others.length > 0) {
    throw new TraceError(
      "trace/ambiguous",
      `more than one host is called "${hostText}": say which by its id: ${listed(hosts.map(({ id }) => id))}`,
    );
  }
  const port = host.ports.find((one) => one.name === portText || String(one.ofport) === portText) ?? null;
  const shown = host.switch?.ports.find((one) => one.name === portText || String(one.ofport) === portText);
  const ofport = port?.ofport ?? shown?.ofport ?? null;
  if (ofport === null) {
    const why = port === null ? `has no port "${portText}"` : `has not given port "${portText}" a number yet`;
    const known = host.ports.map(({ name }) => name);
    throw new TraceError("trace/unknown", `${hostName(picture, host.id)} ${why}; its ports are ${listed(known)}`);
  }
  const here = picture.endpoints.filter((one) => one.host === host.id && one.ofport === ofport);
  if (here.length > 0) return here.map((endpoint) => ({ kind: "endpoint", endpoint, ip: null }));
  if (end === "from") return [{ kind: "port", host, ofport, port }];
  throw new TraceError(
    "trace/unknown",
    `nobody is known at ${hostName(picture, host.id)} port ${portText}: name the MAC that the frame is for`,
  );
}

function sourceOf(picture: FabricPicture, candidate: Candidate, request: TraceRequest): SourceEnd {
  if (candidate.kind === "port") {
    const { host, ofport, port } = candidate;
    const mac = port?.declaredMacs[0] ?? MADE_UP_MAC;
    const place = `${hostName(picture, host.id)} port ${port?.name ?? ofport}`;
    const words = `${mac} at ${place}, where nobody is known${mac === MADE_UP_MAC ? "; the MAC is made up" : ""}`;
    return { host, ofport, port, ...networkOf(picture, port, null, request), mac, ips: [], ip: null, words };
  }
  if (candidate.kind !== "endpoint") throw new TraceError("trace/unknown", `nobody sends from "${request.from}"`);
  const { endpoint, ip } = candidate;
  const host = picture.hosts.find((one) => one.id === endpoint.host);
  if (host === undefined || endpoint.ofport === null) {
    const text = endpointText(picture, endpoint);
    throw new TraceError("trace/unknown", `${text}, and what its port is there is not known while that host is away`);
  }
  const port = host.ports.find((one) => one.ofport === endpoint.ofport) ?? null;
  const { mac, ips, ofport } = endpoint;
  const at = networkOf(picture, port, endpoint.vni, request);
  return { host, ofport, port, ...at, mac, ips, ip, words: wordsOf(picture, endpoint) };
}

/** @param vni of the endpoint, where one is known. */
function networkOf(
  picture: FabricPicture,
  port: PicturePort | null,
  vni: number | null,
  { vlan }: TraceRequest,
): Pick<SourceEnd, "vni" | "vlan"> {
  const networks = port?.networks ?? [];
  if (vlan !== undefined) return { vlan, vni: networks.find((one) => one.vlans.includes(vlan))?.vni ?? null };
  if (vni === null && networks.length > 1) {
    const names = networks.map((one) => `${networkName(picture, one.vni)} (--vlan ${one.vlans[0] ?? 0})`);
    throw new TraceError(
      "trace/ambiguous",
      `port ${port?.name} is in several networks: say which by --vlan: ${listed(names)}`,
    );
  }
  const at = vni === null ? networks[0] : networks.find((one) => one.vni === vni);
  return { vlan: at?.vlans[0] ?? 0, vni: at?.vni ?? vni };
}

function destinationOf(picture: FabricPicture, candidate: Candidate): DestinationEnd {
  switch (candidate.kind) {
    case "endpoint": {
      const { endpoint, ip } = candidate;
      return { mac: endpoint.mac, ips: endpoint.ips, ip, endpoint, words: wordsOf(picture, endpoint) };
    }
    case "mac":
      return {
        ...{ mac: candidate.mac, ips: [], ip: null, endpoint: null },
        words: `${candidate.mac}, which nobody is known to have`,
      };
    case "address":
      return {
        ...{ mac: BROADCAST, ips: [candidate.ip], ip: candidate.ip, endpoint: null },
        words: `${candidate.ip}, which nobody is known to have: it is asked for`,
      };
    case "port":
      throw new TraceError("trace/unknown", "a frame is for a MAC, not for a port");
  }
}

function wordsOf(picture: FabricPicture, endpoint: PictureEndpoint): string {
  const { mac, ips, vni } = endpoint;
  const addresses = ips.length === 0 ? "" : ` ${ips.join(" ")}`;
  return `${endpointText(picture, endpoint)} (${mac}${addresses}, network ${networkName(picture, vni)})`;
}
