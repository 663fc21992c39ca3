/**
 * One request of a fetch, ready to be sent: redirects and challenges make another one of it. Does no
 * I/O; `fetch-task.ts` sends it.
 */

import { METHODS, OUTPUT_CAPACITY } from "../core.ts";
import type { ResponseHead } from "../http1connection.ts";
import { type HTTPHeaders, HTTPOutputError } from "../httputil.ts";
import { bodyOf, framingLine, type RequestBody } from "./body-source.ts";
import type { DigestSession, DigestSessions } from "./digest.ts";
import { HTTPClientError, NO_RESPONSE } from "./errors.ts";
import { type Place, placeAfter, placeOf } from "./place.ts";
import { dropBodyFields, dropCredentials, locationOf, methodAfter } from "./redirects.ts";
import { headersOf, type RequestSettings } from "./request.ts";
import { basicCredentials, requestHead } from "./request-head.ts";
import { type Route, routeTo } from "./route.ts";

const METHOD_IDS: ReadonlyMap<string, number> = new Map(METHODS.map((name, id) => [name, id]));
/** Methods that may be sent twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]);

/** What all requests of a fetch have in common. */
export interface HopContext {
  readonly settings: RequestSettings;
  readonly sessions: DigestSessions;
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

interface HopParts {
  readonly place: Place;
  readonly method: string;
  /** The application's fields, as far as they are still to be sent. */
  readonly headers: HTTPHeaders | undefined;
  readonly body: RequestBody | undefined;
  /** Of the first origin, and undefined for any other. */
  readonly credentials: Credentials | undefined;
  /** It answers a challenge of this fetch: not what the client has remembered from others. */
  readonly answers?: boolean;
}

export class Hop implements HopParts {
  readonly place: Place;
  readonly method: string;
  readonly headers: HTTPHeaders | undefined;
  readonly body: RequestBody | undefined;
  readonly credentials: Credentials | undefined;
  /** The method as the core counts it. */
  readonly methodId: number;
  readonly route: Route;
  /** The head as it is sent. */
  readonly head: string;
  readonly answers: boolean;
  readonly #context: HopContext;

  /** Throws for what cannot be sent. */
  constructor(context: HopContext, parts: HopParts) {
    this.#context = context;
    this.place = parts.place;
    this.method = parts.method;
    this.methodId = METHOD_IDS.get(parts.method) ?? 0;
    this.headers = parts.headers;
    this.body = parts.body;
    this.credentials = parts.credentials;
    this.answers = parts.answers === true;
    this.route = routeTo(parts.place, context.settings);
    this.head = this.#makeHead();
  }

  /** The first request of a fetch. Throws for one that cannot be sent. */
  static first(url: string, context: HopContext): Hop {
    const { settings } = context;
    const place = placeOf(url);
    return new Hop(context, {
      place,
      method: settings.method,
      headers: settings.headers === undefined ? undefined : headersOf(settings.headers),
      body: bodyOf(settings),
      credentials: credentialsOf(place, settings),
    });
  }

  get settings(): RequestSettings {
    return this.#context.settings;
  }

  /**
   * It is the same for every fetch of its URL: nothing in it belongs to one of them, can be changed
   * by who gave it, or proves who asks.
   */
  get isPlain(): boolean {
    return (
      this.headers === undefined &&
      this.body === undefined &&
      this.credentials === undefined &&
      this.settings.ifModifiedSince === undefined
    );
  }

  /** The body's length, if the application says it. */
  get givenLength(): number | undefined {
    const given = this.headers?.get("Content-Length");
    return given === undefined ? undefined : Number(given);
  }

  /** The application has not asked for the connection's end. */
  get keepsConnection(): boolean {
    return this.headers === undefined || !isClose(this.headers.get("Connection"));
  }

  /** The server is asked before the body is sent, if there is any (RFC 9110 section 10.1.1). */
  get waits(): boolean {
    const { body } = this;
    if (body === undefined || (body.size === 0 && body.producer === undefined)) return false;
    return this.settings.expect100Continue;
  }

