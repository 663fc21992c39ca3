/**
 * Header fields: a case-insensitive list of names and values in the order they came.
 * Filled by `http1connection` for requests, by handlers for responses; read by everything above.
 * Small lists are the rule, so lookups walk them; adding is O(1) whatever is there already
 * (CVE-2025-67725 was a quadratic join).
 */

import { HEADER_IDS, HEADER_NAMES, putLatin1 } from "../core.ts";
import { trimBlanks } from "./blanks.ts";
import { HTTPInputError, HTTPOutputError } from "./errors.ts";
import { isToken } from "./token.ts";

// RFC 9110 section 5.5: field-value without leading or trailing blanks, obs-text as the code points
// 0x80 to 0xff.
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
  /** Names and values in turn. */
  readonly fields: readonly string[];
  /** The fields as they are sent, each line ended. */
  readonly text: string;

  constructor(fields: Iterable<readonly [string, string]>) {
    const headers = new HTTPHeaders(fields);
    this.fields = headers.getAll().flat();
    this.text = headers.toString();
  }
}

/** Names with a value each, or pairs of them. */
export type HeaderInput = Iterable<readonly [string, string]> | Readonly<Record<string, string>>;

function pairsOf(fields: HeaderInput): Iterable<readonly [string, string]> {
  return Symbol.iterator in fields
    ? (fields as Iterable<readonly [string, string]>)
    : Object.entries(fields);
}

/** Shared by all headers that have no fields of their own, so that making them costs no array. */
const NOTHING: string[] = [];

/**
 * Header fields with case-insensitive names; a name may have several values (Tornado
 * `HTTPHeaders`). Iterates over `[name, value]` pairs, names as `Http-Header-Case`.
 */
export class HTTPHeaders implements Iterable<[string, string]> {
  /** Names and values in turn; after those of the block, if there is one. */
  #fields: string[] = NOTHING;
  #block: HeaderBlock | undefined;
  #unread = false;

  /** Starts from fields given as an object or as pairs, from another one's, or empty. Throws as `add` does. */
  constructor(fields?: HeaderInput) {
    // The loop stands apart: one in here would keep engines from inlining a constructor that every
    // request runs twice.
    if (fields !== undefined) this.#addAll(fields);
  }

