// A certificate authority of files: one CA, the controller's certificate, one for each host, and what was revoked.
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { WeftError } from "../../proto/bytes/errors.ts";
import { makeDirectory } from "../files/make-directory.ts";
import { openssl } from "./openssl.ts";

export interface CertificateFiles {
  readonly privateKey: string;
  readonly certificate: string;
}

export interface PkiFiles {
  readonly directory: string;
  readonly caCertificate: string;
  readonly crl: string;
  readonly controller: CertificateFiles;
}

/** Of X.520: a longer common name can't be written. */
const MAX_NAME = 64;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const CONTROLLER_NAME = "weft-controller";
const YEARS = 10;
const DAYS = String(YEARS * 365);
const CRL_DAYS = String(YEARS * 365);

/** `openssl ca` keeps what it has signed and revoked in `index.txt`. */
const CA_CONFIG = `[ca]
default_ca = weft
[weft]
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = issued
certificate = cacert.pem
private_key = cakey.pem
default_md = sha256
default_days = ${DAYS}
default_crl_days = ${CRL_DAYS}
policy = any_name
unique_subject = no
[any_name]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[member]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyAgreement
extendedKeyUsage = clientAuth, serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;
const REQUEST_CONFIG = "[req]\ndistinguished_name = name\n[name]\n";

export function pkiFiles(directory: string): PkiFiles {
  const root = resolve(directory);
  return {
    directory: root,
    caCertificate: join(root, "cacert.pem"),
    crl: join(root, "crl.pem"),
    controller: { privateKey: join(root, "controller-key.pem"), certificate: join(root, "controller-cert.pem") },
  };
}

export function hostFiles(directory: string, name: string): CertificateFiles {
  const hosts = join(resolve(directory), "hosts");
  return { privateKey: join(hosts, `${name}-key.pem`), certificate: join(hosts, `${name}-cert.pem`) };
}

function refuseToOverwrite(paths: readonly string[]): void {
  for (const path of paths) {
    if (!existsSync(path)) continue;
    throw new WeftError(
      "pki/exists",
      `${path} is there already and stays as it is; name another directory, or move it`,
      {
        context: { path },
      },
    );
  }
}

function failed(what: string, path: string, cause: unknown): WeftError {
  if (cause instanceof WeftError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WeftError("pki/unwritable", `cannot ${what} in ${path}: ${why}`, { cause, context: { path } });
}

function withUmask<T>(work: () => T): T {
  const before = process.umask(0o077);
  try {
    return work();
  } finally {
    process.umask(before);
  }
}

const NEW_REQUEST = ["req", "-new", "-batch", "-config", "request.cnf", "-key"] as const;

function newKey(root: string, path: string): void {
  openssl(root, ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path]);
}

function sign(root: string, name: string, to: CertificateFiles): void {
  const request = join(root, `request-${process.pid}.pem`);
  const made = `${to.privateKey}.new`;
  try {
    newKey(root, made);
    openssl(root, [...NEW_REQUEST, made, "-subj", `/CN=${name}`, "-out", request]);
    const signing = ["-config", "ca.cnf", "-batch", "-notext", "-extensions", "member"];
    openssl(root, ["ca", ...signing, "-in", request, "-out", to.certificate]);
    renameSync(made, to.privateKey);
  } finally {
    for (const path of [request, made]) rmSync(path, { force: true });
  }
  // Whoever has the certificate alone can do nothing with it, and many must read it.
  chmodSync(to.certificate, 0o644);
}

function writeCrl(root: string): void {
  openssl(root, ["ca", "-config", "ca.cnf", "-gencrl", "-out", "crl.pem.new"]);
  renameSync(join(root, "crl.pem.new"), join(root, "crl.pem"));
  chmodSync(join(root, "crl.pem"), 0o644);
}

/**
 * Makes a CA and the controller's key and certificate, which ends with the CA, so that `--bootstrap` finds it.
 * @throws WeftError `pki/exists`, `pki/unwritable`, `pki/no-openssl`, `pki/openssl`
 */
export function initPki(directory: string): PkiFiles {
  const files = pkiFiles(directory);
  const root = files.directory;
  refuseToOverwrite([
    files.caCertificate,
    join(root, "cakey.pem"),
    join(root, "index.txt"),
    files.controller.privateKey,
  ]);
  try {
    withUmask(() => {
      for (const path of [root, join(root, "hosts"), join(root, "issued")]) makeDirectory(path);
      writeFileSync(join(root, "ca.cnf"), CA_CONFIG, { flag: "wx" });
      writeFileSync(join(root, "request.cnf"), REQUEST_CONFIG, { flag: "wx" });
      writeFileSync(join(root, "index.txt"), "", { flag: "wx" });
      writeFileSync(join(root, "crlnumber"), "01\n", { flag: "wx" });
      newKey(root, "cakey.pem");
      const subject = ["-subj", `/CN=Weft CA ${new Date().toISOString().slice(0, 10)}`];
      openssl(root, [...NEW_REQUEST, "cakey.pem", ...subject, "-out", "ca-request.pem"]);
      const signing = [
        "-config",
        "ca.cnf",
        "-batch",
        "-notext",
        "-create_serial",
        "-selfsign",
        "-extensions",
        "authority",
      ];
      openssl(root, ["ca", ...signing, "-in", "ca-request.pem", "-out", "cacert.pem"]);
      rmSync(join(root, "ca-request.pem"));
      chmodSync(files.caCertificate, 0o644);
      sign(root, CONTROLLER_NAME, files.controller);
      const chain = readFileSync(files.controller.certificate, "utf8") + readFileSync(files.caCertificate, "utf8");
      writeFileSync(files.controller.certificate, chain);
      writeCrl(root);
    });
  } catch (error) {
    throw failed("make a CA", root, error);
  }
  return files;
}

/**
 * Makes a host's key and certificate.
 * @param name the host's system-id
 * @throws WeftError `pki/name`, `pki/no-authority`, `pki/exists`, `pki/unwritable`, `pki/no-openssl`, `pki/openssl`
 */
export function makeHostCertificate(directory: string, name: string): CertificateFiles {
  const { directory: root } = knownAuthority(directory);
  if (!NAME.test(name) || name.length > MAX_NAME || name === CONTROLLER_NAME) {
    const what = `a host's system-id of at most ${MAX_NAME} letters, digits or . _ -`;
    throw new WeftError("pki/name", `"${name.slice(0, 80)}" can't be certified: expected ${what}`, {
      context: { name },
    });
  }
  const files = hostFiles(root, name);
  refuseToOverwrite([files.privateKey, files.certificate]);
  try {
    withUmask(() => sign(root, name, files));
  } catch (error) {
    throw failed("make a host's certificate", root, error);
  }
  return files;
}

