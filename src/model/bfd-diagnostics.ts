// What BFD's diagnostics tell of the direction that fails (RFC 5880, section 6.8.1), in Open vSwitch's words.

/** Nothing comes from the other end. */
export const HEARS_NOTHING = "Control Detection Time Expired";
/** The other end says that it hears nothing from here. */
export const NOT_HEARD = "Neighbor Signaled Session Down";
