// Private key, certificate, CA and CRL from their files: checked against each other before anything is served with them.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { WeftError } from "../../../proto/bytes/errors.ts";

/** Paths of PEM files. */
export interface TlsFiles {
  readonly privateKey: string;
  /** May hold the chain after the certificate itself. */
  readonly certificate: string;
  /** Those who may sign the peers' certificates. */
  readonly caCertificate: string;
  readonly crl: string | null;
}

export interface TlsMaterial {
  readonly context: SecureContextOptions;
  /** Differs when any of the files says something else. */
  readonly digest: string;
  /** Of each file: differs when it says something else. */
  readonly parts: Readonly<Record<keyof TlsFiles, string>>;
  /** Differs when other peers may be trusted: those that were let in before have to show again who they are. */
  readonly trust: string;
  readonly expires: Date;
  /** Whether a peer is sent a self-signed CA, from which `ovs-vsctl --bootstrap set-ssl` learns whom to trust. */
  readonly sendsCa: boolean;
}

type FileName = keyof TlsFiles;

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "this user may not read it",
};
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_CHAIN = 10;

function tlsError(code: string, name: FileName, path: string, why: string, remedy: string, cause?: unknown): WeftError {
  const context = { key: `tls.${name}`, path };
  return new WeftError(code, `tls.${name}, ${path}: ${why}; ${remedy}`, { cause, context, retryable: true });
}

function read(name: FileName, path: string): string {
  try {
    const found = statSync(path);
    // A pipe that nobody writes to, or a device without an end, would be waited for.
    if (!found.isFile() && !found.isDirectory()) throw new Error("it is no file, but a pipe, a socket or a device");
    if (found.size > MAX_FILE_BYTES) throw new Error(`it has ${found.size} bytes, which no PEM file needs`);
    return readFileSync(path, "latin1");
  } catch (error) {
    const known = error instanceof Error && "code" in error ? READ_ERRORS[String(error.code)] : undefined;
    const why = known ?? (error instanceof Error ? error.message : String(error));
    const remedy = "name the right file in weft.yaml, or make one: weft pki init, or ovs-pki";
    throw tlsError("tls/unreadable", name, path, `it cannot be read: ${why}`, remedy, error);
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesIn(name: FileName, path: string): readonly X509Certificate[] {
  const blocks = read(name, path).match(CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    throw tlsError("tls/not-a-certificate", name, path, "it holds no certificate", "give a PEM file that does");
  }
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      const why = `the ${at === 0 ? "" : `${at + 1}th `}certificate in it is damaged`;
      throw tlsError("tls/not-a-certificate", name, path, why, "write the file anew", cause);
    }
  });
}

function privateKeyIn(path: string): KeyObject {
  const pem = read("privateKey", path);
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    if (/ENCRYPTED/.test(pem)) {
      const remedy = `nobody is there to type a passphrase: openssl pkey -in ${path} -out NEW, and name NEW`;
      throw tlsError("tls/not-a-key", "privateKey", path, "the key is encrypted", remedy, cause);
    }
    throw tlsError("tls/not-a-key", "privateKey", path, "it holds no private key", "give a PEM file that does", cause);
  }
}

const isIssuedBy = (one: X509Certificate, issuer: X509Certificate): boolean =>
  one.checkIssued(issuer) && one.verify(issuer.publicKey);

/** The certificates a peer is sent: the file's own, and those that lead on to a self-signed one where they are known. */
function completeChain(own: readonly X509Certificate[], authorities: readonly X509Certificate[]) {
  const chain = [...own];
  while (chain.length < MAX_CHAIN) {
    const last = chain.at(-1);
    if (last === undefined || isIssuedBy(last, last)) break;
    const issuer = authorities.find((one) => isIssuedBy(last, one));
    if (issuer === undefined) break;
    chain.push(issuer);
  }
  const last = chain.at(-1);
  return { chain, sendsCa: chain.length > 1 && last !== undefined && isIssuedBy(last, last) };
}

const digestOf = (...texts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(texts)).digest("hex");

/**
 * Reads and checks the files.
 * @throws WeftError `tls/unreadable`, `tls/not-a-key`, `tls/not-a-certificate`, `tls/mismatch`, `tls/crl`, `tls/unusable`,
 *   which name the path and the remedy
 */
export function loadTlsMaterial(files: TlsFiles): TlsMaterial {
  const key = privateKeyIn(files.privateKey);
  const own = certificatesIn("certificate", files.certificate);
  const authorities = certificatesIn("caCertificate", files.caCertificate);
  const [leaf] = own;
  if (leaf === undefined || !leaf.checkPrivateKey(key)) {
    const why = `it does not belong to the private key ${files.privateKey}`;
    const remedy = "name the two that were made together; in a chain the own certificate stands first";
    throw tlsError("tls/mismatch", "certificate", files.certificate, why, remedy);
  }
  const { chain, sendsCa } = completeChain(own, authorities);
  const crl = files.crl === null ? null : read("crl", files.crl);
  const ca = authorities.map((one) => one.toString());
  const cert = chain.map((one) => one.toString()).join("");
  const keyPem = key.export({ type: "pkcs8", format: "pem" }).toString();
  const context: SecureContextOptions = { key: keyPem, cert, ca, minVersion: "TLSv1.2" };
  try {
    createSecureContext(context);
  } catch (cause) {
    const why = `OpenSSL does not take it: ${cause instanceof Error ? cause.message : String(cause)}`;
    const remedy = "a key of 2048 bits or more and SHA-256 are needed";
    throw tlsError("tls/unusable", "certificate", files.certificate, why, remedy, cause);
  }
  if (crl !== null && files.crl !== null) {
    context.crl = crl;
    try {
      createSecureContext(context);
    } catch (cause) {
      throw tlsError("tls/crl", "crl", files.crl, "it holds no revocation list", "give one as PEM", cause);
    }
  }
  const trust = digestOf(...ca, crl ?? "");
  const digest = digestOf(keyPem, cert, trust);
  const parts = {
    privateKey: digestOf(keyPem),
    certificate: digestOf(...own.map((one) => one.toString())),
    caCertificate: digestOf(...ca),
    crl: digestOf(crl ?? ""),
  };
  return Object.freeze({ context, digest, parts, trust, expires: new Date(leaf.validTo), sendsCa });
}