  #addAll(fields: HeaderInput): void {
    for (const [name, value] of pairsOf(fields)) this.add(name, value);
  }

  /** Headers that start with a block's fields. */
  static startingWith(block: HeaderBlock): HTTPHeaders {
    const headers = new HTTPHeaders();
    headers.#block = block;
    return headers;
  }

  /** The block that these headers still begin with, unchanged. */
  get block(): HeaderBlock | undefined {
    return this.#block;
  }

  /** Begins with another block, if these headers still begin with one and `other` has one for it. */
  exchangeBlock(other: (block: HeaderBlock) => HeaderBlock | undefined): boolean {
    const block = this.#block === undefined ? undefined : other(this.#block);
    if (block === undefined) return false;
    this.#block = block;
    return true;
  }

  /**
   * Adds a field and keeps those of the same name. Throws HTTPOutputError for a name that is not
   * a token or a value with a control byte (RFC 9110 sections 5.1 and 5.5).
   */
  add(name: string, value: string): void {
    checkField(name, value);
    this.#read();
    this.append(normalizeHeaderName(name), value);
  }

  /** Sets a field's only value. Throws as `add` does. */
  set(name: string, value: string): void {
    checkField(name, value);
    const spelled = normalizeHeaderName(name);
    this.#remove(spelled);
    this.append(spelled, value);
  }

  /** Adds a field that is known to be well formed, its name in `Http-Header-Case`. */
  append(name: string, value: string): void {
    if (this.#fields === NOTHING) this.#fields = [name, value];
    else this.#fields.push(name, value);
  }

  /** The values of a name joined by commas (RFC 9110 section 5.3), or undefined without any. */
  get(name: string): string | undefined {
    if (this.#unread && !this.mayHave(name)) return undefined;
    this.#read();
    const spelled = normalizeHeaderName(name);
    const first = this.#block === undefined ? undefined : joinedOf(this.#block.fields, spelled);
    const own = joinedOf(this.#fields, spelled);
    return first === undefined || own === undefined ? (first ?? own) : `${first},${own}`;
  }

  /**
   * The first value of a name that is not in the starting block, the name in `Http-Header-Case`:
   * what the writer asks about framing for every response.
   */
  getOwn(name: string): string | undefined {
    const fields = this.#fields;
    for (let index = 0; index < fields.length; index += 2) {
      if (fields[index] === name) return fields[index + 1];
    }
    return undefined;
  }

  /** Every value of a name, in order; empty without any. */
  getList(name: string): string[] {
    if (this.#unread && !this.mayHave(name)) return [];
    this.#read();
    const spelled = normalizeHeaderName(name);
    const found: string[] = [];
    if (this.#block !== undefined) collect(this.#block.fields, spelled, found);
    collect(this.#fields, spelled, found);
    return found;
  }

  /** Every field as `[name, value]`, repeated names repeated. */
  getAll(): [string, string][] {
    return [...this];
  }

  has(name: string): boolean {
    return this.getList(name).length > 0;
  }

  /** Removes every value of a name; says whether there was one. */
  delete(name: string): boolean {
    return this.#remove(normalizeHeaderName(name));
  }

  /** The different names, in the order of their first fields. */
  names(): Set<string> {
    return new Set(this.getAll().map(([name]) => name));
  }

  *[Symbol.iterator](): Iterator<[string, string]> {
    this.#read();
    const all = this.#block === undefined ? this.#fields : [...this.#block.fields, ...this.#fields];
    for (let index = 0; index < all.length; index += 2) {
      yield [all[index] as string, all[index + 1] as string];
    }
  }

  /** The number of fields, repeated names counted each time. */
  get size(): number {
    this.#read();
    return (this.#fields.length + (this.#block?.fields.length ?? 0)) / 2;
  }

  /** Sets each of the fields given. Throws as `add` does. */
  update(fields: HeaderInput): void {
    for (const [name, value] of pairsOf(fields)) this.set(name, value);
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
    if (!isToken(name)) {
      throw new HTTPInputError(`Cannot parse header line: no field name in "${clip(text)}"`);
    }
    const value = trimBlanks(text.slice(colon + 1));
    if (!fieldValue.test(value)) {
      throw new HTTPInputError(`Cannot parse header ${name}: control byte in "${clip(value)}"`);
    }
    this.#read();
    this.append(normalizeHeaderName(name), value);
  }

  /** Headers from a block of lines that end in CRLF or LF (Tornado `HTTPHeaders.parse`). */
  static parse(text: string): HTTPHeaders {
    const headers = new HTTPHeaders();
    for (const line of text.split(/\r?\n/)) {
      if (line !== "") headers.parseLine(line);
    }
    return headers;
  }

  /** The fields as they are sent: a line each, ended by CRLF. */
  toString(): string {
    this.#read();
    const fields = this.#fields;
    let text = this.#block?.text ?? "";
    for (let index = 0; index < fields.length; index += 2) {
      text += `${fields[index]}: ${fields[index + 1]}\r\n`;
    }
    return text;
  }

  /** Bytes that the fields beside the block's take on the wire. */
  get ownLength(): number {
    const fields = this.#fields;
    let length = 0;
    // After a name comes ": ", after a value CRLF: two bytes either way.
    for (let index = 0; index < fields.length; index++)
      length += (fields[index] as string).length + 2;
    return length;
  }

  /** Writes those fields as they are sent into the core's memory; returns where they end. */
  putOwn(start: number): number {
    const fields = this.#fields;
    let at = start;
    for (let index = 0; index < fields.length; index++) {
      const text = fields[index] as string;
      putLatin1(text, at);
      at += text.length;
      putLatin1((index & 1) === 0 ? ": " : "\r\n", at);
      at += 2;
    }
    return at;
  }

  /** For subclasses whose fields are costly to read: they are read when first asked for. */
  protected awaitFields(): void {
    this.#unread = true;
    this.#fields = NOTHING;
  }

  /**
   * Gives back the memory of fields that can be read again, for who keeps a request for long. What
   * was changed in them is forgotten too.
   */
  forgetFields(): void {}

  /** Hook of `awaitFields`: false if there is certainly no field of this name. */
  protected mayHave(_name: string): boolean {
    return true;
  }

  /** Hook of `awaitFields`: appends the fields. */
  protected readFields(): void {}

  #read(): void {
    if (!this.#unread) return;
    this.#unread = false;
    this.readFields();
  }

  #remove(name: string): boolean {
    this.#read();
    const block = this.#block;
    if (block?.fields.includes(name) === true) {
      this.#block = undefined;
      this.#fields = [...block.fields, ...this.#fields];
    }
    const before = this.#fields;
    // Most fields that are set are set once.
    if (this.getOwn(name) === undefined) return false;
    const kept: string[] = [];
    for (let index = 0; index < before.length; index += 2) {
      if (before[index] !== name) kept.push(before[index] as string, before[index + 1] as string);
    }
    this.#fields = kept.length === 0 ? NOTHING : kept;
    return true;
  }
}

/** The values of a name joined by commas: nearly always one, for which nothing is allocated. */
function joinedOf(fields: readonly string[], name: string): string | undefined {
  let joined: string | undefined;
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index] !== name) continue;
    const value = fields[index + 1] as string;
    joined = joined === undefined ? value : `${joined},${value}`;
  }
  return joined;
}

function collect(fields: readonly string[], name: string, found: string[]): void {
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index] === name) found.push(fields[index + 1] as string);
  }
}

function checkField(name: string, value: string): void {
  if (!isToken(name)) {
    throw new HTTPOutputError(`Cannot set header "${clip(name)}": the name is not a token`);
  }
  // In plain JavaScript a length is easily given as a number, and a missing value as undefined.
  if (typeof value !== "string") {
    throw new HTTPOutputError(`Cannot set header ${name}: expected text, got ${String(value)}`);
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
