/**
 * What is asked for: a URL and options, with the client's defaults and Tornado's filled in, and
 * checked before anything is sent.
 */

import type { TlsClientOptions } from "../host.ts";
import { HTTPHeaders, HTTPOutputError, isToken } from "../httputil.ts";
import { VERSION } from "../util.ts";

/** Bytes to send, strings as UTF-8. */
export type Chunk = string | Uint8Array;

/** Header fields: an object, pairs, whose names may repeat, or `HTTPHeaders`. */
export type HeaderFields =
  | Readonly<Record<string, string | readonly string[]>>
  | Iterable<readonly [string, string]>;

/** Options of a request (Tornado `httpclient.HTTPRequest`). Times in seconds, 0 for no limit. */
export interface HTTPRequestOptions {
  /** GET by default. */
  readonly method?: string;
  readonly headers?: HeaderFields;
  /**
   * What POST, PUT and PATCH must have and others must not: the whole of it, or its parts as they
   * come, which are sent in the chunked coding unless a header says the length.
   */
  readonly body?: Chunk | AsyncIterable<Chunk>;
  /**
   * Called with a function that sends a part of the body, in place of `body`; the body is complete
   * when what it returns settles. A promise from `write` resolves when there is room for more.
   */
  readonly bodyProducer?: (write: (chunk: Chunk) => Promise<void>) => unknown;
  /** Credentials; those of the URL are used otherwise. */
  readonly authUsername?: string;
  readonly authPassword?: string;
  /** `basic`, the default, or `digest` (RFC 7616). */
  readonly authMode?: "basic" | "digest";
  /** From the call until there is a connection, the time in the queue included. 20. */
  readonly connectTimeout?: number;
  /** From the call until the response is complete, redirects included. 20. */
  readonly requestTimeout?: number;
  /** Asks for the response only if it has changed since: a Date, or seconds since the epoch. */
  readonly ifModifiedSince?: Date | number;
  /** True by default. */
  readonly followRedirects?: boolean;
  /** Redirects that are followed; the next one is an error. 5. */
  readonly maxRedirects?: number;
  /** `Squall/` and the version by default; `""` sends none. */
  readonly userAgent?: string;
  /** Asks for a compressed response, and decompresses it: true by default. */
  readonly decompressResponse?: boolean;
  /** The older name of `decompressResponse`. */
  readonly useGzip?: boolean;
  /** Gets each part of the response's body as it comes; a promise holds the next back. */
  readonly streamingCallback?: (chunk: Uint8Array) => unknown;
  /**
   * Gets the status line, each header line and the empty line, with their CRLF: those of every
   * response, also of one that redirects.
   */
  readonly headerCallback?: (line: string) => void;
  /** A proxy: `http` goes through it in absolute form, `https` through a tunnel. */
  readonly proxyHost?: string;
  readonly proxyPort?: number;
  readonly proxyUsername?: string;
  readonly proxyPassword?: string;
  /** `basic`, the only one. */
  readonly proxyAuthMode?: "basic";
  /** Allows other methods, and bodies where they are unusual. */
  readonly allowNonstandardMethods?: boolean;
  /** Waits with the body until the server says 100 Continue, or for a second. */
  readonly expect100Continue?: boolean;
  /** False accepts any certificate: whoever is in between can read everything. True by default. */
  readonly validateCert?: boolean;
  /** File of certificates, in PEM, that are trusted in place of the runtime's. */
  readonly caCerts?: string;
  /** Files of the client's own key and certificate, in PEM; the latter may hold both. */
  readonly clientKey?: string;
  readonly clientCert?: string;
  /** More of that, and bytes in place of files. It goes before what stands above. */
  readonly sslOptions?: TlsClientOptions;
  /**
   * Name or IP address of the interface that connections come from. Where the runtime cannot bind
   * sockets before they connect, the fetch fails with `ENOTSUP`.
   */
  readonly networkInterface?: string;
  /** False connects by IPv4 only. */
  readonly allowIpv6?: boolean;
  /** Connects to this Unix socket; the URL still says what is asked for. */
  readonly socketPath?: string;
  /** Gives the fetch up when it is aborted, and rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** What has a default. */
type Defaulted =
  | "method"
  | "authMode"
  | "connectTimeout"
  | "requestTimeout"
  | "followRedirects"
  | "maxRedirects"
  | "userAgent"
  | "decompressResponse"
  | "allowNonstandardMethods"
  | "expect100Continue"
  | "validateCert"
  | "allowIpv6";

/** Options with every default filled in. */
export type RequestSettings = Omit<HTTPRequestOptions, Defaulted> &
  Required<Pick<HTTPRequestOptions, Defaulted>>;

/** Tornado's defaults. */
export const REQUEST_DEFAULTS: RequestSettings = {
  method: "GET",
  authMode: "basic",
  connectTimeout: 20,
  requestTimeout: 20,
  followRedirects: true,
  maxRedirects: 5,
  userAgent: `Squall/${VERSION}`,
  decompressResponse: true,
  allowNonstandardMethods: false,
  expect100Continue: false,
  validateCert: true,
  allowIpv6: true,
};

/** Of a request that leaves everything to the client. */
export const NO_OPTIONS: HTTPRequestOptions = {};

/** A request that can be given to `fetch`, as often as one likes (Tornado `HTTPRequest`). */
export class HTTPRequest {
  readonly url: string;
  readonly #given: HTTPRequestOptions;
  #headers: HTTPHeaders | undefined;

