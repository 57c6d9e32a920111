// Reads groups and meters in ovs-ofctl's syntax, as add-group and add-meter take them and as dump-groups and dump-meters show them.
import type { Bucket, GroupType } from "../bucket.ts";
import { OFPG, OFPMF, OFPP } from "../constants.ts";
import type { GroupMod } from "../messages/group-mod.ts";
import type { MeterMod } from "../messages/meter-mod.ts";
import type { MeterBand } from "../meter-band.ts";
import { parseActions } from "./parse-actions.ts";
import { parsePort, parseSmall } from "./parse-value.ts";
import { type Item, splitItems, textError } from "./scan.ts";

const GROUP_TYPES: Readonly<Record<string, GroupType>> = {
  all: "all",
  select: "select",
  indirect: "indirect",
  ff: "ff",
  fast_failover: "ff",
};

const RESERVED_GROUPS: Readonly<Record<string, number>> = { all: OFPG.ALL, any: OFPG.ANY };

/** "name=value" or "name:value". */
function splitPair(item: Item): { readonly name: string; readonly value: Item } {
  const end = item.text.search(/[=:]/);
  if (end < 0) return { name: item.text, value: { text: "", at: item.at + item.text.length } };
  return { name: item.text.slice(0, end), value: { text: item.text.slice(end + 1), at: item.at + end + 1 } };
}

function parseGroupId(item: Item): number {
  const reserved = Object.hasOwn(RESERVED_GROUPS, item.text) ? RESERVED_GROUPS[item.text] : undefined;
  return reserved ?? parseSmall(item, 32);
}

interface BucketHead {
  weight: number | undefined;
  watchPort: number;
  watchGroup: number;
}

/** True if the item was the bucket's own and not an action. */
function takeBucketAttribute(item: Item, bucket: BucketHead): boolean {
  const { name, value } = splitPair(item);
  if (name === "weight") bucket.weight = parseSmall(value, 16);
  else if (name === "watch_port") bucket.watchPort = parsePort(value);
  else if (name === "watch_group") bucket.watchGroup = parseGroupId(value);
  // OpenFlow 1.5 gives buckets ids; dump-groups shows them, 1.3 has no place for them.
  else return name === "bucket_id";
  return true;
}

/** "weight:3,watch_port:1,actions=output:1"; "actions=" may be left out. */
function parseBucket(text: string, at: number, type: GroupType): Bucket {
  const found = /(?:^|[\s,])actions?[=:]/.exec(text);
  const head = splitItems(found === null ? text : text.slice(0, found.index), at);
  const bucket: BucketHead = { weight: undefined, watchPort: OFPP.ANY, watchGroup: OFPG.ANY };
  const rest = head.filter((item) => !takeBucketAttribute(item, bucket));
  const [first] = rest;
  if (found !== null && first !== undefined) throw textError(`a bucket has no "${first.text}"`, first.at);
  const actionsAt = found === null ? (first?.at ?? at) - at : found.index + found[0].length;
  const actions = found === null && first === undefined ? [] : parseActions(text.slice(actionsAt), at + actionsAt);
  // ovs-ofctl gives the buckets of a select group the weight 1 unless they say otherwise.
  const weight = bucket.weight ?? (type === "select" ? 1 : 0);
  return { weight, watchPort: bucket.watchPort, watchGroup: bucket.watchGroup, actions };
}

