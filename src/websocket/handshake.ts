/**
 * The opening handshake, read and answered (RFC 6455 section 4): values of header fields in, values
 * out. `handler.ts` uses it for a server, `client.ts` for a client.
 */

import { digest } from "../core.ts";
import type { HTTPHeaders, HTTPServerRequest } from "../httputil.ts";
import { HTTPError } from "../web.ts";

/** Section 1.3: what shows that the peer has read the key as a WebSocket server. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** 16 bytes in base64. */
const key = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
/** Drafts 7 and 8 have the same frames as the standard, 13. */
export const VERSIONS = "13, 8, 7";

/** `Sec-WebSocket-Accept` for a key. */
export function acceptValue(clientKey: string): string {
  return digest("sha1", clientKey + GUID).toString("base64");
}

/** Whether a field that is a list of tokens has one, in any case. */
export function hasToken(headers: HTTPHeaders, name: string, token: string): boolean {
  const value = headers.get(name) ?? "";
  return value.split(",").some((part) => part.trim().toLowerCase() === token);
}

/** The protocols that a client offers, in its order. */
export function offeredProtocols(headers: HTTPHeaders): string[] {
  const value = headers.get("Sec-WebSocket-Protocol") ?? "";
  const offered = value.split(",").map((part) => part.trim());
  return offered.filter((part) => part !== "");
}

/** Throws HTTPError 400 for a request that asks for no WebSocket, 405 for another method. */
export function checkUpgrade(request: HTTPServerRequest): void {
  const { headers, method } = request;
  if (method !== "GET") throw new HTTPError(405);
  if (!hasToken(headers, "Upgrade", "websocket")) {
    throw new HTTPError(400, 'Can "Upgrade" only to "WebSocket"');
  }
  if (!hasToken(headers, "Connection", "upgrade")) {
    throw new HTTPError(400, '"Connection" must be "Upgrade"');
  }
  if (!request.supportsHttp11()) throw new HTTPError(400, "A WebSocket needs HTTP/1.1");
}

/** Whether the version is one that is spoken here. */
export function isSupportedVersion(headers: HTTPHeaders): boolean {
  return /^(13|8|7)$/.test(headers.get("Sec-WebSocket-Version") ?? "");
}

/** The client's key. Throws HTTPError 400 if it is not one. */
export function clientKey(headers: HTTPHeaders): string {
  const value = headers.get("Sec-WebSocket-Key") ?? "";
  if (!key.test(value)) throw new HTTPError(400, "Sec-WebSocket-Key is not 16 bytes in base64");
  return value;
}

/** Where a browser says that a script comes from; undefined for what is no browser. */
export function originOf(headers: HTTPHeaders): string | undefined {
  return headers.get("Origin") ?? headers.get("Sec-Websocket-Origin");
}

/** Whether an origin is that of a host with its port, as the Host header names it. */
export function isOriginOf(origin: string, host: string): boolean {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#@]+)$/i.exec(origin)?.[1];
  return authority !== undefined && authority.toLowerCase() === host.toLowerCase();
}
