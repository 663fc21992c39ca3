/**
 * Options: defined by modules, set by the command line, by files or by the program. Private to the
 * module options.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import process from "node:process";
import { helpText } from "./help.ts";
import {
  fits,
  OptionError,
  type OptionType,
  parseValue,
  parseValues,
  typeName,
  typeOf,
} from "./values.ts";

/** How an option is defined. */
export interface OptionSettings<T> {
  /** The value until another one is set; without it undefined, or an empty list. */
  readonly default?: T;
  /** The default's type if left out, `str` without a default. */
  readonly type?: OptionType;
  /** What the help says of it. */
  readonly help?: string;
  /** What stands for the value in the help, as in `--logging=debug|info`. */
  readonly metavar?: string;
  /** The value is a list: `a,b,c`, for integers also `1:3`. */
  readonly multiple?: boolean;
  /** The heading below which the help shows it. */
  readonly group?: string;
  /** Is called with every new value. What it throws refuses the value. */
  readonly callback?: (value: T) => void;
}

/** How a command line or a file is parsed. */
export interface ParseOptions {
  /** Whether the parse callbacks run afterwards; true if left out. */
  readonly final?: boolean;
}

/** An option as `define` returns it: typed access to its value. */
export interface Option<T> {
  /** As on the command line: `log-file-prefix`. */
  readonly name: string;
  /** What has been set, or the default. What the callback throws refuses a value set here too. */
  value: T;
}

/** `logFilePrefix`, `log_file_prefix` and `log-file-prefix` are one name: the last. */
function commandLineName(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1-$2")
    .replaceAll("_", "-")
    .toLowerCase();
}

function propertyName(name: string): string {
  return name.replace(/-+(.)/g, (_, letter: string) => letter.toUpperCase());
}

class DefinedOption<T> implements Option<T> {
  readonly name: string;
  readonly type: OptionType;
  readonly settings: OptionSettings<T>;
  #value: T | undefined;

  constructor(name: string, settings: OptionSettings<T>) {
    this.name = name;
    this.settings = settings;
    const { default: initial, multiple, type } = settings;
    const sample: unknown = multiple && Array.isArray(initial) ? initial[0] : initial;
    this.type = type ?? typeOf(sample);
  }

  get value(): T {
    if (this.#value !== undefined) return this.#value;
    const { default: initial, multiple } = this.settings;
    return (initial === undefined && multiple ? [] : initial) as T;
  }

  set value(value: T) {
    const before = this.#value;
    this.#value = value;
    try {
      this.settings.callback?.(this.value);
    } catch (error) {
      this.#value = before;
      throw error;
    }
  }

  /** Takes a value of the command line. */
  parse(text: string): void {
    try {
      const { multiple } = this.settings;
      const value = multiple ? parseValues(this.type, text) : parseValue(this.type, text);
      this.value = value as T;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new OptionError(`Cannot set option "${this.name}": ${reason}`, { cause: error });
    }
  }

  /** Takes a value of the program. */
  set(value: unknown): void {
    const { multiple } = this.settings;
    const isList = Array.isArray(value);
    const isFit = multiple
      ? isList && value.every((item) => fits(this.type, item))
      : fits(this.type, value);
    if (!isFit) {
      const wanted = multiple ? `a list of ${typeName(this.type)}` : typeName(this.type);
      throw new OptionError(`Cannot set option "${this.name}": expected ${wanted}, got ${value}`);
    }
    this.value = (value ?? undefined) as T;
  }

  /** Takes a value of a file, where text may stand for any type. */
  setFromFile(value: unknown, path: string): void {
    try {
      if (typeof value === "string") this.parse(value);
      else this.set(value);
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      throw new OptionError(`Cannot use "${path}": ${error.message}`, { cause: error });
    }
  }
}

/** A set of options. Most programs use the one of the module, `options`. */
export class OptionParser {
  readonly #options = new Map<string, DefinedOption<unknown>>();
  readonly #parseCallbacks: (() => void)[] = [];

  constructor() {
    this.define<boolean>("help", {
      type: "bool",
      help: "Show this help",
      callback: (isWanted) => {
        if (!isWanted) return;
        this.printHelp((text) => console.log(text));
        process.exit(0);
      },
    });
  }

  /** Adds an option. A name can be defined only once. */
  define<T>(name: string, settings: OptionSettings<T> = {}): Option<T> {
    const key = commandLineName(name);
    if (this.#options.has(key)) {
      throw new OptionError(`Cannot define option "${key}": it is defined already`);
    }
    const option = new DefinedOption<T>(key, settings);
    this.#options.set(key, option as DefinedOption<unknown>);
    return option;
  }

  /** Whether there is an option of this name, in any of its spellings. */
  has(name: string): boolean {
    return this.#options.has(commandLineName(name));
  }

  /** The value of an option. Throws an OptionError if there is none of this name. */
  get(name: string): unknown {
    return this.#option(name).value;
  }

