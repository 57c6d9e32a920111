// One captured frame, whichever file format it came from.

export interface CapturedFrame {
  /** From 1, as Wireshark counts. */
  readonly number: number;
  /** Since 1970; absent where the format has none. */
  readonly timeNs?: bigint;
  /** LINKTYPE_ value (https://www.tcpdump.org/linktypes.html). */
  readonly linkType: number;
  readonly bytes: Uint8Array;
  /** Where its bytes begin in the file. */
  readonly offset: number;
}
