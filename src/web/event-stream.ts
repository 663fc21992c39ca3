/**
 * Server-sent events (the HTML standard, section 9.2): a response that stays open, and to which
 * events are added. Made by `RequestHandler.sse`; ends with the client, the response or the server.
 */

import { jsonEncode } from "../escape.ts";
import { HTTPOutputError } from "../httputil.ts";
import { StreamClosedError } from "../iostream.ts";
import { genLog } from "../log.ts";
import { bytesIn, checkLimit, forWhoAwaits, timerDelay } from "../util.ts";
import { breakOff } from "./handler-response.ts";
import type { RequestHandler } from "./request-handler.ts";

/** One event. Without data a browser only notes the id and the time to wait. */
export interface ServerSentEvent {
  /** Any text; a line break stays one. Objects become JSON. */
  readonly data?: string | object;
  /** Its type, for `addEventListener`; `message` if left out. */
  readonly event?: string;
  /** What the browser sends as Last-Event-ID when it connects again. */
  readonly id?: string;
  /** Milliseconds that the browser waits before it connects again. */
  readonly retry?: number;
}

/** What an EventStream may be told. */
export interface EventStreamOptions {
  /**
   * Seconds after which a comment is sent, so that proxies and firewalls do not take the connection
   * for dead, and so that a client that vanished is found. 15 if left out; 0 sends none.
   */
  readonly heartbeat?: number;
  /** Milliseconds that the browser waits before it connects again; its own choice if left out. */
  readonly retry?: number;
  /**
   * Characters that may wait for a client that does not read, 1 MiB if left out. Beyond that the
   * connection is broken off: the client comes back, and says by its Last-Event-ID what it has.
   */
  readonly maxBufferSize?: number;
}

/** Below the shortest idle timeouts of proxies in use, some of which are 30 seconds. */
const HEARTBEAT = 15;
const MAX_BUFFER_SIZE = 1024 * 1024;
const HEARTBEAT_TEXT = ":\n\n";