  /** Sets an option. Throws an OptionError for a value of another type, or if there is none. */
  set(name: string, value: unknown): void {
    this.#option(name).set(value);
  }

  #option(name: string): DefinedOption<unknown> {
    const option = this.#options.get(commandLineName(name));
    if (option === undefined) throw new OptionError(`Cannot find option "${name}"`);
    return option;
  }

  /** Names, in camel case, and values. */
  *items(group?: string): Generator<[string, unknown]> {
    for (const option of this.#options.values()) {
      if (group !== undefined && option.settings.group !== group) continue;
      yield [propertyName(option.name), option.value];
    }
  }

  /** All options, by their names in camel case. */
  asDict(): Record<string, unknown> {
    return Object.fromEntries(this.items());
  }

  /** The options of one group: settings to hand to what defines them, such as an Application. */
  groupDict(group: string): Record<string, unknown> {
    return Object.fromEntries(this.items(group));
  }

  /** The headings of the help; `""` stands for none. */
  groups(): Set<string> {
    return new Set(Array.from(this.#options.values(), (option) => option.settings.group ?? ""));
  }

  /**
   * Sets options from `--name=value`, `--name` alone for a bool. Stops at the first argument that
   * is no option, or after `--`, and returns the rest. Unless `final` is false, the parse
   * callbacks run, which turns on logging.
   */
  parseCommandLine(
    args: readonly string[] = process.argv.slice(2),
    { final = true }: ParseOptions = {},
  ): string[] {
    let next = 0;
    for (; next < args.length; next++) {
      const arg = args[next] ?? "";
      if (!arg.startsWith("-")) break;
      if (arg === "--") {
        next++;
        break;
      }
      this.#parseArgument(arg.replace(/^-+/, ""));
    }
    if (final) this.runParseCallbacks();
    return args.slice(next);
  }

  #parseArgument(arg: string): void {
    const equals = arg.indexOf("=");
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const option = this.#options.get(commandLineName(name));
    if (option === undefined) {
      this.printHelp();
      throw new OptionError(`Cannot parse command line: unknown option "${name}"`);
    }
    if (equals < 0 && option.type !== "bool") {
      throw new OptionError(
        `Cannot parse command line: option "${option.name}" needs a value: --${option.name}=…`,
      );
    }
    option.parse(equals < 0 ? "true" : arg.slice(equals + 1));
  }

  /**
   * Sets options from a file: JSON, or a JavaScript module (`.js`, `.mjs`) that exports them by name,
   * or as one default object. Names that are no options are left to others. Throws an OptionError
   * that names the file if it cannot be read, or says what cannot be.
   */
  parseConfigFile(path: string, { final = true }: ParseOptions = {}): void {
    for (const [name, value] of Object.entries(readConfig(path))) {
      this.#options.get(commandLineName(name))?.setFromFile(value, path);
    }
    if (final) this.runParseCallbacks();
  }

  /** Has `callback` called whenever options have been parsed. */
  addParseCallback(callback: () => void): void {
    this.#parseCallbacks.push(callback);
  }

  /** Calls what `addParseCallback` was given: parsing does it, unless `final` is false. */
  runParseCallbacks(): void {
    for (const callback of this.#parseCallbacks) callback();
  }

  /** Writes the help, to standard error if nowhere else. */
  printHelp(write: (text: string) => void = (text) => console.error(text)): void {
    const described = Array.from(this.#options.values(), ({ name, settings }) => ({
      name,
      group: settings.group ?? "",
      metavar: settings.metavar ?? "",
      help: settings.help ?? "",
      default: settings.default,
    }));
    write(helpText(process.argv[1] ?? "app", described));
  }

  /**
   * A view for tests: assigning to a property sets the option, deleting the property brings back
   * the value before.
   */
  mockable(): Record<string, unknown> {
    const earlier = new Map<string, unknown>();
    return new Proxy(
      {},
      {
        get: (_, name) => this.get(String(name)),
        set: (_, name, value) => {
          const key = commandLineName(String(name));
          if (earlier.has(key)) throw new OptionError(`Cannot mock option "${key}" twice`);
          earlier.set(key, this.get(key));
          this.set(key, value);
          return true;
        },
        deleteProperty: (_, name) => {
          const key = commandLineName(String(name));
          this.set(key, earlier.get(key));
          return earlier.delete(key);
        },
      },
    );
  }
}

/** Any other file is JSON: run as a module, a Python file would set global variables, and no option. */
const MODULE = /\.[cm]?[jt]s$/;

function readConfig(path: string): object {
  let config: unknown;
  try {
    config = MODULE.test(path) ? readModule(path) : readJson(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OptionError(`Cannot parse "${path}": ${reason}`, { cause: error });
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new OptionError(`Cannot parse "${path}": it holds no object`);
  }
  return config;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8").replace(/^\ufeff/, ""));
}

function readModule(path: string): unknown {
  const module: unknown = createRequire(import.meta.url)(resolve(path));
  return (module as { default?: unknown } | undefined)?.default ?? module;
}
