/**
 * What a handler remembers of things that only some requests need: one object, made when the first
 * of them is asked for, so that the others cost a request nothing.
 */

import type { HTTPMessageDelegate } from "../httputil.ts";
import type { Locale } from "../locale.ts";
import type { EventStream } from "./event-stream.ts";
import type { Page } from "./page.ts";
import type { TransformedOutput } from "./transformed-output.ts";
import type { XsrfState } from "./xsrf.ts";

export class HandlerExtras {
  /** The reason phrase, if it is not the status's own. */
  reason: string | undefined;
  /** `Set-Cookie` values by the cookie's name. */
  newCookies: Map<string, string> | undefined;
  /** The transforms that the response goes through, once its head has. */
  output: TransformedOutput | undefined;
  /** Who answers the request in the handler's place. */
  heir: HTTPMessageDelegate | undefined;
  /** The user, once known; undefined stands for nobody. */
  user: { readonly value: unknown } | undefined;
  xsrf: XsrfState | undefined;
  locale: Locale | undefined;
  requestId: string | undefined;
  /** What is rendered. */
  page: Page | undefined;
  /** Settles when an error's page that takes time is done. */
  errorPage: Promise<void> | undefined;
  /** Aborts `closeSignal`. */
  closing: AbortController | undefined;
  /** What `sse` has opened. */
  stream: EventStream | undefined;
}
