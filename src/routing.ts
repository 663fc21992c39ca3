/**
 * Chooses who answers a request. Knows requests and delegates, not request handlers: `web` adds
 * those by overriding `RuleRouter.targetDelegate` (Tornado `routing`).
 */

import { CallbackDelegate, type RequestCallback } from "./httpserver.ts";
import {
  type HTTPConnection,
  HTTPHeaders,
  type HTTPMessageDelegate,
  type HTTPServerConnectionDelegate,
  HTTPServerRequest,
  type RequestStartLine,
  reasonFor,
} from "./httputil.ts";
import { genLog } from "./log.ts";
import { AnyMatches, type Matcher, type PathMatch, PathMatches } from "./routing/matchers.ts";

export {
  AnyMatches,
  DefaultHostMatches,
  HostMatches,
  type Matcher,
  type PathMatch,
  PathMatches,
} from "./routing/matchers.ts";

/** Finds the delegate of a request by its head. Can be given to `HTTPServer`. */
export abstract class Router implements HTTPServerConnectionDelegate {
  /** The delegate for a request, or undefined if this router has none. */
  abstract findHandler(request: HTTPServerRequest): HTTPMessageDelegate | undefined;

  startRequest(
    connection: HTTPConnection,
    startLine?: RequestStartLine,
    headers?: HTTPHeaders,
  ): HTTPMessageDelegate {
    if (startLine === undefined || headers === undefined)
      return new RoutedRequest(this, connection);
    return delegateFor(this, new HTTPServerRequest(startLine, headers, connection));
  }
}

/** A router that can say which path leads to a named rule. */
export interface ReversibleRouter {
  /** The path of the rule with this name, or undefined if there is none. */
  reverseUrl(name: string, ...args: unknown[]): string | undefined;
}

function delegateFor(router: Router, request: HTTPServerRequest): HTTPMessageDelegate {
  return router.findHandler(request) ?? new NotFound(request.connection);
}

/** Waits for the head, has the delegate found, and passes everything on to it. */
class RoutedRequest implements HTTPMessageDelegate {
  readonly #router: Router;
  readonly #connection: HTTPConnection;
  #delegate: HTTPMessageDelegate | undefined;

  constructor(router: Router, connection: HTTPConnection) {
    this.#router = router;
    this.#connection = connection;
  }

