/**
 * Reads compiled gettext catalogs, `.mo` files. Private to the module locale.
 */
import { GERMANIC, type PluralRule, parsePluralForms } from "./plural-forms.ts";

/** Between a context and a message in a catalog's keys. */
export const CONTEXT_SEPARATOR = "\x04";

/** One language's messages. */
export class Catalog {
  /** Forms of each message; of one without plural, the one translation. */
  readonly #messages: ReadonlyMap<string, readonly string[]>;
  readonly #rule: PluralRule;

  constructor(messages: ReadonlyMap<string, readonly string[]>, rule: PluralRule) {
    this.#messages = messages;
    this.#rule = rule;
  }

  /** The translation, or undefined if there is none. */
  find(message: string): string | undefined {
    return this.#messages.get(message)?.[0];
  }

  /** The translation in the form for `count`. */
  findPlural(message: string, count: number): string | undefined {
    return this.#messages.get(message)?.[this.#rule(Math.trunc(Math.abs(count)))];
  }
}

const MAGIC = 0x950412de;

/** The catalog in the bytes of a `.mo` file. Throws if they are not one. */
export function parseCatalog(bytes: Uint8Array): Catalog {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = bytes.length >= 20 && view.getUint32(0, true) === MAGIC;
  const isBig = bytes.length >= 20 && view.getUint32(0, false) === MAGIC;
  if (!isLittle && !isBig) throw new Error("Cannot read catalog: it is no .mo file");
  const word = (at: number) => view.getUint32(at, isLittle);
  if (word(4) >>> 16 > 1) throw new Error(`Cannot read catalog: version ${word(4) >>> 16}`);

  const count = word(8);
  if (count > bytes.length / 16)
    throw new Error(`Cannot read catalog: it has no ${count} messages`);
  const entries: [Uint8Array, Uint8Array][] = [];
  for (let index = 0; index < count; index++) {
    const original = slice(bytes, word(word(12) + 8 * index + 4), word(word(12) + 8 * index));
    const translation = slice(bytes, word(word(16) + 8 * index + 4), word(word(16) + 8 * index));
    entries.push([original, translation]);
  }
  return catalogOf(entries);
}

function slice(bytes: Uint8Array, start: number, length: number): Uint8Array {
  if (start + length > bytes.length) throw new Error("Cannot read catalog: it is cut off");
  return bytes.subarray(start, start + length);
}

/** The header is the translation of the empty message, and says how to read the others. */
function catalogOf(entries: readonly (readonly [Uint8Array, Uint8Array])[]): Catalog {
  const raw = entries.find(([original]) => original.length === 0)?.[1] ?? new Uint8Array();
  const header = new TextDecoder("latin1").decode(raw);
  const charset = /^content-type:.*charset=([^\s;]+)/im.exec(header)?.[1] ?? "utf-8";
  const forms = /^plural-forms:(.*)$/im.exec(header)?.[1];
  const decoder = new TextDecoder(charset, { fatal: true });
  const messages = new Map<string, readonly string[]>();
  for (const [original, translation] of entries) {
    const [message = ""] = decoder.decode(original).split("\0");
    messages.set(message, decoder.decode(translation).split("\0"));
  }
  return new Catalog(messages, forms === undefined ? GERMANIC : parsePluralForms(forms));
}
