/**
 * Loggers and where their records go. Private to the module log.
 */
import { plainFormat } from "./formats.ts";
import { stderrSink } from "./sinks.ts";
import { complain } from "./stderr.ts";

/** How much a record matters. */
export type Level = "debug" | "info" | "warning" | "error" | "critical";

const RANKS: Readonly<Record<Level | "none", number>> = {
  debug: 10,
  info: 20,
  warning: 30,
  error: 40,
  critical: 50,
  none: Number.POSITIVE_INFINITY,
};

/** What belongs to a record besides its message. `error` is shown with its stack. */
export interface Details {
  readonly error?: unknown;
  readonly [field: string]: unknown;
}

/** One thing that was logged. */
export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly level: Level;
  /** The logger's name, as in `squall.access`. */
  readonly logger: string;
  readonly message: string;
  readonly details: Details;
  /** The calling module and line, as in `chat:12`, if the sink asked for it; else empty. */
  readonly source: string;
}

/** Where records go. */
export interface Sink {
  /** Asks for `source`, which costs a stack trace for every record. */
  readonly wantsSource?: boolean;
  /** Takes a record. What it throws is said on standard error; who logs goes on. */
  write(record: LogRecord): void;
}

const NO_DETAILS: Details = {};

/** The level of loggers without one of their own. Warning until logging is configured. */
let rootRank: number = RANKS.warning;
let sinks: readonly Sink[] = [stderrSink(plainFormat)];

/** Sets the level of all loggers that have none of their own. */
export function setLogLevel(level: Level | "none"): void {
  rootRank = rankOf(level);
}

function rankOf(level: string): number {
  if (!Object.hasOwn(RANKS, level)) {
    throw new RangeError(`Cannot set log level: "${level}" is none of ${Object.keys(RANKS)}`);
  }
  return RANKS[level as Level];
}

/** Sends every record to these sinks, instead of those before, which it returns. */
export function setSinks(...next: readonly Sink[]): readonly Sink[] {
  const earlier = sinks;
  sinks = next;
  return earlier;
}

/** One named source of records. */
export class Logger {
  readonly name: string;
  #rank: number | undefined;
  #level: Level | "none" | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** The level of its own, if it has one. */
  get level(): Level | "none" | undefined {
    return this.#level;
  }

  /** Gives this logger a level of its own, or with `undefined` takes it away. */
  setLevel(level: Level | "none" | undefined): void {
    this.#rank = level === undefined ? undefined : rankOf(level);
    this.#level = level;
  }

  /** Whether a record of this level would be written. Ask before you build an expensive message. */
  enabled(level: Level): boolean {
    return RANKS[level] >= (this.#rank ?? rootRank);
  }

  /** What only somebody who looks for a fault wants to read. */
  debug(message: string, details?: Details): void {
    if (this.enabled("debug")) this.#write("debug", message, details);
  }

  /** What has happened as it should. */
  info(message: string, details?: Details): void {
    if (this.enabled("info")) this.#write("info", message, details);
  }

  /** What is wrong, though it goes on; what a peer has done wrong too. */
  warning(message: string, details?: Details): void {
    if (this.enabled("warning")) this.#write("warning", message, details);
  }

  /** What has failed. */
  error(message: string, details?: Details): void {
    if (this.enabled("error")) this.#write("error", message, details);
  }

  /** What ends the program, or leaves it of no use. */
  critical(message: string, details?: Details): void {
    if (this.enabled("critical")) this.#write("critical", message, details);
  }

  /** An error record with what was thrown. */
  exception(message: string, error: unknown): void {
    if (this.enabled("error")) this.#write("error", message, { error });
  }

  /** A record whose level is known only when it is written. */
  log(level: Level, message: string, details?: Details): void {
    if (this.enabled(level)) this.#write(level, message, details);
  }

  #write(level: Level, message: string, given: unknown): void {
    const details = detailsOf(given);
    const source = sinks.some((sink) => sink.wantsSource) ? callerOutsideOfLog() : "";
    const record = { time: Date.now(), level, logger: this.name, message, details, source };
    for (const sink of sinks) {
      try {
        sink.write(record);
      } catch (error) {
        // A sink of the application's; who logs must not fail for it.
        complain(`Cannot write a log record of ${this.name}`, error);
      }
    }
  }
}

/** In plain JavaScript anything may be given; what was to be logged must not be lost for it. */
function detailsOf(given: unknown): Details {
  if (given === undefined || given === null) return NO_DETAILS;
  if (given instanceof Error) return { error: given };
  return typeof given === "object" ? (given as Details) : { details: given };
}

/** The part of a stack frame that says where: `(file:///a/chat.ts:12:3)`, `at /a/chat.ts:12:3`. */
const FRAME = /([^\s()/\\]+?)(?:\.[cm]?[jt]s)?:(\d+):\d+\)?$/;

/** `module:line` of the first caller that is not in this file. */
function callerOutsideOfLog(): string {
  const own = import.meta.url.replace(/^file:\/\//, "");
  for (const line of new Error().stack?.split("\n") ?? []) {
    const frame = FRAME.exec(line.trim());
    if (frame !== null && !line.includes(own)) return `${frame[1]}:${frame[2]}`;
  }
  return "unknown:0";
}

const loggers = new Map<string, Logger>();

/** The logger of this name, always the same one. */
export function getLogger(name: string): Logger {
  let logger = loggers.get(name);
  if (logger === undefined) {
    logger = new Logger(name);
    loggers.set(name, logger);
  }
  return logger;
}
