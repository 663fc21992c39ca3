/**
 * Handlers for the ends of a route table: an error, somewhere else, somebody else.
 */

import { urlEscape } from "../escape.ts";
import { CallbackDelegate, type RequestCallback } from "../httpserver.ts";
import { checkStatus, type HTTPServerConnectionDelegate } from "../httputil.ts";
import { HTTPError } from "./errors.ts";
import { RequestHandler } from "./request-handler.ts";

/** Answers every request with an error. The option `statusCode` says which. */
export class ErrorHandler extends RequestHandler {
  #statusCode = 500;

  override initialize(options: { statusCode: number }): void {
    checkStatus(options.statusCode);
    this.#statusCode = options.statusCode;
  }

  override prepare(): void {
    throw new HTTPError(this.#statusCode);
  }

  /** Nothing is changed here, and an unknown URL is 404 rather than 403. */
  override checkXsrfCookie(): void {}
}

/** Answers 404, and `OPTIONS *`, which asks about the server as a whole (RFC 9110 section 9.3.7). */
export class NotFoundHandler extends RequestHandler {
  override prepare(): void {
    if (this.request.uri !== "*") throw new HTTPError(404);
    this.setStatus(204);
    this.setHeader("Allow", RequestHandler.supportedMethods.join(", "));
    this.finish();
  }

  override checkXsrfCookie(): void {}
}

/**
 * Sends clients elsewhere. The option `url` may name the path's groups, `{0}` or `{name}`; the
 * query goes along. For good unless `permanent` is false.
 */
export class RedirectHandler extends RequestHandler {
  #url = "";
  #permanent = true;

  override initialize(options: { url: string; permanent?: boolean }): void {
    if (typeof options.url !== "string") {
      throw new TypeError(`Cannot redirect: the option url is ${String(options.url)}`);
    }
    this.#url = options.url;
    this.#permanent = options.permanent ?? true;
  }

  get(): void {
    const endOfHost = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i.exec(this.#url)?.[0].length ?? 0;
    const url = this.#url.replace(/\{(\w+)\}/g, (_all, name: string, at: number) => {
      const group = this.pathKwargs?.[name] ?? this.pathArgs[Number(name)] ?? "";
      // A group must not end the host before its time: "https://{0}.example.org/".
      if (at < endOfHost && group.includes("/")) throw new HTTPError(404);
      return urlEscape(group, false);
    });
    // Nor may one that begins with a slash turn the rest into a host.
    if (/^[/\\]{2}/.test(url)) throw new HTTPError(404);
    this.redirect(withQuery(url, this.request.query), { permanent: this.#permanent });
  }
}

/** A URL with a further query, which is escaped already; the fragment stays last. */
function withQuery(url: string, query: string): string {
  if (query === "") return url;
  const [base = ""] = url.split("#", 1);
  const between = base.includes("?") ? "&" : "?";
  return `${base}${between}${query}${url.slice(base.length)}`;
}

/**
 * Leaves requests to somebody else: the option `fallback` is a callback, an `Application`, or
 * anything else that an `HTTPServer` could serve.
 */
export class FallbackHandler extends RequestHandler {
  static override spoolsUploads = false;
  #fallback: HTTPServerConnectionDelegate | undefined;

  override initialize(options: { fallback: HTTPServerConnectionDelegate | RequestCallback }): void {
    const { fallback } = options;
    if (typeof fallback !== "function" && typeof fallback?.startRequest !== "function") {
      throw new TypeError(
        `Cannot fall back on ${String(fallback)}: it is no application or callback`,
      );
    }
    this.#fallback = typeof fallback === "function" ? new CallbackDelegate(fallback) : fallback;
  }

  override prepare(): void {
    this.yieldTo(this.#fallback as HTTPServerConnectionDelegate);
  }

  override checkXsrfCookie(): void {}
}
