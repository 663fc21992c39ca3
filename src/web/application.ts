/**
 * An application: routes to request handlers, and settings. Stands between `routing` and the
 * handlers; `listen` puts a server under it.
 */

import { type FetchContext, fetchFrom } from "../fetch.ts";
import { HTTPServer, type HTTPServerOptions } from "../httpserver.ts";
import {
  bodyConfigOf,
  type HTTPMessageDelegate,
  type HTTPServerRequest,
  type ParseBodyConfig,
} from "../httputil.ts";
import { accessLog } from "../log.ts";
import {
  AnyMatches,
  HostMatches,
  type PathMatch,
  ReversibleRuleRouter,
  Router,
  Rule,
  type RuleLike,
  RuleRouter,
} from "../routing.ts";
import { NotFoundHandler } from "./basic-handlers.ts";
import { ContentEncoding } from "./content-encoding.ts";
import { HandlerDelegate, HandlerRule, isHandlerClass } from "./handler-delegate.ts";
import type { RequestHook } from "./handler-life.ts";
import type { OutputTransformClass } from "./output-transform.ts";
import { PageTemplates } from "./page-templates.ts";
import type { RequestHandler } from "./request-handler.ts";
import type { Settings } from "./settings.ts";
import { checkSettings } from "./settings-check.ts";
import { StaticFileHandler } from "./static-file-handler.ts";
import type { CheckedRules, RuleArgs, RuleName } from "./typed-routes.ts";
import { watch } from "./unawaited.ts";

const NO_MATCH: PathMatch = { pathArgs: [], pathKwargs: undefined };

/**
 * Routes requests to request handlers (Tornado `web.Application`). TypeScript holds rules that are
 * written in place to what they lead to: the verbs' arguments, the options of `initialize`, the names
 * for `reverseUrl`. Where rules are added later, the type is plain `Application`.
 */
export class Application<
  const Rules extends readonly RuleLike[] = readonly RuleLike[],
