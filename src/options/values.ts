/**
 * The types of options: how text becomes a value, and which values fit. Private to the module
 * options.
 */

/** A value that an option cannot take, or an option that is not there. */
export class OptionError extends Error {
  override readonly name: string = "OptionError";
}

/**
 * `int` and `float` are numbers, `datetime` is a Date in local time, `timedelta` a number of
 * seconds; or a function that makes the value of its text.
 */
export type OptionType =
  | "str"
  | "int"
  | "float"
  | "bool"
  | "datetime"
  | "timedelta"
  | ((text: string) => unknown);

type NamedType = Exclude<OptionType, (text: string) => unknown>;

interface ValueType {
  /** The value of a text, or undefined if it has none. */
  parse(text: string): unknown;
  fits(value: unknown): boolean;
}

const types: Readonly<Record<NamedType, ValueType>> = {
  str: { parse: (text) => text, fits: (value) => typeof value === "string" },
  int: { parse: parseInteger, fits: Number.isSafeInteger },
  float: { parse: parseFloatStrictly, fits: (value) => typeof value === "number" },
  bool: {
    parse: (text) => !/^(false|0|f)$/i.test(text),
    fits: (value) => typeof value === "boolean",
  },
  datetime: { parse: parseDatetime, fits: (value) => value instanceof Date },
  timedelta: { parse: parseTimedelta, fits: (value) => typeof value === "number" },
};

/** The name that messages and the help show. */
export function typeName(type: OptionType): string {
  return typeof type === "string" ? type : type.name || "value";
}

/** The type of an option that has only a default. */
export function typeOf(value: unknown): OptionType {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  return value instanceof Date ? "datetime" : "str";
}

/** The value of a text. Throws if it has none. */
export function parseValue(type: OptionType, text: string): unknown {
  const value = typeof type === "string" ? types[type].parse(text) : type(text);
  if (value === undefined) {
    throw new OptionError(`expected ${typeName(type)}, got "${text}"`);
  }
  return value;
}

/** The values of a list `a,b,c`; of integers also with ranges, `1:3` for `1,2,3`. */
export function parseValues(type: OptionType, text: string): unknown[] {
  return text
    .split(",")
    .flatMap((part) => (type === "int" ? parseRange(part) : parseValue(type, part)));
}

/** Most values of one range: a slip of the finger must not fill the memory. */
const MAX_RANGE = 1_000_000;

function parseRange(text: string): number[] {
  const [first = "", last = first, ...more] = text.split(":");
  const low = parseValue("int", first) as number;
  const high = parseValue("int", last) as number;
  if (more.length > 0 || high < low || high - low >= MAX_RANGE) {
    throw new OptionError(`expected a range from low to high, got "${text}"`);
  }
  return Array.from({ length: high - low + 1 }, (_, index) => low + index);
}

/** Whether a value that is not text may be assigned. Nothing is fine for every type. */
export function fits(type: OptionType, value: unknown): boolean {
  if (value === undefined || value === null || typeof type !== "string") return true;
  return types[type].fits(value);
}

function parseInteger(text: string): number | undefined {
  const value = /^\s*[-+]?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

const FLOAT = /[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?/i;

/** As Python's `float`, without `nan`, which nothing can be compared with. */
function parseFloatStrictly(text: string): number | undefined {
  const infinite = /^\s*([-+]?)inf(?:inity)?\s*$/i.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  return new RegExp(`^\\s*${FLOAT.source}\\s*$`, "i").test(text) ? Number(text) : undefined;
}

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

/** Tornado's formats: ctime's, then a date, a time, or both, with or without separators. */
const CTIME = /^[a-z]{3} ([a-z]{3}) +(\d{1,2}) (\d{1,2}):(\d\d):(\d\d) (\d{4})$/i;
const DATE_TIME = /^(\d{4})(-?)(\d\d)\2(\d\d)(?:[ T](\d{1,2}):(\d\d)(?::(\d\d))?)?$/;
const TIME = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/;

function parseDatetime(text: string): Date | undefined {
  const ctime = CTIME.exec(text);
  if (ctime !== null) {
    const [, month = "", day, hours, minutes, seconds, year] = ctime;
    return localDate(year, MONTHS.indexOf(month.toLowerCase()) + 1, day, [hours, minutes, seconds]);
  }
  const dateTime = DATE_TIME.exec(text);
  if (dateTime !== null) {
    const [, year, , month, day, ...clock] = dateTime;
    return localDate(year, month, day, clock);
  }
  // A time alone is one of the first of January 1900, as Python's strptime has it.
  const time = TIME.exec(text);
  return time === null ? undefined : localDate(1900, 1, 1, time.slice(1));
}

type Digits = string | number | undefined;

/** The date, or undefined if the calendar or the clock has no such thing. */
function localDate(
  year: Digits,
  month: Digits,
  day: Digits,
  clock: readonly Digits[],
): Date | undefined {
  const [hours = 0, minutes = 0, seconds = 0] = clock.map((digits) => Number(digits ?? 0));
  const date = new Date(Number(year), Number(month) - 1, Number(day), hours, minutes, seconds);
  const isDate = date.getMonth() === Number(month) - 1 && date.getDate() === Number(day);
  return isDate && hours < 24 && minutes < 60 && seconds < 60 ? date : undefined;
}

/** Seconds of each unit, by its first letters. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(w|weeks)$/, 604_800],
  [/^(d|days)$/, 86_400],
  [/^(h|hours)$/, 3600],
  [/^(m|min|minutes)$/, 60],
  [/^(|s|sec|seconds)$/, 1],
  [/^(ms|milliseconds)$/, 1e-3],
  [/^(us|microseconds)$/, 1e-6],
];

/** Seconds of `1h30m`, `45s`, `1.5 days`, or of a number alone. */
function parseTimedelta(text: string): number | undefined {
  const part = new RegExp(`\\s*(${FLOAT.source})\\s*([a-z]*)\\s*`, "iy");
  let seconds = 0;
  while (part.lastIndex < text.length) {
    const [, value, unit = ""] = part.exec(text) ?? [];
    const factor = UNITS.find(([names]) => names.test(unit))?.[1];
    if (value === undefined || factor === undefined) return undefined;
    seconds += Number(value) * factor;
  }
  return text.trim() === "" ? undefined : seconds;
}
