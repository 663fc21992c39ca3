/**
 * Records that a test expects in the log: they must come, and are not shown. Private to `testing`.
 */

import { getLogger, type Level, type Logger, type LogRecord, type Sink, setSinks } from "../log.ts";

/** What `ExpectLog` may be told. */
export interface ExpectLogOptions {
  /** Whether it is an error if nothing matches; true if left out. */
  readonly required?: boolean;
  /** The level that what matches must have. Below the logger's own, it is set for the while. */
  readonly level?: Level;
}

/** Whose a sink is: they may be closed in another order than they were opened in. */
const owners = new WeakMap<Sink, ExpectLog>();

/**
 * Keeps records of a logger that match out of the log, and knows afterwards whether there were any
 * (Tornado `testing.ExpectLog`). `run` is the way to use it; with `using`, the end of the block
 * checks.
 */
export class ExpectLog {
  /** What has matched. */
  readonly records: LogRecord[] = [];
  readonly #name: string;
  readonly #pattern: RegExp;
  readonly #required: boolean;
  readonly #level: Level | undefined;
  readonly #sink: Sink = { write: (record) => this.#write(record) };
  readonly #before: readonly Sink[];
  #restoreLevel: () => void = () => undefined;
  #open = true;

  /**
   * Takes a logger or its name, and a pattern that is found anywhere in the message, as text or as
   * an expression. The name `""` stands for all loggers.
   */
  constructor(logger: Logger | string, pattern: RegExp | string, options: ExpectLogOptions = {}) {
    this.#name = typeof logger === "string" ? logger : logger.name;
    this.#pattern = expressionOf(pattern);
    this.#required = options.required ?? true;
    this.#level = options.level;
    if (this.#level !== undefined && this.#name !== "") this.#allow(this.#name, this.#level);
    owners.set(this.#sink, this);
    this.#before = setSinks(this.#sink);
  }

  /** Whether anything has matched. */
  get matched(): boolean {
    return this.records.length > 0;
  }

  /** Whether anything that matched came with an error. */
  get loggedStack(): boolean {
    return this.records.some(({ details }) => details.error !== undefined);
  }

  /** Lets records through again. Throws if nothing has matched, or not at the level. Idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#restore();
    const what = `${this.#pattern} in ${this.#name === "" ? "any log" : this.#name}`;
    if (this.#required && !this.matched) throw new Error(`Cannot find ${what}: it was not logged`);
    const level = this.#level;
    const wrong = this.records.find((record) => level !== undefined && record.level !== level);
    if (wrong !== undefined) {
      throw new Error(`Cannot find ${what} as ${level}: "${wrong.message}" was ${wrong.level}`);
    }
  }

  /** Runs a function, or waits for what it returns, and closes. Its errors come first. */
  async run<Result>(task: () => Result | PromiseLike<Result>): Promise<Result> {
    let result: Result;
    try {
      result = await task();
    } catch (error) {
      this.#restore();
      throw error;
    }
    this.close();
    return result;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #restore(): void {
    if (!this.#open) return;
    this.#open = false;
    const present = setSinks();
    // One that was opened later, and is still open, passes on by this one.
    setSinks(...(present.includes(this.#sink) ? ExpectLog.#openOnes(this.#before) : present));
    this.#restoreLevel();
  }

  /** The sinks, with what was there before in place of those that have been closed. */
  static #openOnes(sinks: readonly Sink[]): readonly Sink[] {
    return sinks.flatMap((sink) => {
      const owner = owners.get(sink);
      return owner === undefined || owner.#open ? [sink] : ExpectLog.#openOnes(owner.#before);
    });
  }

  #allow(name: string, level: Level): void {
    const logger = getLogger(name);
    if (logger.enabled(level)) return;
    const earlier = logger.level;
    logger.setLevel(level);
    this.#restoreLevel = () => logger.setLevel(earlier);
  }

  #write(record: LogRecord): void {
    const isOfLogger = this.#name === "" || record.logger === this.#name;
    if (this.#open && isOfLogger && this.#pattern.test(record.message)) this.records.push(record);
    else for (const sink of this.#before) sink.write(record);
  }
}

/** Runs a function that has to log something: `new ExpectLog(…).run(task)`. */
export function expectLog<Result>(
  logger: Logger | string,
  pattern: RegExp | string,
  task: () => Result | PromiseLike<Result>,
  options: ExpectLogOptions = {},
): Promise<Result> {
  return new ExpectLog(logger, pattern, options).run(task);
}

function expressionOf(pattern: RegExp | string): RegExp {
  if (typeof pattern === "string") {
    return new RegExp(pattern.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  }
  // With these flags an expression goes on where it has matched last, in another message.
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
}