> extends Router {
  readonly settings: Settings;
  /** What every response goes through on its way out; undefined if there is nothing. */
  transforms: readonly OutputTransformClass[] | undefined;
  /** What runs around every request, in this order. */
  readonly hooks: RequestHook[] = [];
  /** Whether requests that change something are checked for who made them. */
  readonly checksXsrf: boolean;
  /** Whether anything at all runs before a handler's `prepare`: one look for the usual case. */
  intercepts: boolean;
  /** How forms and queries are read, if the settings say anything of it. */
  readonly bodyConfig: ParseBodyConfig | undefined;
  /** What `render` makes pages of. */
  readonly templates: PageTemplates;
  /** Serves static files, and makes their URLs. */
  readonly staticHandlerClass: typeof StaticFileHandler;
  /** Rules for single hosts, in the order they were added; after them those for every host. */
  readonly #byHost: ApplicationRouter;
  readonly #wildcard: ApplicationRouter;
  readonly #defaultRule: HandlerRule;

  /** Takes rules `[pattern, handler class, options of initialize, name]`, and settings. */
  constructor(handlers?: Rules & CheckedRules<Rules>, settings: Settings = {}) {
    super();
    if (handlers !== undefined && !Array.isArray(handlers)) {
      throw new TypeError("Cannot make an application: expected a list of rules");
    }
    checkSettings(settings);
    this.settings = settings.debug === true ? { serveTraceback: true, ...settings } : settings;
    this.checksXsrf = settings.xsrfCookies === true || settings.xsrfPolicy !== undefined;
    this.intercepts = this.checksXsrf;
    this.bodyConfig = bodyConfigOf(settings);
    for (const transform of settings.transforms ?? []) this.addTransform(transform);
    if (settings.compressResponse ?? settings.gzip) this.addTransform(ContentEncoding);
    const { defaultHandlerClass = NotFoundHandler, defaultHandlerOptions } = settings;
    const defaultRule = new Rule(new AnyMatches(), defaultHandlerClass, defaultHandlerOptions);
    this.#defaultRule = new HandlerRule(defaultRule, defaultHandlerClass);
    this.#byHost = new ApplicationRouter(this);
    this.staticHandlerClass = settings.staticHandlerClass ?? StaticFileHandler;
    this.templates = new PageTemplates(settings);
    this.#wildcard = new ApplicationRouter(this, [...staticRules(settings), ...(handlers ?? [])]);
  }

  /** Has every response from now on go through a transform, after those that are there. */
  addTransform(transform: OutputTransformClass): void {
    this.transforms = [...(this.transforms ?? []), transform];
  }

  /**
   * Runs a hook around every request's `prepare` and verb: it gets the handler, and `next` to go
   * on with, once. The first one that was given is the outermost. Throws a TypeError for what is no
   * function.
   */
  use(hook: RequestHook): this {
    if (typeof hook !== "function") throw new TypeError(`Cannot use ${String(hook)} as a hook`);
    this.hooks.push(hook);
    this.intercepts = true;
    return this;
  }

  /**
   * Answers a request of the web's standards, without a socket: under somebody else's server. Who the
   * client is only that server knows: without `remoteIp` in the context it is `""`, nobody. What
   * servers pass along by themselves in its place is not read.
   */
  readonly fetch = (request: Request, context: FetchContext | object = {}): Promise<Response> => {
    const { remoteIp } = context as FetchContext;
    return fetchFrom(this, request, { remoteIp: typeof remoteIp === "string" ? remoteIp : "" });
  };

  /**
   * Asks the application for a path, without a socket: for tests. Takes what the web's `fetch` takes.
   */
  request(path: string, init?: RequestInit): Promise<Response> {
    return fetchFrom(this, new Request(new URL(path, "http://localhost"), init));
  }

  /** Adds rules for hosts that match a regular expression; they come before the constructor's. */
  addHandlers(hostPattern: string, handlers: readonly RuleLike[]): void {
    const router = new ApplicationRouter(this, handlers);
    this.#byHost.addRules([new Rule(new HostMatches(hostPattern), router)]);
  }

  /**
   * Serves the application on a port of an address, of all addresses by default, until SIGTERM or
   * SIGINT stops it gracefully, unless `stopOnSignals` is false. Rejects with the system's error if
   * the port cannot be had.
   */
  async listen(
    port: number,
    address?: string,
    options: HTTPServerOptions = {},
  ): Promise<HTTPServer> {
    const { debug = false, autoreload = debug } = this.settings;
    if (autoreload) (await import("../autoreload.ts")).start();
    const server = new HTTPServer(this, { stopOnSignals: true, ...options });
    await server.listen(port, address);
    return server;
  }

  /** The delegate for a request: a rule's, or the one that answers 404. */
  override findHandler(request: HTTPServerRequest): HTTPMessageDelegate {
    return (
      (this.#byHost.rules.length > 0 ? this.#byHost.findHandler(request) : undefined) ??
      this.#wildcard.findHandler(request) ??
      this.#ofDefaultHost(request) ??
      this.#defaultDelegate(request)
    );
  }

  /** The path of the rule with this name (`ReversibleRouter`). Throws if there is none. */
  reverseUrl<Name extends RuleName<Rules>>(name: Name, ...args: RuleArgs<Rules, Name>): string {
    const url = this.#byHost.reverseUrl(name, ...args) ?? this.#wildcard.reverseUrl(name, ...args);
    if (url === undefined) throw new Error(`Cannot reverse "${name}": no rule has that name`);
    return url;
  }

  /** The rules in the order in which they are tried, with what they lead to: for error pages. */
  describeRules(): { readonly rule: string; readonly target: string }[] {
    return [this.#byHost, this.#wildcard].flatMap((router) => descriptionsOf(router, ""));
  }

  /** Logs a finished request: below 400 as info, below 500 as warning, else as error. */
  logRequest(handler: RequestHandler): void {
    const { logFunction } = this.settings;
    if (logFunction !== undefined) {
      watch(logFunction(handler), "logFunction");
      return;
    }
    const status = handler.getStatus();
    const level = status < 400 ? "info" : status < 500 ? "warning" : "error";
    if (!accessLog.enabled(level)) return;
    const { method, uri, remoteIp } = handler.request;
    const time = (handler.request.requestTime() * 1000).toFixed(2);
    // Whatever status was meant for it, the client has not seen the end.
    const end = handler.abandoned ? ", client gone" : "";
    accessLog[level](`${status} ${method} ${uri} (${remoteIp}) ${time}ms${end}`);
  }

  /** Rules for the default host, for requests that come from no proxy (Tornado `default_host`). */
  #ofDefaultHost(request: HTTPServerRequest): HTTPMessageDelegate | undefined {
    const { defaultHost } = this.settings;
    if (defaultHost === undefined || request.headers.has("X-Real-Ip")) return undefined;
    for (const rule of this.#byHost.rules) {
      const isIts = rule.matcher instanceof HostMatches && rule.matcher.matchesHost(defaultHost);
      const found = isIts ? (rule.target as Router).findHandler(request) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #defaultDelegate(request: HTTPServerRequest): HTTPMessageDelegate {
    return new HandlerDelegate(this, request, this.#defaultRule, NO_MATCH);
  }
}

function descriptionsOf(
  { rules }: RuleRouter,
  above: string,
): { readonly rule: string; readonly target: string }[] {
  return rules.flatMap((one) => {
    const rule = above + String(one.matcher);
    if (one.target instanceof RuleRouter) return descriptionsOf(one.target, `${rule} › `);
    const { name = one.target.constructor.name } = one.target as { readonly name?: string };
    return { rule, target: one.name === undefined ? name : `${name}, named "${one.name}"` };
  });
}

/** The rules for static files; they come before an application's own. */
function staticRules(settings: Settings): RuleLike[] {
  const { staticPath, staticUrlPrefix = "/static/", staticHandlerOptions } = settings;
  if (staticPath === undefined) return [];
  const handler = settings.staticHandlerClass ?? StaticFileHandler;
  const options = { ...staticHandlerOptions, path: staticPath };
  const prefix = staticUrlPrefix.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return [`${prefix}(.*)`, "/(favicon\\.ico)", "/(robots\\.txt)"].map((pattern) => [
    pattern,
    handler,
    options,
  ]);
}

/** Whether a function can only be called by `new`: no callback. */
function isClass(target: object): boolean {
  return Function.prototype.toString.call(target).startsWith("class");
}

/** Routes to request handler classes as well. */
class ApplicationRouter extends ReversibleRuleRouter {
  readonly #application: Application;

  constructor(application: Application, rules: readonly RuleLike[] = []) {
    super();
    this.#application = application;
    this.addRules(rules);
  }

  protected override targetDelegate(
    rule: Rule,
    request: HTTPServerRequest,
    match: PathMatch,
  ): HTTPMessageDelegate | undefined {
    if (!(rule instanceof HandlerRule)) return super.targetDelegate(rule, request, match);
    return new HandlerDelegate(this.#application, request, rule, match);
  }

  protected override processRule(rule: Rule): Rule {
    const { target } = rule;
    if (typeof target === "function" && !isHandlerClass(target) && isClass(target)) {
      throw new TypeError(
        `Cannot add the rule "${String(rule.matcher)}": ${target.name} does not extend RequestHandler`,
      );
    }
    return super.processRule(isHandlerClass(target) ? new HandlerRule(rule, target) : rule);
  }

  protected override newRouter(rules: readonly RuleLike[]): RuleRouter {
    return new ApplicationRouter(this.#application, rules);
  }
}