  /** Sending it a second time does no harm, and is possible. */
  get repeatable(): boolean {
    return IDEMPOTENT.has(this.method) && this.body?.producer === undefined;
  }

  /**
   * The request that a redirect makes of this one, or undefined if a response is none. Throws
   * HTTPClientError for one that leads nowhere, HTTPOutputError for a body that cannot be sent again.
   */
  redirected(head: ResponseHead): Hop | undefined {
    const location = locationOf(head);
    if (location === undefined) return undefined;
    const place = followed(this.place, location);
    const method = methodAfter(head.code, this.method);
    const sameOrigin = place.origin === this.place.origin;
    const headers = this.headers?.copy();
    headers?.delete("Host");
    if (headers !== undefined && !sameOrigin) dropCredentials(headers);
    const credentials = sameOrigin ? this.credentials : undefined;
    if (method === this.method) {
      if (this.body?.repeatable === false) {
        throw new HTTPOutputError("Cannot follow redirect: the body can be sent only once");
      }
      return new Hop(this.#context, { place, method, headers, body: this.body, credentials });
    }
    if (headers !== undefined) dropBodyFields(headers);
    return new Hop(this.#context, { place, method, headers, body: undefined, credentials });
  }

  /** The request that answers the challenge of a response, or undefined if it cannot be answered. */
  answering(head: ResponseHead): Hop | undefined {
    const { settings, sessions } = this.#context;
    if (head.code !== 401 || settings.authMode !== "digest") return undefined;
    if (this.credentials === undefined || this.body?.repeatable === false) return undefined;
    if (this.headers?.has("Authorization") === true) return undefined;
    const challenges = head.getList("Www-Authenticate");
    if (!sessions.learn(this.#sessionKey(), challenges, this.answers)) return undefined;
    if (this.#digestSession() === undefined) return undefined;
    const { place, method, headers, body, credentials } = this;
    return new Hop(this.#context, { place, method, headers, body, credentials, answers: true });
  }

  #digestSession(): DigestSession | undefined {
    return this.#context.sessions.get(this.#sessionKey(), this.body?.producer !== undefined);
  }

  #sessionKey(): string {
    return `${this.place.origin} ${this.credentials?.username}`;
  }

  #makeHead(): string {
    const { headers, route, method, body, place, settings } = this;
    const target = route.absolute ? place.href.replace(/#.*$/s, "") : place.target;
    let lines = framingLine(body, headers);
    if (headers?.has("Proxy-Authorization") !== true) lines += route.credentials;
    if (this.credentials !== undefined) lines += this.#authorization(this.credentials);
    if (this.waits && headers?.has("Expect") !== true) lines += "Expect: 100-continue\r\n";
    const hasBody = body !== undefined;
    const head = requestHead({
      method,
      target,
      authority: place.authority,
      settings,
      headers,
      lines,
      hasBody,
    });
    if (head.length <= OUTPUT_CAPACITY) return head;
    throw new HTTPOutputError(`Cannot fetch: a head of ${head.length} bytes is more than fit`);
  }

  #authorization({ username, password }: Credentials): string {
    if (this.headers?.has("Authorization") === true) return "";
    if (this.settings.authMode === "basic") {
      return `Authorization: ${basicCredentials(username, password)}\r\n`;
    }
    const session = this.#digestSession();
    if (session === undefined) return "";
    const { method, body } = this;
    // As the origin sees it: a proxy is told the whole URL, and leaves the rest out.
    const { target } = this.place;
    const request = { method, target, username, password, body: body?.whole ?? "" };
    return `Authorization: ${session.authorize(request)}\r\n`;
  }
}

/** The option among those of a Connection field (RFC 9110 section 7.6.1). */
function isClose(connection: string | undefined): boolean {
  return connection !== undefined && /(^|,)\s*close\s*(,|$)/i.test(connection);
}

/** Those of the settings, or else those of the URL. */
function credentialsOf(place: Place, settings: RequestSettings): Credentials | undefined {
  const { authUsername, authPassword } = settings;
  if (authUsername !== undefined) return { username: authUsername, password: authPassword ?? "" };
  if (place.username === undefined) return undefined;
  return { username: place.username, password: place.password ?? "" };
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
