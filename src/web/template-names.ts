/**
 * The names that a template finds in a handler, in Tornado's spelling and in ours: what belongs to
 * the request, UI methods, and UI modules. Each is looked at only by templates that mention it, so
 * that a page that does not ask for the user does not look for one. Made by `page-templates.ts`.
 */

import { SafeString, toUnicode } from "../escape.ts";
import { formatMessage, isThenable } from "../util.ts";
import { builtInModules } from "./built-in-modules.ts";
import type { MessageValues, StaticUrlOptions } from "./handler-page.ts";
import { checkHookNames, inCamelCase } from "./hook-names.ts";
import type { RequestHandler } from "./request-handler.ts";
import { UIModule, type UIModuleClass } from "./ui-module.ts";

/** A function that templates may call; it gets the handler first. */
export type UIMethod = (handler: never, ...args: never[]) => unknown;

/** UI modules or methods by name: an imported module, a table, or a list of those. */
export type UISource = object | readonly UISource[];

/** Options of `static_url` as templates may spell them. */
interface TemplateStaticUrlOptions extends StaticUrlOptions {
  readonly include_host?: boolean;
  readonly include_version?: boolean;
}

/** Reads a name's value. */
type Read = (handler: RequestHandler) => unknown;

/** By Tornado's names; camel case is added to those that have an underscore. */
const HANDLER_NAMES: Readonly<Record<string, Read>> = {
  handler: (handler) => handler,
  request: (handler) => handler.request,
  current_user: (handler) => handler.currentUser,
  locale: (handler) => handler.locale,
  _: translator,
  translate: translator,
  pgettext: contextTranslator,
  static_url: (handler) => (path: string, options?: TemplateStaticUrlOptions) =>
    staticUrl(handler, path, options),
  xsrf_token: (handler) => handler.xsrfToken,
  xsrf_form_html: (handler) => () => handler.xsrfFormHtml(),
  reverse_url:
    (handler) =>
    (name: string, ...args: unknown[]) =>
      handler.reverseUrl(name, ...args),
};

function translator(handler: RequestHandler): RequestHandler["_"] {
  return (message: string, ...args: never[]) => handler._(message, ...args);
}

/** As `_`, of a message that means something else in other contexts. */
function contextTranslator({ locale }: RequestHandler) {
  return (
    context: string,
    message: string,
    plural?: string | MessageValues,
    count?: number,
    values: MessageValues | undefined = typeof plural === "object" ? plural : undefined,
  ): string => {
    const form = typeof plural === "object" ? undefined : plural;
    const text = locale.pgettext(context, message, form, count);
    return values === undefined ? text : formatMessage(text, values);
  };
}

function staticUrl(
  handler: RequestHandler,
  path: string,
  options: TemplateStaticUrlOptions = {},
): string {
  const { includeHost = options.include_host, includeVersion = options.include_version } = options;
  return handler.staticUrl(path, {
    ...(includeHost === undefined ? {} : { includeHost }),
    ...(includeVersion === undefined ? {} : { includeVersion }),
  });
}

/** One handler's names. Their getters are on its prototype. */
export class TemplateNames {
  /** What the names stand for. Not private: other objects may inherit them. */
  readonly _tt_state: State;

  constructor(handler: RequestHandler, Modules: typeof ModuleTable) {
    this._tt_state = { handler, Modules, modules: undefined };
  }

  /** The UI modules that have been rendered, in their order; undefined for none. */
  get rendered(): Iterable<UIModule> | undefined {
    const { modules } = this._tt_state;
    return modules && ModuleTable.renderedIn(modules);
  }
}

interface State {
  readonly handler: RequestHandler;
  readonly Modules: typeof ModuleTable;
  /** Made for the first template that mentions one. */
  modules: ModuleTable | undefined;
}

/** Gives every object of a class a name. */
function defineName(
  Names: typeof TemplateNames,
  name: string,
  read: (handler: RequestHandler, state: State) => unknown,
): void {
  const get = function (this: TemplateNames): unknown {
    return read(this._tt_state.handler, this._tt_state);
  };
  Object.defineProperty(Names.prototype, name, { get, enumerable: true, configurable: true });
}

