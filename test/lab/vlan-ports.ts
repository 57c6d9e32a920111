// Ports with every kind of VLAN columns, and frames with every kind of tags, for comparing Weft's bridges with NORMAL.

export interface VlanPort {
  readonly name: string;
  /** Columns of the Port on Weft's bridge. */
  readonly columns: readonly string[];
  /** On the reference bridge, where they differ: the one deliberate difference. */
  readonly reference?: readonly string[];
}

export const VLAN_PORTS: readonly VlanPort[] = [
  { name: "plain", columns: [], reference: ["tag=0"] },
  { name: "zero", columns: ["tag=0"] },
  { name: "a10", columns: ["tag=10"] },
  { name: "a20", columns: ["tag=20", "vlan_mode=access"] },
  { name: "a10n", columns: ["tag=10", "other_config:priority-tags=if-nonzero"] },
  { name: "a10a", columns: ["tag=10", "other_config:priority-tags=always"] },
  { name: "p10", columns: ["tag=10", "protected=true"] },
  { name: "pp10", columns: ["tag=10", "protected=true", "other_config:priority-tags=if-nonzero"] },
  { name: "t", columns: ["vlan_mode=trunk"] },
  { name: "tp", columns: ["vlan_mode=trunk", "protected=true"] },
  { name: "t12", columns: ["trunks=10,20"] },
  { name: "t01", columns: ["trunks=0,10"] },
  { name: "tn", columns: ["vlan_mode=trunk", "other_config:priority-tags=if-nonzero"] },
  { name: "ta", columns: ["vlan_mode=trunk", "other_config:priority-tags=always"] },
  { name: "nt", columns: ["tag=10", "vlan_mode=native-tagged"] },
  { name: "nt2", columns: ["tag=20", "vlan_mode=native-tagged", "trunks=10"] },
  { name: "nu", columns: ["tag=10", "vlan_mode=native-untagged"] },
  { name: "nun", columns: ["tag=10", "vlan_mode=native-untagged", "other_config:priority-tags=if-nonzero"] },
  { name: "nu2", columns: ["tag=20", "vlan_mode=native-untagged", "trunks=20"] },
];

export interface Tag {
  readonly tpid: number;
  readonly vid: number;
  readonly pcp: number;
}

const C = (vid: number, pcp = 0): Tag => ({ tpid: 0x8100, vid, pcp });
const S = (vid: number, pcp = 0): Tag => ({ tpid: 0x88a8, vid, pcp });

/** Outermost first. */
export const TAGS: readonly (readonly Tag[])[] = [
  [],
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((pcp) => [C(0, pcp)]),
  ...[0, 3, 7].map((pcp) => [C(10, pcp)]),
  ...[0, 6].map((pcp) => [C(20, pcp)]),
  [C(30)],
  [C(30, 2)],
  [C(4094, 1)],
  [S(0)],
  [S(0, 4)],
  [S(10)],
  [S(10, 5)],
  [C(10), C(20)],
  [C(10, 3), C(0, 6)],
  [C(10), C(0)],
  [C(10), C(1)],
  [C(20, 1), C(20, 2)],
  [S(10), C(20, 4)],
  [S(20, 2), S(10)],
  [C(0), C(10)],
  [C(0, 5), C(0, 3)],
  [C(0), C(0)],
  [S(0), C(1)],
  [C(30, 1), C(10, 1)],
  [C(10, 2), C(20), C(30)],
];

export function tagsText(tags: readonly Tag[]): string {
  return tags.map(({ tpid, vid, pcp }) => `${tpid.toString(16)}:${vid}/${pcp}`).join(" ") || "untagged";
}

/** Its payload is no protocol's, and holds what the test finds it again by. */
export function frameHex(destination: string, source: string, tags: readonly Tag[], payload: string): string {
  const mac = (text: string): string => text.replaceAll(":", "");
  const tag = ({ tpid, vid, pcp }: Tag): string =>
    tpid.toString(16) + ((pcp << 13) | vid).toString(16).padStart(4, "0");
  return `${mac(destination)}${mac(source)}${tags.map(tag).join("")}88b5${payload.padEnd(92, "0")}`;
}
