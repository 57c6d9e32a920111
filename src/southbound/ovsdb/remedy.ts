// What a person can do about a peer whose bytes make no sense as OVSDB: most are simply not an ovsdb-server.
import { WireError } from "../../../proto/bytes/errors.ts";
import type { OvsdbProtocolError } from "../../../proto/ovsdb/ovsdb-error.ts";

export function remedyFor(error: WireError | OvsdbProtocolError): string {
  if (!(error instanceof WireError)) {
    return "the peer breaks RFC 7047; it may be another kind of JSON-RPC server, or a version that is not known here";
  }
  switch (error.code) {
    case "json/too-long":
      return "the database is larger than the limit for one message";
    case "json/top-level":
      return error.offset === 0
        ? "the peer does not speak OVSDB here: set-manager must point at this port, set-controller at the OpenFlow one, and both without TLS"
        : "the peer does not separate its messages as RFC 7047 asks";
    default:
      return "the peer does not speak JSON as RFC 7047 asks";
  }
}
