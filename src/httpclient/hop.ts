/**
 * One request of a fetch, ready to be sent: redirects and credentials make another one of it. Does no
 * I/O; `fetch-task.ts` sends it.
 */

import { METHODS } from "../core.ts";
import type { ResponseHead } from "../http1connection.ts";
import { HTTPHeaders, HTTPOutputError } from "../httputil.ts";
import { bodyOf, framingLine, type RequestBody } from "./body-source.ts";
import { HTTPClientError, NO_RESPONSE } from "./errors.ts";
import { type Place, placeAfter, placeOf } from "./place.ts";
import { dropBodyFields, dropCredentials, locationOf, methodAfter } from "./redirects.ts";
import { headersOf, type RequestSettings } from "./request.ts";
import { basicCredentials, requestHead } from "./request-head.ts";

const METHOD_IDS: ReadonlyMap<string, number> = new Map(METHODS.map((name, id) => [name, id]));
/** Methods that may be sent twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]);
const NO_HEADERS = new HTTPHeaders();

interface HopParts {
  readonly place: Place;
  readonly method: string;
  /** The application's fields, as far as they are still to be sent. */
  readonly headers: HTTPHeaders | undefined;
  readonly body: RequestBody | undefined;
  /** The origin is the one that the application's credentials are for. */
  readonly trusted: boolean;
}

export class Hop implements HopParts {
  readonly place: Place;
  readonly method: string;
  readonly headers: HTTPHeaders | undefined;
  readonly body: RequestBody | undefined;
  readonly trusted: boolean;
  /** The method as the core counts it. */
  readonly methodId: number;
  /** The head as it is sent. */
  readonly head: string;
  readonly #settings: RequestSettings;

  /** Throws for what cannot be sent. */
  constructor(settings: RequestSettings, parts: HopParts) {
    this.#settings = settings;
    this.place = parts.place;
    this.method = parts.method;
    this.methodId = METHOD_IDS.get(parts.method) ?? 0;
    this.headers = parts.headers;
    this.body = parts.body;
    this.trusted = parts.trusted;
    this.head = this.#makeHead();
  }

  /** The first request of a fetch. Throws for one that cannot be sent. */
  static first(url: string, settings: RequestSettings): Hop {
    return new Hop(settings, {
      place: placeOf(url),
      method: settings.method,
      headers: settings.headers === undefined ? undefined : headersOf(settings.headers),
      body: bodyOf(settings),
      trusted: true,
    });
  }

  /** The body's length, if the application says it. */
  get givenLength(): number | undefined {
    const given = this.headers?.get("Content-Length");
    return given === undefined ? undefined : Number(given);
  }

  /** Sending it a second time does no harm, and is possible. */
  get repeatable(): boolean {
    return IDEMPOTENT.has(this.method) && this.body?.producer === undefined;
  }

  /**
   * The request that a redirect makes of this one, or undefined if a response is none. Throws
   * HTTPClientError for one that leads nowhere, HTTPOutputError for a body that cannot be sent again.
   */
  after(head: ResponseHead): Hop | undefined {
    const location = locationOf(head);
    if (location === undefined) return undefined;
    const place = followed(this.place, location);
    const method = methodAfter(head.code, this.method);
    const trusted = this.trusted && place.origin === this.place.origin;
    const headers = this.headers?.copy();
    headers?.delete("Host");
    if (headers !== undefined && !trusted) dropCredentials(headers);
    if (method === this.method) {
      if (this.body?.repeatable === false) {
        throw new HTTPOutputError("Cannot follow redirect: the body can be sent only once");
      }
      return new Hop(this.#settings, { place, method, headers, body: this.body, trusted });
    }
    if (headers !== undefined) dropBodyFields(headers);
    return new Hop(this.#settings, { place, method, headers, body: undefined, trusted });
  }

  #makeHead(): string {
    const headers = this.headers ?? NO_HEADERS;
    const settings = this.#settings;
    let lines = framingLine(this.body, headers);
    if (this.trusted) lines += this.#authorization(headers);
    if (settings.expect100Continue && this.body !== undefined) {
      lines += "Expect: 100-continue\r\n";
    }
    return requestHead({
      method: this.method,
      target: this.place.target,
      authority: this.place.authority,
      settings,
      headers: this.headers,
      lines,
      hasBody: this.body !== undefined,
    });
  }

  #authorization(headers: HTTPHeaders): string {
    const { authUsername, authPassword } = this.#settings;
    const username = authUsername ?? this.place.username;
    if (username === undefined || headers.has("Authorization")) return "";
    const password = authUsername === undefined ? this.place.password : authPassword;
    return `Authorization: ${basicCredentials(username, password ?? "")}\r\n`;
  }
}

/** Where a Location leads; what is wrong with it is the server's doing. */
function followed(place: Place, location: string): Place {
  try {
    return placeAfter(place, location);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HTTPClientError(NO_RESPONSE, `Bad redirect: ${why}`, undefined, { cause });
  }
}
