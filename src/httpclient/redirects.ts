/**
 * What a redirect makes of a request (RFC 9110 section 15.4): its method, its body, and what must
 * not be told to another origin.
 */

import type { ResponseHead } from "../http1connection.ts";
import type { HTTPHeaders } from "../httputil.ts";

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** What describes a body, and goes with it. */
const BODY_FIELDS = [
  "Content-Length",
  "Content-Type",
  "Content-Encoding",
  "Content-Language",
  "Content-Location",
  "Transfer-Encoding",
  "Expect",
];
/** What proves who asks (CVE-2026-49853, CVE-2023-45143, CVE-2024-24758). */
const CREDENTIALS = ["Authorization", "Cookie", "Proxy-Authorization"];

/** Where a response redirects to, or undefined. Some servers send UTF-8 there unescaped. */
export function locationOf(head: ResponseHead): string | undefined {
  if (!REDIRECTS.has(head.code)) return undefined;
  const location = head.getList("Location")[0];
  if (location === undefined || location === "") return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is told apart
  if (/^[\x00-\x7f]*$/.test(location)) return location;
  const bytes = Uint8Array.from(location, (character) => character.charCodeAt(0));
  const text = new TextDecoder().decode(bytes);
  return text.includes("\ufffd") ? location : text;
}

/** The method of the request that follows; one that becomes GET has no body. */
export function methodAfter(code: number, method: string): string {
  if (code === 303) return method === "HEAD" ? method : "GET";
  return (code === 301 || code === 302) && method === "POST" ? "GET" : method;
}

/** Removes the fields that describe a body that is not sent again. */
export function dropBodyFields(headers: HTTPHeaders): void {
  for (const name of BODY_FIELDS) headers.delete(name);
}

/** Removes what another origin must not see. */
export function dropCredentials(headers: HTTPHeaders): void {
  for (const name of CREDENTIALS) headers.delete(name);
}
