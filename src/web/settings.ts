/**
 * What an application can be told. Read by every part of `web`; an application's own settings may
 * stand among them.
 */

import type { CookieAttributes, ParseMultipartConfig } from "../httputil.ts";
import type { TemplateLoader, WhitespaceMode } from "../template.ts";
import type { RequestHandlerClass } from "./handler-delegate.ts";
import type { OutputTransformClass } from "./output-transform.ts";
import type { RequestHandler } from "./request-handler.ts";
import type { CookieSecret } from "./signed-value.ts";
import type { StaticFileHandler, StaticFileOptions } from "./static-file-handler.ts";
import type { StaticHash } from "./static-files.ts";
import type { UISource } from "./template-names.ts";

/** The settings of an `Application`. */
export interface Settings {
  // Responses.

  /** Whole responses to GET and HEAD get an entity tag, and are answered 304; true by default. */
  readonly etag?: boolean;
  /** Responses are compressed for clients that can read that: brotli, zstd or gzip. */
  readonly compressResponse?: boolean;
  /** The older name of `compressResponse`. */
  readonly gzip?: boolean;
  /** What every response goes through on its way out; `addTransform` adds to it. */
  readonly transforms?: readonly OutputTransformClass[];

  // Forms: their limits, see docs/guide/limits.md.

  /**
   * Limits of multipart forms, and where their long files are put. What is left out is as
   * `setParseBodyConfig` of `httputil` says.
   */
  readonly multipart?: Partial<ParseMultipartConfig>;
  /** Most fields of a query, and of a form; more is 400. 1,000 by default. */
  readonly maxArguments?: number;

  // Development.

  /**
   * For development, never in production: templates and static versions are not cached, and error
   * pages show the exception, the source around it and the request, without its secrets.
   */
  readonly debug?: boolean;
  /** `Application.listen` starts the program again when its files change: on with `debug`. */
  readonly autoreload?: boolean;
  /** Errors are answered with the stack of the exception: on with `debug`, as a page then. */
  readonly serveTraceback?: boolean;

  // Routes and logs.

  /** Answers where no rule fits, in place of 404. */
  readonly defaultHandlerClass?: RequestHandlerClass;
  readonly defaultHandlerOptions?: object;
  /** The host whose rules are tried for requests for a host that has none. */
  readonly defaultHost?: string;
  /** Logs a finished request, in place of the access log. */
  readonly logFunction?: (handler: RequestHandler) => void;

  // Templates.

  /** The folder of templates; without it, that of the file that calls `render`. */
  readonly templatePath?: string | URL;
  /** Loads templates in place of a `Loader` of that folder. */
  readonly templateLoader?: TemplateLoader;
  /** The function that escapes expressions, by its name in templates; false for none. */
  readonly autoescape?: string | false;
  /** What happens to white space; `single` for `.html` and `.js`, else `all`, by default. */
  readonly templateWhitespace?: WhitespaceMode;
  /** Templates are compiled once; off with `debug`: each request reads them again. */
  readonly compiledTemplateCache?: boolean;
  /** UI modules by name: an imported module, a table, or a list of those. */
  readonly uiModules?: UISource;
  /** UI methods by name, as `uiModules`: functions that get the handler first. */
  readonly uiMethods?: UISource;

  // Static files.

  /** The folder that is served below `staticUrlPrefix`, and `/favicon.ico` and `/robots.txt` from. */
  readonly staticPath?: string | URL;
  /** `/static/` by default. */
  readonly staticUrlPrefix?: string;
  /** Serves the files, in place of `StaticFileHandler`. */
  readonly staticHandlerClass?: typeof StaticFileHandler;
  /** Further options of the handler, such as `defaultFilename`. */
  readonly staticHandlerOptions?: Omit<StaticFileOptions, "path">;
  /** Versions in static URLs, once made, hold until the program ends; off with `debug`. */
  readonly staticHashCache?: boolean;
  /** What versions and entity tags of files are made by; the core's content hash by default. */
  readonly staticHash?: StaticHash["algorithm"];
  /** How many hexadecimal digits of it are used; all by default. */
  readonly staticHashLength?: number;

  // Users and cookies.

  /** What cookies are signed with: long and random. Several by key version, to replace one. */
  readonly cookieSecret?: CookieSecret;
  /** Which of several secrets signs new cookies. */
  readonly keyVersion?: number;
  /** Where `authenticated` sends those who are not logged in. */
  readonly loginUrl?: string;
  /** Requests that change something need the client's XSRF token. */
  readonly xsrfCookies?: boolean;
  /**
   * How requests that other sites made are told: by `token` (the default), or by the headers
   * with which browsers say where a request comes from, `fetch-metadata`, which needs no token in
   * forms. Given at all, it switches the check on.
   */
  readonly xsrfPolicy?: "token" | "fetch-metadata";
  /** Format of the token: 2 (the default), or 1 beside servers that know no other. */
  readonly xsrfCookieVersion?: 1 | 2;
  /** `_xsrf` by default; the form's field stays `_xsrf`. */
  readonly xsrfCookieName?: string;
  /** How the token's cookie is set, such as `{ httpOnly: true, secure: true }`. */
  readonly xsrfCookieOptions?: CookieAttributes;

  // WebSockets: seconds and bytes, see docs/guide/limits.md.

  /** How often a WebSocket sends a ping; 0, the default, for never. */
  readonly websocketPingInterval?: number;
  /** How long the answer to a ping may take; the interval by default, and never longer. */
  readonly websocketPingTimeout?: number;
  /** Largest message, decompressed; 10 MiB by default. */
  readonly websocketMaxMessageSize?: number;
  /** Most bytes that may wait for a client that does not read; 16 MiB by default. */
  readonly websocketMaxBufferedAmount?: number;
  /** How long a client may take none of what waits for it; 60 by default, 0 for ever. */
  readonly websocketSendTimeout?: number;
  /** How long a client may take to close; 5 by default. */
  readonly websocketCloseTimeout?: number;

  /** An application's own settings. */
  readonly [name: string]: unknown;
}
