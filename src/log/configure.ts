/**
 * Logging as an application asks for it: a level, a format, standard error or rotated files.
 * Private to the module log.
 */
import process from "node:process";
import { colorFormat, type Format, jsonFormat, prettyFormat } from "./formats.ts";
import { type Level, type Sink, setLogLevel, setSinks } from "./logger.ts";
import { isRotateWhen, type LogFile, SizeRotatedFile, TimeRotatedFile } from "./rotation.ts";
import { LineSink, stderrSink } from "./sinks.ts";

/** What `enablePrettyLogging` takes. Everything may be left out. */
export interface LoggingOptions {
  /** The level of all loggers; info if left out. `none` leaves logging as it is. */
  readonly logging?: Level | "none";
  /** `pretty` or `json`; pretty on a terminal and JSON elsewhere if left out. */
  readonly logFormat?: "pretty" | "json";
  /** Whether to write to standard error; if left out, only when there is no file. */
  readonly logToStderr?: boolean;
  /** Path of the file to write to. */
  readonly logFilePrefix?: string;
  /** Size in bytes from which a file is rotated, in mode `size`. */
  readonly logFileMaxSize?: number;
  /** Rotated files to keep. */
  readonly logFileNumBackups?: number;
  /** What starts a new file, in mode `time`: S, M, H, D, midnight, or W0 (Monday) to W6. */
  readonly logRotateWhen?: string;
  /** So many of what `logRotateWhen` says. */
  readonly logRotateInterval?: number;
  readonly logRotateMode?: "size" | "time";
}

/** Ends what the last call to `enablePrettyLogging` opened. */
let closeFile: () => void = () => {};

/** Turns on logging as configured. Calling it again replaces what was configured before. */
export function enablePrettyLogging(options: LoggingOptions = {}): void {
  const { logging = "info", logFilePrefix } = options;
  if (logging === "none") return;
  setLogLevel(logging);
  const file = logFilePrefix === undefined ? undefined : openFile(logFilePrefix, options);
  const sinks: Sink[] = [];
  if (options.logToStderr ?? file === undefined) {
    sinks.push(stderrSink(formatFor(process.stderr.isTTY === true, options)));
  }
  closeFile();
  closeFile = () => {};
  if (file !== undefined) {
    const lines = new LineSink(formatFor(false, options), (text) => file.write(text));
    sinks.push(lines);
    closeFile = () => {
      lines.flush();
      file.close();
    };
  }
  setSinks(...sinks);
}

function formatFor(isTerminal: boolean, { logFormat }: LoggingOptions): Format {
  if (logFormat === "json" || (logFormat === undefined && !isTerminal)) return jsonFormat;
  return isTerminal ? colorFormat : prettyFormat;
}

function openFile(path: string, options: LoggingOptions): LogFile {
  const { logRotateMode = "size", logRotateWhen = "midnight", logRotateInterval = 1 } = options;
  const { logFileMaxSize = 100_000_000, logFileNumBackups = 10 } = options;
  if (logRotateMode === "size") {
    return new SizeRotatedFile(path, { maxSize: logFileMaxSize, backups: logFileNumBackups });
  }
  if (logRotateMode !== "time") {
    throw new RangeError(`Cannot rotate logs: mode "${logRotateMode}" is neither size nor time`);
  }
  if (!isRotateWhen(logRotateWhen)) {
    throw new RangeError(`Cannot rotate logs: "${logRotateWhen}" is no time to rotate at`);
  }
  const interval = Math.max(1, logRotateInterval);
  return new TimeRotatedFile(path, { when: logRotateWhen, interval, backups: logFileNumBackups });
}

/** What `defineLoggingOptions` needs of an option parser; `options` has it. */
export interface OptionDefiner {
  define<T>(
    name: string,
    settings: {
      type: "str" | "int" | "bool";
      default?: T;
      help: string;
      metavar?: string;
      group: string;
      callback?: (value: T) => void;
    },
  ): void;
  addParseCallback(callback: () => void): void;
  /** The values by name, in camel case. */
  asDict(): Record<string, unknown>;
}

/** Adds the options `--logging`, `--log-file-prefix` and so on; parsing them turns logging on. */
export function defineLoggingOptions(options: OptionDefiner): void {
  const group = "logging";
  options.define("logging", {
    type: "str",
    default: "info",
    help: "Level of messages to log; none leaves logging alone",
    metavar: "debug|info|warning|error|none",
    group,
    callback: oneOf("debug", "info", "warning", "error", "critical", "none"),
  });
  options.define("logFormat", {
    type: "str",
    help: "Format of log lines; by default pretty on a terminal, JSON elsewhere",
    metavar: "pretty|json",
    group,
    callback: oneOf("pretty", "json"),
  });
  options.define("logToStderr", {
    type: "bool",
    help: "Log to standard error; by default only if there is no log file",
    group,
  });
  options.define("logFilePrefix", {
    type: "str",
    help: "File to log to; add the port if several processes run",
    metavar: "PATH",
    group,
  });
  defineRotationOptions(options, group);
  options.addParseCallback(() => enablePrettyLogging(options.asDict() as LoggingOptions));
}

function defineRotationOptions(options: OptionDefiner, group: string): void {
  options.define("logFileMaxSize", {
    type: "int",
    default: 100_000_000,
    help: "Most bytes of a log file before it is rotated",
    group,
  });
  options.define("logFileNumBackups", {
    type: "int",
    default: 10,
    help: "Rotated log files to keep",
    group,
  });
  options.define("logRotateWhen", {
    type: "str",
    default: "midnight",
    help: "When to rotate by time",
    metavar: "S|M|H|D|W0-W6|midnight",
    group,
    callback: (when: string) => {
      if (!isRotateWhen(when)) throw new RangeError(`"${when}" is no time to rotate at`);
    },
  });
  options.define("logRotateInterval", {
    type: "int",
    default: 1,
    help: "How many of these make up a period",
    group,
  });
  options.define("logRotateMode", {
    type: "str",
    default: "size",
    help: "What makes a log file rotate",
    metavar: "size|time",
    group,
    callback: oneOf("size", "time"),
  });
}

/** Refuses other values of an option where they are set, so that the error names the option. */
function oneOf(...names: readonly string[]): (value: string | undefined) => void {
  return (value) => {
    if (value !== undefined && !names.includes(value)) {
      throw new RangeError(`expected ${names.join(", ")}, got "${value}"`);
    }
  };
}
