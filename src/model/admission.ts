// Who gets a place in the fabric: what a peer has shown of itself, and the rules it is held against.
import { type Diagnostic, diagnostic } from "./diagnostic.ts";
import type { HostId } from "./facts.ts";
import { shellWord } from "./shell-word.ts";

/** How a connection shows who is at its far end. */
export type Means =
  /** A certificate that a trusted CA has signed for these names. */
  | { readonly kind: "certificate"; readonly names: readonly string[] }
  /** Nothing but where it comes from, which is the machine that it goes to where `isOwn`: both its ends have one address. */
  | { readonly kind: "address"; readonly address: string; readonly isOwn?: boolean }
  /** A socket in this machine's file system. */
  | { readonly kind: "local" };

export interface AdmissionRules {
  readonly admit: "all" | "known" | "approve";
  /** Hosts that configuration names. */
  readonly known: ReadonlySet<HostId>;
}

export interface Applicant {
  readonly id: HostId;
  /** Where it is, for people. */
  readonly label: string;
  readonly means: Means;
  /** Whether it was approved, now or before. */
  readonly approved: boolean;
  /** Whether the host has shown a certificate before. */
  readonly certified: boolean;
}

export type Verdict =
  | { readonly kind: "admitted" }
  /** It may stay connected, and nothing is done for it. */
  | { readonly kind: "waiting"; readonly problem: Diagnostic }
  /** It claims to be somebody that it is not. */
  | { readonly kind: "refused"; readonly problem: Diagnostic };

const ADMITTED: Verdict = Object.freeze({ kind: "admitted" });
const MAX_SHOWN = 80;
/** Of a problem: somebody who has shown a certificate before shows none. */
export const NO_CERTIFICATE = "admission/no-certificate";

/** What others have written is told in part. */
export function shown(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}

/** Whether a certificate of these names is the host's: its name is the id, or the id and ` id:` with what ovs-pki adds. */
export function namesHost(names: readonly string[], id: HostId): boolean {
  return names.some((name) => name === id || name.startsWith(`${id} id:`));
}

function wrongName(
  { id, label }: { readonly id: HostId; readonly label: string },
  names: readonly string[],
): Diagnostic {
  const held = names.length === 0 ? "no name" : `the name ${names.map((name) => `"${shown(name)}"`).join(", ")}`;
  return diagnostic(
    "admission/certificate-name",
    `${label} says that it is ${shown(id)}, and its certificate has ${held}: it is turned away`,
    `on it: ovs-vsctl set-ssl with a certificate of its own (weft pki host ${shellWord(shown(id))}), or set its external_ids:system-id to the certificate's name`,
  );
}

function plainAfterCertificate(id: HostId, label: string): Diagnostic {
  return diagnostic(
    NO_CERTIFICATE,
    `${label} says that it is ${shown(id)}, which has shown a certificate before, and shows none: it is turned away`,
    "on it: ovs-vsctl set-manager ssl:CONTROLLER:6640; if it shall go without from now on, start the controller again",
  );
}

/** Whether a host gets a place, going by its OVSDB connection. */
export function judgeHost(applicant: Applicant, rules: AdmissionRules): Verdict {
  const { id, label, means } = applicant;
  if (means.kind === "certificate") {
    if (!namesHost(means.names, id)) return { kind: "refused", problem: wrongName(applicant, means.names) };
  } else if (applicant.certified) return { kind: "refused", problem: plainAfterCertificate(id, label) };
  if (rules.admit === "all" || rules.known.has(id)) return ADMITTED;
  if (rules.admit === "approve" && applicant.approved) return ADMITTED;
  const remedy =
    rules.admit === "approve"
      ? `weft hosts approve ${shellWord(shown(id))}`
      : `in weft.yaml, if it shall: write ${JSON.stringify(shown(id))}: {} under hosts, and run weft reload`;
  const message = `${shown(id)} at ${label} wants to join, and nobody has said that it may: nothing is done for it`;
  return { kind: "waiting", problem: diagnostic("admission/waiting", message, remedy) };
}

