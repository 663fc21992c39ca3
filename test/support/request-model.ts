/**
 * The grammar of a request head as regular expressions, written from RFC 9112 and RFC 9110 without
 * a look at the core: what the core accepts, this accepts, and the other way round. It is slow and
 * says nothing of heads that are not complete.
 */

import { isIPv6 } from "node:net";

export interface ModelHead {
  readonly length: number;
  readonly method: string;
  readonly target: string;
  readonly minorVersion: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly chunked: boolean;
  readonly contentLength: number | undefined;
  readonly keepAlive: boolean;
  readonly host: string;
}

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const line = new RegExp(`^(${token}) ([!-"$-~]+) HTTP/1\\.([01])$`);
const field = new RegExp(`^(${token}):[ \\t]*([\\t -~\\x80-\\xff]*?)[ \\t]*$`);
const name = "(?:[A-Za-z0-9\\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})";
const authority = new RegExp(`^(?:\\[([^\\]]*)\\]|(${name}+))(?::([0-9]*))?$`);
const future = /^v[0-9a-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+$/i;
const absolute = new RegExp(
  `^[A-Za-z][A-Za-z0-9+.\\-]*://(?:(?:${name}|:)*@)?([^/?@]+)(?:[/?][!-~]*)?$`,
);

/** The head at the start of the text, or undefined if there is none that is complete and right. */
export function modelHead(text: string): ModelHead | undefined {
  const skipped = /^(?:\r\n){0,2}/.exec(text)?.[0].length ?? 0;
  const end = text.indexOf("\r\n\r\n", skipped);
  if (end < 0) return undefined;
  const [first = "", ...lines] = text.slice(skipped, end).split("\r\n");
  const start = line.exec(first);
  const fields = lines.map((text) => field.exec(text));
  if (start === null || fields.includes(null)) return undefined;
  const [, method = "", target = "", minor = ""] = start;
  const headers = fields.map((match): [string, string] => [match?.[1] ?? "", match?.[2] ?? ""]);
  const minorVersion = Number(minor);

  const valuesOf = (wanted: string) =>
    headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  const hosts = valuesOf("host");
  const lengths = valuesOf("content-length");
  const codings = valuesOf("transfer-encoding");
  const wrong =
    !fits(method, target) ||
    hosts.length > 1 ||
    (hosts.length === 0 && minorVersion === 1) ||
    hosts.some((host) => host !== "" && !isAuthority(host)) ||
    lengths.length + codings.length > 1 ||
    lengths.some((length) => !/^[0-9]+$/.test(length) || BigInt(length) >= 2n ** 53n) ||
    codings.some((coding) => coding.toLowerCase() !== "chunked" || minorVersion === 0) ||
    (minorVersion === 1 && !listOf(valuesOf("expect")).every((one) => one === "100-continue"));
  if (wrong) return undefined;

  const options = listOf(valuesOf("connection"));
  const asked = minorVersion === 1 || options.includes("keep-alive");
  return {
    length: end + 4,
    method,
    target,
    minorVersion,
    headers,
    chunked: codings.length === 1,
    contentLength: lengths[0] === undefined ? undefined : Number(lengths[0]),
    keepAlive: asked && !options.includes("close"),
    host: absoluteHost(method, target) ?? hosts[0] ?? "",
  };
}

const known = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE"];

function fits(method: string, target: string): boolean {
  if (method === "CONNECT") return isAuthority(target) && /:[0-9]+$/.test(target);
  if (target === "*") return !known.includes(method);
  if (target.startsWith("/")) return true;
  return absoluteHost(method, target) !== undefined;
}

function absoluteHost(method: string, target: string): string | undefined {
  if (method === "CONNECT" || target.startsWith("/")) return undefined;
  const host = absolute.exec(target)?.[1];
  return host !== undefined && isAuthority(host) ? host : undefined;
}

function isAuthority(text: string): boolean {
  const match = authority.exec(text);
  if (match === null) return false;
  const [, literal, , port = ""] = match;
  if (literal !== undefined && !future.test(literal)) {
    if (!isIPv6(literal) || literal.includes("%")) return false;
  }
  return Number(port) <= 65535;
}

function listOf(values: readonly string[]): string[] {
  return values.flatMap((value) => value.toLowerCase().split(/[ \t]*,[ \t]*/)).filter(Boolean);
}
