/**
 * The client: takes URLs and requests, makes a fetch of each, and keeps the connections. Stands on
 * sockets of its own loop, like the server.
 */

import { HTTPHeaders } from "../httputil.ts";
import { IOLoop } from "../ioloop.ts";
import { DefaultResolver, type Mapping, OverrideResolver, type Resolver } from "../netutil.ts";
import { Dispatcher } from "./dispatcher.ts";
import { HTTPClientError, NO_RESPONSE } from "./errors.ts";
import { FetchTask } from "./fetch-task.ts";
import { FirstHops } from "./first-hops.ts";
import { Hop } from "./hop.ts";
import { type ClientLimits, clientLimits } from "./limits.ts";
import {
  checkSettings,
  HTTPRequest,
  type HTTPRequestOptions,
  NO_OPTIONS,
  REQUEST_DEFAULTS,
  type RequestSettings,
  withDefaults,
} from "./request.ts";
import { HTTPResponse } from "./response.ts";
import { EMPTY } from "./response-body.ts";

/** Options of a client: every limit, and these. */
export interface AsyncHTTPClientOptions extends Partial<ClientLimits> {
  /** A client of its own, with its own connections, instead of the loop's. */
  readonly forceInstance?: boolean;
  /** Options of every request that does not say otherwise. */
  readonly defaults?: HTTPRequestOptions;
  /** Finds the addresses of names in place of the sockets; they are tried side by side. */
  readonly resolver?: Resolver;
  /** Where names lead instead, as `OverrideResolver` has it (Tornado `hostname_mapping`). */
  readonly hostnameMapping?: Mapping;
  readonly loop?: IOLoop;
}

/** Options of one call. */
export interface FetchOptions extends HTTPRequestOptions {
  /** False gives a response with an error instead of rejecting with it. True by default. */
  readonly raiseError?: boolean;
  /** Gets the response in place of the promise: one with code 599 if there is none. */
  readonly callback?: FetchCallback;
}

/** Gets the response of a fetch that was given a callback. */
export type FetchCallback = (response: HTTPResponse) => unknown;

let configured: AsyncHTTPClientOptions = {};
const instances = new WeakMap<IOLoop, AsyncHTTPClient>();

/**
 * A non-blocking HTTP client with kept connections (Tornado `httpclient.AsyncHTTPClient`). There is
 * one for each loop, which `new AsyncHTTPClient()` gives too, unless `forceInstance` asks for one of
 * its own.
 */
export class AsyncHTTPClient {
  readonly #dispatcher!: Dispatcher;
  readonly #settings!: RequestSettings;
  readonly #firstHops!: FirstHops;
  readonly #loop!: IOLoop;
  #closed = false;

  /**
   * Throws a RangeError for a limit that cannot be held to, and a TypeError for options of a client
   * that exists already.
   */
  constructor(options: AsyncHTTPClientOptions = {}) {
    const loop = options.loop ?? configured.loop ?? IOLoop.current();
    const shared = options.forceInstance === true ? undefined : instances.get(loop);
    if (shared !== undefined) {
      checkShared(options);
      // biome-ignore lint/correctness/noConstructorReturn: Tornado's one instance for each loop
      return shared;
    }
    const { defaults, resolver, hostnameMapping, ...limits } = { ...configured, ...options };
    this.#loop = loop;
    this.#settings = withDefaults(
      withDefaults(REQUEST_DEFAULTS, configured.defaults ?? {}),
      defaults ?? {},
    );
    checkSettings(this.#settings);
    const resolving =
      hostnameMapping === undefined
        ? resolver
        : new OverrideResolver(resolver ?? new DefaultResolver(), hostnameMapping);
    this.#dispatcher = new Dispatcher(loop, clientLimits(limits), resolving);
    this.#firstHops = new FirstHops(this.#settings, this.#dispatcher.sessions);
    if (options.forceInstance !== true) instances.set(loop, this);
  }

  /** The client of the current loop, made on first use. */
  static instance(): AsyncHTTPClient {
    return new AsyncHTTPClient();
  }

  /**
   * Options of every client that is made from now on, unless it has its own: call it first. Closes
   * no client that is there.
   */
  static configure(options: AsyncHTTPClientOptions): void {
    configured = options;
  }

