/**
 * The time that a broker has to confirm a message or a subscription. Private to `pubsub/redis` and
 * `pubsub/nats`.
 */

import { PublishError } from "../pubsub.ts";
import { orLate } from "../util.ts";

/**
 * Seconds until a message that the broker has not confirmed has failed: a machine that vanished
 * refuses nothing, and TCP alone gives it up after a quarter of an hour.
 */
export const PUBLISH_TIMEOUT = 5;

/** Seconds until a subscription that the broker has not confirmed has failed, for the same reason. */
export const SUBSCRIBE_TIMEOUT = 5;

/** What both brokers may be told. */
export interface BrokerOptions {
  /** Seconds until a message that the broker has not confirmed has failed; 5 by default. */
  readonly publishTimeout?: number;
  /**
   * Seconds until a subscription has failed that a broker which is there has not confirmed; 5 by
   * default. While the broker is gone, `subscribe` waits for it, as long as that takes.
   */
  readonly subscribeTimeout?: number;
}

/** The broker has not answered in time. */
export class NoAnswer extends Error {
  override readonly name: string = "NoAnswer";

  constructor(seconds: number) {
    super(`no answer in ${seconds} s`);
  }
}

/** Rejects with PublishError if the work does, or takes longer than some seconds. */
export async function confirmed(
  channel: string,
  work: Promise<unknown>,
  seconds: number,
): Promise<void> {
  try {
    await inTime(work, seconds);
  } catch (cause) {
    throw new PublishError(channel, messageOf(cause), { cause });
  }
}

/** Rejects with an Error that names the channel if the work does, or takes longer than some seconds. */
export async function subscribed(
  channel: string,
  work: Promise<unknown>,
  seconds: number,
): Promise<void> {
  try {
    await inTime(work, seconds);
  } catch (cause) {
    throw new Error(`Cannot subscribe to "${channel}": ${messageOf(cause)}`, { cause });
  }
}

function inTime(work: Promise<unknown>, seconds: number): Promise<unknown> {
  return orLate(work, seconds, () => {
    throw new NoAnswer(seconds);
  });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : "";
}