function modulesOfPage(handler: RequestHandler, state: State): ModuleTable {
  state.modules ??= new state.Modules(handler);
  return state.modules;
}

for (const [name, read] of Object.entries(HANDLER_NAMES)) {
  defineName(TemplateNames, name, read);
  defineName(TemplateNames, inCamelCase(name), read);
}
defineName(TemplateNames, "modules", modulesOfPage);
// What `{% module %}` calls.
defineName(TemplateNames, "_tt_modules", modulesOfPage);

/** The UI modules of one page: a method for each is on its prototype. */
class ModuleTable {
  readonly #handler: RequestHandler;
  readonly #rendered = new Map<string, UIModule>();

  constructor(handler: RequestHandler) {
    this.#handler = handler;
  }

  static renderedIn(table: ModuleTable): Iterable<UIModule> {
    return table.#rendered.values();
  }

  /** Gives every object of a class a method that renders a module. */
  static define(Table: typeof ModuleTable, name: string, Module: UIModuleClass): void {
    const value = function (this: ModuleTable, ...args: never[]): unknown {
      let module = this.#rendered.get(name);
      if (module === undefined) {
        module = new Module(this.#handler as never) as UIModule;
        this.#rendered.set(name, module);
      }
      const result = module.render(...args);
      return isThenable(result) ? result.then(markupOf) : markupOf(result);
    };
    Object.defineProperty(Table.prototype, name, { value, enumerable: true });
  }
}

/** What a module gives is markup. */
function markupOf(rendered: unknown): SafeString {
  if (rendered instanceof SafeString) return rendered;
  if (rendered === undefined || rendered === null) return new SafeString("");
  return new SafeString(rendered instanceof Uint8Array ? toUnicode(rendered) : String(rendered));
}

/** What an application's templates can see of handlers: made once from its settings. */
export class TemplateNameSource {
  readonly #Names: typeof TemplateNames = class extends TemplateNames {};
  readonly #Modules: typeof ModuleTable = class extends ModuleTable {};

  constructor(uiModules: UISource | undefined, uiMethods: UISource | undefined) {
    const modules = { ...builtInModules, ...modulesOf(uiModules) };
    for (const [name, Module] of Object.entries(modules)) {
      checkHookNames(Module);
      ModuleTable.define(this.#Modules, name, Module);
    }
    Object.setPrototypeOf(this.#Modules.prototype, refusal(Object.keys(modules)));
    for (const [name, method] of methodsOf(uiMethods)) {
      const read: Read =
        (handler) =>
        (...args: never[]) =>
          method(handler as never, ...args);
      defineName(this.#Names, name, read);
    }
  }

  /** The names for a handler's templates. */
  namesFor(handler: RequestHandler): TemplateNames {
    return new this.#Names(handler, this.#Modules);
  }
}

/** Says what is wrong with `modules.Name` if there is no such module. */
function refusal(known: readonly string[]): object {
  const names = known.map((name) => `"${name}"`).join(", ");
  return new Proxy(Object.create(null), {
    get(_target, name) {
      // What is asked of any object: by `await`, by JSON, by inspection.
      if (typeof name === "symbol" || name === "then" || name === "toJSON") return undefined;
      if (name in Object.prototype) return Reflect.get(Object.prototype, name);
      throw new ReferenceError(`Cannot render UI module "${name}": uiModules has ${names}`);
    },
  });
}

function modulesOf(source: UISource | undefined): Readonly<Record<string, UIModuleClass>> {
  const isModule = ([, value]: [string, unknown]): boolean =>
    typeof value === "function" && value.prototype instanceof UIModule;
  return Object.fromEntries(entriesOf(source).filter(isModule)) as Record<string, UIModuleClass>;
}

/** Functions whose names begin with a small letter: not those of a module's own, nor classes. */
function methodsOf(source: UISource | undefined): [string, UIMethod][] {
  const isMethod = ([name, value]: [string, unknown]): boolean =>
    typeof value === "function" && /^\p{Ll}/u.test(name);
  return entriesOf(source).filter(isMethod) as [string, UIMethod][];
}

function entriesOf(source: UISource | undefined): [string, unknown][] {
  if (source === undefined) return [];
  return Array.isArray(source) ? source.flatMap(entriesOf) : Object.entries(source);
}
