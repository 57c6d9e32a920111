// The controller's TLS keys, and what is told of them.
import { statSync } from "node:fs";
import type { Logger } from "pino";
import { WeftError } from "../../proto/bytes/errors.ts";
import type { WeftConfig } from "../config/index.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { shellWord } from "../model/shell-word.ts";
import { type Clock, TlsKeys, type TlsMaterial } from "../southbound/stream/index.ts";

const DAY_MS = 86_400_000;
const TELL_BEFORE_MS = 30 * DAY_MS;

export interface KeysOptions {
  readonly config: WeftConfig;
  readonly log: Logger;
  readonly clock: Clock;
  /** Who was let in with the old keys may not be with the new ones. */
  readonly trustChanged: () => void;
}

/** null where configuration names no keys. @throws WeftError `tls/...` naming the file and the remedy */
export function openKeys({ config, log, clock, trustChanged }: KeysOptions): TlsKeys | null {
  const { privateKey, certificate, caCertificate, crl } = config.tls;
  if (privateKey === null || certificate === null || caCertificate === null) return null;
  const keys = new TlsKeys({ privateKey, certificate, caCertificate, crl }, clock, {
    onReloaded: (material, trust) => {
      log.info(
        { certificate, expires: material.expires, trustChanged: trust },
        "TLS keys read again: new connections use them",
      );
      tellOf(material);
      if (trust) trustChanged();
    },
    onFailed: (error) =>
      log.error({ code: error.code }, `${error.message}; the keys that were read before stay in use`),
  });
  const tellOf = (material: TlsMaterial): void => {
    const problem = expiryProblem(material, certificate);
    if (problem !== null) log.warn({ code: problem.code, remedy: problem.remedy }, problem.message);
    if (!material.sendsCa) {
      log.info(
        { certificate },
        "the certificate's CA is neither behind it in tls.certificate nor in tls.caCertificate: ovs-vsctl --bootstrap set-ssl can't learn it",
      );
    }
  };
  tellOf(keys.material);
  if ((statSync(privateKey).mode & 0o077) !== 0) {
    log.warn(
      { code: "tls/readable-key", remedy: `chmod 600 ${shellWord(privateKey)}` },
      `others may read the private key ${privateKey}`,
    );
  }
  return keys;
}

function expiryProblem({ expires }: TlsMaterial, path: string): Diagnostic | null {
  const leftMs = expires.getTime() - Date.now();
  if (leftMs > TELL_BEFORE_MS) return null;
  const when = leftMs <= 0 ? "has expired" : `expires in ${Math.floor(leftMs / DAY_MS)} days`;
  const effect = leftMs <= 0 ? "no host can connect any more" : "no host can connect after that";
  return diagnostic(
    "tls/expires",
    `the controller's certificate, ${path}, ${when}: ${effect}`,
    `put a new one into ${path}`,
  );
}

export function keysProblems(keys: TlsKeys | null): readonly Diagnostic[] {
  if (keys === null) return [];
  const expiry = expiryProblem(keys.material, keys.files.certificate);
  const { problem } = keys;
  const failure =
    problem === null
      ? []
      : [
          diagnostic(
            problem.code,
            `${problem.message}; the keys that were read before stay in use`,
            "weft tls reload, when the files are right",
          ),
        ];
  return [...failure, ...(expiry === null ? [] : [expiry])];
}

/** @returns which files were read, and what is new in them. @throws WeftError `tls/none`, or of `loadTlsMaterial` */
export function reloadKeys(keys: TlsKeys | null): string {
  if (keys === null) {
    throw new WeftError(
      "tls/none",
      "this controller has no keys: set tls.privateKey, tls.certificate and tls.caCertificate in weft.yaml",
    );
  }
  const trust = keys.material.trust;
  const changed = new Set<string>(keys.reload());
  if (keys.problem !== null) throw keys.problem;
  const { expires } = keys.material;
  const lines = Object.entries(keys.files).flatMap(([name, path]) => {
    if (path === null) return [];
    const until = name === "certificate" ? `, good until ${expires.toISOString().slice(0, 10)}` : "";
    return [`tls.${name} ${path}: ${changed.has(name) ? "changed" : "as before"}${until}`];
  });
  const effect =
    keys.material.trust !== trust
      ? "whom to trust has changed: every TLS connection is made again"
      : changed.size > 0
        ? "new connections use what has changed"
        : "nothing has changed";
  return `${[...lines, effect].join("\n")}\n`;
}
