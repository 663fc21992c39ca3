/**
 * What a handler makes pages of: templates, the reader's language, URLs, and a name for the
 * request. Between `handler-session.ts` and `request-handler.ts`.
 */

import type { HTTPServerRequest } from "../httputil.ts";
import { get as findLocale, formatMessage, type Locale } from "../locale.ts";
import { Loader, type TemplateLoader } from "../template.ts";
import type { Application } from "./application.ts";
import type { HandlerExtras } from "./handler-extras.ts";
import { HandlerSession } from "./handler-session.ts";
import { preferencesOf } from "./negotiation.ts";
import { Page } from "./page.ts";
import { embeddedCss, embeddedJs, isUrl, linkedCss, linkedJs } from "./page-assets.ts";
import type { RequestHandler } from "./request-handler.ts";
import { rootPath } from "./static-path.ts";

/** What a static URL says. */
export interface StaticUrlOptions {
  /** Protocol and host come first, as the request has them. */
  readonly includeHost?: boolean;
  /** The version comes last; true by default. */
  readonly includeVersion?: boolean;
}

/** A request's name as a proxy may give it: nothing that could be more than a name in a log. */
const requestName = /^[\w.:/+=-]{1,128}$/;

/** What stands for `%(name)s` and `%(name)d` in a message. */
export type MessageValues = Readonly<Record<string, string | number>>;

/** Templates, locale, URLs, identity. `RequestHandler` extends it. */
export abstract class HandlerPage extends HandlerSession {
  // Written out for V8's sake, as RequestHandler's.
  constructor(application: Application, request: HTTPServerRequest) {
    super(application, request);
  }

  // Pages from templates.

  /**
   * Finishes the response with a template. It sees these names, those of the handler, and UI
   * modules, whose scripts and styles are put into the page. Resolves as `finish` does. A template
   * that waits is rendered all the same, and the response stays open until it is done.
   */
  render(templateName: string, names: object = {}): Promise<void> {
    return pageOf(this, this.extras).render(templateName, names);
  }

  /** The text of a template, with the handler's names. Throws if the template waits. */
  renderString(templateName: string, names: object = {}): string {
    return pageOf(this, this.extras).generate(templateName, names);
  }

  /** The text of a template that may wait, with the handler's names. */
  renderStringAsync(templateName: string, names: object = {}): Promise<string> {
    return pageOf(this, this.extras).generateAsync(templateName, names);
  }

  /**
   * Finishes the response with a template piece by piece: each is sent when the template waits, and
   * whenever there is enough. What UI modules need stands at the end of the body, because the head
   * has gone by then. An error after the first piece breaks the connection off.
   */
  renderStream(templateName: string, names: object = {}): Promise<void> {
    return pageOf(this, this.extras).stream(templateName, names);
  }

  /**
   * Hook: the names that every template of this handler sees besides what it is given. The
   * handler's own, which `super` gives, are there whether they are repeated or not.
   */
  getTemplateNamespace(): object {
    return pageOf(this, this.extras).names;
  }

  /** UI methods and UI modules by their names in templates (Tornado `ui`). */
  get ui(): object {
    return pageOf(this, this.extras).names;
  }

  /**
   * Hook: the folder of templates: the setting `templatePath`. Without one it is the folder of the
   * file that calls `render`.
   */
  getTemplatePath(): string | undefined {
    const { templatePath } = this.settings;
    return templatePath === undefined ? undefined : rootPath(templatePath);
  }

  /** Hook: makes the loader of a folder, once for each application; the setting `templateLoader`. */
  createTemplateLoader(folder: string): TemplateLoader {
    const { templateLoader, autoescape, templateWhitespace } = this.settings;
    if (templateLoader !== undefined) return templateLoader;
    return new Loader(folder, {
      ...(autoescape === undefined ? {} : { autoescape }),
      ...(templateWhitespace === undefined ? {} : { whitespace: templateWhitespace }),
    });
  }

  /** Hook: the markup that links scripts of UI modules. */
  renderLinkedJs(files: readonly string[]): string {
    return linkedJs(files.map((file) => (isUrl(file) ? file : this.staticUrl(file))));
  }

  /** Hook: the markup around scripts that UI modules embed. */
  renderEmbedJs(parts: readonly string[]): string {
    return embeddedJs(parts);
  }

  /** Hook: the markup that links styles of UI modules. */
  renderLinkedCss(files: readonly string[]): string {
    return linkedCss(files.map((file) => (isUrl(file) ? file : this.staticUrl(file))));
  }

  /** Hook: the markup around styles that UI modules embed. */
  renderEmbedCss(parts: readonly string[]): string {
    return embeddedCss(parts);
  }

  // Identity and URLs.

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

  /**
   * A message in the reader's language; with `plural`, the form for `count`. Values stand for
   * `%(name)s` and `%(name)d` in it.
   */
  _(message: string, values?: MessageValues): string;
  _(message: string, plural: string, count: number, values?: MessageValues): string;
  _(
    message: string,
    plural?: string | MessageValues,
    count?: number,
    values: MessageValues | undefined = typeof plural === "object" ? plural : undefined,
  ): string {
    const form = typeof plural === "object" ? undefined : plural;
    const text = this.locale.translate(message, form, count);
    return values === undefined ? text : formatMessage(text, values);
  }
}

// A function instead of a private member: that would cost every handler that is made.
function pageOf(handler: HandlerPage, extras: HandlerExtras): Page {
  extras.page ??= new Page(handler as unknown as RequestHandler);
  return extras.page;
}
