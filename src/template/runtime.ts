/**
 * What generated functions call while they render: `_tt` in their code.
 */
import { type Escapable, SafeString, safeEscape, toUnicode, xhtmlEscape } from "../escape.ts";
import { formatMessage, isThenable } from "../util.ts";
import { builtins } from "./builtins.ts";
import { failed } from "./failure.ts";
import { has } from "./names.ts";

/** The text of a value, not escaped. `undefined` and `null` have none. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return "";
  if (value instanceof Uint8Array) return toUnicode(value);
  if (isThenable(value)) {
    throw new TypeError("Cannot write a promise: wait for it with {{ await … }}");
  }
  return String(value);
}

/** The text of a value for HTML. Strings and numbers come first: nearly all values are those. */
export function escaped(value: unknown): string {
  if (typeof value === "string") return xhtmlEscape(value);
  if (typeof value === "number") return `${value}`;
  return value instanceof SafeString ? value.toString() : xhtmlEscape(textOf(value));
}

/** A function of an application that escapes, as a function of any value to text. */
function escaper(method: (text: Escapable) => unknown): (value: unknown) => string {
  return method === safeEscape ? escaped : (value) => textOf(method(textOf(value)));
}

/** What a loop of one variable goes through: values, or the keys of an object that has none. */
function each(values: unknown): Iterable<unknown> | AsyncIterable<unknown> {
  if (Array.isArray(values) || isIterable(values)) return values;
  return Object.keys(plainObject(values));
}

/** What a loop of several variables goes through: lists, or keys and values of an object. */
function pairs(values: unknown): Iterable<unknown> | AsyncIterable<unknown> {
  return isIterable(values) ? values : Object.entries(plainObject(values));
}

function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  if (value === undefined || value === null) return false;
  const iterable = value as { [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown };
  return Symbol.iterator in Object(value)
    ? typeof iterable[Symbol.iterator] === "function"
    : typeof iterable[Symbol.asyncIterator] === "function";
}

function plainObject(value: unknown): object {
  if (typeof value === "object" && value !== null) return value;
  const kind = value === null ? "null" : typeof value;
  throw new TypeError(`Cannot loop over ${kind}: expected a list or an object`);
}

/** A module that a template imports: one that its loader was given, else a name that it has. */
function imported(
  name: string,
  names: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>>,
  modules: Readonly<Record<string, unknown>>,
): unknown {
  const holder = [modules, names, more, builtins].find((one) => has(one, name));
  if (holder !== undefined) return holder[name];
  const known = Object.keys(modules).map((key) => `"${key}"`);
  const expected =
    known.length === 0 ? "the loader was given no modules" : `expected ${known.join(", ")}`;
  throw new Error(`Cannot import "${name}": ${expected}`);
}

/** One export of an imported module. */
function member(module: unknown, name: string, from: string): unknown {
  if (Object(module) === module && name in (module as object)) {
    return (module as Readonly<Record<string, unknown>>)[name];
  }
  if (name === "default") return module;
  throw new Error(`Cannot import "${name}": "${from}" has no such export`);
}

/** `typeof` of a name, "undefined" if the template does not have it. */
function typeOf(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (error instanceof ReferenceError) return "undefined";
    throw error;
  }
}

/** Whether an exception clause takes what was thrown. */
function matches(error: unknown, classes: readonly unknown[]): boolean {
  return classes.flat().some((one) => typeof one === "function" && error instanceof one);
}

/**
 * Whether a list, a text, a set or a map contains a value, or whatever else can be gone through; an
 * object, whether it has the key.
 */
function contains(value: unknown, container: unknown): boolean {
  if (Array.isArray(container)) return container.includes(value);
  if (typeof container === "string") return container.includes(textOf(value));
  if (typeof container === "object" && container !== null) {
    if (Symbol.iterator in container) return holds(value, container as Iterable<unknown>);
    return hasKey(value as PropertyKey, container);
  }
  const kind = container === null ? "null" : typeof container;
  throw new TypeError(`Cannot look with "in" into ${kind}: expected a list or an object`);
}

/** Headers and the like know by themselves; others are gone through. */
function holds(value: unknown, container: Iterable<unknown>): boolean {
  const { has } = container as { has?: unknown };
  if (typeof has === "function") return has.call(container, value);
  return Array.from(container).includes(value);
}

/** What every object inherits, as `constructor`, is no key. */
function hasKey(key: PropertyKey, object: object): boolean {
  return Object.hasOwn(object, key) || (key in object && !(key in Object.prototype));
}

/** `text % { … }`: a message with values for its `%(name)s` and `%(name)d`. */
function format(message: unknown, values: Readonly<Record<string, string | number>>): string {
  if (typeof message === "number") throw new TypeError("Cannot divide a number by an object");
  return formatMessage(textOf(message), values);
}

/** What generated code calls. */
export interface Runtime {
  readonly builtins: Readonly<Record<string, unknown>>;
  readonly contains: typeof contains;
  readonly each: typeof each;
  readonly escaper: typeof escaper;
  readonly failed: typeof failed;
  readonly format: typeof format;
  readonly has: typeof has;
  readonly imported: typeof imported;
  readonly matches: typeof matches;
  readonly member: typeof member;
  readonly pairs: typeof pairs;
  readonly text: typeof textOf;
  readonly typeOf: typeof typeOf;
}

/** All of it, under the names that generated code has for it. */
export const runtime: Runtime = {
  builtins,
  contains,
  each,
  escaper,
  failed,
  format,
  has,
  imported,
  matches,
  member,
  pairs,
  text: textOf,
  typeOf,
};
