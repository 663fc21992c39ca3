/**
 * The arguments of a request: from its query, and from a body that is a form.
 */

import { parseQsBytes } from "../escape.ts";
import { HTTPInputError } from "./errors.ts";
import type { HTTPHeaders } from "./headers.ts";

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

/**
 * The fields of a body by its type; none if it is not a form. Throws HTTPInputError for a form
 * with a Content-Encoding, which nothing here has removed (Tornado `parse_body_arguments`).
 */
export function parseBodyArguments(headers: HTTPHeaders, body: Uint8Array): Arguments {
  const type = headers.get("Content-Type");
  if (type === undefined || !/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    return new Map();
  }
  const encoding = headers.get("Content-Encoding");
  if (encoding !== undefined) {
    throw new HTTPInputError(`Cannot read form: its Content-Encoding is "${encoding}"`, 415);
  }
  return parseArguments(body);
}

/** Two sets of arguments as one: of a name in both, the values of `first` come first. */
export function mergeArguments(first: Arguments, second: Arguments): Arguments {
  const merged: Arguments = new Map(first);
  for (const [name, values] of second) merged.set(name, [...(merged.get(name) ?? []), ...values]);
  return merged;
}
