/**
 * Between a server and its delegate when the server is behind a proxy: gives each request the
 * address and protocol that the proxy reports in its headers (Tornado `_ProxyAdapter`). A server
 * without the option `xheaders` does not have it.
 */

import type {
  HTTPConnection,
  HTTPHeaders,
  HTTPMessageDelegate,
  HTTPServerConnectionDelegate,
  RequestStartLine,
} from "../httputil.ts";
import { isValidIp } from "../netutil.ts";
import { WrappedConnection } from "./wrapped-connection.ts";

export class ProxyDelegate implements HTTPServerConnectionDelegate {
  readonly #delegate: HTTPServerConnectionDelegate;
  readonly #trusted: ReadonlySet<string>;

  /** `trusted` are the addresses of proxies of one's own, which may appear in X-Forwarded-For. */
  constructor(delegate: HTTPServerConnectionDelegate, trusted: Iterable<string>) {
    this.#delegate = delegate;
    // A text is iterable, too: its letters would be addresses that nobody has.
    this.#trusted = new Set(typeof trusted === "string" ? [trusted] : trusted);
    for (const address of this.#trusted) checkAddress(address);
  }

  startRequest(connection: HTTPConnection): HTTPMessageDelegate {
    const proxied = new WrappedConnection(connection);
    return new ProxiedRequest(this.#delegate.startRequest(proxied), proxied, this.#trusted);
  }
}

class ProxiedRequest implements HTTPMessageDelegate {
  readonly #delegate: HTTPMessageDelegate;
  readonly #connection: WrappedConnection;
  readonly #trusted: ReadonlySet<string>;

  constructor(
    delegate: HTTPMessageDelegate,
    connection: WrappedConnection,
    trusted: ReadonlySet<string>,
  ) {
    this.#delegate = delegate;
    this.#connection = connection;
    this.#trusted = trusted;
  }

  headersReceived(startLine: RequestStartLine, headers: HTTPHeaders): PromiseLike<unknown> | void {
    const { context } = this.#connection;
    this.#connection.context = {
      remoteIp: clientIp(headers, this.#trusted) ?? context.remoteIp,
      protocol: clientProtocol(headers) ?? context.protocol,
      tls: context.tls,
    };
    return this.#delegate.headersReceived(startLine, headers);
  }

  dataReceived(chunk: Uint8Array): PromiseLike<unknown> | void {
    return this.#delegate.dataReceived(chunk);
  }

  finish(): unknown {
    return this.#delegate.finish();
  }

  onConnectionClose(): void {
    this.#delegate.onConnectionClose();
  }
}

/** A network or a name is never what stands in X-Forwarded-For, so nothing would be trusted. */
function checkAddress(address: string): void {
  if (isValidIp(address)) return;
  throw new TypeError(`Cannot trust "${address}" in trustedDownstream: it is no IP address`);
}

/** The address of the last hop that is no proxy of ours; what a proxy names itself wins. */
function clientIp(headers: HTTPHeaders, trusted: ReadonlySet<string>): string | undefined {
  const hops = (headers.get("X-Forwarded-For") ?? "").split(",").map((hop) => hop.trim());
  const last = hops.findLast((hop) => !trusted.has(hop)) ?? hops[0];
  const ip = headers.getList("X-Real-Ip").at(-1) ?? last ?? "";
  return isValidIp(ip) ? ip : undefined;
}

function clientProtocol(headers: HTTPHeaders): string | undefined {
  const given = headers.get("X-Scheme") ?? headers.get("X-Forwarded-Proto");
  const last = given?.split(",").at(-1)?.trim();
  return last === "http" || last === "https" ? last : undefined;
}
