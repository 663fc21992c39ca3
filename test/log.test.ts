import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SizeRotatedFile, TimeRotatedFile } from "../src/log/rotation.ts";
import {
  accessLog,
  appLog,
  colorFormat,
  enablePrettyLogging,
  genLog,
  getLogger,
  jsonFormat,
  LineSink,
  Logger,
  type LogRecord,
  logTapeSink,
  pinoSink,
  plainFormat,
  prettyFormat,
  type Sink,
  setLogLevel,
  setSinks,
} from "../src/log.ts";

let earlier: readonly Sink[];
let records: LogRecord[];
let folder: string;

beforeEach(() => {
  records = [];
  earlier = setSinks({ wantsSource: true, write: (record) => records.push(record) });
  folder = mkdtempSync(join(tmpdir(), "squall-log-"));
});

afterEach(() => {
  setSinks(...earlier);
  setLogLevel("warning");
  rmSync(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
});

const record: LogRecord = {
  time: new Date(2026, 10, 20, 10, 4, 37).getTime(),
  level: "info",
  logger: "squall.general",
  message: "hello",
  details: {},
  source: "chat:12",
};

describe("Logger", () => {
  test("the three of Tornado's", () => {
    expect([accessLog.name, appLog.name, genLog.name]).toEqual([
      "squall.access",
      "squall.application",
      "squall.general",
    ]);
    expect(getLogger("squall.access")).toBe(accessLog);
    expect(getLogger("mine")).toBe(getLogger("mine"));
  });

  test("warnings and above, until configured", () => {
    for (const level of ["debug", "info", "warning", "error", "critical"] as const) {
      genLog[level](level);
    }
    expect(records.map((one) => one.level)).toEqual(["warning", "error", "critical"]);
    expect(genLog.enabled("info")).toBe(false);
    expect(genLog.enabled("warning")).toBe(true);
  });

  test("levels of all, and of one", () => {
    setLogLevel("debug");
    const logger = new Logger("noisy");
    logger.setLevel("error");
    genLog.debug("shown");
    logger.warning("hidden");
    logger.log("error", "shown too");
    logger.setLevel(undefined);
    logger.log("info", "shown at last");
    expect(records.map((one) => one.message)).toEqual(["shown", "shown too", "shown at last"]);
    setLogLevel("none");
    genLog.critical("hidden");
    expect(records).toHaveLength(3);
    // @ts-expect-error not a level
    expect(() => setLogLevel("loud")).toThrow('"loud" is none of debug,info');
  });

  test("details, and where it was called", () => {
    const error = new Error("disk full");
    appLog.exception("Cannot write", error);
    appLog.warning("slow", { seconds: 3 });
    expect(records[0]).toMatchObject({ level: "error", details: { error } });
    expect(records[1]).toMatchObject({ details: { seconds: 3 }, logger: "squall.application" });
    expect(records[0]?.source).toMatch(/^log\.test:\d+$/);
  });

  test("details that are no object are kept all the same", () => {
    const warning = appLog.warning.bind(appLog) as (message: string, given: unknown) => void;
    const error = new Error("disk full");
    for (const given of [error, "text", 0, null]) warning("slow", given);
    const details = [{ error }, { details: "text" }, { details: 0 }, {}];
    expect(records.map((one) => one.details)).toEqual(details);
  });

  test("a broken sink is reported, and breaks nothing", () => {
    const report = vi.spyOn(console, "error").mockReturnValue();
    const broken = () => {
      throw new Error("full");
    };
    setSinks({ write: broken }, new LineSink(plainFormat, broken), {
      write: (one) => records.push(one),
    });
    genLog.error("x");
    expect(records).toHaveLength(1);
    expect(report).toHaveBeenCalledTimes(2);
  });
});

describe("formats", () => {
  test("pretty, color, plain, JSON", () => {
    expect(prettyFormat(record)).toBe("[I 261120 10:04:37 chat:12] hello");
    expect(colorFormat(record)).toBe("\x1b[32m[I 261120 10:04:37 chat:12]\x1b[0m hello");
    expect(plainFormat(record)).toBe("INFO:squall.general:hello");
    expect(JSON.parse(jsonFormat({ ...record, details: { status: 200 } }))).toEqual({
      time: new Date(record.time).toISOString(),
      level: "info",
      logger: "squall.general",
      message: "hello",
      status: 200,
    });
  });

  test("details do not pass for what the record itself says", () => {
    const details = { level: "debug", message: "other", time: 1, logger: "x", n: 1 };
    const own = JSON.parse(jsonFormat({ ...record, details: {} }));
    expect(JSON.parse(jsonFormat({ ...record, details }))).toEqual({
      ...own,
      ...{ level_: "debug", message_: "other", time_: 1, logger_: "x", n: 1 },
    });
  });

  test("details stand behind the message", () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const details = { item: "cod", by: "A B\n", price: 3, tags: ["x"], none: undefined, circular };
    expect(plainFormat({ ...record, details })).toBe(
      'INFO:squall.general:hello item=cod by="A B\\n" price=3 tags=["x"] none=undefined circular=[object Object]',
    );
    const error = "disk full";
    expect(plainFormat({ ...record, details: { error, price: 3n } })).toBe(
      "INFO:squall.general:hello price=3\n    disk full",
    );
  });

  test("lines that follow are indented", () => {
    expect(plainFormat({ ...record, message: "a\nb\n" })).toBe("INFO:squall.general:a\n    b");
  });

  test("control characters cannot steer the terminal", () => {
    const forged = prettyFormat({ ...record, message: "\x1b[2J\r\x7f\u009b é" });
    expect(forged).toBe("[I 261120 10:04:37 chat:12] \\x1b[2J\\x0d\\x7f\\x9b é");
  });

  test("an error comes with its stack and its cause", () => {
    const error = new Error("outer", { cause: new TypeError("inner") });
    const text = plainFormat({ ...record, message: "Failed", details: { error } });
    expect(text).toMatch(/^INFO:squall.general:Failed\n {4}Error: outer\n {4}/);
    expect(text).toContain("Caused by: TypeError: inner");
    expect(text).toContain("log.test");
    const json = JSON.parse(jsonFormat({ ...record, details: { error } }));
    expect(json.error).toMatchObject({ name: "Error", message: "outer" });
    expect(plainFormat({ ...record, details: { error: "a string" } })).toContain("\n    a string");
  });

  test("JSON of what cannot be serialized", () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const json = JSON.parse(jsonFormat({ ...record, details: { circular } }));
    expect(json).toMatchObject({ message: "hello" });
    expect(json.unserializable).toContain("TypeError");
  });
});

