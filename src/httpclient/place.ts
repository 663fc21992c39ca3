/**
 * A URL taken apart: where to connect, and what to ask for there. The URL standard does the parsing,
 * so that a client sees the same host as a browser; what it would silently drop is refused.
 */

import { HTTPOutputError } from "../httputil.ts";
import { UrlCache } from "./url-cache.ts";

/** One URL of `http` or `https`. */
export interface Place {
  readonly href: string;
  readonly secure: boolean;
  /** Scheme, host and port: credentials stay within one. */
  readonly origin: string;
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Host and port as the Host header has them. */
  readonly authority: string;
  /** Path and query. */
  readonly target: string;
  /** From the URL's user information; undefined if it has none. */
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const kept = new UrlCache<Place>();

/** Takes a URL apart. Throws HTTPOutputError for one that cannot be fetched. */
export function placeOf(url: string): Place {
  const known = kept.get(url);
  if (known !== undefined) return known;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x20\x7f]/.test(url)) {
    throw new HTTPOutputError(
      `Cannot fetch ${JSON.stringify(url)}: it has a blank or a control character`,
    );
  }
  const place = takeApart(parse(url), url);
  if (place.username === undefined) kept.keep(url, place);
  return place;
}

/**
 * Where a Location leads from a place (RFC 9110 section 10.2.2): the fragment stays unless there is
 * a new one. Throws HTTPOutputError if it leads nowhere that can be fetched.
 */
export function placeAfter(place: Place, location: string): Place {
  const next = parse(location, place.href);
  if (next.hash === "") next.hash = parse(place.href).hash;
  return takeApart(next, location);
}

function parse(url: string, base?: string): URL {
  try {
    return new URL(url, base);
  } catch (cause) {
    throw new HTTPOutputError(`Cannot fetch ${JSON.stringify(url)}: it is not a URL`, { cause });
  }
}

function takeApart(url: URL, given: string): Place {
  const secure = url.protocol === "https:";
  if (!secure && url.protocol !== "http:") {
    throw new HTTPOutputError(`Cannot fetch ${JSON.stringify(given)}: not a URL of http or https`);
  }
  const { hostname, port } = url;
  const { username, password } = url;
  const hasUser = username !== "" || password !== "";
  // Not in what is shown, and not in what a redirect is resolved against.
  url.username = "";
  url.password = "";
  return {
    href: url.href,
    secure,
    origin: url.origin,
    host: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname,
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    authority: url.host,
    target: url.pathname + url.search,
    username: hasUser ? decoded(username) : undefined,
    password: hasUser ? decoded(password) : undefined,
  };
}

/** Percent-decodes; as it is if that makes no text. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
