/**
 * A handler's arguments: bytes of a request turned into text.
 */

import type { Arguments } from "../httputil.ts";
import { HTTPError, MissingArgumentError } from "./errors.ts";

/** How an argument is read. */
export interface ArgumentOptions<Default> {
  /** Given back if the argument is not there; without it that is an error. */
  readonly default?: Default;
  /** Blanks at both ends are removed; true by default. */
  readonly strip?: boolean;
}

/** Turns an argument's bytes into text, as handlers do. */
export interface ArgumentDecoder {
  decodeArgument(value: Uint8Array, name: string): string;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
const controls = /[\x00-\x08\x0e-\x1f]/g;

/** Decodes UTF-8. Throws HTTPError 400 for bytes that are not. */
export function decodeUtf8Argument(value: Uint8Array, name: string): string {
  try {
    return utf8.decode(value);
  } catch (cause) {
    throw new HTTPError(400, `Cannot decode argument "${name}": it is not UTF-8`, { cause });
  }
}

/** Every value of an argument. Control characters become spaces, as in Tornado. */
export function valuesOf(
  source: Arguments,
  name: string,
  strip: boolean,
  decoder: ArgumentDecoder,
): string[] {
  const values = source.get(name);
  if (values === undefined) return [];
  return values.map((value) => {
    const text = decoder.decodeArgument(value, name).replace(controls, " ");
    return strip ? text.trim() : text;
  });
}

/** The last value of an argument, or its default. Throws MissingArgumentError without either. */
export function lastValue<Default>(
  source: Arguments,
  name: string,
  options: ArgumentOptions<Default> | undefined,
  decoder: ArgumentDecoder,
): string | Default {
  // In plain JavaScript a default is easily given as in Python.
  if (options !== undefined && (typeof options !== "object" || options === null)) {
    const given = options === null ? "null" : typeof options;
    throw new TypeError(
      `Cannot read argument "${name}": its options are ${given}; for a default: { default: … }`,
    );
  }
  const value = valuesOf(source, name, options?.strip ?? true, decoder).at(-1);
  if (value !== undefined) return value;
  if (options === undefined || !("default" in options)) throw new MissingArgumentError(name);
  return options.default as Default;
}