  /** Connections that are kept for the next fetch. */
  get idleConnections(): number {
    return this.#dispatcher.pool.size;
  }

  /**
   * Fetches a URL or a request. Rejects with HTTPClientError for a response that is no success, code
   * 599 if there was none, and with TypeError, RangeError or HTTPOutputError for a request that
   * cannot be sent. Options belong to a URL; a request has its own.
   */
  fetch(request: string | HTTPRequest, options?: FetchOptions): Promise<HTTPResponse>;
  /**
   * Calls back with the response, one of code 599 where there is none. The promise rejects only with
   * what the callback throws: a handler that returns it answers 500 then.
   */
  fetch(request: string | HTTPRequest, callback: FetchCallback): Promise<HTTPResponse>;
  fetch(
    request: string | HTTPRequest,
    given?: FetchOptions | FetchCallback,
  ): Promise<HTTPResponse> {
    if (given === undefined) return this.#start(request, undefined, true);
    const {
      callback,
      raiseError = true,
      ...options
    } = typeof given === "function" ? { callback: given } : given;
    if (callback === undefined) return this.#start(request, options, raiseError);
    const answered = this.#start(request, options, false).catch((error) =>
      failedResponse(request, error),
    );
    return answered.then(async (response) => {
      await callback(response);
      return response;
    });
  }

  /**
   * Closes what is kept and ends every fetch with an error. The loop makes a new shared client when
   * one is asked for.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (instances.get(this.#loop) === this) instances.delete(this.#loop);
    this.#dispatcher.close();
  }

  #start(
    request: string | HTTPRequest,
    options: HTTPRequestOptions | undefined,
    raiseError: boolean,
  ): Promise<HTTPResponse> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error("Cannot fetch: the client is closed");
      const whole = typeof request === "string" ? new HTTPRequest(request, options) : request;
      if (whole === request && options !== undefined && Object.keys(options).length > 0) {
        throw new TypeError("Cannot fetch: options are given besides an HTTPRequest with its own");
      }
      if (!(whole instanceof HTTPRequest)) {
        throw new TypeError("Cannot fetch: expected a URL as text, or an HTTPRequest");
      }
      const first = this.#firstHop(whole.url, whole.options);
      first.settings.signal?.throwIfAborted();
      const outcome = { raiseError, resolve, reject };
      this.#dispatcher.add(new FetchTask(this.#dispatcher, whole, first, outcome));
    });
  }

  /** Throws for a request that cannot be sent. */
  #firstHop(url: string, options: HTTPRequestOptions): Hop {
    if (options === NO_OPTIONS) return this.#firstHops.to(url);
    const settings = withDefaults(this.#settings, options);
    checkSettings(settings);
    return Hop.first(url, { settings, sessions: this.#dispatcher.sessions });
  }
}

/** Throws for options that a client which exists already would not take. */
function checkShared(options: AsyncHTTPClientOptions): void {
  const { loop: _loop, forceInstance: _force, ...own } = options;
  const [name] = Object.keys(own);
  if (name === undefined) return;
  throw new TypeError(
    `Cannot set ${name}: the loop's client exists already; use forceInstance, or configure before`,
  );
}

/** What a callback gets where a promise would reject. */
function failedResponse(request: string | HTTPRequest, cause: unknown): HTTPResponse {
  const now = performance.now();
  const message = cause instanceof Error ? cause.message : String(cause);
  const error =
    cause instanceof HTTPClientError
      ? cause
      : new HTTPClientError(NO_RESPONSE, message, undefined, { cause });
  return new HTTPResponse({
    request: typeof request === "string" ? new HTTPRequest(request) : request,
    code: NO_RESPONSE,
    reason: "Unknown",
    headers: new HTTPHeaders(),
    body: EMPTY,
    effectiveUrl: typeof request === "string" ? request : request.url,
    times: { called: now, begun: now, connected: 0, answered: 0, ended: now },
    error,
  });
}

/**
 * A client for scripts, with connections of its own (Tornado `httpclient.HTTPClient`). Tornado's
 * blocks until the response is there; here its promise is awaited, because a runtime that blocks can
 * serve nobody meanwhile, not even the server that it may be asking.
 */
export class HTTPClient extends AsyncHTTPClient {
  constructor(options: AsyncHTTPClientOptions = {}) {
    super({ ...options, forceInstance: true });
  }
}
