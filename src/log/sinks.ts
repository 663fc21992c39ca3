/**
 * Sinks: standard error, files, and other logging libraries. Private to the module log.
 */
import process from "node:process";
import { colorFormat, type Format, prettyFormat } from "./formats.ts";
import type { Level, LogRecord, Sink } from "./logger.ts";
import { complain, writeToStderr } from "./stderr.ts";

/** Lines are held together up to this many characters, about what one write of a pipe takes. */
const MAX_HELD = 64 * 1024;

/**
 * Formats records and writes their lines together, once the code that logged them has returned:
 * one system call for all requests of a readiness batch. Errors are written at once.
 */
export class LineSink implements Sink {
  readonly wantsSource: boolean;
  readonly #format: Format;
  readonly #write: (text: string) => void;
  #held = "";
  #failing = false;

  constructor(format: Format, write: (text: string) => void) {
    this.wantsSource = format === prettyFormat || format === colorFormat;
    this.#format = format;
    this.#write = write;
  }

  write(record: LogRecord): void {
    if (this.#held === "") this.#flushLater();
    this.#held += `${this.#format(record)}\n`;
    const isUrgent = record.level === "error" || record.level === "critical";
    if (isUrgent || this.#held.length > MAX_HELD) this.flush();
  }

  #flushLater(): void {
    queueMicrotask(() => this.flush());
    flushAtExit(this);
  }

  /** Writes what is held. */
  flush(): void {
    const text = this.#held;
    this.#held = "";
    if (text === "") return;
    try {
      this.#write(text);
      this.#failing = false;
    } catch (error) {
      // Who logs is in the middle of something else, and must not fail because a disk is full. It is
      // said once, until it works again.
      if (!this.#failing) complain("Cannot write log lines", error);
      this.#failing = true;
    }
  }
}

const flushedAtExit = new Set<LineSink>();

function flushAtExit(sink: LineSink): void {
  if (flushedAtExit.size === 0) {
    process.on("exit", () => {
      for (const one of flushedAtExit) one.flush();
    });
  }
  flushedAtExit.add(sink);
}

/** A sink that writes lines to standard error; if nobody reads there any more, to nowhere. */
export function stderrSink(format: Format): LineSink {
  return new LineSink(format, (text) => writeToStderr(text.trimEnd()));
}

/** The methods of pino and of libraries made like it. */
export interface PinoLike {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The methods of a LogTape logger. */
export interface LogTapeLike {
  debug(message: string, fields: Record<string, unknown>): void;
  info(message: string, fields: Record<string, unknown>): void;
  warn(message: string, fields: Record<string, unknown>): void;
  error(message: string, fields: Record<string, unknown>): void;
}

const METHODS: Readonly<Record<Level, "debug" | "info" | "warn" | "error">> = {
  debug: "debug",
  info: "info",
  warning: "warn",
  error: "error",
  critical: "error",
};

/** A sink that hands records to pino. An error goes under pino's own name for it, `err`. */
export function pinoSink(target: PinoLike): Sink {
  return {
    write({ level, logger, message, details }) {
      const { error, ...fields } = details;
      const all = "error" in details ? { logger, ...fields, err: error } : { logger, ...fields };
      target[METHODS[level]](all, message);
    },
  };
}

/** A sink that hands records to a LogTape logger. */
export function logTapeSink(target: LogTapeLike): Sink {
  return {
    write({ level, logger, message, details }) {
      // LogTape reads braces in a message as names of fields.
      target[METHODS[level]]("{message}", { ...details, logger, message });
    },
  };
}
