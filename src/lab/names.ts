// Every name the lab gives to namespaces, links and files, so that a lab is found again after a crash.
import { LabError } from "./lab-error.ts";

/** The longest name Linux takes for a link (IFNAMSIZ less the terminating zero). */
export const maxLinkName = 15;

const labName = /^[a-z][a-z0-9]{0,9}$/;
const memberName = /^[a-z][a-z0-9-]{0,30}$/;
const hostName = /^h[0-9]+$/;
const linkName = /^[A-Za-z0-9_.-]{1,15}$/;

const namespacePrefix = "weft-";
const controlPrefix = "wl-";

/** A lab's name is short and without a hyphen: it is part of a link name, and what follows a hyphen is a member. */
export function checkLabName(name: string): string {
  if (labName.test(name)) return name;
  throw new LabError(
    "lab/name",
    `"${name}" cannot name a lab: use 1 to 10 small letters and digits, a letter first (for example "t1")`,
    { context: { name } },
  );
}

/** Guests and segments share one name space with hosts (h1, h2, ...) and the underlay (net). */
export function checkMemberName(name: string): string {
  if (memberName.test(name) && name !== "net" && !hostName.test(name)) return name;
  throw new LabError(
    "lab/name",
    `"${name}" cannot name a guest: use small letters, digits and hyphens, a letter first; "net" and h1, h2, ... are taken`,
    { context: { name } },
  );
}

export function checkLinkName(name: string): string {
  if (linkName.test(name) && name !== "." && name !== "..") return name;
  throw new LabError("lab/name", `"${name}" cannot name a link: Linux takes up to ${maxLinkName} characters`, {
    context: { name },
  });
}

/** What the `at`-th guest of a host is called unless somebody names it: g1a, g1b, ... */
export function guestNameOf(host: number, at: number): string {
  return `g${host}${"abcdefghijklmnopqrstuvwxyz"[at] ?? `z${at}`}`;
}

export const hostNameOf = (index: number): string => `h${index}`;

/** The network namespace of a host, guest or segment. */
export const namespaceOf = (lab: string, member: string): string => `${namespacePrefix}${lab}-${member}`;

/** The namespace that holds the underlay's Linux bridge. */
export const underlayNamespaceOf = (lab: string): string => namespaceOf(lab, "net");

/** The one link in the root namespace: the controller's way to the hosts. */
export const controlLinkOf = (lab: string): string => `${controlPrefix}${lab}`;

/** Set on the control link, so that only a link the lab has made is ever removed as a leftover. */
export const controlAliasOf = (lab: string): string => `weft-lab:${lab}`;

/** The lab whose namespace this would be, or undefined for a name that is none of ours. */
export function labOfNamespace(namespace: string): string | undefined {
  if (!namespace.startsWith(namespacePrefix)) return undefined;
  const rest = namespace.slice(namespacePrefix.length);
  const lab = rest.slice(0, Math.max(0, rest.indexOf("-")));
  return labName.test(lab) ? lab : undefined;
}

/** The lab whose control link this is, by name and alias, or undefined. */
export function labOfControlLink(link: string, alias: string | undefined): string | undefined {
  if (!link.startsWith(controlPrefix)) return undefined;
  const lab = link.slice(controlPrefix.length);
  return labName.test(lab) && alias === controlAliasOf(lab) ? lab : undefined;
}

/** The host's end of a guest's veth: `tap-<guest>`, cut to what a link name can hold. */
export const defaultPortOf = (guest: string): string => `tap-${guest}`.slice(0, maxLinkName).replace(/-+$/, "");
