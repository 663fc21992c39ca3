/**
 * Small functions on URLs, hosts and credentials.
 */

import { Buffer } from "node:buffer";
import { urlEscape } from "../escape.ts";

/** Arguments to add to a URL: an object, a map, or pairs, whose names may repeat. */
export type UrlArguments =
  | Readonly<Record<string, string | number | boolean | undefined>>
  | Iterable<readonly [string, string | number | boolean | undefined]>;

/**
 * Adds arguments to a URL's query; the ones that are there stay, and so does the fragment. Values
 * that are undefined are left out (Tornado `url_concat`).
 */
export function urlConcat(url: string, args?: UrlArguments): string {
  if (args === undefined) return url;
  const hash = url.indexOf("#");
  const fragment = hash < 0 ? "" : url.slice(hash);
  const base = hash < 0 ? url : url.slice(0, hash);
  const added: string[] = [];
  for (const [name, value] of isIterable(args) ? args : Object.entries(args)) {
    if (value !== undefined) added.push(`${urlEscape(name)}=${urlEscape(String(value))}`);
  }
  if (added.length === 0) return url;
  const between = base.includes("?") ? (/[?&]$/.test(base) ? "" : "&") : "?";
  return `${base}${between}${added.join("&")}${fragment}`;
}

function isIterable<T>(args: object): args is Iterable<T> {
  return Symbol.iterator in args;
}

/** Each value of a query's map with its name, as in `parseQsBytes` (Tornado `qs_to_qsl`). */
export function* qsToQsl<Value>(
  query: ReadonlyMap<string, readonly Value[]>,
): Generator<[string, Value]> {
  for (const [name, values] of query) {
    for (const value of values) yield [name, value];
  }
}

/**
 * Splits `host:port`. The port is undefined if there is none; an IPv6 address keeps its brackets
 * (Tornado `split_host_and_port`).
 */
export function splitHostAndPort(authority: string): [host: string, port: number | undefined] {
  const parts = /^(.+):([0-9]+)$/s.exec(authority);
  if (parts === null) return [authority, undefined];
  return [parts[1] as string, Number(parts[2])];
}

/**
 * `username:password` in UTF-8, as Basic authentication sends it after base64. Text is brought to
 * Unicode's form NFC first (RFC 7617 section 2.1).
 */
export function encodeUsernamePassword(
  username: string | Uint8Array,
  password: string | Uint8Array,
): Uint8Array {
  return Buffer.concat([normalBytes(username), Buffer.of(0x3a), normalBytes(password)]);
}

function normalBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? Buffer.from(text.normalize("NFC"), "utf8") : text;
}
