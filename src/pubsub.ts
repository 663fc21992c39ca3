/**
 * Messages from one to many, by channel: within this process, or through a broker to all processes
 * and machines, with `squall/pubsub/redis` and `squall/pubsub/nats`. Handlers and WebSockets use
 * it; it knows neither.
 */

import { appLog } from "./log.ts";
import { isThenable } from "./util.ts";

/** What gets a channel's messages. What it throws, or rejects with, is logged; nobody waits for it. */
export type MessageCallback = (message: string, channel: string) => unknown;

/** One callback's interest in one channel. */
export interface Subscription {
  readonly channel: string;
  /** The callback gets nothing more from here on. Idempotent. */
  unsubscribe(): Promise<void>;
}

/**
 * A broker of messages. A message reaches every subscription that there is at that time, in the
 * order of its publisher, once or, if a connection breaks, not at all: nothing is kept for later.
 */
export interface PubSub {
  /** The broker can be reached: for a check of `HealthHandler`. */
  readonly connected: boolean;
  /**
   * Sends a message to a channel's subscriptions. Rejects with PublishError if the broker has not
   * confirmed it: then it may be sent again, and whoever can hear it has heard it once or twice;
   * with TypeError if the message is no text, or the channel none.
   */
  publish(channel: string, message: string): Promise<void>;
  /**
   * Has a callback called with each of a channel's messages. Resolves when the broker knows; comes
   * back by itself after the broker was gone.
   */
  subscribe(channel: string, callback: MessageCallback): Promise<Subscription>;
  /** Ends all subscriptions and connections. Idempotent. */
  close(): Promise<void>;
}

/** A message did not reach the broker, or it is not known whether it has. */
export class PublishError extends Error {
  override readonly name: string = "PublishError";
  readonly channel: string;

  constructor(channel: string, reason: string, options?: ErrorOptions) {
    super(`Cannot publish to "${channel}": ${reason}`, options);
    this.channel = channel;
  }
}

/**
 * Longest name of a channel, in characters, which are three bytes at most. NATS closes the
 * connection for a line of protocol above 4 KiB, a name and some numbers: all would be cut off.
 */
const MAX_CHANNEL = 1024;

/**
 * Throws a TypeError for a channel name that not every broker takes: an empty one, a very long
 * one, or one with blanks, control characters, or the wildcards `*` and `>`.
 */
export function checkChannel(channel: string): void {
  if (typeof channel === "string" && channel.length > MAX_CHANNEL) {
    const start = JSON.stringify(channel.slice(0, 20));
    throw new TypeError(
      `Cannot use ${start}... as a channel: ${channel.length} characters, more than ${MAX_CHANNEL}`,
    );
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would break NATS's protocol.
  const isName = typeof channel === "string" && /^[^\s*>\x00-\x1f\x7f]+$/.test(channel);
  if (isName && !/^\.|\.\.|\.$/.test(channel)) return;
  throw new TypeError(
    `Cannot use ${JSON.stringify(channel)} as a channel: ` +
      "it may have no blanks, no wildcards and no empty parts between dots",
  );
}

/** Throws a TypeError for a channel or a message that not every broker takes. */
export function checkPublished(channel: string, message: string): void {
  checkChannel(channel);
  if (typeof message === "string") return;
  throw new TypeError(
    `Cannot publish to "${channel}": the message is no text, but ${typeof message}`,
  );
}

/** Throws a TypeError for a channel that not every broker takes, or a callback that is none. */
export function checkSubscribed(channel: string, callback: MessageCallback): void {
  checkChannel(channel);
  if (typeof callback === "function") return;
  throw new TypeError(`Cannot subscribe to "${channel}": the callback is not a function`);
}

/** Calls a subscription's callback; what it throws concerns nobody else. */
export function deliver(callback: MessageCallback, message: string, channel: string): void {
  const failed = (error: unknown): void =>
    appLog.exception(`Uncaught exception in a subscription of "${channel}"`, error);
  try {
    const result = callback(message, channel);
    if (isThenable(result)) result.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

/** Messages within this process: the broker of a program that runs once, and of tests. */
export class LocalPubSub implements PubSub {
  readonly #channels = new Map<string, Set<MessageCallback>>();
  #closed = false;

  get connected(): boolean {
    return !this.#closed;
  }

  /** Callbacks are called soon, not within this call, as by any other broker. */
  async publish(channel: string, message: string): Promise<void> {
    checkPublished(channel, message);
    if (this.#closed) throw new PublishError(channel, "it is closed");
    await undefined;
    for (const callback of [...(this.#channels.get(channel) ?? [])]) {
      if (this.#channels.get(channel)?.has(callback)) deliver(callback, message, channel);
    }
  }

  async subscribe(channel: string, callback: MessageCallback): Promise<Subscription> {
    checkSubscribed(channel, callback);
    if (this.#closed) throw new Error(`Cannot subscribe to "${channel}": it is closed`);
    const callbacks = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, callbacks);
    // Its own function, as one callback may be subscribed twice.
    const own: MessageCallback = (message) => callback(message, channel);
    callbacks.add(own);
    const unsubscribe = async (): Promise<void> => {
      // Once: the channel may have new subscriptions meanwhile.
      const wasLast = callbacks.delete(own) && callbacks.size === 0;
      if (wasLast) this.#channels.delete(channel);
    };
    return { channel, unsubscribe };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#channels.clear();
  }
}