  headersReceived(startLine: RequestStartLine, headers: HTTPHeaders): PromiseLike<unknown> | void {
    const request = new HTTPServerRequest(startLine, headers, this.#connection);
    const delegate = delegateFor(this.#router, request);
    this.#delegate = delegate;
    return delegate.headersReceived(startLine, headers);
  }

  dataReceived(chunk: Uint8Array): PromiseLike<unknown> | void {
    return this.#delegate?.dataReceived(chunk);
  }

  finish(): void {
    this.#delegate?.finish();
  }

  onConnectionClose(): void {
    this.#delegate?.onConnectionClose();
  }
}

/** Answers 404 without a body, for a router without an application. */
class NotFound implements HTTPMessageDelegate {
  readonly #connection: HTTPConnection;

  constructor(connection: HTTPConnection) {
    this.#connection = connection;
  }

  headersReceived(): void {}

  dataReceived(): void {}

  finish(): void {
    const headers = new HTTPHeaders([["Content-Length", "0"]]);
    this.#connection.writeHeaders({ code: 404, reason: reasonFor(404) }, headers);
    this.#connection.finish();
  }

  onConnectionClose(): void {}
}

/** Where a rule leads. `web` adds request handler classes. */
export type RuleTarget = Router | HTTPServerConnectionDelegate | RequestCallback | object;

/** A matcher, what it leads to, and a name to find it by. */
export class Rule {
  readonly matcher: Matcher;
  readonly target: RuleTarget;
  /** Handed to the target; for a request handler, the options of `initialize`. */
  readonly options: object | undefined;
  /** What `reverseUrl` finds it by. */
  readonly name: string | undefined;

  /** Throws a TypeError for what is no matcher or no target, such as a class that is not there yet. */
  constructor(matcher: Matcher, target: RuleTarget, options?: object, name?: string) {
    if (typeof matcher?.match !== "function") {
      throw new TypeError(`Cannot add a rule: ${String(matcher)} is no pattern and no matcher`);
    }
    if (typeof target !== "function" && (typeof target !== "object" || target === null)) {
      throw new TypeError(
        `Cannot add the rule "${String(matcher)}": its target is ${String(target)}`,
      );
    }
    // In plain JavaScript a name is easily given in their place.
    if (options !== undefined && typeof options !== "object") {
      throw new TypeError(
        `Cannot add the rule "${String(matcher)}": its options are ${String(options)}; a name is the fourth element`,
      );
    }
    this.matcher = matcher;
    this.target = target;
    this.options = options;
    this.name = name;
  }

  /** The path that fits, with these arguments; undefined if the matcher has none. */
  reverse(...args: unknown[]): string | undefined {
    return this.matcher.reverse(...args);
  }
}

/** A rule for a path pattern (Tornado `URLSpec`, also called `url`). */
export class URLSpec extends Rule {
  constructor(pattern: string | RegExp, target: RuleTarget, options?: object, name?: string) {
    super(new PathMatches(pattern), target, options, name);
  }
}

/** A `URLSpec`, as Tornado writes it: `url("/story/:id", StoryHandler, {}, "story")`. */
export function url(
  pattern: string | RegExp,
  target: RuleTarget,
  options?: object,
  name?: string,
): URLSpec {
  return new URLSpec(pattern, target, options, name);
}

/** A rule, or the arguments of `URLSpec`, or a list of rules below a matcher. */
export type RuleLike =
  | Rule
  | readonly [
      pattern: string | RegExp | Matcher,
      target: RuleTarget | readonly RuleLike[],
      options?: object,
      name?: string,
    ];

/** Tries rules in order; the first that fits and leads somewhere answers. */
export class RuleRouter extends Router {
  /** In the order in which they are tried. */
  readonly rules: Rule[] = [];

  constructor(rules: readonly RuleLike[] = []) {
    super();
    this.addRules(rules);
  }

  /** Adds rules after those that are there. */
  addRules(rules: readonly RuleLike[]): void {
    for (const rule of rules) this.rules.push(this.processRule(this.#ruleFrom(rule)));
  }

  override findHandler(request: HTTPServerRequest): HTTPMessageDelegate | undefined {
    for (const rule of this.rules) {
      const match = rule.matcher.match(request);
      if (match === undefined) continue;
      const delegate = this.targetDelegate(rule, request, match);
      if (delegate !== undefined) return delegate;
    }
    return undefined;
  }

  /** Hook: sees each rule as it is added, and may replace it. */
  protected processRule(rule: Rule): Rule {
    return rule;
  }

  /** Hook: makes the delegate of a rule's target, or undefined if the target has none. */
  protected targetDelegate(
    rule: Rule,
    request: HTTPServerRequest,
    _match: PathMatch,
  ): HTTPMessageDelegate | undefined {
    const target = rule.target;
    if (target instanceof Router) return target.findHandler(request);
    if (isConnectionDelegate(target)) return target.startRequest(request.connection);
    if (typeof target === "function") {
      return new CallbackDelegate(target as RequestCallback).startRequest(request.connection);
    }
    throw new TypeError(`Cannot route to ${String(target)}: it is no router, delegate or callback`);
  }

  #ruleFrom(rule: RuleLike): Rule {
    if (rule instanceof Rule) return rule;
    if (!Array.isArray(rule)) {
      throw new TypeError(`Cannot add the rule ${String(rule)}: expected [pattern, target]`);
    }
    const [pattern, target, options, name] = rule;
    const below = Array.isArray(target) ? this.newRouter(target as readonly RuleLike[]) : target;
    const matcher =
      typeof pattern === "string" || pattern instanceof RegExp ? new PathMatches(pattern) : pattern;
    return new Rule(matcher, below as RuleTarget, options, name);
  }

  /** Hook: makes the router for a list of rules within a rule. */
  protected newRouter(rules: readonly RuleLike[]): RuleRouter {
    return new RuleRouter(rules);
  }
}

/** A rule router whose rules can be found by name. */
export class ReversibleRuleRouter extends RuleRouter implements ReversibleRouter {
  #named: Map<string, Rule> | undefined;

  constructor(rules: readonly RuleLike[] = []) {
    // Not by `super`: `processRule` needs #named, which is there once that has returned.
    super();
    this.addRules(rules);
  }

  reverseUrl(name: string, ...args: unknown[]): string | undefined {
    const rule = this.#named?.get(name);
    if (rule !== undefined) return rule.reverse(...args);
    for (const { target } of this.rules) {
      const found = isReversible(target) ? target.reverseUrl(name, ...args) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  protected override processRule(rule: Rule): Rule {
    if (rule.name === undefined) return rule;
    this.#named ??= new Map();
    if (this.#named.has(rule.name)) {
      genLog.warning(`Two rules are named "${rule.name}": reverseUrl finds the later one`);
    }
    this.#named.set(rule.name, rule);
    return rule;
  }

  protected override newRouter(rules: readonly RuleLike[]): RuleRouter {
    return new ReversibleRuleRouter(rules);
  }
}

/** A rule that always fits. */
export function anyRule(target: RuleTarget): Rule {
  return new Rule(new AnyMatches(), target);
}

function isConnectionDelegate(target: object): target is HTTPServerConnectionDelegate {
  return typeof (target as { startRequest?: unknown }).startRequest === "function";
}

function isReversible(target: object): target is ReversibleRouter {
  return typeof (target as { reverseUrl?: unknown }).reverseUrl === "function";
}