  constructor(url: string, options: HTTPRequestOptions = NO_OPTIONS) {
    this.url = url;
    this.#given = options;
  }

  /** Those given, with `headers` as they are now. */
  get options(): HTTPRequestOptions {
    const headers = this.#headers;
    if (headers === undefined || (headers.size === 0 && !this.#given.headers)) return this.#given;
    return { ...this.#given, headers };
  }

  /** GET if none was given. */
  get method(): string {
    return this.#given.method ?? REQUEST_DEFAULTS.method;
  }

  /**
   * The request's own copy of the fields given, without those that the client adds. What is changed
   * here is sent by fetches that begin later. Throws HTTPOutputError for a bad one.
   */
  get headers(): HTTPHeaders {
    this.#headers ??= headersOf(this.#given.headers);
    return this.#headers;
  }

  /** What was given to be sent. */
  get body(): HTTPRequestOptions["body"] {
    return this.#given.body;
  }
}

/** Options on top of others. One that is undefined counts as not given. */
export function withDefaults(
  defaults: RequestSettings,
  options: HTTPRequestOptions,
): RequestSettings {
  const settings: RequestSettings & Record<string, unknown> = { ...defaults };
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) settings[name as string] = value;
  }
  const { useGzip } = options;
  return useGzip === undefined ? settings : { ...settings, decompressResponse: useGzip };
}

/** Fields in one form, checked. Throws HTTPOutputError for one that cannot be sent. */
export function headersOf(fields: HeaderFields | undefined): HTTPHeaders {
  if (fields === undefined) return new HTTPHeaders();
  if (isIterable(fields)) return new HTTPHeaders(fields);
  const headers = new HTTPHeaders();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string") headers.add(name, value);
    else if (Array.isArray(value)) for (const one of value) headers.add(name, one);
    else throw new TypeError(`Cannot set header ${name}: its value is ${value}, not text`);
  }
  return headers;
}

function isIterable<T>(value: object): value is Iterable<T> {
  return Symbol.iterator in value;
}

const STANDARD = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);
const plainText = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What options are of, for who writes plain JavaScript: else a fetch is half done when it shows. */
const KINDS: Readonly<Record<string, readonly (keyof HTTPRequestOptions)[]>> = {
  string: [
    "method",
    "userAgent",
    "authUsername",
    "authPassword",
    "proxyHost",
    "proxyUsername",
    "proxyPassword",
    "caCerts",
    "clientKey",
    "clientCert",
    "networkInterface",
    "socketPath",
  ],
  number: ["connectTimeout", "requestTimeout", "maxRedirects", "proxyPort"],
  function: ["bodyProducer", "streamingCallback", "headerCallback"],
  object: ["headers", "sslOptions", "signal"],
};

