// Frames as hexadecimal text: the ARP and ICMPv6 ones were captured between two Linux hosts, the others follow their specifications.
import { fromHex } from "../../../../proto/bytes/hex.ts";

export const ARP_REQUEST_FRAME = fromHex(`
  ffffffffffff 020000000001 0806
  0001 0800 06 04 0001 020000000001 0a090001 000000000000 0a090002`);

export const ARP_REPLY_FRAME = fromHex(`
  020000000001 020000000002 0806
  0001 0800 06 04 0002 020000000002 0a090002 020000000001 0a090001`);

/** fd00::1 asks for fd00::2. */
export const NS_FRAME = fromHex(`
  3333ff000002 020000000001 86dd
  60000000 0020 3a ff fd000000000000000000000000000001 ff0200000000000000000001ff000002
  87 00 7d97 00000000 fd000000000000000000000000000002 01 01 020000000001`);

/** Duplicate address detection: from ::, with a nonce option (RFC 7527). */
export const DAD_FRAME = fromHex(`
  3333ff000001 020000000001 86dd
  60000000 0020 3a ff 00000000000000000000000000000000 ff0200000000000000000001ff000001
  87 00 2d01 00000000 fe80000000000000000000fffe000001 0e 01 c1adaa9dd5cf`);

export const NA_FRAME = fromHex(`
  020000000001 020000000002 86dd
  60000000 0020 3a ff fd000000000000000000000000000002 fd000000000000000000000000000001
  88 00 1c9a 60000000 fd000000000000000000000000000002 02 01 020000000002`);

export const RS_FRAME = fromHex(`
  333300000002 020000000001 86dd
  60000000 0010 3a ff fe80000000000000000000fffe000001 ff020000000000000000000000000002
  85 00 7b2c 00000000 01 01 020000000001`);

export const RA_FRAME = fromHex(`
  333300000001 020000000009 86dd
  60000000 0040 3a ff fe800000000000000000000000000009 ff020000000000000000000000000001
  86 00 0000 40 c0 0708 00000000 00000000
  01 01 020000000009
  05 01 0000 000005aa
  03 04 40 c0 00015180 00003840 00000000 20010db8000000000000000000000000`);

const bootp = (op: string, ciaddr: string, yiaddr: string) => `
  ${op} 01 06 00 3903f326 0000 0000 ${ciaddr} ${yiaddr} 00000000 00000000
  020000000001 ${"00".repeat(10)} ${"00".repeat(64)} ${"00".repeat(128)} 63825363`;

const DHCP_REQUEST_BODY = `${bootp("01", "00000000", "00000000")} 35 01 03 00 32 04 0a090001 36 04 0a0900fe 37 03 01 03 06 ff`;
const DHCP_ACK_BODY = `${bootp("02", "00000000", "0a090001")} 35 01 05 36 04 0a0900fe 33 04 00000e10 ff`;

/** The body in UDP, IPv4 and Ethernet; checksums left zero. */
function inUdp(body: string, sourcePort: string, destinationPort: string): Uint8Array {
  const payload = fromHex(body);
  const hex16 = (value: number) => value.toString(16).padStart(4, "0");
  const header = fromHex(`
    ffffffffffff 020000000001 0800
    45 00 ${hex16(28 + payload.length)} 0000 0000 40 11 0000 00000000 ffffffff
    ${sourcePort} ${destinationPort} ${hex16(8 + payload.length)} 0000`);
  return Uint8Array.of(...header, ...payload);
}

export const DHCP_REQUEST_FRAME = inUdp(DHCP_REQUEST_BODY, "0044", "0043");
export const DHCP_ACK_FRAME = inUdp(DHCP_ACK_BODY, "0043", "0044");

export const LLDP_FRAME = fromHex(`
  0180c200000e 020000000001 88cc
  0207 04 020000000001  0405 07 67726533  0602 0078  0a04 6c656166  fe06 00120f 01 abcd  0000`);

export const ALL_FRAMES: Readonly<Record<string, Uint8Array>> = {
  arpRequest: ARP_REQUEST_FRAME,
  arpReply: ARP_REPLY_FRAME,
  ns: NS_FRAME,
  dad: DAD_FRAME,
  na: NA_FRAME,
  rs: RS_FRAME,
  ra: RA_FRAME,
  dhcpRequest: DHCP_REQUEST_FRAME,
  dhcpAck: DHCP_ACK_FRAME,
  lldp: LLDP_FRAME,
};
