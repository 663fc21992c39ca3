/**
 * Why a request may be refused: for each status of the core, whether RFC 9112 and RFC 9110 forbid the
 * request at hand, or docs/core.md says that the core deviates. Written from the grammar, without a
 * look at the core, as a check on refusals of what another parser takes.
 */

import { isIPv6 } from "node:net";

/** A request as another parser has read it. */
export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly headers: readonly (readonly [string, string])[];
}

const unreserved = "[A-Za-z0-9\\-._~]|%[0-9A-Fa-f]{2}|[!$&'()*+,;=]";
const pathCharacter = `(?:${unreserved}|[:@])`;
const query = `(?:\\?(?:${pathCharacter}|[/?])*)?`;
const originForm = new RegExp(`^(?:/${pathCharacter}*)+${query}$`);
const absoluteForm = new RegExp(
  `^[A-Za-z][A-Za-z0-9+.\\-]*://(?:(?:${unreserved}|:)*@)?([^/?@]+)(?:/${pathCharacter}*)*${query}$`,
);
const hostAndPort = new RegExp(`^(?:\\[([^\\]]*)\\]|((?:${unreserved})*))(?::([0-9]*))?$`);
const futureAddress = new RegExp(`^v[0-9a-f]+\\.(?:${unreserved}|:)+$`, "i");

/** By the name of the status that the core refuses with. */
export const FORBIDDEN: Readonly<Record<string, (request: ReadRequest) => boolean>> = {
  // RFC 9112 section 3.2: 400 for no Host in HTTP/1.1, for two, and for one that is malformed.
  BAD_HOST: ({ minorVersion, headers }) => {
    const hosts = valuesOf(headers, "host");
    if (hosts.length !== 1) return hosts.length > 1 || minorVersion === 1;
    return hosts[0] !== "" && !isAuthority(hosts[0] ?? "");
  },
  BAD_TARGET: ({ method, target }) => !fits(method, target),
  // The codings that the core takes are chunked, alone. Empty elements are a deviation.
  BAD_TRANSFER_ENCODING: ({ headers }) => codingsOf(headers).join().toLowerCase() !== "chunked",
  // RFC 9112 section 6.1: 501 for a coding that the server does not know.
  UNKNOWN_TRANSFER_CODING: ({ headers }) =>
    codingsOf(headers).some((coding) => coding.toLowerCase() !== "chunked"),
  // RFC 9112 section 6.1: the framing of such a message is faulty.
  CODING_IN_HTTP_10: ({ minorVersion, headers }) =>
    minorVersion === 0 && valuesOf(headers, "transfer-encoding").length > 0,
  // RFC 9110 section 15.6.6.
  BAD_VERSION: ({ majorVersion }) => majorVersion !== 1,
  // RFC 9110 section 10.1.1: 417 for an expectation that the server does not know.
  UNKNOWN_EXPECTATION: ({ headers }) =>
    valuesOf(headers, "expect")
      .flatMap((value) => value.split(","))
      .some((element) => !/^[ \t]*(?:100-continue)?[ \t]*$/i.test(element)),
};

/** RFC 9112 section 3.2: the form of the target belongs to the method. */
function fits(method: string, target: string): boolean {
  if (method === "CONNECT") return isAuthority(target) && /[^:]:[0-9]+$/.test(target);
  if (target === "*") return method === "OPTIONS";
  if (target.startsWith("/")) return originForm.test(target);
  const [, authority] = absoluteForm.exec(target) ?? [];
  return authority !== undefined && isAuthority(authority);
}

/**
 * `uri-host [ ":" port ]` (RFC 3986 section 3.2). A host before a port is not empty (RFC 9110
 * section 4.2.1), and a port has 16 bits (RFC 9293 section 3.1).
 */
function isAuthority(text: string): boolean {
  const match = hostAndPort.exec(text);
  if (match === null) return false;
  const [, literal, name, port = ""] = match;
  if (name === "" || Number(port) > 65535) return false;
  if (literal === undefined || futureAddress.test(literal)) return true;
  return isIPv6(literal) && !literal.includes("%");
}

/** All elements of all lines, empty ones too. */
function codingsOf(headers: ReadRequest["headers"]): string[] {
  return valuesOf(headers, "transfer-encoding").flatMap((value) => value.split(/[ \t]*,[ \t]*/));
}

function valuesOf(headers: ReadRequest["headers"], wanted: string): string[] {
  return headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
}

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const quoted = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const sizeLine = new RegExp(`^([0-9A-Fa-f]+)(?:;${token}(?:=(?:${token}|${quoted}))?)*\\r\\n`);
const trailers = new RegExp(`^(?:(${token}):[\\t -~\\x80-\\xff]*\\r\\n)*\\r\\n`);
/** Fields for framing, routing, request control and credentials (RFC 9110 section 6.5.1). */
const steering =
  /^(?:connection|content-length|transfer-encoding|host|expect|upgrade|max-forwards|te|trailer|keep-alive|(?:proxy-)?(?:authorization|connection)|(?:set-)?cookie)$/i;

/**
 * Whether a whole chunked body stands at the start of the text (RFC 9112 section 7.1), without the
 * blanks in extensions that docs/core.md says are not taken.
 */
export function isChunkedBody(text: string): boolean {
  let rest = text;
  for (;;) {
    const [line, size = ""] = sizeLine.exec(rest) ?? [];
    if (line === undefined) return false;
    rest = rest.slice(line.length);
    const length = Number.parseInt(size, 16);
    if (length === 0) break;
    if (rest.slice(length, length + 2) !== "\r\n") return false;
    rest = rest.slice(length + 2);
  }
  const [fields] = trailers.exec(rest) ?? [];
  if (fields === undefined) return false;
  return !fields.split("\r\n").some((field) => steering.test(field.split(":")[0] ?? ""));
}
