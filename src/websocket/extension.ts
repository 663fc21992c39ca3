/**
 * The header `Sec-WebSocket-Extensions` (RFC 6455 section 9.1), and what two peers agree on about
 * permessage-deflate (RFC 7692 section 7.1). Text in, values out.
 */

import { WebSocketError } from "./protocol.ts";

/** How messages are compressed (Tornado `get_compression_options`, and the parameters of RFC 7692). */
export interface CompressionOptions {
  /** 1 is fastest, 9 smallest; 6 by default. */
  readonly compressionLevel?: number;
  /** Memory that zlib compresses with, 1 to 9; 8 by default. */
  readonly memLevel?: number;
  /** Shorter messages are sent as they are; 64 bytes by default. */
  readonly threshold?: number;
  /** The server compresses each message by itself. */
  readonly serverNoContextTakeover?: boolean;
  /** The client is asked to do so, which saves the 32 KiB that a server keeps of its messages. */
  readonly clientNoContextTakeover?: boolean;
  /** How far back the server's messages may refer, 9 to 15 bits. */
  readonly serverMaxWindowBits?: number;
  /** How far back the client's may, 9 to 15 bits, if the client knows this parameter. */
  readonly clientMaxWindowBits?: number;
}

/** What was agreed on. */
export interface Agreement {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
}

const NAME = "permessage-deflate";
const MAX_BITS = 15;
/** zlib has no 8 for what it compresses. */
const MIN_BITS = 9;

type Parameters = Map<string, string | undefined>;

interface Extension {
  readonly name: string;
  readonly parameters: Parameters;
}

// Each part is matched where the one before has ended, so no value is walked twice.
const token = /[\t ]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[\t ]*/y;
const quoted = /[\t ]*"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)"[\t ]*/y;

/** The extensions of a header's value, in order; undefined if it is malformed. */
function parseExtensions(header: string): Extension[] | undefined {
  const extensions: Extension[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(header);
    if (found !== null) at = pattern.lastIndex;
    return found?.[1];
  };
  const skip = (sign: string): boolean => {
    if (header[at] !== sign) return false;
    at++;
    return true;
  };
  do {
    const name = take(token);
    if (name === undefined) return undefined;
    const parameters: Parameters = new Map();
    while (skip(";")) {
      const parameter = take(token);
      // Section 7.1: a parameter that stands there twice makes the whole of no use.
      if (parameter === undefined || parameters.has(parameter)) return undefined;
      const value = skip("=") ? (take(token) ?? take(quoted) ?? "") : undefined;
      if (value === "") return undefined;
      parameters.set(parameter, value);
    }
    extensions.push({ name, parameters });
  } while (skip(","));
  return at === header.length ? extensions : undefined;
}

/** What one offer or answer says; undefined if it says anything that cannot be. */
function readParameters(parameters: Parameters): Partial<Record<string, number>> | undefined {
  const read: Record<string, number> = {};
  for (const [name, value] of parameters) {
    if (name === "server_no_context_takeover" || name === "client_no_context_takeover") {
      if (value !== undefined) return undefined;
      read[name] = 1;
    } else if (name === "server_max_window_bits" || name === "client_max_window_bits") {
      // Section 7.1.2.2: an offer may leave the client's value open.
      if (value === undefined && name === "server_max_window_bits") return undefined;
      if (value !== undefined && !/^([89]|1[0-5])$/.test(value)) return undefined;
      read[name] = value === undefined ? 0 : Number(value);
    } else return undefined;
  }
  return read;
}

/** A server's answer to a client's offers: the first that can be met. */
export function acceptOffer(
  header: string,
  options: CompressionOptions,
): { readonly agreement: Agreement; readonly answer: string } | undefined {
  for (const { name, parameters } of parseExtensions(header) ?? []) {
    const offer = name === NAME ? readParameters(parameters) : undefined;
    if (offer === undefined) continue;
    const accepted = acceptOne(offer, options);
    if (accepted !== undefined) return accepted;
  }
  return undefined;
}