/** "group_id=9,type=ff,bucket=watch_port:1,actions=output:1". Without `type` for a deletion alone. */
export function parseGroup(text: string, command: GroupMod["command"] = "add"): Omit<GroupMod, "xid"> {
  const parts = [...text.matchAll(/(?:^|[\s,])buckets?=/g)];
  const head = text.slice(0, parts[0]?.index ?? text.length);
  let groupId: number | undefined;
  let type: GroupType | undefined;
  for (const item of splitItems(head)) {
    const { name, value } = splitPair(item);
    if (name === "group_id") groupId = parseGroupId(value);
    else if (name === "type") {
      type = Object.hasOwn(GROUP_TYPES, value.text) ? GROUP_TYPES[value.text] : undefined;
      if (type === undefined) throw textError(`"${value.text}" is no type of group`, value.at);
    } else throw textError(`a group has no "${name}"`, item.at);
  }
  const isDelete = command === "delete";
  if (groupId === undefined && !isDelete) throw textError("a group needs group_id=", head.length);
  if (type === undefined && !isDelete) throw textError("a group needs type=", head.length);
  const groupType = type ?? "all";
  const buckets = parts.map((part, i) => {
    const at = part.index + part[0].length;
    return parseBucket(text.slice(at, parts[i + 1]?.index ?? text.length), at, groupType);
  });
  return { kind: "group_mod", command, type: groupType, groupId: groupId ?? OFPG.ALL, buckets };
}

const METER_FLAGS: Readonly<Record<string, number>> = {
  kbps: OFPMF.KBPS,
  pktps: OFPMF.PKTPS,
  burst: OFPMF.BURST,
  stats: OFPMF.STATS,
};
const RESERVED_METERS: Readonly<Record<string, number>> = {
  all: 0xffffffff,
  controller: 0xfffffffe,
  slowpath: 0xfffffffd,
};

interface BandParts {
  readonly at: number;
  type: string;
  rate?: number;
  burstSize: number;
  precLevel: number;
}

function finishBand({ at, type, rate, burstSize, precLevel }: BandParts): MeterBand {
  if (rate === undefined) throw textError("a band needs rate=", at);
  if (type === "drop") return { kind: "drop", rate, burstSize };
  if (type === "dscp_remark") return { kind: "dscp_remark", rate, burstSize, precLevel };
  throw textError(`"${type}" is no type of band`, at);
}

function takeBandAttribute(name: string, value: Item, item: Item, bands: BandParts[]): void {
  if (name === "type") bands.push({ at: item.at, type: value.text, burstSize: 0, precLevel: 0 });
  const band = bands.at(-1);
  if (name === "type") return;
  if (band === undefined) throw textError(`"${item.text}" stands before a band's type=`, item.at);
  if (name === "rate") band.rate = parseSmall(value, 32);
  else if (name === "burst_size") band.burstSize = parseSmall(value, 32);
  else if (name === "prec_level") band.precLevel = parseSmall(value, 8);
  else throw textError(`a band has no "${name}"`, item.at);
}

/** "meter=5 pktps burst bands=type=drop rate=50 burst_size=10". */
export function parseMeter(text: string, command: MeterMod["command"] = "add"): Omit<MeterMod, "xid"> {
  const found = /(?:^|[\s,])bands?=/.exec(text);
  const head = found === null ? text : text.slice(0, found.index);
  let meterId: number | undefined;
  let flags = 0;
  for (const item of splitItems(head)) {
    const { name, value } = splitPair(item);
    const bit = Object.hasOwn(METER_FLAGS, name) ? METER_FLAGS[name] : undefined;
    if (bit !== undefined && value.text === "") flags |= bit;
    else if (name === "meter") {
      meterId = Object.hasOwn(RESERVED_METERS, value.text) ? RESERVED_METERS[value.text] : parseSmall(value, 32);
    } else throw textError(`a meter has no "${item.text}"`, item.at);
  }
  if (meterId === undefined) throw textError("a meter needs meter=", head.length);
  const bands: BandParts[] = [];
  if (found !== null) {
    const at = found.index + found[0].length;
    for (const item of splitItems(text.slice(at), at)) {
      const { name, value } = splitPair(item);
      takeBandAttribute(name, value, item, bands);
    }
  }
  const isDelete = command === "delete";
  if (bands.length === 0 && !isDelete) throw textError("a meter needs bands=", text.length);
  if (!isDelete && (flags & (OFPMF.KBPS | OFPMF.PKTPS)) === 0)
    throw textError("a meter needs kbps or pktps", head.length);
  return { kind: "meter_mod", command, flags, meterId, bands: bands.map(finishBand) };
}
