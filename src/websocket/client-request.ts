/**
 * What a client's handshake asks (RFC 6455 section 4.1): where to connect, the head to send, and
 * whether the answer is the one to it. Text in, values out; `client.ts` does the I/O.
 */

import { Buffer } from "node:buffer";
import type { ResponseHead } from "../http1connection.ts";
import { HTTPClientError, type HTTPRequest } from "../httpclient.ts";
import { encodeUsernamePassword, HTTPHeaders, isToken } from "../httputil.ts";
import { VERSION } from "../util.ts";
import { type Agreement, type CompressionOptions, formatOffer, readAnswer } from "./extension.ts";
import { acceptValue, hasToken } from "./handshake.ts";
import { WebSocketError } from "./protocol.ts";

/** What a client offers beside the request. */
export interface ClientOffer {
  readonly subprotocols: readonly string[];
  readonly compressionOptions: CompressionOptions | undefined;
}

/** What both have agreed on. */
export interface ClientAgreement {
  readonly headers: HTTPHeaders;
  readonly subprotocol: string | undefined;
  readonly compression: Agreement | undefined;
}

export class ClientRequest {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** The request as it is sent. */
  readonly head: string;
  readonly #key: string;
  readonly #offer: ClientOffer;

  /** Throws WebSocketError for a URL, and HTTPOutputError for a field, that cannot be sent. */
  constructor(request: HTTPRequest, offer: ClientOffer) {
    const url = parseUrl(request.url);
    this.isSecure = url.protocol === "wss:" || url.protocol === "https:";
    this.host = url.hostname.replace(/^\[|\]$/g, "");
    this.port = url.port === "" ? (this.isSecure ? 443 : 80) : Number(url.port);
    this.#key = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64");
    this.#offer = offer;
    this.head = this.#makeHead(url, request);
  }

  #makeHead(url: URL, request: HTTPRequest): string {
    // The request may be used again, with other options.
    const headers = new HTTPHeaders(request.headers);
    const { userAgent = `Squall/${VERSION}` } = request.options;
    if (userAgent !== "" && !headers.has("User-Agent")) headers.set("User-Agent", userAgent);
    if (!headers.has("Host")) headers.set("Host", url.host);
    const credentials = credentialsOf(url, request);
    if (credentials !== undefined && !headers.has("Authorization")) {
      headers.set("Authorization", `Basic ${credentials}`);
    }
    headers.set("Upgrade", "websocket");
    headers.set("Connection", "Upgrade");
    headers.set("Sec-WebSocket-Key", this.#key);
    headers.set("Sec-WebSocket-Version", "13");
    const { subprotocols, compressionOptions } = this.#offer;
    for (const protocol of subprotocols) {
      if (isToken(protocol)) continue;
      throw new WebSocketError(`Cannot offer subprotocol "${protocol}": it is not a token`);
    }
    // Section 4.1, number 10.
    if (new Set(subprotocols).size < subprotocols.length) {
      throw new WebSocketError(`Cannot offer subprotocols "${subprotocols}": one is there twice`);
    }
    if (subprotocols.length > 0) headers.set("Sec-WebSocket-Protocol", subprotocols.join(", "));
    if (compressionOptions !== undefined) {
      headers.set("Sec-WebSocket-Extensions", formatOffer(compressionOptions));
    }
    return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${headers.toString()}\r\n`;
  }

  /**
   * What the server's answer says. Throws HTTPClientError for one that is not 101, WebSocketError
   * for one that is no answer to this request.
   */
  read(head: ResponseHead): ClientAgreement {
    if (head.code !== 101) throw new HTTPClientError(head.code, head.reason);
    const accept = head.get("Sec-WebSocket-Accept");
    if (!hasToken(head, "Upgrade", "websocket") || !hasToken(head, "Connection", "upgrade")) {
      throw new WebSocketError("Cannot connect: the server switches to another protocol");
    }
    if (accept !== acceptValue(this.#key)) {
      throw new WebSocketError(`Cannot connect: Sec-WebSocket-Accept is "${accept ?? ""}"`);
    }
    const subprotocol = head.get("Sec-WebSocket-Protocol");
    if (subprotocol !== undefined && !this.#offer.subprotocols.includes(subprotocol)) {
      throw new WebSocketError(`Cannot connect: subprotocol "${subprotocol}" was not offered`);
    }
    const extensions = head.get("Sec-WebSocket-Extensions");
    const compression = readAnswer(extensions, this.#offer.compressionOptions);
    return { headers: head, subprotocol, compression };
  }
}

function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new WebSocketError(`Cannot connect to "${text}": it is not a URL`, { cause });
  }
  if (!/^(wss?|https?):$/.test(url.protocol)) {
    throw new WebSocketError(`Cannot connect to "${text}": expected ws: or wss:`);
  }
  // Section 3: a fragment has no meaning here.
  if (text.includes("#"))
    throw new WebSocketError(`Cannot connect to "${text}": it has a fragment`);
  return url;
}

function credentialsOf(url: URL, request: HTTPRequest): string | undefined {
  const { authUsername, authPassword, authMode = "basic" } = request.options;
  const username = authUsername ?? decoded(url.username);
  if (username === "") return undefined;
  // Basic instead would show the password.
  if (authMode !== "basic") {
    throw new TypeError(`Cannot connect to ${request.url}: authMode is "${authMode}", not "basic"`);
  }
  const password = authUsername === undefined ? decoded(url.password) : authPassword;
  return Buffer.from(encodeUsernamePassword(username, password ?? "")).toString("base64");
}

/** Percent-decodes; as it is if that makes no text. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
