// Hosts that are away, or reach the controller by one of the two connections only, and certificates that end.
import type { ControllerRow, ManagerRow } from "../../proto/ovsdb/vswitch-rows.ts";
import { shellWord } from "../model/shell-word.ts";
import { bridgeOf, type Examined, type ExaminedHost, type Finding, hasTunnels } from "./examined.ts";

const DAY_MS = 86_400_000;
const TELL_BEFORE_MS = 30 * DAY_MS;

export function connectionFindings({ hosts, nowMs }: Examined): readonly Finding[] {
  if (hosts.length === 0) return [NOBODY];
  return hosts.flatMap((one) => [...standing(one), ...managers(one), ...certificate(one, nowMs)]);
}

const NOBODY: Finding = Object.freeze({
  ...{ code: "fabric/empty", severity: "note", host: null, subject: null },
  message: "no host has joined, or come back, since the controller was started",
  remedy:
    "on each host: ovs-vsctl set-manager tcp:ADDRESS:6640; one that has joined before comes back by itself within seconds",
  command: null,
});

function standing(examined: ExaminedHost): readonly Finding[] {
  const { host, ovsdb, openflow } = examined;
  const base = { host: host.id, subject: host.tunnelIp } as const;
  if (!hasTunnels(examined)) {
    if (openflow) return [];
    return [
      {
        ...{ ...base, code: "host/away", severity: "critical" },
        message: `switch ${host.id} is not connected`,
        remedy: "see that it is up, and reaches the controller's OpenFlow port",
        command: "ovs-vsctl --columns=target,is_connected,status list controller",
      },
    ];
  }
  if (!ovsdb) {
    return [
      {
        ...{ ...base, code: "host/away", severity: "critical" },
        message: `${host.id} is not connected${openflow ? " by OVSDB: nothing can be changed there" : ": what it held it keeps, and it serves its guests by that"}`,
        remedy: `see that it is up and reaches the controller's OVSDB port; weft hosts forget ${shellWord(host.id)} if it is gone for good`,
        command: "ovs-vsctl --columns=target,is_connected,status list manager",
      },
    ];
  }
  const kind = host.fact?.standing.kind;
  // Why a host waits, or is refused, its problems say.
  if (openflow || kind === "waiting" || kind === "refused" || host.index === null) return [];
  return [
    {
      ...{ ...base, code: "host/no-openflow", severity: "critical", subject: host.fact?.bridgeName ?? null },
      message: `${host.id} is connected by OVSDB and not by OpenFlow: its flows can't be changed${lastError(examined)}`,
      remedy: "see that ovs-vswitchd runs there, and that a firewall lets it to the controller's OpenFlow port",
      command: "ovs-vsctl --columns=target,is_connected,status list controller",
    },
  ];
}

function lastError(examined: ExaminedHost): string {
  const uuids = bridgeOf(examined)?.controller ?? [];
  const errors = uuids.flatMap((uuid) => {
    const row = examined.rows?.controllers.get(uuid);
    const error = row?.status.get("last_error");
    return row === undefined || error === undefined ? [] : [`${row.target}: ${error.slice(0, 80)}`];
  });
  return errors.length === 0 ? "" : ` (${errors.join("; ")})`;
}

/** Those that wait for others to come say nothing by being alone. */
function isActive({ target }: ManagerRow | ControllerRow): boolean {
  return !/^p(tcp|ssl|unix):/.test(target);
}

function managers({ host, rows, ovsdb }: ExaminedHost): readonly Finding[] {
  if (rows === null || !ovsdb) return [];
  return [...rows.managers.values()]
    .filter((row) => isActive(row) && !row.is_connected)
    .map((row): Finding => {
      const error = row.status.get("last_error");
      return {
        ...{ code: "host/manager", severity: "note", host: host.id, subject: row.target },
        message: `manager ${row.target} of ${host.id} does not answer${error === undefined ? "" : ` (${error.slice(0, 80)})`}; another one does`,
        remedy: "take it away if there is none any more; the command lists those there are",
        command: "ovs-vsctl get-manager",
      };
    });
}

function certificate({ host, certificateEndsMs }: ExaminedHost, nowMs: number): readonly Finding[] {
  if (certificateEndsMs === null || certificateEndsMs - nowMs > TELL_BEFORE_MS) return [];
  const days = Math.floor((certificateEndsMs - nowMs) / DAY_MS);
  const when =
    days < 0 ? "has expired: it can't connect again" : `expires in ${days} days: it can't connect after that`;
  return [
    {
      ...{ code: "host/certificate", severity: days < 7 ? "critical" : "warning", host: host.id, subject: host.id },
      message: `the certificate of ${host.id} ${when}`,
      remedy: "make a new one where the CA is, and put its files where the old ones are",
      command: `weft pki host ${shellWord(host.id)}`,
    },
  ];
}
