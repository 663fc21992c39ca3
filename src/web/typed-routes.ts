/**
 * What TypeScript can know of a route table: which arguments the verbs of a handler get, which
 * options its `initialize` wants, and which names `reverseUrl` has. Types only; used by
 * `application.ts`.
 */

import type { HTTPServerRequest } from "../httputil.ts";
import type { Rule, RuleLike } from "../routing.ts";
import type { Application } from "./application.ts";
import type { RequestHandler } from "./request-handler.ts";

// Patterns.

type Letter =
  | ("a" | "b" | "c" | "d" | "e" | "f" | "g" | "h" | "i" | "j" | "k" | "l" | "m")
  | ("n" | "o" | "p" | "q" | "r" | "s" | "t" | "u" | "v" | "w" | "x" | "y" | "z");
type NameStart = Letter | Uppercase<Letter> | "_";
type NameSign = NameStart | "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9";

/**
 * The groups of a pattern: a name, or undefined for a group without one; `:id` is one of those.
 * Holds the rules of `routing/patterns.ts`.
 */
type Groups<
  Pattern extends string,
  Found extends readonly (string | undefined)[] = [],
> = Pattern extends `\\${infer Escaped}`
  ? Groups<AfterSign<Escaped>, Found>
  : Pattern extends `[${infer Rest}`
    ? Groups<AfterClass<Rest>, Found>
    : Pattern extends `(?<=${infer Rest}`
      ? Groups<Rest, Found>
      : Pattern extends `(?<!${infer Rest}`
        ? Groups<Rest, Found>
        : Pattern extends `(?<${infer Name}>${infer Rest}`
          ? Groups<Rest, [...Found, Name]>
          : Pattern extends `(?P<${infer Name}>${infer Rest}`
            ? Groups<Rest, [...Found, Name]>
            : Pattern extends `(?${infer Rest}`
              ? Groups<Rest, Found>
              : Pattern extends `(${infer Rest}`
                ? Groups<Rest, [...Found, undefined]>
                : Pattern extends `${"/" | "." | "-"}:${infer Rest}`
                  ? Rest extends `${NameStart}${string}`
                    ? Groups<AfterName<Rest>, [...Found, undefined]>
                    : Groups<Rest, Found>
                  : Pattern extends `${string}${infer Rest}`
                    ? Groups<Rest, Found>
                    : Found;

type AfterSign<Text extends string> = Text extends `${string}${infer Rest}` ? Rest : "";

/** What follows a class such as `[^/]`. */
type AfterClass<Text extends string> = Text extends `\\${infer Escaped}`
  ? AfterClass<AfterSign<Escaped>>
  : Text extends `]${infer Rest}`
    ? Rest
    : Text extends `${string}${infer Rest}`
      ? AfterClass<Rest>
      : "";

/** What follows the name of `:name` and its own expression, `:name(\\d+)`. */
type AfterName<Text extends string> = Text extends `${NameSign}${infer Rest}`
  ? AfterName<Rest>
  : Text extends `(${string})${infer Rest}`
    ? Rest
    : Text;

/** Whether a group may take no part in a match, or nothing is known of the pattern. */
type IsLoose<Pattern extends string> = string extends Pattern
  ? true
  : Pattern extends `${string}${")?" | ")*" | "){" | "|"}${string}`
    ? true
    : false;

/**
 * What a verb's method gets from a path: a text for each group, or one object if they have names.
 * `get(...[id]: PathArgs<"/story/:id">)`, if the pattern is to say it. Of a pattern with optional
 * groups nothing is known.
 */
export type PathArgs<Pattern extends string> =
  IsLoose<Pattern> extends true
    ? readonly (string | undefined)[]
    : Groups<Pattern> extends infer Found extends readonly (string | undefined)[]
      ? [Exclude<Found[number], undefined>] extends [never]
        ? { [Index in keyof Found]: string }
        : [groups: { readonly [Name in Exclude<Found[number], undefined>]: string }]
      : never;

/** What fills a pattern's groups again, in their order. */
type ReverseArgs<Pattern> = Pattern extends string
  ? IsLoose<Pattern> extends true
    ? unknown[]
    : Groups<Pattern> extends infer Found extends readonly unknown[]
      ? { [Index in keyof Found]: unknown }
      : never
  : unknown[];

// Handlers.

type Verb = "get" | "head" | "post" | "put" | "patch" | "delete" | "options";

/** A handler's class whose verbs take these arguments. */
type HandlerTaking<Args extends readonly unknown[]> = new (
  application: Application,
  request: HTTPServerRequest,
) => RequestHandler & { readonly [Name in Verb]?: (...args: Args) => unknown };

type OptionsOf<Handler> = Handler extends RequestHandler
  ? Parameters<Handler["initialize"]>[0]
  : never;

/** What stands behind the class in a rule: options, if `initialize` must have some, and a name. */
type Tail<Options> = object extends Options
  ? readonly [options?: object, name?: string]
  : // biome-ignore lint/complexity/noBannedTypes: an object without members is what is meant
    {} extends Options
    ? readonly [options?: Options, name?: string]
    : readonly [options: Options, name?: string];

type HandlerClass = new (...args: never) => RequestHandler;
type HandlerOf<Class> = Class extends new (...args: never) => infer Handler ? Handler : never;

/** A rule as it has to be, so that what is wrong with it is said at the place. */
type CheckedRule<Given> = Given extends readonly [
  infer Pattern,
  infer Target extends HandlerClass,
  ...unknown[],
]
  ? readonly [
      pattern: Pattern,
      target: Pattern extends string
        ? IsLoose<Pattern> extends true
          ? Target
          : Target & HandlerTaking<PathArgs<Pattern>>
        : Target,
      ...Tail<OptionsOf<HandlerOf<Target>>>,
    ]
  : Given extends readonly [infer Pattern, infer List extends readonly RuleLike[], ...infer Rest]
    ? readonly [Pattern, CheckedRules<List>, ...Rest]
    : Given;

/** Rules whose handlers fit their patterns and options. */
export type CheckedRules<Rules extends readonly RuleLike[]> = {
  readonly [Index in keyof Rules]: CheckedRule<Rules[Index]>;
};

// Names.

/** The name of a rule, and what its groups want; of rules that are no tuples, any name. */
type Named<Given> = Given extends Rule
  ? { readonly name: string; readonly args: unknown[] }
  : Given extends readonly [infer Pattern, unknown, unknown, infer Name extends string]
    ? { readonly name: Name; readonly args: ReverseArgs<Pattern> }
    : Given extends readonly [unknown, infer List extends readonly RuleLike[], ...unknown[]]
      ? NamedRules<List>
      : never;

type NamedRules<Rules extends readonly RuleLike[]> = Rules extends readonly []
  ? { readonly name: string; readonly args: unknown[] }
  : Named<Rules[number]>;

/** The names that `reverseUrl` knows. */
export type RuleName<Rules extends readonly RuleLike[]> = NamedRules<Rules>["name"];

/** What `reverseUrl` wants besides a name. */
export type RuleArgs<Rules extends readonly RuleLike[], Name> =
  Extract<NamedRules<Rules>, { readonly name: Name }> extends {
    readonly args: infer Args extends readonly unknown[];
  }
    ? Args
    : unknown[];
