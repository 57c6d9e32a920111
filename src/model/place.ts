// A place where a MAC can be: one port of one switch.

export interface Place {
  /** 16 hexadecimal digits. */
  readonly dpid: string;
  readonly ofport: number;
}

/** Two places of one key are the same. */
export function placeKey({ dpid, ofport }: Place): string {
  return `${dpid}/${ofport}`;
}

export function samePlace(a: Place | null, b: Place | null): boolean {
  return a !== null && b !== null && a.dpid === b.dpid && a.ofport === b.ofport;
}
