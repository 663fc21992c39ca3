/**
 * Messages through Redis or Valkey. Takes a client of `@redis/client` (or `redis`), version 6, which
 * the application makes and configures; this imports none. One connection publishes, another one
 * of the same kind subscribes, as Redis wants it.
 */

import { genLog } from "../log.ts";
import {
  checkPublished,
  checkSubscribed,
  deliver,
  type MessageCallback,
  PublishError,
  type PubSub,
  type Subscription,
} from "../pubsub.ts";
import { confirmed, PUBLISH_TIMEOUT } from "./confirmed.ts";

/** What is used of a client. */
export interface RedisClient {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  duplicate(): RedisClient;
  publish(channel: string, message: string): Promise<unknown>;
  subscribe(channel: string, listener: (message: string, channel: string) => void): Promise<void>;
  unsubscribe(channel: string, listener: (message: string, channel: string) => void): Promise<void>;
  destroy(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "ready" | "terminated", listener: () => void): unknown;
}

/** What a RedisPubSub may be told. */
export interface RedisPubSubOptions {
  /** Seconds until a message that Redis has not confirmed has failed; 5 by default. */
  readonly publishTimeout?: number;
}

/**
 * A broker of messages on Redis. While Redis is gone, `publish` rejects at once; the client
 * connects again by itself, and brings the subscriptions back.
 */
export class RedisPubSub implements PubSub {
  readonly #publisher: RedisClient;
  readonly #subscriber: RedisClient;
  readonly #publishTimeout: number;
  #connecting: Promise<void> | undefined;
  #closed = false;
  #gone = false;
  /** Of those who wait for a subscriber that is closed: the client itself forgets them. */
  readonly #waiting = new Set<() => void>();

  /** Takes a client, open or not, which is this broker's from here on. */
  constructor(client: RedisClient, options: RedisPubSubOptions = {}) {
    this.#publisher = client;
    this.#subscriber = client.duplicate();
    this.#publishTimeout = options.publishTimeout ?? PUBLISH_TIMEOUT;
    for (const each of [this.#publisher, this.#subscriber]) {
      // Without a listener, the client's errors end the process.
      each.on("error", (error) => this.#failed(error));
      each.on("ready", () => this.#ready());
      each.on("terminated", () => this.#gaveUp());
    }
  }

  get connected(): boolean {
    return this.#publisher.isReady && this.#subscriber.isReady;
  }

  /** Connects; `publish` and `subscribe` do it too. Waits while Redis cannot be reached. */
  connect(): Promise<void> {
    this.#connecting ??= this.#connect().catch((error) => {
      // The client has been told to give up: the next call tries again.
      this.#connecting = undefined;
      throw error;
    });
    return this.#connecting;
  }

  async publish(channel: string, message: string): Promise<void> {
    checkPublished(channel, message);
    if (this.#closed) throw new PublishError(channel, "it is closed");
    if (this.#connecting === undefined)
      await confirmed(channel, this.connect(), this.#publishTimeout);
    // The client would keep the message until Redis is back, when it may be news no more.
    if (!this.#publisher.isReady) throw new PublishError(channel, "Redis cannot be reached");
    const work = this.#publisher.publish(channel, message);
    await confirmed(channel, work, this.#publishTimeout);
  }

  async subscribe(channel: string, callback: MessageCallback): Promise<Subscription> {
    checkSubscribed(channel, callback);
    if (this.#closed) throw new Error(`Cannot subscribe to "${channel}": it is closed`);
    await this.#unlessClosed(channel, this.connect());
    let active = true;
    const listener = (message: string): void => {
      if (active) deliver(callback, message, channel);
    };
    await this.#unlessClosed(channel, this.#subscriber.subscribe(channel, listener));
    const unsubscribe = async (): Promise<void> => {
      if (!active) return;
      active = false;
      // One that has given up would wait for ever; and nothing is left to take back.
      const isKnown = !this.#closed && this.#subscriber.isOpen;
      if (!isKnown) return;
      const work = this.#unlessClosed(channel, this.#subscriber.unsubscribe(channel, listener));
      await work.catch((error) => {
        if (!this.#closed) throw error;
      });
    };
    return { channel, unsubscribe };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // One that is not open throws.
    for (const each of [this.#publisher, this.#subscriber]) if (each.isOpen) each.destroy();
    for (const reject of this.#waiting) reject();
  }

  /** Settles as the work does, but rejects when this is closed before. */
  #unlessClosed<Result>(channel: string, work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const closed = (): void =>
        reject(new Error(`Cannot subscribe to "${channel}": it is closed`));
      this.#waiting.add(closed);
      work.then(resolve, reject).then(() => this.#waiting.delete(closed));
    });
  }

  async #connect(): Promise<void> {
    const waiting = [this.#publisher, this.#subscriber].filter((client) => !client.isOpen);
    await Promise.all(waiting.map((client) => client.connect()));
  }

  /** Logged once for each time that Redis goes, not for each try to reach it. */
  #failed(error: Error): void {
    if (this.#gone || this.#closed) return;
    this.#gone = true;
    genLog.warning(`Redis cannot be reached: ${error.message}`);
  }

  #ready(): void {
    if (!this.#gone || !this.connected) return;
    this.#gone = false;
    genLog.warning("Redis can be reached again");
  }

  /**
   * The client's option says when it does; by default, once an answer took too long. Who publishes or
   * subscribes next connects anew.
   */
  #gaveUp(): void {
    if (this.#closed) return;
    this.#connecting = undefined;
    genLog.error("Redis connection given up; create the client with a reconnectStrategy to go on");
  }
}
