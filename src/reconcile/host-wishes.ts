// Whether two moments of a host's database ask for the same: what the host itself tells of its ports is left aside.
import type { InterfaceRow, VswitchRows } from "../../proto/ovsdb/vswitch-rows.ts";

/** What ovs-vswitchd writes, and nothing that is planned follows from. All other columns count. */
const TOLD: ReadonlySet<string> = new Set([
  "admin_state",
  "bfd_status",
  "error",
  "ifindex",
  "link_state",
  "mtu",
  "ofport",
  "status",
]);

/** Of rows that changed the columns that did not are the same values. */
function asksTheSame(a: InterfaceRow, b: InterfaceRow): boolean {
  for (const column in a) {
    const name = column as keyof InterfaceRow;
    if (a[name] !== b[name] && !TOLD.has(column)) return false;
  }
  return true;
}

export function askTheSame(before: VswitchRows, after: VswitchRows): boolean {
  if (before === after) return true;
  const { openVSwitch, bridges, ports, controllers, interfaces } = after;
  if (before.openVSwitch !== openVSwitch || before.bridges !== bridges || before.ports !== ports) return false;
  if (before.controllers !== controllers || before.interfaces.size !== interfaces.size) return false;
  if (before.interfaces === interfaces) return true;
  for (const [uuid, row] of interfaces) {
    const was = before.interfaces.get(uuid);
    if (was !== row && (was === undefined || !asksTheSame(was, row))) return false;
  }
  return true;
}
