// The TLS handshake with one who is called.
import { connect, type TLSSocket } from "node:tls";
import type { ActiveMethod } from "../connection-method.ts";
import { handshakeFailure, type PeerCertificate, peerCertificateOf } from "./peer-certificate.ts";
import type { TlsKeys } from "./tls-keys.ts";

/** `onSecure` is called when the peer has shown a certificate of one of our CAs; else the socket ends with an error. */
export function connectTls(
  method: ActiveMethod & { readonly kind: "ssl" },
  keys: TlsKeys,
  onSecure: (certificate: PeerCertificate) => void,
): TLSSocket {
  const { context, trust } = keys.material;
  const socket: TLSSocket = connect({
    host: method.host,
    port: method.port,
    ...context,
    rejectUnauthorized: true,
    // A host's certificate names its system-id, not its address: whoever uses the stream compares that.
    checkServerIdentity: () => undefined,
  });
  socket.once("secureConnect", () => {
    const certificate = peerCertificateOf(socket, trust);
    if (certificate === null) socket.destroy(new Error(handshakeFailure(undefined, socket)));
    else onSecure(certificate);
  });
  return socket;
}
