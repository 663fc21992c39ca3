/**
 * How a record becomes a line: Tornado's format for people, JSON for programs, Python's for the
 * time before logging is configured. Private to the module log.
 */
import type { Details, Level, LogRecord } from "./logger.ts";

/** Turns a record into a line, or several, without the line end after the last. */
export type Format = (record: LogRecord) => string;

const COLORS: Readonly<Record<Level, number>> = {
  debug: 34,
  info: 32,
  warning: 33,
  error: 31,
  critical: 35,
};

/** `[I 261120 10:04:37 chat:12] message`; lines that follow are indented by four. */
export function prettyFormat(record: LogRecord): string {
  return `${prefix(record)} ${body(record)}`;
}

/** `prettyFormat` with the prefix in the color of its level. */
export function colorFormat(record: LogRecord): string {
  return `\x1b[${COLORS[record.level]}m${prefix(record)}\x1b[0m ${body(record)}`;
}

/** `WARNING:squall.general:message`, Python's format for programs that have not configured it. */
export function plainFormat(record: LogRecord): string {
  return `${record.level.toUpperCase()}:${record.logger}:${body(record)}`;
}

function prefix(record: LogRecord): string {
  return `[${record.level.charAt(0).toUpperCase()} ${dateText(record.time)} ${record.source}]`;
}

function dateText(time: number): string {
  const date = new Date(time);
  const day = [date.getFullYear() % 100, date.getMonth() + 1, date.getDate()];
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${day.map(twoDigits).join("")} ${clock.map(twoDigits).join(":")}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a peer's bytes must not steer a terminal
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

function body({ message, details }: LogRecord): string {
  const line = message + fieldsText(details);
  const text = "error" in details ? `${line}\n${errorText(details.error)}` : line;
  const visible = text.replace(
    CONTROLS,
    (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return visible.trimEnd().replaceAll("\n", "\n    ");
}

/** ` item=cod price=3`: the details of a record but for its error. */
function fieldsText(details: Details): string {
  let text = "";
  for (const [name, value] of Object.entries(details)) {
    if (name !== "error") text += ` ${name}=${fieldText(value)}`;
  }
  return text;
}

function fieldText(value: unknown): string {
  if (typeof value === "string" && /^[^\s"=]+$/.test(value)) return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // A circle, or a BigInt.
    return String(value);
  }
}

/** An error with its stack and its causes. */
function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const title = `${error.name}: ${error.message}`;
  const stack = error.stack ?? title;
  // JavaScriptCore leaves the title out of the stack.
  const text = stack.includes(error.message) ? stack : `${title}\n${stack}`;
  return error.cause === undefined ? text : `${text}\nCaused by: ${errorText(error.cause)}`;
}

/**
 * One JSON object: time, level, logger, message, then the details, which replace none of these; an
 * error by name and stack.
 */
export function jsonFormat(record: LogRecord): string {
  const { level, logger, message, details } = record;
  const { error, ...fields } = details;
  const head = { time: new Date(record.time).toISOString(), level, logger, message };
  const tail = "error" in details ? { error: errorFields(error) } : undefined;
  try {
    return JSON.stringify({ ...head, ...beside(head, fields), ...tail });
  } catch (reason) {
    return JSON.stringify({ ...head, ...tail, unserializable: String(reason) });
  }
}

/** The fields; one that is called like one of the record's own, as `level`, becomes `level_`. */
function beside(head: object, fields: Readonly<Record<string, unknown>>): object {
  const names = Object.keys(fields);
  if (!names.some((name) => Object.hasOwn(head, name))) return fields;
  return Object.fromEntries(
    names.map((name) => [Object.hasOwn(head, name) ? `${name}_` : name, fields[name]]),
  );
}

function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  return { name: error.name, message: error.message, stack: errorText(error) };
}
