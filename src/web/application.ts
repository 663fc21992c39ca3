/**
 * An application: routes to request handlers, and settings. Stands between `routing` and the
 * handlers; `listen` puts a server under it.
 */

import { HTTPServer, type HTTPServerOptions } from "../httpserver.ts";
import type { HTTPMessageDelegate, HTTPServerRequest } from "../httputil.ts";
import { accessLog } from "../log.ts";
import {
  AnyMatches,
  HostMatches,
  type PathMatch,
  type ReversibleRouter,
  ReversibleRuleRouter,
  Router,
  Rule,
  type RuleLike,
  type RuleRouter,
} from "../routing.ts";
import { HTTPError } from "./errors.ts";
import {
  HandlerDelegate,
  HandlerRule,
  isHandlerClass,
  type RequestHandlerClass,
} from "./handler-delegate.ts";
import { RequestHandler } from "./request-handler.ts";

const NO_MATCH: PathMatch = { pathArgs: [], pathKwargs: undefined };

/** What an application can be told. */
export interface Settings {
  /** Whole responses to GET and HEAD get an entity tag, and are answered 304; true by default. */
  readonly etag?: boolean;
  /** Error pages show the stack of the exception. Never in production. */
  readonly serveTraceback?: boolean;
  /** Answers where no rule fits, in place of 404. */
  readonly defaultHandlerClass?: RequestHandlerClass;
  readonly defaultHandlerOptions?: object;
  /** Logs a finished request, in place of the access log. */
  readonly logFunction?: (handler: RequestHandler) => void;
  /** An application's own settings. */
  readonly [name: string]: unknown;
}

/** Routes requests to request handlers (Tornado `web.Application`). */
export class Application extends Router implements ReversibleRouter {
  readonly settings: Settings;
  /** Rules for single hosts, in the order they were added; after them those for every host. */
  readonly #byHost: ApplicationRouter;
  readonly #wildcard: ApplicationRouter;
  readonly #defaultRule: HandlerRule;

  /** Takes rules `[pattern, handler class, options of initialize, name]`, and settings. */
  constructor(handlers: readonly RuleLike[] = [], settings: Settings = {}) {
    super();
    this.settings = settings;
    const { defaultHandlerClass = NotFoundHandler, defaultHandlerOptions } = settings;
    const defaultRule = new Rule(new AnyMatches(), defaultHandlerClass, defaultHandlerOptions);
    this.#defaultRule = new HandlerRule(defaultRule, defaultHandlerClass);
    this.#byHost = new ApplicationRouter(this);
    this.#wildcard = new ApplicationRouter(this, handlers);
  }

  /** Adds rules for hosts that match a regular expression; they come before the constructor's. */
  addHandlers(hostPattern: string, handlers: readonly RuleLike[]): void {
    const router = new ApplicationRouter(this, handlers);
    this.#byHost.addRules([new Rule(new HostMatches(hostPattern), router)]);
  }

  /**
   * Serves the application on a port of an address, of all addresses by default. Rejects with the
   * system's error if the port cannot be had.
   */
  async listen(
    port: number,
    address?: string,
    options: HTTPServerOptions = {},
  ): Promise<HTTPServer> {
    const server = new HTTPServer(this, options);
    await server.listen(port, address);
    return server;
  }

  /** The delegate for a request: a rule's, or the one that answers 404. */
  override findHandler(request: HTTPServerRequest): HTTPMessageDelegate {
    return (
      (this.#byHost.rules.length > 0 ? this.#byHost.findHandler(request) : undefined) ??
      this.#wildcard.findHandler(request) ??
      this.#defaultDelegate(request)
    );
  }

  /** The path of the rule with this name. Throws if there is none. */
  reverseUrl(name: string, ...args: unknown[]): string {
    const url = this.#byHost.reverseUrl(name, ...args) ?? this.#wildcard.reverseUrl(name, ...args);
    if (url === undefined) throw new Error(`Cannot reverse "${name}": no rule has that name`);
    return url;
  }

  /** Logs a finished request: below 400 as info, below 500 as warning, else as error. */
  logRequest(handler: RequestHandler): void {
    const { logFunction } = this.settings;
    if (logFunction !== undefined) {
      logFunction(handler);
      return;
    }
    const status = handler.getStatus();
    const level = status < 400 ? "info" : status < 500 ? "warning" : "error";
    if (!accessLog.enabled(level)) return;
    const { method, uri, remoteIp } = handler.request;
    const time = (handler.request.requestTime() * 1000).toFixed(2);
    accessLog[level](`${status} ${method} ${uri} (${remoteIp}) ${time}ms`);
  }

  #defaultDelegate(request: HTTPServerRequest): HTTPMessageDelegate {
    return new HandlerDelegate(this, request, this.#defaultRule, NO_MATCH);
  }
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
    return super.processRule(isHandlerClass(target) ? new HandlerRule(rule, target) : rule);
  }

  protected override newRouter(rules: readonly RuleLike[]): RuleRouter {
    return new ApplicationRouter(this.#application, rules);
  }
}

/** Answers 404, and `OPTIONS *`, which asks about the server as a whole (RFC 9110 section 9.3.7). */
class NotFoundHandler extends RequestHandler {
  override prepare(): void {
    if (this.request.uri !== "*") throw new HTTPError(404);
    this.setStatus(204);
    this.setHeader("Allow", RequestHandler.supportedMethods.join(", "));
    this.finish();
  }
}
