// multipath(...), bundle(...) and bundle_load(...) in ovs-ofctl's syntax.
import type { NxBundle, NxMultipath } from "../action-types.ts";
import { oxmFieldByName } from "../oxm-fields.ts";
import { formatBits, formatPort16, hex } from "./format-value.ts";
import { parseBits, parsePort16, parseSmall } from "./parse-value.ts";
import { type Item, splitItems, textError } from "./scan.ts";

const HASH_FIELDS = [
  ...["eth_src", "symmetric_l4", "symmetric_l3l4", "symmetric_l3l4+udp", "nw_src", "nw_dst", "symmetric_l3"],
];
const MULTIPATH_ALGORITHMS = ["modulo_n", "hash_threshold", "hrw", "iter_hash"];
const BUNDLE_ALGORITHMS = ["active_backup", "hrw"];
const MEMBER_TYPES = new Map([["ofport", oxmFieldByName("nxm_of_in_port")?.header ?? 0]]);

function numberOf(item: Item, names: readonly string[]): number {
  const number = names.indexOf(item.text);
  return number >= 0 ? number : parseSmall(item, 16);
}

function nameOf(number: number, names: readonly string[]): string {
  return names[number] ?? String(number);
}

export function formatMultipath(action: NxMultipath): string {
  const fields = nameOf(action.fields, HASH_FIELDS);
  const algorithm = nameOf(action.algorithm, MULTIPATH_ALGORITHMS);
  const dst = formatBits(action.dst, action.ofs, action.nBits);
  return `multipath(${fields},${action.basis},${algorithm},${action.maxLink + 1},${action.arg},${dst})`;
}

export function parseMultipath(argument: Item): NxMultipath {
  const [fields, basis, algorithm, links, arg, to] = splitItems(argument.text, argument.at);
  if (to === undefined || arg === undefined || links === undefined || algorithm === undefined || basis === undefined) {
    throw textError("multipath(FIELDS,BASIS,ALGORITHM,LINKS,ARG,FIELD[..])", argument.at);
  }
  const { field, ofs, nBits } = parseBits(to);
  const count = parseSmall(links, 17);
  if (count < 1 || count > 0x10000) throw textError(`${links.text} is no number of links`, links.at);
  return {
    kind: "nx_multipath",
    fields: numberOf(fields as Item, HASH_FIELDS),
    basis: parseSmall(basis, 16),
    algorithm: numberOf(algorithm, MULTIPATH_ALGORITHMS),
    maxLink: count - 1,
    arg: parseSmall(arg, 32),
    ...{ dst: field.name, ofs, nBits },
  };
}

function memberTypeName(header: number): string {
  for (const [name, known] of MEMBER_TYPES) if (known === header) return name;
  return hex(header);
}

export function formatBundle(action: NxBundle): string {
  const fields = nameOf(action.fields, HASH_FIELDS);
  const head = `${fields},${action.basis},${nameOf(action.algorithm, BUNDLE_ALGORITHMS)},${memberTypeName(action.memberType)}`;
  const target = action.kind === "nx_bundle" ? "" : `${formatBits(action.dst, action.ofs, action.nBits)},`;
  return `${action.kind.slice(3)}(${head},${target}members:${action.members.map(formatPort16).join(",")})`;
}

/** "members:" begins the list of ports; older versions wrote "slaves:". */
const MEMBERS = /^(?:members|slaves):/;

export function parseBundle(kind: NxBundle["kind"], argument: Item): NxBundle {
  const items = splitItems(argument.text, argument.at);
  const first = kind === "nx_bundle" ? 4 : 5;
  const [fields, basis, algorithm, type] = items;
  const start = items[first];
  const prefix = start === undefined ? null : MEMBERS.exec(start.text);
  if (start === undefined || prefix === null) {
    const target = kind === "nx_bundle" ? "" : "FIELD[..],";
    throw textError(`${kind.slice(3)}(FIELDS,BASIS,ALGORITHM,ofport,${target}members:PORT,...)`, argument.at);
  }
  const members = [
    { text: start.text.slice(prefix[0].length), at: start.at + prefix[0].length },
    ...items.slice(first + 1),
  ].filter((item) => item.text !== "");
  const common = {
    fields: numberOf(fields as Item, HASH_FIELDS),
    basis: parseSmall(basis as Item, 16),
    algorithm: numberOf(algorithm as Item, BUNDLE_ALGORITHMS),
    memberType: MEMBER_TYPES.get((type as Item).text) ?? parseSmall(type as Item, 32),
    members: members.map(parsePort16),
  };
  if (kind === "nx_bundle") return { kind, ...common };
  const { field, ofs, nBits } = parseBits(items[4] as Item);
  return { kind, ...common, dst: field.name, ofs, nBits };
}
