/**
 * Options of the command line and of configuration files, defined where they are used:
 *
 * ```ts
 * const port = define("port", { default: 8888, help: "Port to listen on" });
 * parseCommandLine();
 * app.listen(port.value); // or options.port
 * ```
 *
 * Parsing also turns on logging, as `--logging` and the other logging options say.
 */
import { defineLoggingOptions } from "./log.ts";
import {
  type Option,
  OptionParser,
  type OptionSettings,
  type ParseOptions,
} from "./options/parser.ts";

export {
  type Option,
  OptionParser,
  type OptionSettings,
  type ParseOptions,
} from "./options/parser.ts";
export { OptionError, type OptionType } from "./options/values.ts";

const parser = new OptionParser();
defineLoggingOptions(parser);

/** The options of the program: the parser's methods, and every option by its name. */
export const options: OptionParser & Record<string, unknown> = new Proxy(parser, {
  get(target, name) {
    const own: unknown = Reflect.get(target, name, target);
    if (typeof own === "function") return own.bind(target);
    return typeof name === "string" && target.has(name) ? target.get(name) : own;
  },
  set(target, name, value) {
    target.set(String(name), value);
    return true;
  },
  has: (target, name) => name in target || (typeof name === "string" && target.has(name)),
  ownKeys: (target) => Object.keys(target.asDict()),
  getOwnPropertyDescriptor: (target, name) => {
    if (typeof name !== "string" || !target.has(name)) return undefined;
    return { value: target.get(name), enumerable: true, configurable: true, writable: true };
  },
}) as OptionParser & Record<string, unknown>;

/** Adds an option to the program's. */
export function define<T>(name: string, settings: OptionSettings<T> = {}): Option<T> {
  return parser.define(name, settings);
}

/** `OptionParser.parseCommandLine` of the program's options. */
export function parseCommandLine(args?: readonly string[], parsing?: ParseOptions): string[] {
  return parser.parseCommandLine(args, parsing);
}

/** `OptionParser.parseConfigFile` of the program's options. */
export function parseConfigFile(path: string, parsing?: ParseOptions): void {
  parser.parseConfigFile(path, parsing);
}

/** `OptionParser.printHelp` of the program's options. */
export function printHelp(write?: (text: string) => void): void {
  parser.printHelp(write);
}

/** `OptionParser.addParseCallback` of the program's options. */
export function addParseCallback(callback: () => void): void {
  parser.addParseCallback(callback);
}
