/** What a handshake has settled, from the runtime's socket, worked out when it is asked for. */
import type { PeerCertificate as RawCertificate, TLSSocket } from "node:tls";
import type { PeerCertificate, TlsFacts } from "../host.ts";

export function factsOf(socket: TLSSocket): TlsFacts {
  return new Facts(socket);
}

class Facts implements TlsFacts {
  readonly #socket: TLSSocket;
  #certificate: PeerCertificate | undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  get protocol(): string {
    return this.#socket.getProtocol() ?? "";
  }

  get cipher(): string {
    return this.#socket.getCipher()?.name ?? "";
  }

  get alpnProtocol(): string {
    return this.#socket.alpnProtocol || "";
  }

  get serverName(): string {
    // Node's types leave it out; on both ends it is the name that the client asked for.
    return (this.#socket as { servername?: string | false | null }).servername || "";
  }

  get authorized(): boolean {
    // Deno also says so of a peer that was not asked for a certificate.
    return this.#socket.authorized && this.peerCertificate !== undefined;
  }

  get peerCertificate(): PeerCertificate | undefined {
    this.#certificate ??= certificateOf(this.#socket.getPeerCertificate());
    return this.#certificate;
  }
}

/** Without a certificate, runtimes give an empty object, null or undefined. */
function certificateOf(raw: RawCertificate | null | undefined): PeerCertificate | undefined {
  if (raw?.raw === undefined) return undefined;
  return {
    subject: { ...raw.subject } as PeerCertificate["subject"],
    issuer: { ...raw.issuer } as PeerCertificate["issuer"],
    subjectAltName: raw.subjectaltname ?? "",
    validFrom: raw.valid_from,
    validTo: raw.valid_to,
    serialNumber: raw.serialNumber,
    fingerprint256: raw.fingerprint256,
    raw: raw.raw,
  };
}
