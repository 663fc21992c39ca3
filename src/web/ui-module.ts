/**
 * UI modules: parts of pages with the scripts and styles that they need. A template calls them by
 * name (`template-names.ts`); one instance of each serves a page, and what it needs is put into
 * the page once (`page-assets.ts`).
 */

import type { HTTPServerRequest } from "../httputil.ts";
import type { Locale } from "../locale.ts";
import type { RequestHandler } from "./request-handler.ts";

/**
 * A part of pages. Extend it, and give the class to the setting `uiModules`; templates then write
 * `{% module Entry(entry, show_comments=True) %}`. `Handler` is what the application's handlers
 * have in common (Tornado `web.UIModule`).
 */
export abstract class UIModule<Handler extends RequestHandler = RequestHandler> {
  /** Whose page it is a part of. */
  readonly handler: Handler;

  constructor(handler: Handler) {
    this.handler = handler;
  }

  /** What the handler answers. */
  get request(): HTTPServerRequest {
    return this.handler.request;
  }

  /** The reader's language. */
  get locale(): Locale {
    return this.handler.locale;
  }

  /** The user, as the handler knows it. */
  get currentUser(): Handler["currentUser"] {
    return this.handler.currentUser;
  }

  /** UI methods and modules, by their names in templates. */
  get ui(): object {
    return this.handler.ui;
  }

  /**
   * Hook: the module's markup, from what the template passes; keyword arguments are one object,
   * the last. What it returns is not escaped. May be async where the template writes
   * `{{ await modules.Name() }}`.
   */
  abstract render(...args: never[]): unknown;

  /** Hook: JavaScript to put into the page. */
  embeddedJavascript(): string | undefined {
    return undefined;
  }

  /** Hook: JavaScript files to link: URLs, or paths of static files. */
  javascriptFiles(): string | readonly string[] | undefined {
    return undefined;
  }

  /** Hook: CSS to put into the page. */
  embeddedCss(): string | undefined {
    return undefined;
  }

  /** Hook: CSS files to link: URLs, or paths of static files. */
  cssFiles(): string | readonly string[] | undefined {
    return undefined;
  }

  /** Hook: markup to put at the end of `<head>`. */
  htmlHead(): string | undefined {
    return undefined;
  }

  /** Hook: markup to put at the end of `<body>`. */
  htmlBody(): string | undefined {
    return undefined;
  }

  /** Renders a template with the handler's names, for `render` to return. */
  renderString(path: string, names?: object): string {
    return this.handler.renderString(path, names);
  }
}

/** A UI module's class. */
export type UIModuleClass = new (handler: never) => UIModule;
