/**
 * What a rule asks of a request. Private to `routing`, which exports the classes.
 */

import { urlEscape } from "../escape.ts";
import type { HTTPServerRequest } from "../httputil.ts";
import { type CompiledPattern, compilePattern, wholeRegExp } from "./patterns.ts";

/** The groups of a path, still percent-encoded; undefined for a group that took no part. */
export interface PathMatch {
  readonly pathArgs: readonly (string | undefined)[];
  readonly pathKwargs: Readonly<Record<string, string | undefined>> | undefined;
}

/** A condition on requests (Tornado `Matcher`). */
export interface Matcher {
  /** What matched, or undefined if the request does not fit. */
  match(request: HTTPServerRequest): PathMatch | undefined;
  /** The path that matches with these arguments, or undefined for a matcher without paths. */
  reverse(...args: unknown[]): string | undefined;
}

const NO_GROUPS: PathMatch = { pathArgs: [], pathKwargs: undefined };

/** Fits every request. */
export class AnyMatches implements Matcher {
  match(): PathMatch {
    return NO_GROUPS;
  }

  toString(): string {
    return "anything";
  }

  reverse(): undefined {
    return undefined;
  }
}

/** Fits requests for a host: a regular expression for the whole name, without the port. */
export class HostMatches implements Matcher {
  readonly #pattern: RegExp;

  constructor(pattern: string | RegExp) {
    const source = typeof pattern === "string" ? pattern : pattern.source;
    this.#pattern = wholeRegExp(source.replace(/(?<!\\)\$$/, ""), "i", source);
  }

  match(request: HTTPServerRequest): PathMatch | undefined {
    return this.matchesHost(request.hostName) ? NO_GROUPS : undefined;
  }

  toString(): string {
    return `host ${this.#pattern.source.slice("^(?:".length, -")$".length)}`;
  }

  /** Whether this is the pattern of a host's name. */
  matchesHost(name: string): boolean {
    return this.#pattern.test(name);
  }

  reverse(): undefined {
    return undefined;
  }
}

/**
 * Fits requests that come from no proxy, if the host that an application takes them for matches
 * (Tornado `DefaultHostMatches`). `Application` does the same for its setting `defaultHost`.
 */
export class DefaultHostMatches extends HostMatches {
  readonly #application: { readonly settings: { readonly defaultHost?: string } };

  constructor(
    application: { readonly settings: { readonly defaultHost?: string } },
    pattern: string | RegExp,
  ) {
    super(pattern);
    this.#application = application;
  }

  override match(request: HTTPServerRequest): PathMatch | undefined {
    const { defaultHost } = this.#application.settings;
    if (defaultHost === undefined || request.headers.has("X-Real-Ip")) return undefined;
    return this.matchesHost(defaultHost) ? NO_GROUPS : undefined;
  }
}

/** Fits requests whose path, not decoded, matches a pattern as a whole. */
export class PathMatches implements Matcher {
  readonly #pattern: CompiledPattern;
  readonly #source: string;

  constructor(pattern: string | RegExp) {
    this.#pattern = compilePattern(pattern);
    this.#source = String(pattern);
  }

  match(request: HTTPServerRequest): PathMatch | undefined {
    const { literal, prefix, regexp, hasNames } = this.#pattern;
    const path = request.path;
    if (literal !== undefined) return path === literal ? NO_GROUPS : undefined;
    if (!path.startsWith(prefix)) return undefined;
    const groups = regexp.exec(path);
    if (groups === null) return undefined;
    if (hasNames) return { pathArgs: [], pathKwargs: { ...groups.groups } };
    return { pathArgs: groups.slice(1), pathKwargs: undefined };
  }

  toString(): string {
    return this.#source;
  }

  /**
   * Throws if the pattern has other than as many groups, or cannot be reversed, and for undefined and
   * null. A slash stays one where that leads back here.
   */
  reverse(...args: unknown[]): string {
    const { pieces, regexp } = this.#pattern;
    if (pieces === undefined) {
      throw new Error(`Cannot reverse "${this.#source}": it is more than text and groups`);
    }
    if (args.length !== pieces.length - 1) {
      throw new Error(
        `Cannot reverse "${this.#source}": it has ${pieces.length - 1} groups, got ${args.length} arguments`,
      );
    }
    const values = args.map((value, index) => this.#escaped(value, index));
    const path = filled(pieces, values);
    if (regexp.test(path) || !values.some((value) => value.includes("/"))) return path;
    const oneSegmentEach = values.map((value) => value.replaceAll("/", "%2F"));
    return filled(pieces, oneSegmentEach);
  }

  #escaped(value: unknown, index: number): string {
    if (value === undefined || value === null) {
      throw new TypeError(`Cannot reverse "${this.#source}": argument ${index + 1} is ${value}`);
    }
    return urlEscape(value instanceof Uint8Array ? value : String(value), false);
  }
}

function filled(pieces: readonly string[], values: readonly string[]): string {
  return pieces.map((piece, index) => (index === 0 ? "" : values[index - 1]) + piece).join("");
}
