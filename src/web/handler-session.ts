/**
 * Who a request comes from: cookies, signed ones, the user, and protection against requests that
 * another site made. Between `handler-response.ts` and `request-handler.ts`.
 */

import type { Buffer } from "node:buffer";
import { SafeString } from "../escape.ts";
import {
  type CookieAttributes,
  formatCookie,
  HTTPOutputError,
  type HTTPServerRequest,
} from "../httputil.ts";
import { isThenable } from "../util.ts";
import type { Application } from "./application.ts";
import type { HandlerExtras } from "./handler-extras.ts";
import { HandlerResponse } from "./handler-response.ts";
import {
  type CookieSecret,
  createSignedValue,
  decodeSignedValue,
  getSignatureKeyVersion,
} from "./signed-value.ts";
import {
  checkFetchMetadata,
  checkXsrfToken,
  type XsrfState,
  xsrfStateOf,
  xsrfText,
} from "./xsrf.ts";

const YEAR = 365 * 24 * 60 * 60;

/** How a signed cookie is set. */
export interface SignedCookieOptions extends CookieAttributes {
  /** Format of the signature, 2 by default. */
  readonly version?: 1 | 2 | undefined;
}

/** Which signed cookies are taken, and of what. */
export interface GetSignedCookieOptions {
  /** Read instead of the request's cookie. */
  readonly value?: string | undefined;
  /** Days since it was signed, 31 by default; the browser's own forgetting is another matter. */
  readonly maxAgeDays?: number | undefined;
  /** Oldest format of the signature, 1 by default. */
  readonly minVersion?: 1 | 2 | undefined;
}

/** Cookies and users. `RequestHandler` extends it. */
export abstract class HandlerSession extends HandlerResponse {
  // Written out for V8's sake, as RequestHandler's.
  constructor(application: Application, request: HTTPServerRequest) {
    super(application, request);
  }

  // Cookies.

  /** The cookies that the client sent, by name. */
  get cookies(): ReadonlyMap<string, string> {
    return this.request.cookies;
  }

  /** A cookie that the client sent, or a default. Not one that this response sets. */
  getCookie(name: string): string | undefined;
  getCookie<Default extends string | null | undefined>(
    name: string,
    defaultValue: Default,
  ): string | Default;
  getCookie(name: string, defaultValue?: unknown): unknown {
    if (typeof defaultValue === "object" && defaultValue !== null) {
      throw new TypeError(`Cannot read cookie "${name}": its default is an object, not text`);
    }
    return this.request.cookies.get(name) ?? defaultValue;
  }

  /**
   * Sets a cookie, with the path "/" unless told otherwise. Setting it again replaces it. Throws
   * HTTPOutputError for anything that cannot be sent as it is.
   */
  setCookie(name: string, value: string, attributes: CookieAttributes = {}): void {
    if (this.headersWritten) {
      throw new HTTPOutputError(`Cannot set cookie "${name}": the headers have been sent`);
    }
    const text = formatCookie(name, value, attributes);
    this.extras.newCookies ??= new Map();
    this.extras.newCookies.delete(name);
    this.extras.newCookies.set(name, text);
  }

  /** Has the client forget a cookie. Domain and path must be those that it was set with. */
  clearCookie(
    name: string,
    attributes: Omit<CookieAttributes, "expires" | "expiresDays" | "maxAge"> = {},
  ): void {
    for (const key of ["expires", "expiresDays", "maxAge"]) {
      if (key in attributes) throw new TypeError(`Cannot clear cookie "${name}" with "${key}"`);
    }
    this.setCookie(name, "", { ...attributes, expires: Date.now() / 1000 - YEAR });
  }

  /** Has the client forget every cookie that it sent. */
  clearAllCookies(
    attributes: Omit<CookieAttributes, "expires" | "expiresDays" | "maxAge"> = {},
  ): void {
    for (const name of this.request.cookies.keys()) {
      if (name !== "") this.clearCookie(name, attributes);
    }
  }

  /**
   * Sets a cookie that nobody can change without the setting `cookieSecret`. Anybody can read it.
   * The browser keeps it for 30 days unless told otherwise (Tornado `set_signed_cookie`).
   */
  setSignedCookie(
    name: string,
    value: string | Uint8Array,
    options: SignedCookieOptions = {},
  ): void {
    const { version, ...attributes } = options;
    const signed = this.createSignedValue(name, value, version);
    this.setCookie(name, signed, { expiresDays: 30, ...attributes });
  }

  /**
   * What a signed cookie holds; undefined if the client sent none, or one that is forged or older
   * than 31 days. Bytes, which turn into their text where text is needed.
   */
  getSignedCookie(name: string, options: GetSignedCookieOptions = {}): Buffer | undefined {
    const secret = secretOf(this);
    const { value = this.getCookie(name), maxAgeDays, minVersion } = options;
    return decodeSignedValue(secret, name, value, { maxAgeDays, minVersion });
  }

  /** Which key signed a signed cookie, as it says; undefined without one or if it does not say. */
  getSignedCookieKeyVersion(name: string, value?: string): number | undefined {
    const signed = value ?? this.getCookie(name);
    return signed === undefined ? undefined : getSignatureKeyVersion(signed);
  }

  /** The older name of `setSignedCookie`. */
  setSecureCookie(
    name: string,
    value: string | Uint8Array,
    options: SignedCookieOptions = {},
  ): void {
    this.setSignedCookie(name, value, options);
  }