describe("sinks", () => {
  test("lines of one turn are written together, errors at once", async () => {
    const written: string[] = [];
    const sink = new LineSink(plainFormat, (text) => written.push(text));
    sink.write(record);
    sink.write(record);
    expect(written).toEqual([]);
    await Promise.resolve();
    expect(written).toEqual(["INFO:squall.general:hello\n".repeat(2)]);
    sink.write({ ...record, level: "error" });
    expect(written).toHaveLength(2);
  });

  test("much is not held", () => {
    const written: string[] = [];
    const sink = new LineSink(plainFormat, (text) => written.push(text));
    sink.write({ ...record, message: "x".repeat(70_000) });
    expect(written).toHaveLength(1);
  });

  test("only sinks that show the source pay for it", () => {
    setSinks({ write: (one) => records.push(one) });
    genLog.warning("x");
    expect(records[0]?.source).toBe("");
    expect(new LineSink(prettyFormat, () => {}).wantsSource).toBe(true);
    expect(new LineSink(jsonFormat, () => {}).wantsSource).toBe(false);
  });

  test("pino and LogTape", () => {
    const calls: unknown[][] = [];
    const target = {
      debug: (...args: unknown[]) => void calls.push(["debug", ...args]),
      info: (...args: unknown[]) => void calls.push(["info", ...args]),
      warn: (...args: unknown[]) => void calls.push(["warn", ...args]),
      error: (...args: unknown[]) => void calls.push(["error", ...args]),
    };
    const error = new Error("x");
    setSinks(pinoSink(target), logTapeSink(target));
    genLog.warning("a {b}", { status: 1 });
    appLog.exception("c", error);
    expect(calls).toEqual([
      ["warn", { logger: "squall.general", status: 1 }, "a {b}"],
      ["warn", "{message}", { logger: "squall.general", status: 1, message: "a {b}" }],
      ["error", { logger: "squall.application", err: error }, "c"],
      ["error", "{message}", { logger: "squall.application", error, message: "c" }],
    ]);
  });
});

