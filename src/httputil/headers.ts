/**
 * Header fields: a case-insensitive list of names and values in the order they came.
 * Filled from the core's span table on first use for requests, by handlers for responses; read by
 * everything above. Small lists are the rule, so lookups walk them; adding is O(1) whatever is
 * there already (CVE-2025-67725 was a quadratic join).
 */

import { HEADER_IDS, HEADER_NAMES } from "../core.ts";
import { HTTPInputError, HTTPOutputError } from "./errors.ts";

/** Fills headers in when they are first looked at. */
export interface HeaderSource {
  /** False if there is certainly no field of this name. */
  mayHave(name: string): boolean;
  fillHeaders(headers: HTTPHeaders): void;
}

// RFC 9110 section 5.6.2: token. Section 5.5: field-value without leading or trailing blanks,
// obs-text as the code points 0x80 to 0xff.
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Normalised spellings of names that the core does not know. Bounded: peers choose these. */
const normalized = new Map<string, string>();
const NORMALIZED_LIMIT = 1000;

/** A name as `Http-Header-Case` (Tornado `_normalize_header`). */
export function normalizeHeaderName(name: string): string {
  const known = normalized.get(name);
  if (known !== undefined) return known;
  const id = HEADER_IDS.get(name.toLowerCase());
  const result = id === undefined ? capitalize(name) : (HEADER_NAMES[id] as string);
  if (normalized.size >= NORMALIZED_LIMIT) normalized.clear();
  normalized.set(name, result);
  return result;
}

function capitalize(name: string): string {
  return name
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
    .join("-");
}

/**
 * Fields that many messages share, with their wire text made once: a response starts from its
 * defaults without copying them.
 */
export class HeaderBlock {
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** The fields as they are sent, each line ended. */
  readonly text: string;

  constructor(fields: Iterable<readonly [string, string]>) {
    const headers = new HTTPHeaders(fields);
    this.names = [...headers.names()];
    this.values = this.names.map((name) => headers.get(name) as string);
    this.text = headers.toString();
  }
}

/** Shared by all headers that have no fields of their own, so that making them costs no arrays. */
const NOTHING: string[] = [];

/**
 * Header fields with case-insensitive names; a name may have several values (Tornado
 * `HTTPHeaders`). Iterates over `[name, value]` pairs, names as `Http-Header-Case`.
 */
export class HTTPHeaders implements Iterable<[string, string]> {
  #names: string[] = NOTHING;
  #values: string[] = NOTHING;
  #block: HeaderBlock | undefined;
  #source: HeaderSource | undefined;

  /** Starts from fields given as pairs, from another one's, or empty. Throws as `add` does. */
  constructor(fields?: Iterable<readonly [string, string]>) {
    if (fields === undefined) return;
    for (const [name, value] of fields) this.add(name, value);
  }

  /** Headers that are read from `source` when first looked at. */
  static from(source: HeaderSource): HTTPHeaders {
    const headers = new HTTPHeaders();
    headers.#source = source;
    return headers;
  }

  /** Headers that start with a block's fields. */
  static startingWith(block: HeaderBlock): HTTPHeaders {
    const headers = new HTTPHeaders();
    headers.#block = block;
    return headers;
  }

  /**
   * Adds a field and keeps those of the same name. Throws HTTPOutputError for a name that is not
   * a token or a value with a control byte (RFC 9110 sections 5.1 and 5.5).
   */
  add(name: string, value: string): void {
    checkField(name, value);
    this.#own();
    this.append(normalizeHeaderName(name), value);
  }

  /** Sets a field's only value. Throws as `add` does. */
  set(name: string, value: string): void {
    checkField(name, value);
    const spelled = normalizeHeaderName(name);
    this.#own(spelled);
    this.#remove(spelled);
    this.append(spelled, value);
  }

  /** Adds a field that is known to be well formed, its name in `Http-Header-Case`. */
  append(name: string, value: string): void {
    if (this.#names === NOTHING) {
      this.#names = [name];
      this.#values = [value];
      return;
    }
    this.#names.push(name);
    this.#values.push(value);
  }