  /** The older name of `getSignedCookie`. */
  getSecureCookie(name: string, options: GetSignedCookieOptions = {}): Buffer | undefined {
    return this.getSignedCookie(name, options);
  }

  /** The older name of `getSignedCookieKeyVersion`. */
  getSecureCookieKeyVersion(name: string, value?: string): number | undefined {
    return this.getSignedCookieKeyVersion(name, value);
  }

  /** Signs a value under a name with the application's secret. */
  createSignedValue(name: string, value: string | Uint8Array, version?: 1 | 2): string {
    const { keyVersion } = this.settings;
    return createSignedValue(secretOf(this), name, value, { version, keyVersion });
  }

  /** A setting that must be there for a feature; throws if it is not. */
  requireSetting<Name extends keyof HandlerResponse["settings"]>(
    name: Name,
    feature = "this feature",
  ): NonNullable<HandlerResponse["settings"][Name]> {
    const value = this.settings[name];
    if (value === undefined || value === null || value === "" || value === false) {
      throw new Error(`Cannot use ${feature}: the application has no setting "${String(name)}"`);
    }
    return value as NonNullable<HandlerResponse["settings"][Name]>;
  }

  // The user.

  /**
   * Hook: who the request comes from, such as from a signed cookie; undefined for nobody. Called
   * once, when `currentUser` is first asked for. If it is async, so is that: use `authenticated`,
   * or await `findCurrentUser` in `prepare`.
   */
  getCurrentUser(): unknown {
    return undefined;
  }

  /**
   * The user, worked out when first asked for. May be set, by `prepare` for example. Throws a
   * TypeError while `getCurrentUser` is async and nobody has awaited it.
   */
  get currentUser(): Awaited<ReturnType<this["getCurrentUser"]>> {
    const found = this.findCurrentUser();
    if (!isThenable(found)) return found as Awaited<ReturnType<this["getCurrentUser"]>>;
    found.then(undefined, () => undefined);
    throw new TypeError(
      "Cannot read currentUser yet: getCurrentUser is async; await findCurrentUser() in prepare()",
    );
  }

  set currentUser(value: unknown) {
    this.extras.user = { value };
  }

  /**
   * The user, or a promise of it if `getCurrentUser` is async; once that has resolved,
   * `currentUser` has it too.
   */
  findCurrentUser(): unknown {
    const extras = this.extras;
    if (extras.user !== undefined) return extras.user.value;
    const found = this.getCurrentUser();
    if (!isThenable(found)) {
      extras.user = { value: found };
      return found;
    }
    return found.then((value) => {
      extras.user ??= { value };
      return extras.user.value;
    });
  }

  /** Hook: where `authenticated` sends those who are nobody: the setting `loginUrl`. */
  getLoginUrl(): string {
    return this.requireSetting("loginUrl", "authenticated");
  }

  // Requests that another site made.

  /**
   * The token that proves that a form comes from this site. Asking for it gives the client a
   * cookie if it has none yet. Other text in every response, and still the same token.
   */
  get xsrfToken(): string {
    const state = xsrfOf(this, this.extras);
    if (state.text !== undefined) return state.text;
    const { xsrfCookieVersion = 2, xsrfCookieOptions = {} } = this.settings;
    const text = xsrfText(state.token, xsrfCookieVersion);
    state.text = text;
    if (!state.isKnown) {
      const days = hasUser(this) ? { expiresDays: 30 } : {};
      this.setCookie(xsrfCookieName(this), text, { ...days, ...xsrfCookieOptions });
    }
    return text;
  }

  /** A hidden field with the token, to be put into every form that is sent by POST. */
  xsrfFormHtml(): SafeString {
    return new SafeString(`<input type="hidden" name="_xsrf" value="${this.xsrfToken}"/>`);
  }

  /**
   * Hook: throws HTTPError 403 for a request that this site did not make. Called before `prepare`
   * for every method but GET, HEAD and OPTIONS if the setting `xsrfCookies` or `xsrfPolicy` says so.
   * The token may be the argument `_xsrf`, or a header.
   */
  checkXsrfCookie(): void {
    if (this.settings.xsrfPolicy === "fetch-metadata") {
      checkFetchMetadata(this.request);
      return;
    }
    const { headers } = this.request;
    const given =
      this.getArgument("_xsrf", { default: "" }) ||
      headers.get("X-Xsrftoken") ||
      headers.get("X-Csrftoken");
    checkXsrfToken(given, xsrfOf(this, this.extras));
  }

  /** The last value of an argument of the query or of a form body. */
  abstract getArgument<Default>(name: string, options: { default: Default }): string | Default;
}

// Functions instead of private members: those would cost every handler that is made.

function secretOf(handler: HandlerSession): CookieSecret {
  return handler.requireSetting("cookieSecret", "signed cookies");
}

function xsrfCookieName({ settings }: HandlerSession): string {
  return settings.xsrfCookieName ?? "_xsrf";
}

function xsrfOf(handler: HandlerSession, extras: HandlerExtras): XsrfState {
  extras.xsrf ??= xsrfStateOf(handler.getCookie(xsrfCookieName(handler)));
  return extras.xsrf;
}

/** Whether somebody is known to be logged in; an async `getCurrentUser` is not awaited for it. */
function hasUser(handler: HandlerSession): boolean {
  const found = handler.findCurrentUser();
  if (!isThenable(found)) return Boolean(found);
  found.then(undefined, () => undefined);
  return false;
}