function acceptOne(
  offer: Partial<Record<string, number>>,
  options: CompressionOptions,
): { readonly agreement: Agreement; readonly answer: string } | undefined {
  const serverBits = offer.server_max_window_bits;
  const serverMaxWindowBits = Math.min(serverBits ?? MAX_BITS, options.serverMaxWindowBits ?? 15);
  if (serverMaxWindowBits < MIN_BITS) return undefined;
  const clientBits = offer.client_max_window_bits;
  const clientMaxWindowBits = Math.min(clientBits || MAX_BITS, options.clientMaxWindowBits ?? 15);
  const agreement: Agreement = {
    serverNoContextTakeover:
      offer.server_no_context_takeover === 1 || options.serverNoContextTakeover === true,
    clientNoContextTakeover:
      offer.client_no_context_takeover === 1 || options.clientNoContextTakeover === true,
    serverMaxWindowBits,
    // Section 7.1.2.2: the client may be told only if it has asked to be.
    clientMaxWindowBits: clientBits === undefined ? MAX_BITS : clientMaxWindowBits,
  };
  return { agreement, answer: formatAgreement(agreement, serverBits !== undefined) };
}

function formatAgreement(agreement: Agreement, sayServerBits: boolean): string {
  let text = NAME;
  if (agreement.serverNoContextTakeover) text += "; server_no_context_takeover";
  if (agreement.clientNoContextTakeover) text += "; client_no_context_takeover";
  const { serverMaxWindowBits, clientMaxWindowBits } = agreement;
  if (sayServerBits || serverMaxWindowBits < MAX_BITS) {
    text += `; server_max_window_bits=${serverMaxWindowBits}`;
  }
  if (clientMaxWindowBits < MAX_BITS) text += `; client_max_window_bits=${clientMaxWindowBits}`;
  return text;
}

/** What a client offers. */
export function formatOffer(options: CompressionOptions): string {
  let text = NAME;
  if (options.serverNoContextTakeover) text += "; server_no_context_takeover";
  if (options.clientNoContextTakeover) text += "; client_no_context_takeover";
  const { serverMaxWindowBits, clientMaxWindowBits } = options;
  if (serverMaxWindowBits !== undefined) text += `; server_max_window_bits=${serverMaxWindowBits}`;
  text += "; client_max_window_bits";
  return clientMaxWindowBits === undefined ? text : `${text}=${clientMaxWindowBits}`;
}

/**
 * What a server's answer means to a client that sent `formatOffer(options)`. Throws
 * WebSocketError for an answer that the offer does not allow (sections 5.1 and 7.1).
 */
export function readAnswer(
  header: string | undefined,
  options: CompressionOptions | undefined,
): Agreement | undefined {
  if (header === undefined) return undefined;
  const [extension, ...others] = parseExtensions(header) ?? [];
  const read = extension?.name === NAME ? readParameters(extension.parameters) : undefined;
  if (options === undefined || read === undefined || others.length > 0) {
    throw new WebSocketError(`Cannot connect: the server answers "${header}", never offered`);
  }
  const serverBits = read.server_max_window_bits ?? MAX_BITS;
  const clientBits = read.client_max_window_bits ?? MAX_BITS;
  const isMet =
    serverBits <= (options.serverMaxWindowBits ?? MAX_BITS) &&
    (!options.serverNoContextTakeover || read.server_no_context_takeover === 1) &&
    clientBits >= MIN_BITS;
  if (!isMet) {
    throw new WebSocketError(`Cannot connect: the server answers "${header}" to another offer`);
  }
  return {
    serverNoContextTakeover: read.server_no_context_takeover === 1,
    clientNoContextTakeover:
      read.client_no_context_takeover === 1 || options.clientNoContextTakeover === true,
    serverMaxWindowBits: serverBits,
    clientMaxWindowBits: Math.min(clientBits, options.clientMaxWindowBits ?? MAX_BITS),
  };
}

/** Throws a RangeError for options that zlib cannot do. */
export function checkCompression(options: CompressionOptions): void {
  checkRange("compressionLevel", options.compressionLevel, 0, 9);
  checkRange("memLevel", options.memLevel, 1, 9);
  checkRange("threshold", options.threshold, 0, Number.MAX_SAFE_INTEGER);
  checkRange("serverMaxWindowBits", options.serverMaxWindowBits, MIN_BITS, MAX_BITS);
  checkRange("clientMaxWindowBits", options.clientMaxWindowBits, MIN_BITS, MAX_BITS);
}

function checkRange(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw new RangeError(`Cannot compress with ${name} ${value}: use ${least} to ${most}`);
}