/** Adds events to a response that stays open. */
export class EventStream {
  /** The id of the last event that the client has: undefined when it is new. */
  readonly lastEventId: string | undefined;
  /** Aborted when the stream has ended. */
  readonly signal: AbortSignal;
  /** Resolves when the stream has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #handler: RequestHandler;
  readonly #maxBufferSize: number;
  readonly #controller: AbortController = new AbortController();
  #unsent = 0;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #leaveDrain: (() => void) | undefined;

  /**
   * For `RequestHandler.sse`. Throws HTTPOutputError if the headers have been sent, a RangeError for
   * a time or a size that is no number from 0 up.
   */
  constructor(handler: RequestHandler, options: EventStreamOptions) {
    if (handler.headersWritten || handler.finished) {
      throw new HTTPOutputError("Cannot begin an event stream: the headers have been sent");
    }
    this.#handler = handler;
    const { heartbeat = HEARTBEAT, maxBufferSize = MAX_BUFFER_SIZE } = options;
    checkLimit("heartbeat", heartbeat);
    this.#maxBufferSize = checkLimit("maxBufferSize", maxBufferSize);
    this.signal = this.#controller.signal;
    this.closed = new Promise((resolve) => {
      this.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.lastEventId = lastEventIdOf(handler);
    this.#begin(options);
  }

  /** Whether the stream is open. */
  get open(): boolean {
    return !this.signal.aborted;
  }

  /**
   * Sends an event. Resolves when the client has taken enough for the next: who has many awaits it,
   * and nobody has to. Rejects with a StreamClosedError once the stream has ended. Throws a
   * TypeError for an id or type with a line break or NUL, for a `retry` that is no whole number,
   * for data that is bytes, or a promise, and for an event in which there is nothing.
   */
  send(event: ServerSentEvent | string): Promise<void> {
    return this.#write(eventText(typeof event === "string" ? { data: event } : event));
  }

  /** Sends a comment, which browsers ignore. */
  comment(text: string): Promise<void> {
    return this.#write(`${field("", text)}\n`);
  }

  /** Ends the stream and the response. A browser connects again, unless it is then told 204. */
  close(): void {
    if (this.open && !this.#handler.finished) this.#handler.finish();
    this.end();
  }

  /** The response is over, or the client is gone. Called by the handler. */
  end(): void {
    if (!this.open) return;
    clearInterval(this.#heartbeat);
    this.#leaveDrain?.();
    this.#controller.abort(new StreamClosedError());
  }

  #begin({ heartbeat = HEARTBEAT, retry }: EventStreamOptions): void {
    const handler = this.#handler;
    handler.setHeader("Content-Type", "text/event-stream");
    // Compression would hold each event's end back, and memory for every stream.
    handler.setHeader("Cache-Control", "no-cache, no-transform");
    // nginx collects what a server sends, unless it is told not to.
    handler.setHeader("X-Accel-Buffering", "no");
    if (retry !== undefined) handler.write(eventText({ retry }));
    handler.flush().catch(() => undefined);
    if (heartbeat > 0) {
      this.#heartbeat = setInterval(() => this.#beat(), timerDelay(heartbeat));
    }
    // The server that stops lets its clients go to another one.
    this.#leaveDrain = handler.request.connection.joinDrain({ leave: () => this.close() });
    // A client that asks for the head alone gets no events.
    if (handler.request.method === "HEAD") this.close();
    else if (!this.open) this.#leaveDrain();
  }

  #beat(): void {
    // What has not been taken yet does as well.
    if (this.#unsent === 0) this.#write(HEARTBEAT_TEXT).catch(() => undefined);
  }

  #write(text: string): Promise<void> {
    const handler = this.#handler;
    if (!this.open || handler.finished) return rejected();
    if (this.#unsent > this.#maxBufferSize) {
      genLog.info(`Event stream broken off: ${this.#unsent} characters wait for a slow client`);
      breakOff(handler);
      return rejected();
    }
    handler.write(text);
    this.#unsent += text.length;
    const taken = (): void => {
      this.#unsent -= text.length;
    };
    const sent = handler.flush();
    sent.then(taken, taken);
    return sent;
  }
}

function rejected(): Promise<void> {
  return forWhoAwaits(Promise.reject(new StreamClosedError()));
}

/** The browser sends it as UTF-8, and headers are read as single bytes. */
function lastEventIdOf(handler: RequestHandler): string | undefined {
  const text = handler.request.headers.get("Last-Event-ID");
  if (text === undefined) return undefined;
  return new TextDecoder().decode(Uint8Array.from(text, (byte) => byte.charCodeAt(0)));
}

const LINE_BREAK = /\r\n|\r|\n/;

/** An event as it is sent. */
function eventText({ data, event, id, retry }: ServerSentEvent): string {
  let text = "";
  if (event !== undefined) text += `event: ${singleLine("event", event)}\n`;
  if (id !== undefined) text += `id: ${singleLine("id", id)}\n`;
  if (retry !== undefined) text += `retry: ${wholeNumber(retry)}\n`;
  if (data !== undefined) text += field("data", dataText(data));
  if (text === "") {
    throw new TypeError(
      "Cannot send an event without data, event, id and retry: there is nothing in it",
    );
  }
  return `${text}\n`;
}

/** Throws a TypeError for bytes, which events cannot carry, and for what JSON would leave out. */
function dataText(data: string | object): string {
  if (typeof data === "string") return data;
  const text = ArrayBuffer.isView(data) ? "{}" : jsonEncode(data);
  if (text === "{}" && bytesIn(data) !== undefined) {
    throw new TypeError("Cannot send bytes as an event: its data is text, or an object as JSON");
  }
  return text;
}

/** A line for each line of the text. */
function field(name: string, text: string): string {
  if (!LINE_BREAK.test(text)) return `${name}: ${text}\n`;
  return text
    .split(LINE_BREAK)
    .map((line) => `${name}: ${line}\n`)
    .join("");
}

/** A line break would begin another field, or another event; NUL makes browsers drop an id. */
function singleLine(name: string, text: string): string {
  if (/[\r\n\0]/.test(text)) {
    throw new TypeError(`Cannot send ${name} ${JSON.stringify(text)}: it has a line break or NUL`);
  }
  return text;
}

function wholeNumber(retry: number): string {
  if (!Number.isSafeInteger(retry) || retry < 0) {
    throw new TypeError(`Cannot send retry ${retry}: it is not a whole number of milliseconds`);
  }
  return String(retry);
}
