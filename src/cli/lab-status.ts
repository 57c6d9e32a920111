// What a lab is made of, for people and programs.
import { type Column, paint, type Style, tableLines } from "../api/index.ts";
import type { Lab } from "../lab/index.ts";

interface GuestStatus {
  readonly name: string;
  readonly host: string;
  readonly ip: string;
  readonly mac: string;
  readonly port: string;
}

export interface LabStatus {
  readonly name: string;
  readonly subnet: string;
  readonly controllerIp: string;
  readonly hosts: readonly { readonly name: string; readonly ip: string }[];
  readonly guests: readonly GuestStatus[];
}

export function labView(lab: Lab): LabStatus {
  return {
    name: lab.name,
    subnet: lab.subnet,
    controllerIp: lab.controllerIp,
    hosts: lab.hosts.map(({ name, ip }) => ({ name, ip })),
    guests: lab.guests.map(({ name, host, ip, mac, port }) => ({ name, host, ip, mac, port })),
  };
}

interface Member {
  readonly name: string;
  readonly what: string;
  readonly ip: string;
  readonly mac: string | null;
  readonly port: string | null;
}

const COLUMNS: readonly Column<Member>[] = [
  { title: "NAME", value: (member) => member.name, tone: () => "strong" },
  { title: "WHAT", value: (member) => member.what },
  { title: "IP", value: (member) => member.ip },
  { title: "PORT", value: (member) => member.port },
  { title: "MAC", value: (member) => member.mac },
];

export function labText(labs: readonly LabStatus[], style: Style): string {
  if (labs.length === 0) return "There is no lab. Make one with: weft lab up 3\n";
  const texts = labs.map((lab) => {
    const members = lab.hosts.flatMap((host): readonly Member[] => [
      { name: host.name, what: "host", ip: host.ip, mac: null, port: null },
      ...lab.guests
        .filter((guest) => guest.host === host.name)
        .map((guest) => ({ ...guest, what: `guest on ${host.name}` })),
    ]);
    const title = `${paint(`Lab ${lab.name}`, "strong", style)}: underlay ${lab.subnet}, controller at ${lab.controllerIp}`;
    return [title, ...tableLines(COLUMNS, members, style)].join("\n");
  });
  return `${texts.join("\n\n")}\n`;
}
