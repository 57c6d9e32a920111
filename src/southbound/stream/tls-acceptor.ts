// The TLS handshake with those who call: a peer whose certificate is not good never becomes a stream.
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { plainAddress } from "./address.ts";
import { handshakeFailure, type PeerCertificate, peerCertificateOf } from "./peer-certificate.ts";
import type { TlsKeys } from "./tls-keys.ts";

export interface TlsAcceptorOptions {
  readonly handshakeMs: number;
  onSecure(socket: TLSSocket, certificate: PeerCertificate): void;
  onRefused(refusal: { readonly remoteAddress: string; readonly reason: string }): void;
}

const keyOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;

export class TlsAcceptor {
  /** It never listens: it is handed the sockets. */
  readonly #server: Server;
  readonly #options: TlsAcceptorOptions;
  readonly #stopUsing: () => void;
  /** Those whose handshake is under way, by address and port. */
  readonly #shaking = new Map<string, { readonly socket: Socket; readonly trust: string }>();
  readonly #keys: TlsKeys;

  constructor(keys: TlsKeys, options: TlsAcceptorOptions) {
    this.#options = options;
    this.#keys = keys;
    this.#server = createServer({
      ...keys.material.context,
      requestCert: true,
      // `peerCertificateOf` is what lets nobody pass: rejected by Node, a peer could not be named any more.
      rejectUnauthorized: false,
      handshakeTimeout: options.handshakeMs,
      // A session that is resumed would not be checked against a revocation list that is newer than it.
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
    this.#server.on("secureConnection", (socket) => this.#secure(socket));
    this.#server.on("tlsClientError", (error, socket) => {
      if (this.#shaking.delete(keyOf(socket))) this.#refuse(socket.remoteAddress, handshakeFailure(error, socket));
    });
    this.#stopUsing = keys.use((material) =>
      this.#server.setSecureContext({ ...material.context, secureOptions: constants.SSL_OP_NO_TICKET }),
    );
  }

  accept(socket: Socket): void {
    const key = keyOf(socket);
    const address = socket.remoteAddress;
    this.#shaking.set(key, { socket, trust: this.#keys.material.trust });
    socket.on("error", () => undefined);
    socket.once("close", () => {
      if (this.#shaking.delete(key)) this.#refuse(address, "it left in the middle of the TLS handshake");
    });
    this.#server.emit("connection", socket);
  }

  close(): void {
    this.#stopUsing();
    const shaking = [...this.#shaking.values()];
    this.#shaking.clear();
    for (const { socket } of shaking) socket.destroy();
  }

  #secure(socket: TLSSocket): void {
    const shaken = this.#shaking.get(keyOf(socket));
    this.#shaking.delete(keyOf(socket));
    const certificate = shaken === undefined ? null : peerCertificateOf(socket, shaken.trust);
    if (certificate !== null) {
      this.#options.onSecure(socket, certificate);
      return;
    }
    socket.on("error", () => undefined);
    this.#refuse(socket.remoteAddress, handshakeFailure(undefined, socket));
    socket.destroy();
  }

  #refuse(address: string | undefined, reason: string): void {
    this.#options.onRefused({ remoteAddress: plainAddress(address ?? ""), reason });
  }
}
