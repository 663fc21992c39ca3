/**
 * Header values with parameters, as in `form-data; name="x"; filename*=UTF-8''%C3%BC`: RFC 9110
 * section 5.6.6 and RFC 8187. Each value is walked once, so that no number of quotes and
 * semicolons makes it slow (CVE-2025-67726).
 */

import { urlUnescape } from "../escape.ts";
import { trimBlanks } from "./blanks.ts";
import { HTTPOutputError } from "./errors.ts";
import { isToken } from "./token.ts";

/** A header's value and its parameters, names in lower case. */
export interface ParsedHeader {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Reads a header's value and parameters. Of equal names the last wins, but `name*` always beats
 * `name`. What is no parameter is passed over (Tornado `_parse_header`).
 */
export function parseHeader(line: string): ParsedHeader {
  const first = line.indexOf(";");
  const value = trimBlanks(first < 0 ? line : line.slice(0, first));
  const plain = new Map<string, string>();
  const extended = new Map<string, string>();
  let at = first < 0 ? line.length : first + 1;
  while (at < line.length) {
    const end = endOfParameter(line, at);
    addParameter(line.slice(at, end), plain, extended);
    at = end + 1;
  }
  for (const [name, text] of extended) plain.set(name, text);
  return { value, parameters: plain };
}

/** The next ";" outside of quotes, or the line's end. */
function endOfParameter(line: string, start: number): number {
  let inQuotes = false;
  for (let at = start; at < line.length; at++) {
    const sign = line.charCodeAt(at);
    if (sign === 0x22) inQuotes = !inQuotes;
    else if (sign === 0x5c && inQuotes) at++;
    else if (sign === 0x3b && !inQuotes) return at;
  }
  return line.length;
}

function addParameter(
  text: string,
  plain: Map<string, string>,
  extended: Map<string, string>,
): void {
  const equals = text.indexOf("=");
  if (equals < 0) return;
  const name = trimBlanks(text.slice(0, equals)).toLowerCase();
  const value = trimBlanks(text.slice(equals + 1));
  if (!name.endsWith("*")) {
    plain.set(name, unquoted(value));
    return;
  }
  const decoded = decodeExtended(unquoted(value));
  if (decoded !== undefined) extended.set(name.slice(0, -1), decoded);
}

function unquoted(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  // Only these two are ever escaped: a backslash in a file's name stands for itself.
  return value.slice(1, -1).replace(/\\([\\"])/g, "$1");
}

/** `charset'language'percent-encoded` (RFC 8187 section 3.2.1). */
function decodeExtended(value: string): string | undefined {
  const parts = /^([\w.:-]+)'[^']*'(.*)$/s.exec(value);
  if (parts === null) return undefined;
  try {
    return urlUnescape(parts[2] as string, { plus: false, encoding: parts[1] as string });
  } catch {
    return undefined;
  }
}

/**
 * Writes a value and its parameters: `encodeHeader("permessage-deflate", { bits: 15, flag:
 * undefined })` gives `permessage-deflate; bits=15; flag`. Values that are no tokens are quoted.
 * Throws HTTPOutputError for a control byte (Tornado `_encode_header`).
 */
export function encodeHeader(
  value: string,
  parameters: Readonly<Record<string, string | number | undefined>>,
): string {
  let line = value;
  for (const [name, parameter] of Object.entries(parameters)) {
    line +=
      parameter === undefined ? `; ${name}` : `; ${name}=${quotedIfNeeded(String(parameter))}`;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(line)) {
    throw new HTTPOutputError(
      `Cannot encode header ${JSON.stringify(line)}: it has a control byte`,
    );
  }
  return line;
}

function quotedIfNeeded(value: string): string {
  if (isToken(value)) return value;
  return `"${value.replace(/[\\"]/g, "\\$&")}"`;
}
