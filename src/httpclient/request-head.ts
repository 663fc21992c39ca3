/**
 * The head of a request as it is sent. Every value in it has been checked: the application's fields
 * by `HTTPHeaders`, the target by the URL's parser.
 */

import { Buffer } from "node:buffer";
import { zstdAvailable } from "../decompression.ts";
import {
  encodeUsernamePassword,
  formatTimestamp,
  type HTTPHeaders,
  HTTPOutputError,
} from "../httputil.ts";
import type { RequestSettings } from "./request.ts";

const ACCEPT_ENCODING = `Accept-Encoding: ${zstdAvailable ? "gzip, deflate, br, zstd" : "gzip, deflate, br"}\r\n`;
const FORM = "Content-Type: application/x-www-form-urlencoded\r\n";

/** What a request head is made of. */
export interface HeadParts {
  readonly method: string;
  /** The request-target, in the form that its receiver expects. */
  readonly target: string;
  readonly authority: string;
  readonly settings: RequestSettings;
  /** The application's fields, undefined without any. */
  readonly headers: HTTPHeaders | undefined;
  /** Lines that the client adds: framing, credentials. */
  readonly lines: string;
  readonly hasBody: boolean;
}

export function requestHead(parts: HeadParts): string {
  const { settings, headers, lines } = parts;
  const { userAgent, ifModifiedSince } = settings;
  if (headers !== undefined && headers.getList("Host").length > 1) {
    throw new HTTPOutputError("Cannot fetch: there is more than one Host");
  }
  let text = `${parts.method} ${parts.target} HTTP/1.1\r\n`;
  if (isFree("Host", headers)) text += `Host: ${parts.authority}\r\n`;
  if (headers !== undefined) text += headers.toString();
  text += lines;
  if (userAgent !== "" && isFree("User-Agent", headers)) text += `User-Agent: ${userAgent}\r\n`;
  if (settings.decompressResponse && isFree("Accept-Encoding", headers)) text += ACCEPT_ENCODING;
  if (parts.method === "POST" && parts.hasBody && isFree("Content-Type", headers)) text += FORM;
  if (ifModifiedSince !== undefined && isFree("If-Modified-Since", headers)) {
    text += `If-Modified-Since: ${formatTimestamp(ifModifiedSince)}\r\n`;
  }
  return `${text}\r\n`;
}

/** Whether the application has left a field to the client. */
function isFree(name: string, headers: HTTPHeaders | undefined): boolean {
  return headers === undefined || !headers.has(name);
}

/** Credentials as Basic authentication has them (RFC 7617). Throws for a name that it cannot carry. */
export function basicCredentials(username: string, password: string): string {
  if (username.includes(":")) {
    throw new HTTPOutputError("Cannot fetch: a username with a colon ends there for the server");
  }
  const bytes = encodeUsernamePassword(username, password);
  return `Basic ${Buffer.from(bytes).toString("base64")}`;
}
