// What a connection speaks that is not OpenFlow, by its first byte: most such peers were merely pointed at the wrong port.

/** OpenFlow 1.0 to 1.5, and what may come after them. */
const MAX_VERSION = 0x0f;

/**
 * Words with the remedy; undefined while it may be OpenFlow.
 * @param heard how many bytes came before these
 */
export function foreignProtocol(bytes: Uint8Array, heard: number): string | undefined {
  const first = bytes[0];
  if (heard > 0 || first === undefined || (first > 0 && first <= MAX_VERSION)) return undefined;
  if (first === 0x7b || first === 0x5b) {
    return "the peer speaks OVSDB here: set-manager must point at the OVSDB port, set-controller at this one";
  }
  // A TLS record of the kind "handshake".
  if (first === 0x16)
    return "the peer speaks TLS here: use tcp: instead of ssl:, or let the controller listen with pssl:";
  return "the peer does not speak OpenFlow: its first byte is no version";
}
