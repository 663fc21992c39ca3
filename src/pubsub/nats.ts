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
import { type BrokerOptions, brokerTimeouts, confirmed, subscribed } from "./confirmed.ts";

/** What is used of a message. */
export interface NatsMessage {
  string(): string;
}

/** What is used of what a connection tells of itself. */
export interface NatsStatus {
  readonly type: string;
  /** Of what was refused, with the subject. */
  readonly error?: Error & { readonly operation?: string; readonly subject?: string };
}

/** What is used of a connection. */
export interface NatsConnection {
  publish(subject: string, payload: string): void;
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: NatsMessage) => void },
  ): { unsubscribe(): void };
  flush(): Promise<void>;
  status(): AsyncIterable<NatsStatus>;
  closed(): Promise<unknown>;
  close(): Promise<void>;
  isClosed(): boolean;
}

/** What a NatsPubSub may be told. */
export interface NatsPubSubOptions extends BrokerOptions {}

/** A message that NATS has not confirmed. */
interface Unconfirmed {
  readonly channel: string;
  refusal: Error | undefined;
}

/**
 * A broker of messages on NATS. While NATS is gone, `publish` rejects at once; the connection comes
 * back by itself with its subscriptions, as often as its option `maxReconnectAttempts` says: make
 * it -1 for a server, since the default gives up after ten.
 */
export class NatsPubSub implements PubSub {
  readonly #connection: NatsConnection;
  readonly #timeouts: Required<BrokerOptions>;
  /** Of those who wait for NATS to come back, or to be given up. */
  #waiting: (() => void)[] = [];
  #connected = true;
  #closed = false;
  readonly #unconfirmed = new Set<Unconfirmed>();
  /** What all messages published within one turn of the loop wait for. */
  #flushing: Promise<void> | undefined;

  /**
   * Takes an open connection, which is this broker's from here on. Throws a RangeError for a
   * timeout that cannot be held to.
   */
  constructor(connection: NatsConnection, options: NatsPubSubOptions = {}) {
    this.#connection = connection;
    this.#timeouts = brokerTimeouts(options);
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
    await confirmed(channel, this.#send(channel, message), this.#timeouts.publishTimeout);
  }

  async subscribe(channel: string, callback: MessageCallback): Promise<Subscription> {
    checkSubscribed(channel, callback);
    if (this.#closed) throw new Error(`Cannot subscribe to "${channel}": it is closed`);
    if (this.#connection.isClosed()) {
      throw new Error(`Cannot subscribe to "${channel}": the connection to NATS was given up`);
    }
    let refusal: Error | undefined;
    const subscription = this.#connection.subscribe(channel, {
      callback: (error, message) => {
        if (error === null) deliver(callback, message.string(), channel);
        else refusal = error;
      },
    });
    // NATS answers in order: after this the subscription is known there, or refused.
    const known = async (): Promise<void> => {
      if (this.#closed) throw new Error("it is closed");
      await this.#flushed();
      if (refusal !== undefined) throw refusal;
    };
    try {
      if (!this.#connected) await this.#returnOrEnd();
      await subscribed(channel, known(), this.#timeouts.subscribeTimeout);
    } catch (error) {
      // Nobody gets to hold it.
      subscription.unsubscribe();
      throw error;
    }
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
    this.#wake();
    await this.#connection.close();
  }

  async #send(channel: string, message: string): Promise<void> {
    const sent: Unconfirmed = { channel, refusal: undefined };
    this.#unconfirmed.add(sent);
    try {
      this.#connection.publish(channel, message);
      await this.#flushed();
    } finally {
      this.#unconfirmed.delete(sent);
    }
    if (sent.refusal !== undefined) throw sent.refusal;
  }

  /** NATS has what was sent before, or has said what it refuses of it. */
  #flushed(): Promise<void> {
    this.#flushing ??= Promise.resolve().then(async () => {
      this.#flushing = undefined;
      await this.#connection.flush();
      // What came before the answer is told by an iterator, a few promises later.
      await new Promise((resolve) => setImmediate(resolve));
    });
    return this.#flushing;
  }

  async #watch(): Promise<void> {
    this.#connection.closed().then(() => this.#gaveUp());
    for await (const { type, error } of this.#connection.status()) {
      if (type === "disconnect") this.#changed(false, "NATS cannot be reached");
      else if (type === "reconnect") this.#returned();
      else if (error !== undefined) this.#refused(error);
    }
  }

  #refused(error: NonNullable<NatsStatus["error"]>): void {
    genLog.warning(`NATS: ${error.message}`);
    if (error.operation !== "publish") return;
    for (const each of this.#unconfirmed) if (each.channel === error.subject) each.refusal = error;
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
    if (connected) this.#wake();
  }

  #returnOrEnd(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #gaveUp(): void {
    this.#connected = false;
    this.#wake();
    if (this.#closed) return;
    genLog.error("NATS connection given up; connect with { maxReconnectAttempts: -1 } to go on");
  }
}
