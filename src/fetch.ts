/**
 * The web's `Request` and `Response` in place of a socket: what `Application.fetch` stands on, for
 * tests and for other servers. Knows requests and connections, not handlers.
 */

import { FetchConnection } from "./fetch/connection.ts";
import {
  HTTPHeaders,
  type HTTPMessageDelegate,
  type HTTPServerConnectionDelegate,
} from "./httputil.ts";

/** What is known of the client beside its request. */
export interface FetchContext {
  /** `127.0.0.1` if left out. */
  readonly remoteIp?: string;
}

/**
 * Has a delegate, such as an `Application`, answer a request. Resolves when the response's head is
 * there; its body may still be coming. Rejects if the response is broken off before its head, and
 * with the signal's reason if the client had gone before it began.
 */
export async function fetchFrom(
  delegate: HTTPServerConnectionDelegate,
  request: Request,
  { remoteIp = "127.0.0.1" }: FetchContext = {},
): Promise<Response> {
  request.signal.throwIfAborted();
  const url = new URL(request.url);
  const protocol = url.protocol === "https:" ? "https" : "http";
  const connection = new FetchConnection({ remoteIp, protocol, tls: undefined }, request.method);
  const message = delegate.startRequest(connection);
  const gone = (): void => {
    connection.close();
    message.onConnectionClose();
  };
  request.signal.addEventListener("abort", gone, { once: true });
  connection.whenOver(() => request.signal.removeEventListener("abort", gone));
  give(message, connection, request, url).catch((error) => {
    connection.fail(error);
    message.onConnectionClose();
  });
  return connection.response;
}

/** Calls the delegate with the parts of the request, each when it is ready for it. */
async function give(
  message: HTTPMessageDelegate,
  connection: FetchConnection,
  request: Request,
  url: URL,
): Promise<void> {
  const headers = new HTTPHeaders();
  headers.set("Host", request.headers.get("Host") ?? url.host);
  for (const [name, value] of request.headers) {
    if (name !== "host") headers.add(name, value);
  }
  const path = url.pathname + url.search;
  await message.headersReceived({ method: request.method, path, version: "HTTP/1.1" }, headers);
  if (request.body !== null) {
    for await (const chunk of request.body) {
      if (connection.over) return;
      connection.countBody(chunk.length);
      await message.dataReceived(chunk);
    }
  }
  if (!connection.over) await message.finish();
}
