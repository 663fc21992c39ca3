/**
 * Messages through NATS. Takes a connection of `@nats-io/transport-node`, which the application
 * makes and configures; this imports none.
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

/** What is used of a message. */
export interface NatsMessage {
  string(): string;
}

/** What is used of a connection. */
export interface NatsConnection {
  publish(subject: string, payload: string): void;
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: NatsMessage) => void },
  ): { unsubscribe(): void };
  flush(): Promise<void>;
  status(): AsyncIterable<{ readonly type: string }>;
  closed(): Promise<unknown>;
  close(): Promise<void>;
  isClosed(): boolean;
}

/** What a NatsPubSub may be told. */
export interface NatsPubSubOptions {
  /** Seconds until a message that NATS has not confirmed has failed; 5 by default. */
  readonly publishTimeout?: number;
}

/**
 * A broker of messages on NATS. While NATS is gone, `publish` rejects at once; the connection comes
 * back by itself with its subscriptions, as often as its option `maxReconnectAttempts` says: make
 * it -1 for a server, since the default gives up after ten.
 */
export class NatsPubSub implements PubSub {
  readonly #connection: NatsConnection;
  readonly #publishTimeout: number;
  #connected = true;
  #closed = false;
  /** What all messages published within one turn of the loop wait for. */
  #flushing: Promise<void> | undefined;

  /** Takes an open connection, which is this broker's from here on. */
  constructor(connection: NatsConnection, options: NatsPubSubOptions = {}) {
    this.#connection = connection;
    this.#publishTimeout = options.publishTimeout ?? PUBLISH_TIMEOUT;
    this.#watch();
  }

  get connected(): boolean {
    return this.#connected && !this.#closed;
  }

  async publish(channel: string, message: string): Promise<void> {
    checkPublished(channel, message);
    if (this.#closed) throw new PublishError(channel, "it is closed");
    // The client would keep the message until NATS is back, when it may be news no more.
    if (!this.#connected) throw new PublishError(channel, "NATS cannot be reached");
    await confirmed(channel, this.#send(channel, message), this.#publishTimeout);
  }

  async subscribe(channel: string, callback: MessageCallback): Promise<Subscription> {
    checkSubscribed(channel, callback);
    if (this.#closed) throw new Error(`Cannot subscribe to "${channel}": it is closed`);
    const subscription = this.#connection.subscribe(channel, {
      callback: (error, message) => {
        if (error !== null) genLog.warning(`NATS, subscription of "${channel}": ${error.message}`);
        else deliver(callback, message.string(), channel);
      },
    });
    // NATS answers in order: after this the subscription is known there.
    if (this.#connected) await this.#flushed();
    let active = true;
    const unsubscribe = async (): Promise<void> => {
      if (active && !this.#closed) subscription.unsubscribe();
      active = false;
    };
    return { channel, unsubscribe };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#connection.close();
  }

  async #send(channel: string, message: string): Promise<void> {
    this.#connection.publish(channel, message);
    await this.#flushed();
  }

  /** NATS has what was sent before. */
  #flushed(): Promise<void> {
    this.#flushing ??= Promise.resolve().then(() => {
      this.#flushing = undefined;
      return this.#connection.flush();
    });
    return this.#flushing;
  }

  async #watch(): Promise<void> {
    this.#connection.closed().then(() => this.#gaveUp());
    for await (const { type } of this.#connection.status()) {
      if (type === "disconnect") this.#changed(false, "NATS cannot be reached");
      else if (type === "reconnect") this.#returned();
    }
  }

  /** The client has sent its subscriptions: once NATS knows them, nothing published is missed. */
  #returned(): void {
    const known = (): void => this.#changed(true, "NATS can be reached again");
    // Rejected if it is gone once more, which is told as well.
    this.#connection.flush().then(known, () => undefined);
  }

  #changed(connected: boolean, text: string): void {
    if (this.#connected === connected || this.#closed) return;
    this.#connected = connected;
    genLog.warning(text);
  }

  #gaveUp(): void {
    this.#connected = false;
    if (this.#closed) return;
    genLog.error("NATS connection given up; connect with { maxReconnectAttempts: -1 } to go on");
  }
}
