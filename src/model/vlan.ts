// The VLAN columns of a Port as ovs-vswitchd.conf.db(5) reads them, with Weft's one deliberate difference.

/** `Port.tag`, `Port.trunks`, `Port.vlan_mode` as they stand in the database. */
export interface VlanColumns {
  readonly tag: number | null;
  readonly trunks: readonly number[];
  readonly vlanMode: string | null;
  /** `Port.other_config:priority-tags`; absent is `never`. */
  readonly priorityTags?: PriorityTags;
  /** `Port.protected`; absent is false. */
  readonly protected?: boolean;
}

/** Whether frames that go out without a VLAN have a tag of VLAN 0 for their priority. */
export type PriorityTags = "never" | "if-nonzero" | "always";

export type VlanMode = "access" | "trunk" | "native-tagged" | "native-untagged" | "dot1q-tunnel";

/**
 * The mode in force. Open vSwitch makes a port with none of the three columns a trunk of every VLAN, which would put
 * every plain VM into every network; here such a port is an access port of the default network.
 */
export function vlanModeOf(columns: VlanColumns): VlanMode {
  switch (columns.vlanMode) {
    case "access":
    case "trunk":
    case "native-tagged":
    case "native-untagged":
    case "dot1q-tunnel":
      return columns.vlanMode;
    default:
      return columns.tag === null && columns.trunks.length > 0 ? "trunk" : "access";
  }
}

/** VLAN 0 stands for frames without a VLAN: the default network. */
export const NO_VLAN = 0;

/** Whether a trunk carries a VLAN: an empty `trunks` is all of them. */
export function trunkCarries(columns: VlanColumns, vlan: number): boolean {
  return columns.trunks.length === 0 || columns.trunks.includes(vlan);
}
