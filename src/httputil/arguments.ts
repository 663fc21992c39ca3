/**
 * The arguments of a request: from its query, and from a body that is a form.
 */

import { parseQsBytes } from "../escape.ts";
import { checkLimit } from "../util.ts";
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
const MAX_ARGUMENTS = 1000;

/** How bodies and queries are read (Tornado `ParseBodyConfig`). */
export interface ParseBodyConfig {
  readonly multipart?: Partial<ParseMultipartConfig> | undefined;
  /** Most fields of a query, and of a form; more is 400. 1,000 by default. */
  readonly maxArguments?: number | undefined;
}

/** How the bodies of all requests are read, where their application has no settings for it. */
let processConfig: ParseBodyConfig = {};

/**
 * Sets how the bodies of all requests are read from now on; what is left out has its default
 * (Tornado `set_parse_body_config`). Settings of an application go before it. Throws a RangeError
 * for a limit that cannot be held to.
 */
export function setParseBodyConfig(config: ParseBodyConfig): void {
  processConfig = bodyConfigOf(config) ?? {};
}

/**
 * What settings say of it; undefined if that is nothing. Throws a RangeError for a limit that cannot
 * be held to.
 */
export function bodyConfigOf({
  multipart,
  maxArguments,
}: ParseBodyConfig): ParseBodyConfig | undefined {
  if (multipart === undefined && maxArguments === undefined) return undefined;
  multipartConfig(multipart ?? {});
  if (maxArguments !== undefined) checkLimit("maxArguments", maxArguments);
  return { multipart, maxArguments };
}

/** Bytes up to which a body is kept whole, whatever it is. */
export function maxBodyMemory(config: ParseBodyConfig | undefined): number {
  return (
    config?.multipart?.maxMemory ??
    processConfig.multipart?.maxMemory ??
    DEFAULT_MULTIPART.maxMemory
  );
}

function multipartOf(config: ParseBodyConfig | undefined): Partial<ParseMultipartConfig> {
  return { ...processConfig.multipart, ...config?.multipart };
}

/** The fields of a query string or form body. Empty values are kept. Throws HTTPInputError. */
export function parseArguments(text: string | Uint8Array, config?: ParseBodyConfig): Arguments {
  const maxFields = config?.maxArguments ?? processConfig.maxArguments ?? MAX_ARGUMENTS;
  try {
    return parseQsBytes(text, { keepBlankValues: true, maxFields });
  } catch (cause) {
    throw new HTTPInputError(`Cannot read arguments: ${(cause as Error).message}`, 400, { cause });
  }
}

const multipartType = /^multipart\/form-data[ \t]*(;|$)/i;

/**
 * What receives a body that is too long for memory: undefined if it is no multipart form, and
 * memory has to do. Throws HTTPInputError as `parseBodyArguments` does.
 */
export function receiverFor(
  headers: HTTPHeaders,
  config: ParseBodyConfig | undefined,
): FormReceiver | undefined {
  const type = headers.get("Content-Type") ?? "";
  if (!multipartType.test(type)) return undefined;
  refuseEncoded(headers);
  return new FormReceiver(boundaryOf(type), multipartOf(config));
}

/**
 * The fields and files of a body by its type; none if it is not a form. Throws HTTPInputError for
 * a malformed form, and for one with a Content-Encoding, which nothing here has removed. What
 * `config` leaves out is as `setParseBodyConfig` says (Tornado `parse_body_arguments`).
 */
export function parseBodyArguments(
  headers: HTTPHeaders,
  body: Uint8Array,
  config?: ParseBodyConfig,
): ParsedForm {
  const type = headers.get("Content-Type") ?? "";
  const isMultipart = multipartType.test(type);
  if (!isMultipart && !/^application\/x-www-form-urlencoded[ \t]*(;|$)/i.test(type)) {
    return { arguments: new Map(), files: new Map() };
  }
  refuseEncoded(headers);
  if (isMultipart) return parseMultipartFormData(boundaryOf(type), body, multipartOf(config));
  return { arguments: parseArguments(body, config), files: new Map() };
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
