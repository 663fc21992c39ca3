/**
 * The time that a broker has to confirm a message or a subscription. Private to `pubsub/redis` and
 * `pubsub/nats`.
 */

import { PublishError } from "../pubsub.ts";
import { checkLimit, orLate } from "../util.ts";

/**
 * Seconds until a message that the broker has not confirmed has failed: a machine that vanished
 * refuses nothing, and TCP alone gives it up after a quarter of an hour.
 */
const PUBLISH_TIMEOUT = 5;

/** Seconds until a subscription that the broker has not confirmed has failed, for the same reason. */
const SUBSCRIBE_TIMEOUT = 5;

/** What both brokers may be told. */
export interface BrokerOptions {
  /** Seconds until a message that the broker has not confirmed has failed; 5 by default, 0 for never. */
  readonly publishTimeout?: number;
  /**
   * Seconds until a subscription has failed that a broker which is there has not confirmed; 5 by
   * default, 0 for never. While the broker is gone, `subscribe` waits for it, as long as that takes.
   */
  readonly subscribeTimeout?: number;
}

/** The timeouts that hold. Throws a RangeError for one that cannot be held to. */
export function brokerTimeouts(options: BrokerOptions): Required<BrokerOptions> {
  const { publishTimeout = PUBLISH_TIMEOUT, subscribeTimeout = SUBSCRIBE_TIMEOUT } = options;
  checkLimit("publishTimeout", publishTimeout);
  checkLimit("subscribeTimeout", subscribeTimeout);
  return { publishTimeout, subscribeTimeout };
}

/** The broker has not answered in time. */
export class NoAnswer extends Error {
  override readonly name: string = "NoAnswer";

  constructor(seconds: number) {
    super(`no answer in ${seconds} s`);
  }
}

/** Rejects with PublishError if the work does, or takes longer than some seconds. */
export function confirmed(channel: string, work: Promise<unknown>, seconds: number): Promise<void> {
  return inTime(work, seconds, (why, cause) => new PublishError(channel, why, { cause }));
}

/** Rejects with an Error that names the channel if the work does, or takes longer than some seconds. */
export function subscribed(
  channel: string,
  work: Promise<unknown>,
  seconds: number,
): Promise<void> {
  const act = `Cannot subscribe to "${channel}"`;
  return inTime(work, seconds, (why, cause) => new Error(`${act}: ${why}`, { cause }));
}

/** Rejects with the error that is made of the reason if the work fails, or is late. */
async function inTime(
  work: Promise<unknown>,
  seconds: number,
  failure: (why: string, cause: unknown) => Error,
): Promise<void> {
  try {
    if (seconds === 0) await work;
    else {
      await orLate(work, seconds, () => {
        throw new NoAnswer(seconds);
      });
    }
  } catch (cause) {
    throw failure(cause instanceof Error ? cause.message : "", cause);
  }
}