describe("enablePrettyLogging", () => {
  test("standard error, level info", () => {
    const written = vi.spyOn(console, "error").mockReturnValue();
    enablePrettyLogging({ logFormat: "pretty" });
    genLog.debug("hidden");
    genLog.error("shown");
    expect(written).toHaveBeenCalledTimes(1);
    expect(written.mock.calls[0]?.[0]).toMatch(/\[E \d{6} \d\d:\d\d:\d\d log\.test:\d+\].* shown$/);
  });

  test("none leaves everything as it is", () => {
    enablePrettyLogging({ logging: "none", logFilePrefix: join(folder, "no.log") });
    genLog.warning("x");
    expect(records).toHaveLength(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a file instead of standard error, or both", () => {
    const written = vi.spyOn(console, "error").mockReturnValue();
    const logFilePrefix = join(folder, "app.log");
    enablePrettyLogging({ logFilePrefix });
    genLog.error("one");
    expect(written).not.toHaveBeenCalled();
    enablePrettyLogging({ logFilePrefix, logToStderr: true, logFormat: "pretty" });
    genLog.error("two");
    expect(written).toHaveBeenCalledTimes(1);
    const [first = "", second] = readFileSync(logFilePrefix, "utf8").split("\n");
    expect(JSON.parse(first)).toMatchObject({ message: "one", level: "error" });
    expect(second).toMatch(/^\[E .* two$/);
    enablePrettyLogging({ logFormat: "json" });
  });

  test("refuses what it does not know", () => {
    const logFilePrefix = join(folder, "app.log");
    // @ts-expect-error no mode
    expect(() => enablePrettyLogging({ logFilePrefix, logRotateMode: "x" })).toThrow('mode "x"');
    const logRotateWhen = "W7";
    expect(() =>
      enablePrettyLogging({ logFilePrefix, logRotateMode: "time", logRotateWhen }),
    ).toThrow('"W7" is no time');
  });
});

describe("rotation by size", () => {
  test("renames in order, and keeps so many", () => {
    const path = join(folder, "a.log");
    const file = new SizeRotatedFile(path, { maxSize: 10, backups: 2 });
    for (const line of ["111111\n", "222222\n", "333333\n", "444444\n"]) file.write(line);
    file.close();
    expect(readdirSync(folder).sort()).toEqual(["a.log", "a.log.1", "a.log.2"]);
    expect(readFileSync(path, "utf8")).toBe("444444\n");
    expect(readFileSync(`${path}.1`, "utf8")).toBe("333333\n");
    expect(readFileSync(`${path}.2`, "utf8")).toBe("222222\n");
  });

  test("goes on with the file that is there; a line above the limit has a file of its own", () => {
    const path = join(folder, "a.log");
    writeFileSync(path, "before\n");
    const file = new SizeRotatedFile(path, { maxSize: 10, backups: 1 });
    file.write("a very long line\n");
    file.close();
    expect(readFileSync(`${path}.1`, "utf8")).toBe("before\n");
    expect(readFileSync(path, "utf8")).toBe("a very long line\n");
  });

  test("without backups the file grows", () => {
    const path = join(folder, "a.log");
    const file = new SizeRotatedFile(path, { maxSize: 10, backups: 0 });
    for (let count = 0; count < 5; count++) file.write("1234567\n");
    file.close();
    expect(readdirSync(folder)).toEqual(["a.log"]);
  });
});

describe("rotation by time", () => {
  const start = new Date(2026, 10, 20, 22, 30).getTime(); // a Friday

  /** The names of the files after a line at each of these hours from the start. */
  function files(when: string, hours: readonly number[], backups = 0): string[] {
    let now = start;
    const path = join(folder, "a.log");
    const rotation = { when: when as "midnight", interval: 1, backups };
    const file = new TimeRotatedFile(path, rotation, () => now);
    for (const hour of hours) {
      now = start + hour * 3_600_000;
      file.write(`${hour}\n`);
    }
    file.close();
    return readdirSync(folder).sort();
  }

  test.each([
    { when: "S", hours: [0, 1], names: ["a.log", "a.log.2026-11-20_22-30-00"] },
    { when: "M", hours: [0, 0.01, 1], names: ["a.log", "a.log.2026-11-20_22-30"] },
    { when: "H", hours: [0, 0.9, 1], names: ["a.log", "a.log.2026-11-20_22"] },
    { when: "D", hours: [0, 2, 23.9], names: ["a.log"] },
    { when: "D", hours: [0, 24], names: ["a.log", "a.log.2026-11-20"] },
    { when: "midnight", hours: [0, 1, 1.6], names: ["a.log", "a.log.2026-11-20"] },
    { when: "W4", hours: [0, 1.4, 1.6], names: ["a.log", "a.log.2026-11-20"] },
    { when: "W5", hours: [0, 1.6, 25], names: ["a.log"] },
    { when: "W5", hours: [0, 26], names: ["a.log", "a.log.2026-11-20"] },
  ])("$when $hours", ({ when, hours, names }) => {
    expect(files(when, hours)).toEqual(names);
  });

  test("keeps so many, and touches no other file", () => {
    writeFileSync(join(folder, "a.log.notes"), "");
    writeFileSync(join(folder, "b.log.2001-01-01"), "");
    expect(files("midnight", [0, 24, 48, 72], 2)).toEqual([
      "a.log",
      "a.log.2026-11-21",
      "a.log.2026-11-22",
      "a.log.notes",
      "b.log.2001-01-01",
    ]);
    expect(readFileSync(join(folder, "a.log.2026-11-22"), "utf8")).toBe("48\n");
  });

  test("the file that an earlier process left counts from its last line", () => {
    const path = join(folder, "a.log");
    writeFileSync(path, "yesterday\n");
    utimesSync(path, start / 1000, start / 1000);
    const today = start + 10 * 3_600_000;
    const rotation = { when: "midnight", interval: 1, backups: 0 } as const;
    const file = new TimeRotatedFile(path, rotation, () => today);
    file.write("today\n");
    file.close();
    expect(readFileSync(`${path}.2026-11-20`, "utf8")).toBe("yesterday\n");
    expect(readFileSync(path, "utf8")).toBe("today\n");
  });
});
