/**
 * The last messages of the room, and who waits for the next one. Every process has a buffer; what
 * one of them gets to say goes through the broker to all of them, itself included.
 */

import { randomUUID } from "node:crypto";
import { Condition } from "squall/locks";
import type { PubSub } from "squall/pubsub";

const CACHE_SIZE = 200;
/** Seconds after which a long poll is answered, with nothing. */
const POLL_TIMEOUT = 60;
const MESSAGES = "chat.messages";
/** A process that starts asks what has been said; whoever knows tells. */
const QUESTIONS = "chat.history";

export interface ChatMessage {
  readonly id: string;
  readonly from: string;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export class MessageBuffer {
  #messages: ChatMessage[] = [];
  readonly #pubsub: PubSub;
  readonly #news = new Condition();
  readonly #listeners = new Set<(message: ChatMessage) => void>();

  constructor(pubsub: PubSub) {
    this.#pubsub = pubsub;
  }

  get connected(): boolean {
    return this.#pubsub.connected;
  }

  /** Meets the other processes, and learns what has been said. Nobody is heard before. */
  async join(): Promise<void> {
    const pubsub = this.#pubsub;
    await pubsub.subscribe(MESSAGES, (text) => this.#add(JSON.parse(text)));
    const answers = `${QUESTIONS}.${randomUUID()}`;
    await pubsub.subscribe(answers, (text) => this.#learn(JSON.parse(text)));
    await pubsub.subscribe(QUESTIONS, (channel) => this.#tell(channel, answers));
    await pubsub.publish(QUESTIONS, answers);
  }

  /** Says something to everybody. Rejects if the broker cannot be reached. */
  async say(from: string, body: string): Promise<ChatMessage> {
    const message = { id: randomUUID(), from, body, time: Date.now() };
    await this.#pubsub.publish(MESSAGES, JSON.stringify(message));
    return message;
  }

  /** What came after the message with this id; all, if that is not known. */
  since(cursor: string | undefined): readonly ChatMessage[] {
    const index = this.#messages.findLastIndex(({ id }) => id === cursor);
    return this.#messages.slice(index + 1);
  }

  /** As `since`, but waits if there is nothing, until the signal ends that. */
  async waitFor(cursor: string | undefined, signal: AbortSignal): Promise<readonly ChatMessage[]> {
    const present = this.since(cursor);
    if (present.length > 0) return present;
    try {
      await this.#news.wait({ seconds: POLL_TIMEOUT, signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return this.since(cursor);
  }

  /** Calls back with every new message, until the function that it returns is called. */
  listen(listener: (message: ChatMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #add(message: ChatMessage): void {
    this.#messages.push(message);
    if (this.#messages.length > CACHE_SIZE) this.#messages.shift();
    this.#news.notifyAll();
    for (const listener of this.#listeners) listener(message);
  }

  #tell(channel: string, own: string): void {
    if (channel === own || this.#messages.length === 0) return;
    // Who misses it has less to show, no more.
    this.#pubsub.publish(channel, JSON.stringify(this.#messages)).catch(() => undefined);
  }

  /** Puts what was said before this process came before what it has heard itself. */
  #learn(earlier: readonly ChatMessage[]): void {
    const known = new Set(this.#messages.map(({ id }) => id));
    const missed = earlier.filter(({ id }) => !known.has(id));
    this.#messages = [...missed, ...this.#messages].slice(-CACHE_SIZE);
    if (missed.length > 0) this.#news.notifyAll();
    // Who came before the answer did has missed them too; a page shows no message twice.
    for (const message of missed) for (const listener of this.#listeners) listener(message);
  }
}
