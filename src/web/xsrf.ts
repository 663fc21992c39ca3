/**
 * Protection against requests that another site makes a browser send (XSRF, also CSRF): by a token
 * that the other site cannot know, or by what the browser says about where the request comes from.
 */

import { decodeXsrfToken, encodeXsrfToken, timingSafeEqual } from "../core.ts";
import type { HTTPServerRequest } from "../httputil.ts";
import { HTTPError } from "./errors.ts";

const TOKEN_BYTES = 16;
const MASK_BYTES = 4;

/** The token of one client, and its text in this response. */
export interface XsrfState {
  /** Whether the client sent it; else it has just been made. */
  readonly isKnown: boolean;
  readonly token: Uint8Array;
  /** As it is sent in this response, once it has been asked for. */
  text: string | undefined;
}

/** The token that a cookie has, or a new one if it has none. */
export function xsrfStateOf(cookie: string | undefined): XsrfState {
  const decoded = cookie === undefined || cookie === "" ? undefined : decodeXsrfToken(cookie);
  if (decoded !== undefined) return { isKnown: true, token: decoded.token, text: undefined };
  const token = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
  return { isKnown: false, token, text: undefined };
}

/**
 * A token as text. In version 2 under a new mask each time: what is the same in every page could
 * be guessed from the lengths of compressed pages (the BREACH attack).
 */
export function xsrfText(token: Uint8Array, version: 1 | 2): string {
  if (version === 1) {
    return Array.from(token, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const mask = crypto.getRandomValues(new Uint8Array(MASK_BYTES));
  return encodeXsrfToken(token, mask, Math.floor(Date.now() / 1000));
}

/** Throws HTTPError 403 unless a token that came with a request is the client's own. */
export function checkXsrfToken(given: string | undefined, expected: XsrfState): void {
  if (given === undefined || given === "") {
    throw new HTTPError(403, "'_xsrf' argument missing from POST");
  }
  const token = decodeXsrfToken(given)?.token;
  if (token === undefined || token.length === 0) {
    throw new HTTPError(403, "'_xsrf' argument has invalid format");
  }
  if (!expected.isKnown || !timingSafeEqual(token, expected.token)) {
    throw new HTTPError(403, "XSRF cookie does not match POST argument");
  }
}

/** Whether requests with this method change nothing (RFC 9110 section 9.2.1), and need no check. */
export function isSafeMethod(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/**
 * Throws HTTPError 403 for a request that a page of another origin made. Every current browser
 * sends Sec-Fetch-Site; of an older one, Origin must name our host. A request with neither comes
 * from no browser, and nobody can make such a client send another's cookies.
 */
export function checkFetchMetadata(request: HTTPServerRequest): void {
  const site = request.headers.get("Sec-Fetch-Site");
  if (site !== undefined) {
    if (site === "same-origin" || site === "none") return;
    throw new HTTPError(403, `Request comes from another site: Sec-Fetch-Site is "${site}"`);
  }
  const origin = request.headers.get("Origin");
  if (origin === undefined) return;
  const host = /^https?:\/\/([^/?#@\s]+)$/i.exec(origin)?.[1];
  if (host === undefined || host.toLowerCase() !== request.host.toLowerCase()) {
    throw new HTTPError(403, `Request comes from another site: Origin is "${origin}"`);
  }
}
