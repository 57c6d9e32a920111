// How a loop probe is told from all other frames, by the switch and by who reads it.

/** A group address that nobody else has: locally administered, "WEFT". */
export const PROBE_DESTINATION = "0b:57:45:46:54:01";
/** IEEE 802, local experimental EtherType 1. */
export const PROBE_ETHER_TYPE = 0x88b5;
