import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as module from "../src/options.ts";
import { OptionError, OptionParser, type OptionType } from "../src/options.ts";

let options: OptionParser;
let folder: string;

beforeEach(() => {
  options = new OptionParser();
  folder = mkdtempSync(join(tmpdir(), "squall-options-"));
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

describe("the command line", () => {
  test("sets options and returns the rest", () => {
    const port = options.define("port", { default: 80 });
    const name = options.define<string | undefined>("name");
    expect([port.value, name.value]).toEqual([80, undefined]);
    expect(options.parseCommandLine(["--port=443", "-name=a=b", "rest", "--port=1"])).toEqual([
      "rest",
      "--port=1",
    ]);
    expect([port.value, name.value]).toEqual([443, "a=b"]);
    expect(options.parseCommandLine(["--port=1", "--", "--name=x"])).toEqual(["--name=x"]);
    expect(name.value).toBe("a=b");
    expect(options.parseCommandLine([])).toEqual([]);
  });

  test("one name in three spellings", () => {
    options.define("static_path", { default: "a" });
    options.parseCommandLine(["--static-path=b"]);
    expect(options.get("staticPath")).toBe("b");
    options.parseCommandLine(["--static_path=c"]);
    expect(options.asDict().staticPath).toBe("c");
    expect(() => options.define("staticPath")).toThrow(OptionError);
  });

  test("a bool needs no value, others do", () => {
    const debug = options.define("debug", { default: false });
    options.define("port", { default: 80 });
    options.parseCommandLine(["--debug"]);
    expect(debug.value).toBe(true);
    expect(() => options.parseCommandLine(["--port"])).toThrow('"port" needs a value: --port=…');
  });

  test("an unknown option shows the help and throws", () => {
    const shown = vi.spyOn(console, "error").mockReturnValue();
    expect(() => options.parseCommandLine(["--nope=1"])).toThrow('unknown option "nope"');
    expect(shown.mock.calls[0]?.[0]).toContain("--help");
  });

  test("--help shows the help and ends the process", () => {
    const shown = vi.spyOn(console, "log").mockReturnValue();
    const exit = vi.spyOn(process, "exit").mockImplementation((() => {}) as never);
    options.parseCommandLine(["--help"]);
    expect(shown).toHaveBeenCalledTimes(1);
    expect(exit).toHaveBeenCalledWith(0);
  });
});

describe("types", () => {
  function parse(type: OptionType, text: string, multiple = false): unknown {
    const option = options.define<unknown>("value", { type, multiple });
    options.parseCommandLine([`--value=${text}`]);
    return option.value;
  }

  test.each<{ type: OptionType; text: string; value: unknown }>([
    { type: "str", text: "", value: "" },
    { type: "str", text: " é ", value: " é " },
    { type: "int", text: "-42", value: -42 },
    { type: "float", text: "1.5e3", value: 1500 },
    { type: "float", text: ".5", value: 0.5 },
    { type: "float", text: "-inf", value: Number.NEGATIVE_INFINITY },
    { type: "float", text: "Infinity", value: Number.POSITIVE_INFINITY },
    { type: "bool", text: "true", value: true },
    { type: "bool", text: "FALSE", value: false },
    { type: "bool", text: "0", value: false },
    { type: "bool", text: "f", value: false },
    { type: "bool", text: "no", value: true },
    { type: "datetime", text: "Mon Oct 28 03:30:15 2024", value: new Date(2024, 9, 28, 3, 30, 15) },
    { type: "datetime", text: "2024-10-28 03:30:15", value: new Date(2024, 9, 28, 3, 30, 15) },
    { type: "datetime", text: "2024-10-28 03:30", value: new Date(2024, 9, 28, 3, 30) },
    { type: "datetime", text: "2024-10-28T03:30", value: new Date(2024, 9, 28, 3, 30) },
    { type: "datetime", text: "20241028 03:30:15", value: new Date(2024, 9, 28, 3, 30, 15) },
    { type: "datetime", text: "20241028 03:30", value: new Date(2024, 9, 28, 3, 30) },
    { type: "datetime", text: "2024-10-28", value: new Date(2024, 9, 28) },
    { type: "datetime", text: "20241028", value: new Date(2024, 9, 28) },
    { type: "datetime", text: "03:30:15", value: new Date(1900, 0, 1, 3, 30, 15) },
    { type: "datetime", text: "03:30", value: new Date(1900, 0, 1, 3, 30) },
    { type: "timedelta", text: "1h30m", value: 5400 },
    { type: "timedelta", text: "45s", value: 45 },
    { type: "timedelta", text: "45", value: 45 },
    { type: "timedelta", text: "2 days 1.5 hours", value: 2 * 86_400 + 5400 },
    { type: "timedelta", text: "1w", value: 604_800 },
    { type: "timedelta", text: "250ms", value: 0.25 },
    { type: "timedelta", text: "3min", value: 180 },
    { type: "timedelta", text: "-5 sec", value: -5 },
    { type: (text) => text.length, text: "four", value: 4 },
  ])("$type of $text", ({ type, text, value }) => {
    expect(parse(type, text)).toEqual(value);
  });

  test.each<{ type: OptionType; text: string }>([
    { type: "int", text: "" },
    { type: "int", text: "1.5" },
    { type: "int", text: "0x10" },
    { type: "int", text: "1_0" },
    { type: "int", text: "9007199254740993" },
    { type: "float", text: "1,5" },
    { type: "float", text: "e3" },
    { type: "float", text: "nan" },
    { type: "float", text: "infinite" },
    { type: "datetime", text: "2024-02-30" },
    { type: "datetime", text: "2024-13-01" },
    { type: "datetime", text: "24:00" },
    { type: "datetime", text: "2024-0228" },
    { type: "datetime", text: "Mon Foo 28 03:30:15 2024" },
    { type: "datetime", text: "tomorrow" },
    { type: "timedelta", text: "" },
    { type: "timedelta", text: "5 parsecs" },
    { type: "timedelta", text: "1h x" },
  ])("$type refuses $text", ({ type, text }) => {
    expect(() => parse(type, text)).toThrow(`expected ${type}, got "${text}"`);
  });

  test("what a type of the program's throws becomes an OptionError", () => {
    const type = () => {
      throw new Error("not today");
    };
    expect(() => parse(type, "x")).toThrow('Cannot set option "value": not today');
  });

  test("several values, and ranges of integers", () => {
    expect(parse("int", "1,3:5,-1", true)).toEqual([1, 3, 4, 5, -1]);
    options = new OptionParser();
    expect(parse("str", "a,b:c,", true)).toEqual(["a", "b:c", ""]);
  });

  test.each(["1,x", "5:1", "1:", "1:2:3", "1:9999999999", ""])(
    "several integers refuse %j",
    (text) => {
      expect(() => parse("int", text, true)).toThrow(OptionError);
    },
  );

  test("the type of the default", () => {
    const values = { port: 1, ratio: 0.5, name: "a", on: false, day: new Date(0) };
    for (const [name, value] of Object.entries(values))
      options.define<unknown>(name, { default: value });
    expect(() => options.parseCommandLine(["--port=0.5"])).toThrow("expected int");
    options.parseCommandLine(["--ratio=1", "--name=5", "--on=1", "--day=2024-01-01"]);
    expect(options.asDict()).toMatchObject({ ratio: 1, name: "5", on: true, port: 1 });
    const many = options.define("many", { default: [1, 2], multiple: true });
    expect(many.value).toEqual([1, 2]);
    options.parseCommandLine(["--many=3:4"]);
    expect(many.value).toEqual([3, 4]);
  });
});

describe("values of the program", () => {
  test("must fit", () => {
    options.define("port", { default: 80 });
    options.define<string[]>("names", { type: "str", multiple: true });
    options.set("port", 81);
    expect(options.get("port")).toBe(81);
    expect(() => options.set("port", "81")).toThrow('option "port": expected int, got 81');
    expect(() => options.set("names", "a")).toThrow("expected a list of str");
    expect(() => options.set("names", ["a", 1])).toThrow("expected a list of str");
    options.set("names", ["a"]);
    expect(options.get("names")).toEqual(["a"]);
    expect(() => options.set("nope", 1)).toThrow('Cannot find option "nope"');
    expect(() => options.get("nope")).toThrow(OptionError);
  });

  test("nothing brings back the default", () => {
    options.define("port", { default: 80 });
    options.set("port", 81);
    options.set("port", undefined);
    expect(options.get("port")).toBe(80);
  });

  test("callbacks hear every new value", () => {
    const heard: unknown[] = [];
    options.define<number>("port", { type: "int", callback: (value) => void heard.push(value) });
    options.parseCommandLine(["--port=1", "--port=2"]);
    options.set("port", 3);
    expect(heard).toEqual([1, 2, 3]);
  });

  test("groups", () => {
    options.define("a", { default: 1, group: "application" });
    options.define("bC", { default: 2, group: "application" });
    options.define("d", { default: 3 });
    expect(options.groups()).toEqual(new Set(["", "application"]));
    expect(options.groupDict("application")).toEqual({ a: 1, bC: 2 });
    expect(Array.from(options.items()).map(([name]) => name)).toEqual(["help", "a", "bC", "d"]);
    expect(options.has("b_c")).toBe(true);
  });

  test("parse callbacks run when parsing is over", () => {
    let runs = 0;
    options.addParseCallback(() => runs++);
    options.parseCommandLine([], { final: false });
    expect(runs).toBe(0);
    options.parseCommandLine([]);
    expect(runs).toBe(1);
  });

  test("mockable", () => {
    options.define("port", { default: 80 });
    const mock = options.mockable();
    mock.port = 1;
    expect(options.get("port")).toBe(1);
    expect(() => {
      mock.port = 2;
    }).toThrow("twice");
    delete mock.port;
    expect(mock.port).toBe(80);
  });
});

describe("files", () => {
  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  beforeEach(() => {
    options.define("port", { default: 80 });
    options.define("username", { default: "nobody" });
    options.define<number[]>("workers", { type: "int", multiple: true });
    options.define<Date | undefined>("myDatetime", { type: "datetime" });
  });

  test("JSON, in which text stands for any type", () => {
    options.parseConfigFile(
      file(
        "a.json",
        '\ufeff{"port": "443", "username": "é", "workers": [1], "my_datetime": "2024-01-02", "x": 1}',
      ),
    );
    expect(options.asDict()).toMatchObject({ port: 443, username: "é", workers: [1] });
    expect(options.get("myDatetime")).toEqual(new Date(2024, 0, 2));
    options.parseConfigFile(file("b.json", '{"workers": "1:3", "port": 1}'));
    expect(options.asDict()).toMatchObject({ port: 1, workers: [1, 2, 3] });
  });

  test.each([
    { name: "a.mjs", text: 'export const port = 6 * 7; export const username = "x";' },
    { name: "b.mjs", text: 'export default { port: 42, username: "x" };' },
    { name: "c.cjs", text: 'module.exports = { port: 42, username: "x" };' },
  ])("a module: $name", ({ name, text }) => {
    options.parseConfigFile(file(name, text));
    expect(options.asDict()).toMatchObject({ port: 42, username: "x" });
  });

  test("from within the command line, which then has the last word", () => {
    options.define<string>("config", {
      type: "str",
      callback: (path) => options.parseConfigFile(path, { final: false }),
    });
    const path = file("a.json", '{"port": 1, "username": "file"}');
    options.parseCommandLine([`--config=${path}`, "--port=2"]);
    expect(options.asDict()).toMatchObject({ port: 2, username: "file" });
  });

  test.each([
    { name: "wrong type", text: '{"port": true}', message: 'option "port": expected int' },
    { name: "no list", text: '{"workers": 1}', message: "expected a list of int" },
    { name: "bad text", text: '{"port": "x"}', message: 'expected int, got "x"' },
    { name: "no object", text: "5", message: "holds no object" },
    { name: "a list", text: "[1]", message: "holds no object" },
    { name: "no JSON", text: "{", message: /JSON|property name/ },
  ])("refuses $name, and names the file", ({ text, message }) => {
    const read = (): void => options.parseConfigFile(file("bad.json", text));
    expect(read).toThrow(message);
    expect(read).toThrow(OptionError);
    expect(read).toThrow(/^Cannot (use|parse) ".*bad\.json": /);
  });

  test("refuses a module that is none, and names it", () => {
    const read = (): void => options.parseConfigFile(file("bad.mjs", "export const port = ;"));
    expect(read).toThrow(OptionError);
    expect(read).toThrow(/^Cannot parse ".*bad\.mjs": /);
  });

  test.each(["server.conf", "server.py", "server"])("%s is JSON", (name) => {
    options.parseConfigFile(file(name, '{"port": 42}'));
    expect(options.get("port")).toBe(42);
    const read = (): void => options.parseConfigFile(file(name, "port = 43"));
    expect(read).toThrow(OptionError);
    expect(read).toThrow(new RegExp(`^Cannot parse ".*${name}": .*JSON`));
    expect(globalThis).not.toHaveProperty("port");
  });

  test("a file that is not there", () => {
    expect(() => options.parseConfigFile(join(folder, "none.json"))).toThrow("none.json");
  });
});

test("the help", () => {
  options.define("logFilePrefix", {
    default: "/var/log/app",
    metavar: "PATH",
    help: "Where to log, which is a rather long description that needs more than one line",
    group: "logging",
  });
  options.define("aVeryLongNameThatNeedsALineOfItsOwn", { default: "", help: "x" });
  let text = "";
  options.printHelp((help) => {
    text = help;
  });
  expect(text.slice(text.indexOf(" [OPTIONS]"))).toBe(` [OPTIONS]

Options:

  --a-very-long-name-that-needs-aline-of-its-own
                                   x
  --help                           Show this help

logging options:

  --log-file-prefix=PATH           Where to log, which is a rather long
                                   description that needs more than one line
                                   (default /var/log/app)
`);
});

describe("the program's options", () => {
  test("by name, typed by what define returns", () => {
    const port = module.define("testPort", { default: 1 });
    expect(module.options.testPort).toBe(1);
    module.options.testPort = 2;
    expect(port.value).toBe(2);
    expect(module.options.test_port).toBe(2);
    expect("testPort" in module.options).toBe(true);
    expect(module.options.nope).toBeUndefined();
    expect({ ...module.options }).toMatchObject({ testPort: 2, logging: "info" });
    expect(() => {
      module.options.testPort = "x";
    }).toThrow(OptionError);
    expect(module.parseCommandLine(["--test-port=3", "x"], { final: false })).toEqual(["x"]);
    expect(module.options.get("test-port")).toBe(3);
  });

  test.each([
    ["--logging=loud", /option "logging": expected debug, info, .*, got "loud"/],
    ["--log-format=xml", /option "log-format": expected pretty, json, got "xml"/],
    ["--log-rotate-mode=x", /option "log-rotate-mode": expected size, time/],
    ["--log-rotate-when=noon", /option "log-rotate-when": "noon" is no time to rotate at/],
  ])("refuses %s", (arg, message) => {
    const parse = (): unknown => module.parseCommandLine([arg], { final: false });
    expect(parse).toThrow(OptionError);
    expect(parse).toThrow(message);
  });

  test("the logging options are there", () => {
    expect(module.options.groupDict("logging")).toEqual({
      logging: "info",
      logFormat: undefined,
      logToStderr: undefined,
      logFilePrefix: undefined,
      logFileMaxSize: 100_000_000,
      logFileNumBackups: 10,
      logRotateWhen: "midnight",
      logRotateInterval: 1,
      logRotateMode: "size",
    });
  });
});
