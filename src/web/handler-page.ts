/**
 * What a handler makes pages of: the reader's language, URLs, and a name for the request. Between
 * `handler-session.ts` and `request-handler.ts`.
 */

import { get as findLocale, type Locale } from "../locale.ts";
import { HandlerSession } from "./handler-session.ts";
import { preferencesOf } from "./negotiation.ts";

/** What a static URL says. */
export interface StaticUrlOptions {
  /** Protocol and host come first, as the request has them. */
  readonly includeHost?: boolean;
  /** The version comes last; true by default. */
  readonly includeVersion?: boolean;
}

/** A request's name as a proxy may give it: nothing that could be more than a name in a log. */
const requestName = /^[\w.:/+=-]{1,128}$/;

/** Locale, URLs, identity. `RequestHandler` extends it. */
export abstract class HandlerPage extends HandlerSession {
  /** A name for the request: X-Request-Id if the client sent a well-formed one, else a new UUID. */
  get requestId(): string {
    const extras = this.extras;
    if (extras.requestId === undefined) {
      const given = this.request.headers.get("X-Request-Id");
      const isName = given !== undefined && requestName.test(given);
      extras.requestId = isName ? given : crypto.randomUUID();
    }
    return extras.requestId;
  }

  /** The path of the rule with this name, its groups filled with arguments. Throws without one. */
  reverseUrl(name: string, ...args: unknown[]): string {
    return this.application.reverseUrl(name, ...args);
  }

  /** Whether `staticUrl` gives whole URLs unless told otherwise. */
  get includeHost(): boolean {
    return false;
  }

  /**
   * The URL of a file below the setting `staticPath`, with a version that changes with its
   * content, so that browsers may keep what it leads to for good.
   */
  staticUrl(path: string, options: StaticUrlOptions = {}): string {
    this.requireSetting("staticPath", "staticUrl");
    const { includeHost = this.includeHost, includeVersion = true } = options;
    const url = this.application.staticHandlerClass.makeStaticUrl(
      this.settings,
      path,
      includeVersion,
    );
    return includeHost ? `${this.request.protocol}://${this.request.host}${url}` : url;
  }

  // The reader's language.

  /** The locale of the user, else of the browser; worked out when first asked for. May be set. */
  get locale(): Locale {
    const extras = this.extras;
    extras.locale ??= this.getUserLocale() ?? this.getBrowserLocale();
    return extras.locale;
  }

  set locale(locale: Locale) {
    this.extras.locale = locale;
  }

  /** Hook: the locale that the user has chosen, undefined to go by the browser's. */
  getUserLocale(): Locale | undefined {
    return undefined;
  }

  /** The closest locale to what Accept-Language asks for, else the one with the default code. */
  getBrowserLocale(defaultCode = "en_US"): Locale {
    const wanted = preferencesOf(this.request.headers.get("Accept-Language"));
    const codes = wanted.filter(([, weight]) => weight > 0).map(([code]) => code);
    return codes.length > 0 ? findLocale(...codes) : findLocale(defaultCode);
  }

  /** A message in the reader's language; with `plural`, the form for `count`. */
  _(message: string, plural?: string, count?: number): string {
    return this.locale.translate(message, plural, count);
  }
}
