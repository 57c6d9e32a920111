// Ports whose number the host's database tells otherwise than its switch: Weft's flows would name another port.
import { shellWord } from "../model/shell-word.ts";
import { type Examined, type ExaminedHost, type Finding, hasTunnels } from "./examined.ts";

/** The database has the bridge's own port by the number of OpenFlow 1.0. */
const LOCAL = { database: 65_534, openflow: 0xffff_fffe };
/** OpenFlow cuts names off after so many bytes (OpenFlow 1.3.5, section 7.2.1). */
const MAX_NAME = 15;

export function portNumberFindings({ hosts }: Examined): readonly Finding[] {
  return hosts.flatMap((one) => (hasTunnels(one) ? ofHost(one) : []));
}

function ofHost({ host, rows, switchPorts }: ExaminedHost): readonly Finding[] {
  if (rows === null || switchPorts === undefined) return [];
  return host.ports.flatMap(({ fact: { name, ofport } }): readonly Finding[] => {
    const told = name.length > MAX_NAME ? undefined : switchPorts.get(name);
    const believed = ofport === LOCAL.database ? LOCAL.openflow : ofport;
    if (told === undefined || believed === null || told === believed) return [];
    return [
      {
        ...{ code: "port/number", severity: "critical", host: host.id, subject: name },
        message: `the database says that port ${name} has the number ${believed}, and the switch that it has ${told}: its guests are not served`,
        remedy:
          "restart ovs-vswitchd, which writes the numbers anew; if they differ again, somebody else writes to the database",
        command: `ovs-vsctl --columns=name,ofport list interface ${shellWord(name)}`,
      },
    ];
  });
}
