/**
 * The arguments of a request: from its query, and from a body that is a form.
 */

import { parseQsBytes } from "../escape.ts";
import { HTTPInputError } from "./errors.ts";
import { FormReceiver } from "./form-receiver.ts";
import type { HTTPHeaders } from "./headers.ts";
import { type ParsedForm, parseMultipartFormData } from "./multipart.ts";
import {
  DEFAULT_MULTIPART,
  multipartConfig,
  type ParseMultipartConfig,
} from "./multipart-config.ts";
import { boundaryOf } from "./multipart-reader.ts";

/** Values by name, in the order they came. Names are text, values bytes, as in Tornado. */
export type Arguments = Map<string, Uint8Array[]>;

/**
 * Most fields of a query or form. Each costs a map entry and an array, far more memory than the
 * few bytes it takes on the wire. Django's default.
 */
export const MAX_ARGUMENTS = 1000;

/** The fields of a query string or form body. Empty values are kept. Throws HTTPInputError. */
export function parseArguments(text: string | Uint8Array): Arguments {
  try {
    return parseQsBytes(text, { keepBlankValues: true, maxFields: MAX_ARGUMENTS });
  } catch (cause) {
    throw new HTTPInputError(`Cannot read arguments: ${(cause as Error).message}`, 400, { cause });
  }
}

/** How bodies are read (Tornado `ParseBodyConfig`). */
export interface ParseBodyConfig {
  readonly multipart?: Partial<ParseMultipartConfig>;
}

let bodyConfig: ParseBodyConfig = {};

/**
 * Sets how the bodies of all requests are read from now on; what is left out has its default
 * (Tornado `set_parse_body_config`). Throws a RangeError for a limit that cannot be held to.
 */
export function setParseBodyConfig(config: ParseBodyConfig): void {
  multipartConfig(config.multipart ?? {});
  bodyConfig = config;
}

/** Bytes up to which a body is kept whole, whatever it is. */
export function maxBodyMemory(): number {
  return bodyConfig.multipart?.maxMemory ?? DEFAULT_MULTIPART.maxMemory;
}

const multipartType = /^multipart\/form-data[ \t]*(;|$)/i;

/**
 * What receives a body that is too long for memory: undefined if it is no multipart form, and
 * memory has to do. Throws HTTPInputError as `parseBodyArguments` does.
 */
export function receiverFor(headers: HTTPHeaders): FormReceiver | undefined {
  const type = headers.get("Content-Type") ?? "";
  if (!multipartType.test(type)) return undefined;
  refuseEncoded(headers);
  return new FormReceiver(boundaryOf(type), bodyConfig.multipart);
}

/**
 * The fields and files of a body by its type; none if it is not a form. Throws HTTPInputError for
 * a malformed form, and for one with a Content-Encoding, which nothing here has removed (Tornado
 * `parse_body_arguments`).
 */
export function parseBodyArguments(
  headers: HTTPHeaders,
  body: Uint8Array,
  config: ParseBodyConfig = bodyConfig,
): ParsedForm {
  const type = headers.get("Content-Type") ?? "";
  const isMultipart = multipartType.test(type);
  if (!isMultipart && !/^application\/x-www-form-urlencoded[ \t]*(;|$)/i.test(type)) {
    return { arguments: new Map(), files: new Map() };
  }
  refuseEncoded(headers);
  if (isMultipart) return parseMultipartFormData(boundaryOf(type), body, config.multipart);
  return { arguments: parseArguments(body), files: new Map() };
}

function refuseEncoded(headers: HTTPHeaders): void {
  const encoding = headers.get("Content-Encoding");
  if (encoding !== undefined) {
    throw new HTTPInputError(`Cannot read form: its Content-Encoding is "${encoding}"`, 415);
  }
}

/** Two sets of arguments as one: of a name in both, the values of `first` come first. */
export function mergeArguments(first: Arguments, second: Arguments): Arguments {
  const merged: Arguments = new Map(first);
  for (const [name, values] of second) merged.set(name, [...(merged.get(name) ?? []), ...values]);
  return merged;
}
