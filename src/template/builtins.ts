/**
 * The names that every template has: the functions of escape, a few of Python's, and the objects
 * that belong to the language. Nothing of the runtime: no process, no fetch, no globalThis.
 */
import { templateNames } from "../escape.ts";

/** How many: characters of a string, elements of a list, a set or a map, keys of an object. */
function len(value: unknown): number {
  if (typeof value === "string") return lengthOf(value);
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`Cannot take len() of ${value === null ? "null" : typeof value}`);
  }
  const { length, size } = value as { length?: unknown; size?: unknown };
  if (typeof length === "number") return length;
  return typeof size === "number" ? size : Object.keys(value).length;
}

/** Code points, as Python counts. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** The numbers from `start` (0) up to `stop`, which is not one of them. */
function range(start: number, stop?: number, step = 1): number[] {
  const [first, end] = stop === undefined ? [0, start] : [start, stop];
  if (step === 0) throw new RangeError("Cannot make a range: its step is 0");
  const length = Math.max(0, Math.ceil((end - first) / step));
  return Array.from({ length }, (_, index) => first + index * step);
}

/** Pairs of a number, from `start`, and a value. */
function* enumerate<T>(values: Iterable<T>, start = 0): Generator<[number, T]> {
  let index = start;
  for (const value of values) yield [index++, value];
}

/** Lists of the first values of each, of the second, and so on, while all have one. */
function zip(...lists: Iterable<unknown>[]): unknown[][] {
  const arrays = lists.map((list) => Array.from(list));
  const length = arrays.length === 0 ? 0 : Math.min(...arrays.map((list) => list.length));
  return Array.from({ length }, (_, index) => arrays.map((list) => list[index]));
}

/** The names, and what they stand for unless the template is given others. */
export const builtins: Readonly<Record<string, unknown>> = {
  // Nothing is inherited, so that "constructor" is no name of a template.
  __proto__: null,
  ...templateNames,
  datetime: Date,
  len,
  range,
  enumerate,
  zip,
  str: String,
  True: true,
  False: false,
  None: undefined,
  Exception: Error,
  NameError: ReferenceError,
  AggregateError,
  Array,
  BigInt,
  Boolean,
  Date,
  Error,
  Intl,
  JSON,
  Map,
  Math,
  Number,
  Object,
  Promise,
  RangeError,
  ReferenceError,
  RegExp,
  Set,
  String,
  Symbol,
  SyntaxError,
  TypeError,
  URIError,
  WeakMap,
  decodeURI,
  decodeURIComponent,
  encodeURI,
  encodeURIComponent,
  isFinite,
  isNaN,
  parseFloat,
  parseInt,
};

/** Whether every template has the name. */
export function isBuiltin(name: string): boolean {
  return Object.hasOwn(builtins, name);
}
