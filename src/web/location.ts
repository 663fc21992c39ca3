/**
 * Where a redirect may lead: the text of a `Location` header.
 */

import { HTTPOutputError } from "../httputil.ts";
import { HTTPError } from "./errors.ts";

/** Where and how a client is sent elsewhere. */
export interface RedirectOptions {
  /** 301 instead of 302. */
  readonly permanent?: boolean;
  /** Any status from 300 to 399. */
  readonly status?: number;
  /** The URL must be a path on this server: for what came from the client, such as `next`. */
  readonly local?: boolean;
}

/**
 * Whether a URL is a path on the server that gives it: it begins with one slash, and with nothing
 * that a browser would take for a second one. Browsers read "\" as "/", and drop tabs and line
 * ends wherever they are.
 */
export function isLocalUrl(url: string): boolean {
  return /^\/(?![/\\])[^\\\p{Cc}]*$/u.test(url);
}

/**
 * The `Location` for a URL, what is not ASCII percent-encoded. Throws HTTPOutputError for one that
 * leads to another host without saying so, and for control bytes; HTTPError 400, if it must be
 * `local`, for one that is not.
 */
export function locationFor(url: string, local: boolean): string {
  if (local && !isLocalUrl(url)) {
    throw new HTTPError(
      400,
      `Cannot redirect to ${JSON.stringify(url)}: it is no path of this server`,
    );
  }
  if (/^\s*[/\\]{2}/.test(url) || /\p{Cc}/u.test(url)) {
    throw new HTTPOutputError(
      `Cannot redirect to ${JSON.stringify(url)}: browsers would take it for another host`,
    );
  }
  const wellFormed = url.replace(/\p{Surrogate}/gu, "\ufffd");
  return wellFormed.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}
