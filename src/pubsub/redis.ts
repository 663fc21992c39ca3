/**
 * Messages through Redis or Valkey. Takes a client of `@redis/client` (or `redis`), version 6, which
 * the application makes and configures; this imports none. Of two connections of its kind one
 * publishes, and the other one subscribes, as Redis wants it.
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
import {
  type BrokerOptions,
  brokerTimeouts,
  confirmed,
  NoAnswer,
  subscribed,
} from "./confirmed.ts";

/** What is used of a client's options. */
export interface RedisClientOptions {
  readonly pingInterval?: number;
  readonly disableOfflineQueue?: boolean;
  readonly socket?: object;
}

/** What is used of a client. */
export interface RedisClient {
  readonly options?: RedisClientOptions;
  readonly isOpen: boolean;
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  duplicate(overrides?: RedisClientOptions): RedisClient;
  publish(channel: string, message: string): Promise<unknown>;
  subscribe(channel: string, listener: (message: string, channel: string) => void): Promise<void>;
  unsubscribe(channel: string, listener: (message: string, channel: string) => void): Promise<void>;
  destroy(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "ready" | "terminated", listener: () => void): unknown;
}

/** What a RedisPubSub may be told. */
export interface RedisPubSubOptions extends BrokerOptions {}

/**
 * What a client does that is told nothing else: a machine that vanishes is noticed, and looked for
 * until it is back. The client itself would ask nothing, and give up a connection that was silent.
 */
const WATCHFUL = {
  /** Milliseconds; a third of `socketTimeout`, so that a silent connection is a dead one. */
  pingInterval: 10_000,
  socket: {
    /** Milliseconds without a byte after which a connection is dead. */
    socketTimeout: 30_000,
    reconnectStrategy: (tries: number): number => Math.min(100 * tries, 2000),
  },
} as const;

/**
 * A broker of messages on Redis. While Redis is gone, `publish` rejects at once; the client
 * connects again by itself, and brings the subscriptions back.
 */
export class RedisPubSub implements PubSub {
  readonly #given: RedisClient;
  readonly #publisher: RedisClient;
  readonly #subscriber: RedisClient;
  readonly #timeouts: Required<BrokerOptions>;
  #connecting: Promise<void> | undefined;
  #closed = false;
  #gone = false;
  /** Of those who wait for a subscriber that is closed: the client itself forgets them. */
  readonly #waiting = new Set<() => void>();

  /**
   * Takes a client, which is this broker's from here on: its two connections are made as this one
   * is. What its options leave out is `pingInterval`, 10 s, and of its `socket` `socketTimeout`,
   * 30 s, and a `reconnectStrategy` that never gives up. Throws a RangeError for a timeout that
   * cannot be held to.
   */
  constructor(client: RedisClient, options: RedisPubSubOptions = {}) {
    this.#timeouts = brokerTimeouts(options);
    const { pingInterval, socket } = client.options ?? {};
    const watchful = {
      pingInterval: pingInterval ?? WATCHFUL.pingInterval,
      socket: { ...WATCHFUL.socket, ...socket },
    };
    this.#given = client;
    // The client would keep a message until Redis is back, when it may be news no more.
    this.#publisher = client.duplicate({ ...watchful, disableOfflineQueue: true });
    this.#subscriber = client.duplicate(watchful);
    // Without a listener, a client's errors end the process.
    client.on("error", () => undefined);
    for (const each of [this.#publisher, this.#subscriber]) {
      each.on("error", (error) => this.#failed(error));
      each.on("ready", () => this.#ready());
      each.on("terminated", () => this.#gaveUp());
    }
  }

  get connected(): boolean {
    return this.#publisher.isReady && this.#subscriber.isReady && !this.#closed;
  }

  /** Connects; `publish` and `subscribe` do it too. Waits while Redis cannot be reached. */
  connect(): Promise<void> {
    if (this.#closed) return Promise.reject(new Error("Cannot connect to Redis: it is closed"));
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
    // Who publishes while it connects waits for that; but one that is gone may stay so for long.
    const isComing = this.#connecting === undefined || !this.#gone;
    if (!this.connected && isComing) {
      await confirmed(channel, this.connect(), this.#timeouts.publishTimeout);
    }
    // With one connection of the two, those who subscribe here would not hear it.
    if (!this.connected) throw new PublishError(channel, "Redis cannot be reached");
    try {
      const work = this.#publisher.publish(channel, message);
      await confirmed(channel, work, this.#timeouts.publishTimeout);
    } catch (error) {
      if (error instanceof PublishError && error.cause instanceof NoAnswer) this.#renew();
      throw error;
    }
  }

  async subscribe(channel: string, callback: MessageCallback): Promise<Subscription> {
    checkSubscribed(channel, callback);
    if (this.#closed) throw new Error(`Cannot subscribe to "${channel}": it is closed`);
    await this.#unlessClosed(channel, this.connect());
    let active = true;
    const listener = (message: string): void => {
      if (active) deliver(callback, message, channel);
    };
    const takeBack = (): Promise<void> => this.#subscriber.unsubscribe(channel, listener);
    const work = this.#subscriber.subscribe(channel, listener);
    try {
      await this.#unlessClosed(channel, this.#confirmedIfThere(channel, work));
    } catch (error) {
      active = false;
      // It may be known all the same, later.
      work.then(takeBack).catch(() => undefined);
      throw error;
    }
    const unsubscribe = async (): Promise<void> => {
      if (!active) return;
      active = false;
      // One that has given up would wait for ever; and nothing is left to take back.
      const isKnown = !this.#closed && this.#subscriber.isOpen;
      if (!isKnown) return;
      await this.#unlessClosed(channel, takeBack()).catch((error) => {
        if (!this.#closed) throw error;
      });
    };
    return { channel, unsubscribe };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#destroyAll();
    for (const reject of this.#waiting) reject();
  }

  /** One that is not open would throw. */
  #destroyAll(): void {
    for (const each of [this.#given, this.#publisher, this.#subscriber]) {
      if (each.isOpen || each.isReady) each.destroy();
    }
  }

  /** While Redis is gone, the client keeps what is to be subscribed to. */
  #confirmedIfThere(channel: string, work: Promise<void>): Promise<void> {
    if (!this.#subscriber.isReady) return work;
    return subscribed(channel, work, this.#timeouts.subscribeTimeout);
  }

  /**
   * Has the publisher connect anew: its own writes keep a connection from being silent, so that
   * the client would not notice that nobody answers.
   */
  #renew(): void {
    if (this.#closed || !this.#publisher.isReady) return;
    this.#failed(new NoAnswer(this.#timeouts.publishTimeout));
    this.#publisher.destroy();
    // Whoever publishes next hears of it.
    this.#publisher.connect().catch(() => undefined);
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
    // A client that is closed while it connects goes on with that.
    if (this.#closed) this.#destroyAll();
    if (!this.#gone || !this.connected) return;
    this.#gone = false;
    genLog.warning("Redis can be reached again");
  }

  /** As the client's own reconnectStrategy says. Who publishes or subscribes next connects anew. */
  #gaveUp(): void {
    if (this.#closed) return;
    this.#connecting = undefined;
    genLog.error("Redis connection given up, as the reconnectStrategy of the client says");
  }
}
