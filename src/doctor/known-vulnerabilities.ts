// Published vulnerabilities of Open vSwitch by version. What is left out here is left out since its versions are not sure.

export interface Vulnerability {
  readonly id: string;
  readonly what: string;
  /** The first version that has it. */
  readonly since: string;
  /** Of each series the release that ended it; series before the oldest of these were not mended, later ones never had it. */
  readonly fixedIn: readonly string[];
  /** Where the versions are from. */
  readonly source: string;
}

export const KNOWN_VULNERABILITIES: readonly Vulnerability[] = [
  {
    id: "CVE-2021-36980",
    what: "a use after free at a malformed action (RAW_ENCAP) by OpenFlow",
    since: "2.11.0",
    fixedIn: ["2.15.1"],
    source: "https://nvd.nist.gov/vuln/detail/CVE-2021-36980 (2.11.0 through 2.15.0)",
  },
  {
    id: "CVE-2022-4337",
    what: "a read out of bounds at a malformed LLDP frame",
    since: "2.4.0",
    fixedIn: ["2.13.10", "2.14.8", "2.15.7", "2.16.6", "2.17.5", "3.0.3"],
    source: "https://www.openwall.com/lists/oss-security/2022/12/21/4",
  },
  {
    id: "CVE-2022-4338",
    what: "an integer underflow at a malformed LLDP frame",
    since: "2.4.0",
    fixedIn: ["2.13.10", "2.14.8", "2.15.7", "2.16.6", "2.17.5", "3.0.3"],
    source: "https://www.openwall.com/lists/oss-security/2022/12/21/4",
  },
  {
    id: "CVE-2023-1668",
    what: "IP packets of protocol 0 change what becomes of others",
    since: "1.5.0",
    fixedIn: ["2.13.11", "2.14.9", "2.15.8", "2.16.7", "2.17.6", "3.0.4", "3.1.1"],
    source: "https://www.openwall.com/lists/oss-security/2023/04/06/1",
  },
];

type Version = readonly [number, number, number];

/** null for what does not begin as a version does. */
export function versionOf(text: string): Version | null {
  const [, major, minor, patch] = /^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?/.exec(text) ?? [];
  return major === undefined || minor === undefined ? null : [Number(major), Number(minor), Number(patch ?? "0")];
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** Whether the release of that number has it, as its authors have published it. */
export function isAffected(version: Version, { since, fixedIn }: Vulnerability): boolean {
  const first = versionOf(since);
  if (first === null || compare(version, first) < 0) return false;
  const fixes = fixedIn.flatMap((text) => {
    const fix = versionOf(text);
    return fix === null ? [] : [fix];
  });
  const own = fixes.find((fix) => fix[0] === version[0] && fix[1] === version[1]);
  if (own !== undefined) return compare(version, own) < 0;
  return fixes.every((fix) => compare(version, fix) < 0);
}