/** What is known of the host whose bridge a switch is. */
export interface SwitchOwner {
  readonly id: HostId;
  /** Whether it shows, or has shown, a certificate by OVSDB. */
  readonly certified: boolean;
  /** How its OVSDB connection shows who it is, or the last one did; null where there was none. */
  readonly home: Means | null;
  readonly tunnelIp: string | null;
  /** The address by which hosts on this machine's sockets reach it. */
  readonly controllerAddress: string | null;
  /** Whether the switch's connection, which is in use, came from where the host was then: it stays at home while it lives. */
  readonly settled: boolean;
}

/** Of a problem: a switch that comes from another address than its host. */
export const OTHER_ADDRESS = "switch/other-address";

/** What becomes of a connection from elsewhere. */
const OUTCOMES = {
  used: "it is used until one comes from there",
  unused: "it is not used",
  kept: "it came from where the host was then, and is used as long as it answers",
  replaced: "one that comes from there has taken its place",
  refused: "it is turned away",
} as const;

export type Outcome = keyof typeof OUTCOMES;

const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";

/** Whether a switch comes from where its host is, as far as addresses show. */
function isAtHome(means: Means, { home, tunnelIp, controllerAddress, settled }: SwitchOwner): boolean {
  if (settled || means.kind !== "address" || home === null || means.address === tunnelIp) return true;
  if (home.kind === "local") {
    // To reach an address of its own a machine uses that address, and the controller's may be given to it by a NAT.
    return means.isOwn === true || isLoopback(means.address) || means.address === controllerAddress;
  }
  return home.kind !== "address" || home.address === means.address;
}

/** Whether a switch shows that it is this host's, and nothing is left to assume: by a certificate, or by where it is. */
export function comesFrom(means: Means, owner: SwitchOwner): boolean {
  if (means.kind === "certificate") return namesHost(means.names, owner.id);
  if (means.kind === "local") return true;
  return !owner.certified && owner.home !== null && isAtHome(means, owner);
}

/** That a switch comes from elsewhere than its host; null where it does not. */
export function elsewhere(label: string, means: Means, owner: SwitchOwner, outcome: Outcome): Diagnostic | null {
  if (isAtHome(means, owner)) return null;
  const { id, home, tunnelIp } = owner;
  const isLocal = home?.kind !== "address";
  const places = [isLocal ? "this machine" : home.address, ...(tunnelIp === null ? [] : [tunnelIp])];
  const remedy = isLocal
    ? "set external_ids:weft-tunnel-ip on it to the address that it comes from, or connect its database by TCP or TLS instead of the unix socket"
    : "let ovs-vsctl get-manager and get-controller on it name one address of this controller, or go over to TLS";
  return diagnostic(
    OTHER_ADDRESS,
    `${label} says that it is the switch of ${shown(id)}, which is at ${[...new Set(places)].join(" and ")}: ${OUTCOMES[outcome]}`,
    `if it is not ${shown(id)}, find out who it is; if it is, ${remedy}`,
  );
}

/**
 * Whether a switch is taken for its host's; null where it is. The certificate must be of the host that has a bridge with
 * the switch's datapath id, which its own OVSDB connection has told: another certificate of the same host will do, so
 * that certificates can be renewed one connection at a time.
 * Where not everybody gets a place, it must also come from where the host is: nothing else tells them apart without TLS.
 * @param owner null for a switch that no host's rows name
 */
export function judgeSwitch(
  label: string,
  means: Means,
  owner: SwitchOwner | null,
  admit: AdmissionRules["admit"],
): Diagnostic | null {
  if (owner === null) return null;
  const { id, certified } = owner;
  if (means.kind === "certificate") {
    return namesHost(means.names, id) ? null : wrongName({ id: `the switch of ${id}`, label }, means.names);
  }
  if (certified && means.kind === "address") return plainAfterCertificate(`the switch of ${id}`, label);
  return admit === "all" ? null : elsewhere(label, means, owner, "refused");
}

/**
 * Whether a switch is taken at its own flows' word for that of a host whose rows were not read yet. Where not everybody
 * gets a place it must show more than that: the host's certificate, or that it is at the address by which peers know it.
 */
export function isCredible(
  means: Means,
  host: { readonly id: HostId; readonly tunnelIp: string | null },
  admit: AdmissionRules["admit"],
): boolean {
  if (admit === "all" || means.kind === "local") return true;
  return means.kind === "certificate" ? namesHost(means.names, host.id) : means.address === host.tunnelIp;
}
