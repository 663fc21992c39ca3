/**
 * Logging as Tornado has it: one logger each for requests, for the application's errors and for
 * everything else. Warnings go to standard error until an application configures more.
 */
import { getLogger, type Logger } from "./log/logger.ts";

export {
  defineLoggingOptions,
  enablePrettyLogging,
  type LoggingOptions,
  type OptionDefiner,
} from "./log/configure.ts";
export { colorFormat, type Format, jsonFormat, plainFormat, prettyFormat } from "./log/formats.ts";
export {
  type Details,
  getLogger,
  type Level,
  Logger,
  type LogRecord,
  type Sink,
  setLogLevel,
  setSinks,
} from "./log/logger.ts";
export {
  LineSink,
  type LogTapeLike,
  logTapeSink,
  type PinoLike,
  pinoSink,
  stderrSink,
} from "./log/sinks.ts";

/** One line for each request. */
export const accessLog: Logger = getLogger("squall.access");
/** Errors of the application's code: what a handler throws. */
export const appLog: Logger = getLogger("squall.application");
/** Everything else: what peers do wrong, and Squall's own warnings. */
export const genLog: Logger = getLogger("squall.general");