/** Throws for what cannot be sent, or is not meant: TypeError, RangeError or HTTPOutputError. */
export function checkSettings(settings: RequestSettings): void {
  checkKinds(settings);
  checkRequest(settings);
  checkCredentials(settings);
  checkProxy(settings);
}

function checkKinds(settings: RequestSettings): void {
  for (const kind in KINDS) {
    for (const name of KINDS[kind] ?? []) {
      const value = settings[name];
      if (value === undefined || (typeof value === kind && value !== null)) continue;
      throw wrongKind(name, value, kind);
    }
  }
  const { ifModifiedSince: since } = settings;
  if (since === undefined || typeof since === "number" || since instanceof Date) return;
  throw wrongKind("ifModifiedSince", since, "Date and no number");
}

function wrongKind(name: string, value: unknown, kind: string): TypeError {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  return new TypeError(`Cannot fetch: ${name} is ${shown}, which is no ${kind}`);
}

function checkRequest(settings: RequestSettings): void {
  const { method, body, bodyProducer } = settings;
  if (!isToken(method) || method === "CONNECT") {
    throw new HTTPOutputError(`Cannot fetch with method ${JSON.stringify(method)}`);
  }
  if (body !== undefined && bodyProducer !== undefined) {
    throw new TypeError("Cannot fetch: both body and bodyProducer are given");
  }
  if (!settings.allowNonstandardMethods) checkMethod(settings);
  if (!plainText.test(settings.userAgent)) {
    throw new HTTPOutputError("Cannot fetch: userAgent has a control character or is not Latin-1");
  }
  for (const name of ["connectTimeout", "requestTimeout", "maxRedirects"] as const) {
    if (settings[name] >= 0) continue;
    throw new RangeError(`Cannot fetch: ${name} is ${settings[name]}, not a number from 0 up`);
  }
}

/** Another way to prove who asks must not pass for the usual one, which shows the password. */
function checkCredentials({ authMode, proxyAuthMode = "basic" }: RequestSettings): void {
  if (authMode !== "basic" && authMode !== "digest") {
    throw new TypeError(`Cannot fetch: authMode is "${authMode}", not "basic" or "digest"`);
  }
  if (proxyAuthMode !== "basic") {
    throw new TypeError(`Cannot fetch: proxyAuthMode is "${proxyAuthMode}", not "basic"`);
  }
}

function checkProxy({ proxyHost, proxyPort }: RequestSettings): void {
  if (proxyHost !== undefined && !/^[^\s\0]+$/.test(proxyHost)) {
    throw new TypeError(`Cannot use a proxy: proxyHost is ${JSON.stringify(proxyHost)}`);
  }
  if (proxyPort === undefined) return;
  if (Number.isInteger(proxyPort) && proxyPort > 0 && proxyPort < 65_536) return;
  throw new RangeError(`Cannot use a proxy: proxyPort is ${proxyPort}, not a port`);
}

function checkMethod({ method, body, bodyProducer }: RequestSettings): void {
  const advice = "set allowNonstandardMethods to allow it";
  if (!STANDARD.has(method)) {
    throw new TypeError(`Cannot fetch: "${method}" is not a standard method; ${advice}`);
  }
  const hasBody = body !== undefined || bodyProducer !== undefined;
  if (hasBody === WITH_BODY.has(method)) return;
  throw new TypeError(
    hasBody
      ? `Cannot fetch: ${method} has a body, which is unusual; ${advice}`
      : `Cannot fetch: ${method} has no body; give "" for an empty one, or ${advice}`,
  );
}
