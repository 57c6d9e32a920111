// What a lab is made of, for people and programs.
import { type Column, paint, type Style, tableLines } from "../api/index.ts";
import { type AnyLab, isSimulated, noLabText, SIMULATED } from "./lab-found.ts";

interface GuestStatus {
  readonly name: string;
  readonly host: string;
  readonly ip: string;
  readonly mac: string;
  readonly port: string;
}

interface HostStatus {
  readonly name: string;
  readonly ip: string;
  /** What a simulated host does wrong on request. */
  readonly misbehaves: string | null;
}

export interface LabStatus {
  readonly name: string;
  readonly simulated: boolean;
  /** false: the process of a simulated lab is there and does not answer; nothing more is known of the lab. */
  readonly answers: boolean;
  readonly subnet: string;
  readonly controllerIp: string;
  readonly hosts: readonly HostStatus[];
  readonly guests: readonly GuestStatus[];
  /** Pairs of hosts between which the path is cut. */
  readonly cuts: readonly (readonly [string, string])[];
}

export function labView(lab: AnyLab): LabStatus {
  const { name, subnet, controllerIp } = lab;
  const hosts = isSimulated(lab)
    ? lab.hosts.map(({ name, ip, misbehaves }) => ({ name, ip, misbehaves }))
    : lab.hosts.map(({ name, ip }) => ({ name, ip, misbehaves: null }));
  const guests = lab.guests.map(({ name, host, ip, mac, port }) => ({ name, host, ip, mac, port }));
  return { name, simulated: isSimulated(lab), answers: true, subnet, controllerIp, hosts, guests, cuts: lab.cuts };
}

/** Of a simulated lab that says nothing. */
export function silentView(name: string): LabStatus {
  const nothing = { subnet: "", controllerIp: "", hosts: [], guests: [], cuts: [] };
  return { name, simulated: true, answers: false, ...nothing };
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

/** Of a large lab the first hosts are shown; --json has all. */
const SHOWN_HOSTS = 64;

export function labText(labs: readonly LabStatus[], style: Style): string {
  if (labs.length === 0) return `${sentence(noLabText())}\n`;
  const texts = labs.map((lab) => {
    if (!lab.answers) return silentText(lab, style);
    const shown = lab.hosts.slice(0, SHOWN_HOSTS);
    const members = shown.flatMap((host): readonly Member[] => [
      { name: host.name, what: hostText(host, lab), ip: host.ip, mac: null, port: null },
      ...lab.guests
        .filter((guest) => guest.host === host.name)
        .map((guest) => ({ ...guest, what: `guest on ${host.name}` })),
    ]);
    const kind = lab.simulated ? ` (${SIMULATED})` : "";
    const title = `${paint(`Lab ${lab.name}`, "strong", style)}${kind}: underlay ${lab.subnet}, controller at ${lab.controllerIp}`;
    const cuts = lab.cuts.map(([from, to]) => `cut: ${from} - ${to}`);
    const more = lab.hosts.length - shown.length;
    const rest = more === 0 ? [] : [`and ${more} hosts more (weft lab status --json has all)`];
    return [title, ...tableLines(COLUMNS, members, style), ...rest, ...cuts].join("\n");
  });
  return `${texts.join("\n\n")}\n`;
}

function silentText({ name }: LabStatus, style: Style): string {
  const why = "its process runs and does not answer: it is just starting, or it is stuck";
  return `${paint(`Lab ${name}`, "strong", style)} (simulated): ${why}; weft lab down --name ${name} ends it`;
}

/** What is part of an error's text, by itself. */
export const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

function hostText({ misbehaves }: HostStatus, { simulated }: LabStatus): string {
  const what = simulated ? "simulated host" : "host";
  return misbehaves === null ? what : `${what}, ${misbehaves}`;
}
