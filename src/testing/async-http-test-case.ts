/**
 * A server with an application, on a free port, for each test. Private to `testing`.
 */

import type { TlsServerOptions } from "../host.ts";
import {
  AsyncHTTPClient,
  type FetchOptions,
  HTTPRequest,
  type HTTPResponse,
} from "../httpclient.ts";
import { HTTPServer, type HTTPServerOptions, type RequestCallback } from "../httpserver.ts";
import type { HTTPServerConnectionDelegate } from "../httputil.ts";
import {
  type WebSocketClientConnection,
  type WebSocketConnectOptions,
  websocketConnect,
} from "../websocket.ts";
import { AsyncTestCase } from "./async-test-case.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "./certificate.ts";

/** What can be served: an `Application`, a router, a callback. */
export type TestedApplication = HTTPServerConnectionDelegate | RequestCallback;

const HOST = "127.0.0.1";
/** Seconds after which a test's end does not wait for handlers any more. */
const DRAIN_TIMEOUT = 0.25;

/**
 * Serves an application on a free port of 127.0.0.1 for each test, and fetches from it. Extend it,
 * and say in `getApp` what is served (Tornado `testing.AsyncHTTPTestCase`).
 */
export abstract class AsyncHTTPTestCase extends AsyncTestCase {
  #server: HTTPServer | undefined;
  #client: AsyncHTTPClient | undefined;
  readonly #webSockets = new Set<WebSocketClientConnection>();

  /** Hook: what is served. Called before each test. */
  abstract getApp(): TestedApplication | Promise<TestedApplication>;

  /** Hook: options of the server. */
  getHTTPServerOptions(): HTTPServerOptions {
    return {};
  }

  /** Hook: the client that `fetch` uses. It has connections of its own, which end with the test. */
  getHTTPClient(): AsyncHTTPClient {
    return new AsyncHTTPClient({ forceInstance: true, loop: this.loop });
  }

  /** Hook: what URLs begin with. */
  getProtocol(): string {
    return "http";
  }

  /** The server of this test. */
  get httpServer(): HTTPServer {
    return present(this.#server);
  }

  /** The client of this test. */
  get httpClient(): AsyncHTTPClient {
    return present(this.#client);
  }

  /** The port of the server, another one in each test. */
  getHTTPPort(): number {
    return this.httpServer.addresses[0]?.port as number;
  }

  /** The whole URL of a path. */
  getUrl(path: string): string {
    return `${this.getProtocol()}://${HOST}:${this.getHTTPPort()}${path}`;
  }

  /**
   * Fetches a path of the server, or a whole URL. An answer of any status is no error, unless the
   * option `raiseError` says so; without an answer it rejects with an HTTPClientError.
   */
  async fetch(path: string, options: FetchOptions = {}): Promise<HTTPResponse> {
    const { raiseError = false, ...rest } = options;
    const response = await this.httpClient.fetch(this.#whole(path), { ...rest, raiseError });
    // Nobody looks at the code of an answer that there was not.
    if (response.code === 599 && response.error !== undefined) throw response.error;
    return response;
  }

  /** Opens a WebSocket to a path of the server, or a whole URL. It is closed with the test. */
  async websocketConnect(
    path: string,
    options: WebSocketConnectOptions = {},
  ): Promise<WebSocketClientConnection> {
    const url = this.#whole(path).replace(/^http/, "ws");
    const request = this.webSocketRequest(url);
    const connection = await websocketConnect(request, { loop: this.loop, ...options });
    this.#webSockets.add(connection);
    connection.closed.then(() => this.#webSockets.delete(connection));
    return connection;
  }

  /** What a WebSocket is asked for by: a URL, or a request with options. */
  protected webSocketRequest(url: string): string | HTTPRequest {
    return url;
  }

  /** Starts the server. Throws an Error if it has one that `tearDown()` has not closed. */
  override async setUp(): Promise<void> {
    if (this.#server !== undefined) {
      throw new Error(
        "Cannot set up a test case twice: tearDown() has not run. Tests that run at once need one each",
      );
    }
    await super.setUp();
    const options = { drainGrace: 0, drainTimeout: DRAIN_TIMEOUT, loop: this.loop };
    const server = new HTTPServer(await this.getApp(), {
      ...options,
      ...this.getHTTPServerOptions(),
    });
    await server.listen(0, HOST);
    this.#server = server;
    this.#client = this.getHTTPClient();
  }

  /** Closes what the test has opened. Handlers that still run have a quarter of a second. */
  override async tearDown(): Promise<void> {
    this.#client?.close();
    for (const connection of this.#webSockets) connection.close();
    await this.#server?.drain();
    this.#server = undefined;
    this.#client = undefined;
    await super.tearDown();
  }

  #whole(path: string): string {
    return /^\w+:\/\//.test(path) ? path : this.getUrl(path);
  }
}

/**
 * The same over TLS: with a certificate for tests, which the client of the test case trusts, or
 * with one's own (Tornado `testing.AsyncHTTPSTestCase`).
 */
export abstract class AsyncHTTPSTestCase extends AsyncHTTPTestCase {
  /** Hook: what the server says of itself. */
  getSslOptions(): TlsServerOptions {
    return { cert: TEST_CERTIFICATE, key: TEST_KEY };
  }

  override getHTTPServerOptions(): HTTPServerOptions {
    return { sslOptions: this.getSslOptions() };
  }

  override getHTTPClient(): AsyncHTTPClient {
    const defaults = { sslOptions: { ca: TEST_CERTIFICATE } };
    return new AsyncHTTPClient({ forceInstance: true, loop: this.loop, defaults });
  }

  override getProtocol(): string {
    return "https";
  }

  protected override webSocketRequest(url: string): string | HTTPRequest {
    return new HTTPRequest(url, { sslOptions: { ca: TEST_CERTIFICATE } });
  }
}

function present<Part>(part: Part | undefined): Part {
  if (part === undefined) {
    throw new Error("Cannot use the server: setUp() has not run, or tearDown() has");
  }
  return part;
}
