// How a frame that tells of a link is told from all others, by the switch and by who reads it (IEEE 802.1AB).

/** The group address that bridges do not forward. */
export const LLDP_DESTINATION = "01:80:c2:00:00:0e";
export const LLDP_ETHER_TYPE = 0x88cc;
