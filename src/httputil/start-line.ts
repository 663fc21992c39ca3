/**
 * The first line of a message, and the reason phrases of RFC 9110 section 15.
 */

import { HTTPInputError, HTTPOutputError } from "./errors.ts";

/** `method SP target SP version`. */
export interface RequestStartLine {
  readonly method: string;
  /** The whole request-target as sent, called path as in Tornado. */
  readonly path: string;
  /** `HTTP/1.1` or `HTTP/1.0`. */
  readonly version: string;
}

/** `version SP code SP reason`; the writer fills the version in. */
export interface ResponseStartLine {
  readonly code: number;
  readonly reason: string;
}

/** Reason phrases by status (RFC 9110 section 15 and the IANA registry). */
export const REASONS: Readonly<Record<number, string>> = {
  100: "Continue",
  101: "Switching Protocols",
  102: "Processing",
  103: "Early Hints",
  200: "OK",
  201: "Created",
  202: "Accepted",
  203: "Non-Authoritative Information",
  204: "No Content",
  205: "Reset Content",
  206: "Partial Content",
  207: "Multi-Status",
  208: "Already Reported",
  226: "IM Used",
  300: "Multiple Choices",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  305: "Use Proxy",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  407: "Proxy Authentication Required",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  418: "I'm a teapot",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  423: "Locked",
  424: "Failed Dependency",
  425: "Too Early",
  426: "Upgrade Required",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  506: "Variant Also Negotiates",
  507: "Insufficient Storage",
  508: "Loop Detected",
  510: "Not Extended",
  511: "Network Authentication Required",
};

// RFC 9112 section 3: exactly one space between the parts. Section 4: likewise, but the reason
// may be empty, and some servers leave out the space before it.
const requestLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) (HTTP\/1\.[0-9])$/;
const statusLine = /^(HTTP\/1\.[0-9]) ([0-9]{3})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

/** Reads a request's first line. Throws HTTPInputError (Tornado `parse_request_start_line`). */
export function parseRequestStartLine(line: string): RequestStartLine {
  const parts = requestLine.exec(line);
  if (parts === null) throw new HTTPInputError("Cannot parse request line: it is malformed");
  return { method: parts[1] as string, path: parts[2] as string, version: parts[3] as string };
}

/** Reads a response's first line. Throws HTTPInputError (Tornado `parse_response_start_line`). */
export function parseResponseStartLine(line: string): ResponseStartLine & { version: string } {
  const parts = statusLine.exec(line);
  if (parts === null) throw new HTTPInputError("Cannot parse status line: it is malformed");
  return { version: parts[1] as string, code: Number(parts[2]), reason: parts[3] ?? "" };
}

const standardLines: (ResponseStartLine | undefined)[] = [];
for (const [code, reason] of Object.entries(REASONS)) {
  standardLines[Number(code)] = { code: Number(code), reason };
}

/** The start line of a status with its standard reason: always the same object. */
export function standardStartLine(code: number): ResponseStartLine {
  return standardLines[code] ?? { code, reason: "Unknown" };
}

/**
 * Throws a RangeError for what cannot be a response's status: integers from 200 to 999 can, of which
 * RFC 9110 section 15 defines those to 599, and 101. Other informational ones answer nothing.
 */
export function checkStatus(status: number): void {
  if (Number.isInteger(status) && ((status >= 200 && status <= 999) || status === 101)) return;
  throw new RangeError(
    `Cannot respond with status ${JSON.stringify(String(status))}: expected an integer from 200 to 999`,
  );
}

// RFC 9112 section 4: reason-phrase = 1*( HTAB / SP / VCHAR / obs-text ). "<" is kept out too,
// because the default error page shows the reason.
const reasonPhrase = /^[\t\x20-\x3b\x3d-\x7e\x80-\xff]+$/;

/** The reason to send for a status: the one given if it is well formed, else the standard one. */
export function reasonFor(status: number, reason?: string): string {
  if (reason === undefined) return REASONS[status] ?? "Unknown";
  return reasonPhrase.test(reason) ? reason : "Unknown";
}

/** Throws HTTPOutputError for a status line that cannot be sent as one line. */
export function checkStartLine({ code, reason }: ResponseStartLine): void {
  if (!Number.isInteger(code) || code < 100 || code > 999) {
    throw new HTTPOutputError(
      `Cannot send status ${JSON.stringify(String(code))}: expected three digits`,
    );
  }
  if (reason !== "" && !reasonPhrase.test(reason)) {
    throw new HTTPOutputError(
      `Cannot send reason ${JSON.stringify(reason)}: it has a control byte, "<", or is not Latin-1`,
    );
  }
}
