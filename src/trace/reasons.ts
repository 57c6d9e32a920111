// Why a flow or a group does what it does: the fact behind it, in words.
import { bigIntToMac, isMulticastMac } from "../../proto/bytes/mac.ts";
import type { TraceFlow } from "./flow-table.ts";
import { endpointText, hostOf, nameAtIndex, networkName, portName } from "./names.ts";
import type { FabricPicture, PictureFact, PictureHost } from "./picture.ts";

interface Asked {
  readonly picture: FabricPicture;
  readonly host: PictureHost;
  readonly flow: TraceFlow;
  readonly fact: PictureFact;
}

const REASONS: Readonly<Record<string, (asked: Asked) => string>> = {
  identity: () => "no flow is for it: what comes in so is no network's",
  guard: () => "group addresses as senders, and addresses that 802.1D keeps on one link, are never forwarded",
  port: ({ picture, host, fact }) =>
    `port ${portAt(host, fact)} is in network ${networkName(picture, fact.vni)}${lockOf(host, fact)}`,
  blocked: ({ host, fact }) => `port ${portAt(host, fact)} is cut off: it meets another port outside of the fabric`,
  probe: ({ host, fact }) => `a probe for loops at port ${portAt(host, fact)}: it goes to the controller alone`,
  "link-news": ({ host, fact }) =>
    `a frame that tells of links at port ${portAt(host, fact)}: it goes to the controller alone`,
  tunnel: (asked) => `from ${indexed(asked)} by its tunnel: the key is the network`,
  stranger: () => "out of a flow-based tunnel, from an address that is no host's",
  arrive: () => "out of a flow-based tunnel: the key is the network",
  relay: (asked) => `another host asks this one to pass it on to ${indexed(asked)}`,
  speaker: ({ host, fact }) => `port ${portAt(host, fact)} is locked, and this is declared for it`,
  impostor: ({ host, fact }) =>
    `port ${portAt(host, fact)} is locked, and the sender or its address is not declared for it`,
  "own-claim": ({ host, fact }) =>
    `port ${portAt(host, fact)} is locked, and the address that is advertised is its own`,
  "address-news": () => "it may tell an address: a copy goes to the controller",
  "unknown-mac": ({ host, fact }) =>
    `the sender is not known at port ${portAt(host, fact)}: a copy goes to the controller`,
  "known-mac": (asked) => `the sender is known here: ${addressee(asked, "eth_src")}`,
  "known-address": (asked) => `the sender is known here with this address: ${addressee(asked, "eth_src")}`,
  usurper: () => "the sender uses a MAC or an address that is another's: what it says is dropped",
  answer: (asked) => `the switch knows who has the address that is asked for, at ${indexed(asked)}`,
  "own-port": ({ host, fact }) => `who is asked for is behind port ${portAt(host, fact)} itself`,
  unanswered: () => "nobody is known to have the address that is asked for, or it is no question: on as ever",
  advertise: () => "the answer names the MAC that was asked for",
  return: () => "the answer goes out by the port the question came from",
  "local-endpoint": (asked) => addressee(asked, "eth_dst"),
  "deliver-endpoint": (asked) => addressee(asked, "eth_dst"),
  "transit-endpoint": (asked) => addressee(asked, "eth_dst"),
  "remote-endpoint": (asked) => addressee(asked, "eth_dst"),
  flood: flooded,
  "deliver-flood": flooded,
  "transit-flood": flooded,
  withheld: ({ picture, fact }) =>
    `network ${networkName(picture, fact.vni)} drops what is for many or for nobody known`,
  reflection: ({ host, fact }) =>
    `the sender can speak only from locked port ${portAt(host, fact)} here, not out of a tunnel`,
  egress: ({ host, fact }) => `out as port ${portAt(host, fact)} asks for`,
  depart: () => "a tag that says nothing does not go along",
  uncovered: () => "the tag behind is covered again",
  heard: ({ host, fact }) => `by hand-made tunnel ${portAt(host, fact)}, heard until its far end is taken over as well`,
  link: ({ host, fact }) => `port ${portAt(host, fact)} is cabled to another switch`,
  tree: ({ picture, host, fact }) =>
    `it came into the island at ${nameAtIndex(picture, host, fact.place)}, whose frames come by this port`,
  label: () => "every frame into the island gets the label of its switch",
  "trace-seen": () => "a probe of weft trace --live: it is told, and goes on as any frame",
  "trace-end": () => "a probe of weft trace --live: it ends here, and no guest gets it",
  "check-end": () => "a probe of weft check: it ends here",
};

/** "vm3 is on host2 port tap0, declared by attached-mac". */
export function flowReason(
  picture: FabricPicture,
  host: PictureHost,
  flow: TraceFlow,
  fact: PictureFact | null,
): string {
  if (fact === null) return "Weft did not write this flow";
  return REASONS[fact.kind]?.({ picture, host, flow, fact }) ?? `a flow of Weft, ${fact.kind}`;
}

/** Of a port's number only the low bits are in a cookie. */
function portAt(host: PictureHost, { place }: PictureFact): string {
  const ports = host.switch?.ports ?? [];
  const shown = ports.find(({ ofport }) => (ofport & 0xffff) === place);
  return shown?.name ?? portName(host, place);
}

function lockOf(host: PictureHost, { place }: PictureFact): string {
  const port = host.ports.find(({ ofport }) => ofport !== null && (ofport & 0xffff) === place);
  return port?.locked === true ? ", and locked" : "";
}

function indexed({ picture, host, fact }: Asked): string {
  return nameAtIndex(picture, host, fact.place);
}

function macIn({ match }: TraceFlow, field: "eth_src" | "eth_dst"): string | null {
  const tlv = match.find((one) => one.field === field);
  return tlv === undefined || tlv.field === "unknown" ? null : bigIntToMac(BigInt(tlv.value));
}

function addressee({ picture, host, flow, fact }: Asked, field: "eth_src" | "eth_dst"): string {
  const mac = macIn(flow, field);
  // The same MAC may be elsewhere in an island that is no part of this fabric.
  const known = picture.endpoints.find(
    (one) => one.mac === mac && one.vni === fact.vni && hostOf(picture, one.host)?.fabric === host.fabric,
  );
  if (known !== undefined) return endpointText(picture, known);
  return `${mac ?? "it"} was here when the flow was written, and is not known any more`;
}

function flooded({ picture, fact, flow }: Asked): string {
  const mac = macIn(flow, "eth_dst");
  const network = networkName(picture, fact.vni);
  if (mac !== null && isMulticastMac(mac)) return `for many: to all of network ${network}`;
  return `for many, or for nobody known: to all of network ${network}`;
}
