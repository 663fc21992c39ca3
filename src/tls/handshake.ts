/**
 * Handshakes by the runtime's `node:tls` over a stream: options in its words, and the ways to be
 * a server in it. `secure.ts` runs them.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContextOptions,
  TLSSocket,
} from "node:tls";
import type { Pem, TlsClientOptions, TlsOptions, TlsServerOptions } from "../host.ts";
import { checkLimit } from "../util.ts";
import type { SocketStream } from "./socket-stream.ts";

/** Speaks TLS on a stream; calls one of the two, or neither when the stream ends first. */
export type Handshake = (
  stream: SocketStream,
  secured: (socket: TLSSocket) => void,
  failed: (error: Error) => void,
) => TLSSocket | undefined;

/** Throws if certificate and key do not fit. */
export type HandshakeMaker = (options: TlsServerOptions) => Handshake;

type Credentials = Pick<TlsOptions, "ca" | "cert" | "key" | "passphrase" | "minVersion">;

function contextOptions(options: Credentials): SecureContextOptions {
  const { ca, passphrase, minVersion = "TLSv1.2" } = options;
  const cert = options.cert && blocks(options.cert, "CERTIFICATE");
  const key = options.key && blocks(options.key, "PRIVATE KEY");
  if ((cert === undefined) !== (key === undefined)) {
    throw new TypeError("Cannot use a certificate for TLS: cert and key belong together");
  }
  if (cert !== undefined && key !== undefined) checkPair(cert, key, passphrase);
  return {
    minVersion,
    ...(ca !== undefined && { ca: trusted(ca) }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
  };
}

/** Deno would find out at the first handshake only. */
function checkPair(cert: string, key: string, passphrase: string | undefined): void {
  const certificate = read("cert", () => new X509Certificate(cert));
  const options = { key, ...(passphrase !== undefined && { passphrase }) };
  const secret = read("key", () => createPrivateKey(options));
  if (certificate.checkPrivateKey(secret)) return;
  const name = certificate.subject.replaceAll("\n", ", ");
  throw new Error(`Cannot use a certificate for TLS: "${name}" does not belong to the key`);
}

/** The runtimes name neither the option nor, all of them, PEM. */
function read<T>(option: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot use ${option} for TLS: it cannot be read as PEM: ${why}`, { cause });
  }
}

function text(pem: Pem): string {
  return typeof pem === "string" ? pem : new TextDecoder().decode(pem);
}

/** One text may hold certificate, key and parameters; not every runtime looks for its own part. */
function blocks(pem: Pem, what: string): string {
  const whole = text(pem);
  const block = new RegExp(`-----BEGIN [A-Z0-9 ]*${what}-----[\\s\\S]*?-----END [^-]*-----`, "g");
  const found = whole.match(block);
  return found === null ? whole : `${found.join("\n")}\n`;
}

/** Node and Deno would take anything, and then trust nobody. */
function trusted(ca: Pem | readonly Pem[]): string | string[] {
  const texts = Array.isArray(ca) ? ca.map(text) : text(ca as Pem);
  const isGiven = (pem: string): boolean => /-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/.test(pem);
  if (Array.isArray(texts) ? texts.every(isGiven) : isGiven(texts)) return texts;
  throw new Error("Cannot use ca for TLS: it holds no certificate in PEM");
}

/** Every handshake would be given up at once. */
export function checkHandshakeTimeout({ handshakeTimeout }: TlsOptions): void {
  if (handshakeTimeout !== undefined) checkLimit("handshakeTimeout", handshakeTimeout);
}

function alpn({ alpnProtocols }: TlsOptions): { ALPNProtocols?: string[] } {
  return alpnProtocols === undefined ? {} : { ALPNProtocols: [...alpnProtocols] };
}

/** Verification as servers have it: nobody is refused for a certificate that was not asked for. */
function verification(options: TlsServerOptions): {
  requestCert: boolean;
  rejectUnauthorized: boolean;
} {
  const { requestCert = false, rejectUnauthorized = true } = options;
  return { requestCert, rejectUnauthorized: requestCert && rejectUnauthorized };
}

export function clientHandshake(options: TlsClientOptions): Handshake {
  const { serverName = "", rejectUnauthorized = true } = options;
  checkHandshakeTimeout(options);
  // An address is verified, but not asked for: RFC 6066 3.
  const name = isIP(serverName) === 0 ? { servername: serverName } : { host: serverName };
  const context = createSecureContext(contextOptions(options));
  return (stream, secured, failed) => {
    const settings = { ...alpn(options), ...name, rejectUnauthorized, secureContext: context };
    const socket = connect({ ...settings, socket: stream });
    socket.once("error", failed);
    socket.once("secureConnect", () => {
      socket.off("error", failed);
      secured(socket);
    });
    return socket;
  };
}

/**
 * Server handshakes by one `tls.Server`. It alone verifies clients' certificates on Node and Deno,
 * but reports to its own listeners, without saying which stream; so each stream gets a server that
 * inherits from it and reports on its own.
 */
export function sharedServer(options: TlsServerOptions): Handshake {
  const settings = { ...contextOptions(options), ...alpn(options), ...verification(options) };
  const server = createServer({ ...settings, allowHalfOpen: true });
  return (stream, secured, failed) => {
    const emit = (event: string, argument: unknown): boolean => {
      if (event === "secureConnection") secured(argument as TLSSocket);
      else if (event === "tlsClientError") failed(argument as Error);
      return true;
    };
    const own = Object.create(server, { emit: { value: emit } });
    for (const connected of server.listeners("connection")) Reflect.apply(connected, own, [stream]);
    return undefined;
  };
}

/** Server handshakes by a socket each: for a runtime whose sockets verify certificates alone. */
export function eachServer(options: TlsServerOptions): Handshake {
  const context = createSecureContext(contextOptions(options));
  return (stream, secured, failed) => {
    const settings = { ...alpn(options), ...verification(options), secureContext: context };
    const socket = new TLSSocket(stream, { ...settings, isServer: true });
    socket.once("error", failed);
    socket.once("secure", () => {
      socket.off("error", failed);
      secured(socket);
    });
    return socket;
  };
}