  /** The values of a name joined by commas (RFC 9110 section 5.3), or undefined without any. */
  get(name: string): string | undefined {
    if (this.#source?.mayHave(name) === false) return undefined;
    const values = this.getList(name);
    return values.length === 0 ? undefined : values.join(",");
  }

  /**
   * The first value of a name that is not in the starting block, the name in `Http-Header-Case`:
   * what the writer asks about framing for every response.
   */
  getOwn(name: string): string | undefined {
    const index = this.#names.indexOf(name);
    return index < 0 ? undefined : this.#values[index];
  }

  /** Every value of a name, in order; empty without any. */
  getList(name: string): string[] {
    if (this.#source?.mayHave(name) === false) return [];
    this.#fill();
    const spelled = normalizeHeaderName(name);
    const found: string[] = [];
    const block = this.#block;
    if (block !== undefined) collect(block.names, block.values, spelled, found);
    collect(this.#names, this.#values, spelled, found);
    return found;
  }

  /** Every field as `[name, value]`, repeated names repeated. */
  getAll(): [string, string][] {
    return [...this];
  }

  has(name: string): boolean {
    if (this.#source?.mayHave(name) === false) return false;
    this.#fill();
    const spelled = normalizeHeaderName(name);
    return this.#block?.names.includes(spelled) === true || this.#names.includes(spelled);
  }

  /** Removes every value of a name; says whether there was one. */
  delete(name: string): boolean {
    this.#fill();
    const spelled = normalizeHeaderName(name);
    this.#own(spelled);
    return this.#remove(spelled);
  }

  /** The different names, in the order of their first fields. */
  names(): Set<string> {
    this.#fill();
    return new Set([...(this.#block?.names ?? []), ...this.#names]);
  }

  *[Symbol.iterator](): Iterator<[string, string]> {
    this.#fill();
    this.#own("*");
    for (let index = 0; index < this.#names.length; index++) {
      yield [this.#names[index] as string, this.#values[index] as string];
    }
  }

  copy(): HTTPHeaders {
    const headers = new HTTPHeaders();
    for (const [name, value] of this) headers.append(name, value);
    return headers;
  }

  /**
   * Adds the field of one line, `Name: value`. Throws HTTPInputError for a line that is not one,
   * a folded one too (RFC 9112 section 5.2).
   */
  parseLine(line: string): void {
    const text = line.replace(/\r?\n$/, "");
    const colon = text.indexOf(":");
    const name = text.slice(0, Math.max(colon, 0));
    if (!token.test(name)) {
      throw new HTTPInputError(`Cannot parse header line: no field name in "${clip(text)}"`);
    }
    const value = text.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    if (!fieldValue.test(value)) {
      throw new HTTPInputError(`Cannot parse header ${name}: control byte in "${clip(value)}"`);
    }
    this.#own();
    this.append(normalizeHeaderName(name), value);
  }

  /** Headers from a block of lines that end in CRLF or LF (Tornado `HTTPHeaders.parse`). */
  static parse(text: string): HTTPHeaders {
    const headers = new HTTPHeaders();
    for (const line of text.split("\n")) {
      if (line !== "" && line !== "\r") headers.parseLine(line);
    }
    return headers;
  }

  /** The fields as they are sent: a line each, ended by CRLF. */
  toString(): string {
    this.#fill();
    const names = this.#names;
    const values = this.#values;
    let text = this.#block === undefined ? "" : this.#block.text;
    for (let index = 0; index < names.length; index++) {
      text += `${names[index]}: ${values[index]}\r\n`;
    }
    return text;
  }

  #fill(): void {
    const source = this.#source;
    if (source === undefined) return;
    this.#source = undefined;
    source.fillHeaders(this);
  }

  /** Turns the shared block into own fields before `name` in it changes ("*": whatever it has). */
  #own(name?: string): void {
    this.#fill();
    const block = this.#block;
    if (block === undefined || name === undefined) return;
    if (name !== "*" && !block.names.includes(name)) return;
    this.#block = undefined;
    this.#names = [...block.names, ...this.#names];
    this.#values = [...block.values, ...this.#values];
  }

  #remove(name: string): boolean {
    if (!this.#names.includes(name)) return false;
    const kept = this.#names.map((each) => each !== name);
    this.#values = this.#values.filter((_, index) => kept[index]);
    this.#names = this.#names.filter((_, index) => kept[index]);
    if (this.#names.length === 0) this.#names = NOTHING;
    return true;
  }
}

function collect(
  names: readonly string[],
  values: readonly string[],
  name: string,
  found: string[],
): void {
  for (let index = 0; index < names.length; index++) {
    if (names[index] === name) found.push(values[index] as string);
  }
}

function checkField(name: string, value: string): void {
  if (!token.test(name)) {
    throw new HTTPOutputError(`Cannot set header "${clip(name)}": the name is not a token`);
  }
  if (!fieldValue.test(value)) {
    throw new HTTPOutputError(
      `Cannot set header ${name}: "${clip(value)}" has a control byte or is not Latin-1`,
    );
  }
}

/** Enough of a peer's text to recognise it, safe to show in a log line. */
function clip(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(shown).slice(1, -1);
}
