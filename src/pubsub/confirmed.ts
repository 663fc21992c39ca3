/**
 * The time that a broker has to confirm a message. Private to `pubsub/redis` and `pubsub/nats`.
 */

import { PublishError } from "../pubsub.ts";
import { orLate } from "../util.ts";

/**
 * Seconds until a message that the broker has not confirmed has failed: a machine that vanished
 * refuses nothing, and TCP alone gives it up after a quarter of an hour.
 */
export const PUBLISH_TIMEOUT = 5;

/** Rejects with PublishError if the work does, or takes longer than some seconds. */
export async function confirmed(
  channel: string,
  work: Promise<unknown>,
  seconds: number,
): Promise<void> {
  try {
    await orLate(work, seconds, () => {
      throw new Error(`no answer in ${seconds} s`);
    });
  } catch (cause) {
    throw new PublishError(channel, cause instanceof Error ? cause.message : "", { cause });
  }
}