/**
 * Revokes a host's certificate and writes the list anew. Its files are set aside, so that the host can get new ones.
 * @throws WeftError `pki/no-authority`, `pki/unknown-host`, `pki/unwritable`, `pki/openssl`
 */
export function revokeHostCertificate(directory: string, name: string): PkiFiles {
  const authority = knownAuthority(directory);
  const files = NAME.test(name) ? hostFiles(authority.directory, name) : null;
  if (files === null || !existsSync(files.certificate)) {
    const why = `no certificate of "${name.slice(0, 80)}" is in ${authority.directory}/hosts`;
    throw new WeftError("pki/unknown-host", why, { context: { name } });
  }
  try {
    withUmask(() => {
      openssl(authority.directory, ["ca", "-config", "ca.cnf", "-revoke", files.certificate]);
      writeCrl(authority.directory);
      for (const path of [files.certificate, files.privateKey]) {
        if (existsSync(path)) renameSync(path, `${path}.revoked-${Date.now()}`);
      }
    });
  } catch (error) {
    throw failed("revoke a certificate", authority.directory, error);
  }
  return authority;
}

function knownAuthority(directory: string): PkiFiles {
  const files = pkiFiles(directory);
  if (existsSync(files.caCertificate)) return files;
  const message = `there is no CA in ${files.directory}: weft pki init makes one there, or name its directory with --directory`;
  throw new WeftError("pki/no-authority", message, { context: { directory: files.directory } });
}
