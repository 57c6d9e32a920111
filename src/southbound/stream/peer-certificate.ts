// Who a TLS peer has proved to be, and why one that has not was turned away.
import type { TLSSocket } from "node:tls";

/** Of a certificate that a trusted CA has signed, and whose key the peer has. */
export interface PeerCertificate {
  /** Common name first, then DNS names; each once. */
  readonly names: readonly string[];
  /** SHA-256 of the certificate, hexadecimal without colons. */
  readonly fingerprint: string;
  /** `TlsMaterial.trust` of the keys it was checked with. */
  readonly trust: string;
  /** When it ends, in ms since 1970; absent where that can't be told. */
  readonly endsMs?: number;
}

const MAX_NAME = 255;
const PRINTABLE = /^[\x20-\x7e]+$/;

/** Entries of OpenSSL's text that Node had to quote hold characters that could pass for the end of one: they are left out. */
function dnsNames(subjectAltName: string | undefined): readonly string[] {
  if (subjectAltName === undefined || subjectAltName.includes('"')) return [];
  return subjectAltName.split(", ").flatMap((entry) => (entry.startsWith("DNS:") ? [entry.slice(4)] : []));
}

/** null for a peer without a certificate that was found good. */
export function peerCertificateOf(socket: TLSSocket, trust: string): PeerCertificate | null {
  if (!socket.authorized || socket.isSessionReused()) return null;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  const commonName: unknown = certificate.toLegacyObject().subject?.CN;
  // A subject with several common names says nothing of who of them it is.
  const names = [...(typeof commonName === "string" ? [commonName] : []), ...dnsNames(certificate.subjectAltName)];
  const usable = names.filter((name) => name.length <= MAX_NAME && PRINTABLE.test(name));
  const endsMs = Date.parse(certificate.validTo);
  return Object.freeze({
    names: Object.freeze([...new Set(usable)]),
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    trust,
    ...(Number.isNaN(endsMs) ? {} : { endsMs }),
  });
}

const UNTRUSTED = "its certificate is signed by none that tls.caCertificate names";
const NO_CERTIFICATE = "it showed no certificate: ovs-vsctl set-ssl gives it one";
const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "its certificate has expired: give it a new one, and look at its clock",
  CERT_NOT_YET_VALID: "its certificate is not valid yet: one of the two clocks is wrong",
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_REVOKED: "its certificate is revoked",
  CRL_HAS_EXPIRED: "the revocation list in tls.crl has expired: nobody is let in until there is a new one",
  CRL_NOT_YET_VALID: "the revocation list in tls.crl is not valid yet: look at the clock",
  UNABLE_TO_GET_CRL: "tls.crl holds no revocation list of the CA that signed its certificate",
  INVALID_PURPOSE: "its certificate is not meant for clients",
  ERR_SSL_HTTP_REQUEST: "it speaks HTTP, not TLS",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS: its manager or controller target must be ssl:, not tcp:",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "its TLS is older than 1.2",
  ERR_SSL_NO_SHARED_CIPHER: "it knows no cipher that is used here",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    "it does not trust this controller's certificate: its CA certificate, the third file of ovs-vsctl set-ssl, is another",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "the two know no common version of TLS",
  ERR_TLS_HANDSHAKE_TIMEOUT: "it did not finish the TLS handshake in time",
  ECONNRESET: "it left in the middle of the TLS handshake",
};
/** In words, with what to do about it where that can be told. */
export function handshakeFailure(error: Error | undefined, socket: TLSSocket | undefined): string {
  if (error === undefined && socket?.getPeerX509Certificate() === undefined) return NO_CERTIFICATE;
  const verification: unknown = socket?.authorizationError;
  const refused = verification instanceof Error ? codeOf(verification) : String(verification ?? "");
  const code = refused === "" ? codeOf(error) : refused;
  const known = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  return known ?? `the TLS handshake failed: ${code === "" ? (error?.message ?? "no reason is known") : code}`;
}

function codeOf(error: Error | undefined): string {
  if (error === undefined) return "";
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
