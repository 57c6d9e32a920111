// How a loop probe is told from all other frames, by the switch and by who reads it.

/** A group address that nobody else has: locally administered, "WEFT". */
export const PROBE_DESTINATION = "0b:57:45:46:54:01";
/** IEEE 802, local experimental EtherType 1. */
export const PROBE_ETHER_TYPE = 0x88b5;

/** Of the fabric's own probes: by a tunnel or link, and as a frame of a network. Nobody's addresses. */
export const CHECK_DESTINATION = "0a:57:45:46:54:02";
export const CHECK_NETWORK_DESTINATION = "0a:57:45:46:54:03";
