/**
 * Cookies on the wire: the `Cookie` header read as browsers mean it, `Set-Cookie` written strictly
 * (RFC 6265). What is signed and what is stored is `web`'s business.
 */

import { Buffer } from "node:buffer";
import { trimBlanks } from "./blanks.ts";
import { formatTimestamp } from "./date.ts";
import { HTTPOutputError } from "./errors.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The cookies of a `Cookie` header: split at every ";", also within quotes, as browsers do, so
 * that no value can hide the cookies after it. Of equal names the last wins; what has no "=" is
 * under `""` (Tornado `parse_cookie`). Linear in the header's length.
 */
export function parseCookie(header: string): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const chunk of header.split(";")) {
    const equals = chunk.indexOf("=");
    const name = trimBlanks(chunk.slice(0, Math.max(equals, 0)));
    const value = trimBlanks(chunk.slice(equals + 1));
    if (name !== "" || value !== "") cookies.set(name, decoded(unquoted(value)));
  }
  return cookies;
}

/** What stands between quotes, its escapes undone; anything else stays as it is. */
function unquoted(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  const inner = value.slice(1, -1);
  if (!inner.includes("\\")) return inner;
  return inner.replace(/\\(?:([0-3][0-7][0-7])|(.))/g, (_all, octal, sign) =>
    octal === undefined ? sign : String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** Bytes as text: UTF-8, which browsers send for `document.cookie`, or Latin-1 if they are not. */
function decoded(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  try {
    return utf8.decode(Buffer.from(bytes, "latin1"));
  } catch {
    return bytes;
  }
}

/** What a cookie may be set with. */
export interface CookieAttributes {
  /** Hosts below this one get the cookie too; without it, only the host that sets it. */
  readonly domain?: string | undefined;
  /** When the browser forgets it; a Date, or seconds since 1970. Beats `expiresDays`. */
  readonly expires?: Date | number | undefined;
  /** In how many days the browser forgets it; without it, when the browser ends. */
  readonly expiresDays?: number | undefined;
  /** Scripts in the page cannot read it. */
  readonly httpOnly?: boolean | undefined;
  /** In how many seconds the browser forgets it. Beats `expires`. */
  readonly maxAge?: number | undefined;
  /** Paths that get it; "/" if left out, `""` for those beside the one that sets it. */
  readonly path?: string | undefined;
  readonly sameSite?: "Strict" | "Lax" | "None" | "strict" | "lax" | "none" | undefined;
  /** Only sent over TLS. */
  readonly secure?: boolean | undefined;
}

const ATTRIBUTES = [
  "domain",
  "expires",
  "expiresDays",
  "httpOnly",
  "maxAge",
  "path",
  "sameSite",
  "secure",
] as const;
// A token (RFC 6265 section 4.1.1), and ":", which Python's cookies allow too.
const nameSigns = /^[!#$%&'*+\-.^_`|~:0-9A-Za-z]+$/;
/** What needs no quotes. Python quotes the rest, and browsers and other servers cope with that. */
const plainValue = /^[!#$%&'*+\-.^_`|~:0-9A-Za-z]*$/;
/** What must be escaped within quotes: `;` and `,` too, because browsers end a cookie there. */
const escapedByte = /[^!#$%&'*+\-.^_`|~:0-9A-Za-z ()/<=>?@[\]{}]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const blankOrControl = /[\x00-\x20]/;
const pathSigns = /^[\x21-\x3a\x3c-\x7e]*$/;
const domainSigns = /^[.\w-]*$/;
const DAY = 24 * 60 * 60 * 1000;

/**
 * The value of a `Set-Cookie` header. Throws HTTPOutputError for a name, value or attribute that a
 * browser could take for something else (CVE-2026-35536), and for attributes it does not know,
 * other spellings of those it knows included.
 */
export function formatCookie(name: string, value: string, attributes: CookieAttributes): string {
  checkNameAndValue(name, value);
  for (const key of Object.keys(attributes)) checkKnown(name, key);
  // In plain JavaScript null is easily given for "not set", as Python's None is.
  const domain = attributes.domain ?? "";
  const path = attributes.path ?? "/";
  const maxAge = attributes.maxAge ?? undefined;
  const sameSite = attributes.sameSite ?? undefined;
  const secure = attributes.secure ?? false;
  if (!domainSigns.test(domain)) throw malformed(name, "domain", domain);
  if (!pathSigns.test(path)) throw malformed(name, "path", path);
  if (maxAge !== undefined && !Number.isSafeInteger(maxAge)) {
    throw malformed(name, "maxAge", String(maxAge));
  }
  checkPrefix(name, { domain, path, secure });
  const expires = expiryOf(name, attributes);
  let text = `${name}=${quoted(value)}`;
  if (domain !== "") text += `; Domain=${domain}`;
  if (expires !== undefined) text += `; expires=${expires}`;
  if (attributes.httpOnly === true) text += "; HttpOnly";
  if (maxAge !== undefined) text += `; Max-Age=${maxAge}`;
  if (path !== "") text += `; Path=${path}`;
  if (sameSite !== undefined) text += `; SameSite=${sameSiteOf(name, sameSite)}`;
  return secure ? `${text}; Secure` : text;
}

function checkNameAndValue(name: string, value: string): void {
  if (!nameSigns.test(name)) {
    throw new HTTPOutputError(`Cannot set cookie ${JSON.stringify(name)}: the name is not a token`);
  }
  if (typeof value !== "string" || blankOrControl.test(value)) {
    throw malformed(name, "value", value);
  }
}

function checkKnown(name: string, key: string): void {
  if ((ATTRIBUTES as readonly string[]).includes(key)) return;
  const plain = key.toLowerCase().replaceAll("_", "").replaceAll("-", "");
  const meant = ATTRIBUTES.find((known) => known.toLowerCase() === plain);
  const hint = meant === undefined ? "" : `; it is spelled "${meant}"`;
  throw new HTTPOutputError(`Cannot set cookie "${name}": no attribute is called "${key}"${hint}`);
}

/** Browsers drop a cookie whose name promises what its attributes do not keep (RFC 6265bis 4.1.3). */
function checkPrefix(name: string, given: { domain: string; path: string; secure: boolean }): void {
  const prefix = /^__(host|secure)-/i.exec(name)?.[1]?.toLowerCase();
  if (prefix === undefined) return;
  const kept = given.secure && (prefix === "secure" || (given.domain === "" && given.path === "/"));
  if (kept) return;
  const needs = prefix === "host" ? 'secure, path "/" and no domain' : "secure";
  throw new HTTPOutputError(`Cannot set cookie "${name}": its name requires ${needs}`);
}

function expiryOf(name: string, attributes: CookieAttributes): string | undefined {
  const days = attributes.expiresDays ?? undefined;
  const inDays = days === undefined ? undefined : new Date(Date.now() + days * DAY);
  const time = attributes.expires ?? inDays;
  if (time === undefined) return undefined;
  try {
    return formatTimestamp(time);
  } catch {
    throw malformed(name, "expiry", String(time));
  }
}

const sameSites = new Map([
  ["strict", "Strict"],
  ["lax", "Lax"],
  ["none", "None"],
]);

function sameSiteOf(name: string, given: string): string {
  const spelled = sameSites.get(String(given).toLowerCase());
  if (spelled === undefined) throw malformed(name, "sameSite", String(given));
  return spelled;
}

function quoted(value: string): string {
  if (plainValue.test(value)) return value;
  const bytes = Buffer.from(value, "utf8").toString("latin1");
  return `"${bytes.replace(escapedByte, escapeByte)}"`;
}

function escapeByte(sign: string): string {
  if (sign === '"' || sign === "\\") return `\\${sign}`;
  return `\\${sign.charCodeAt(0).toString(8).padStart(3, "0")}`;
}

function malformed(name: string, what: string, value: unknown): HTTPOutputError {
  const shown = JSON.stringify(String(value).slice(0, 60));
  return new HTTPOutputError(`Cannot set cookie "${name}": ${what} ${shown} cannot be sent`);
}
