/** Waiting in tests: for a condition, or for time in which nothing is to happen. */
import { setTimeout } from "node:timers/promises";

/** Resolves once the condition holds; fails with the condition's own text if it never does. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  seconds = 15,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${seconds} s for ${condition}`);
    await setTimeout(1);
  }
}

/** Lets the event loop turn for a while, so that what should not happen has had its chance. */
export async function pass(milliseconds: number): Promise<void> {
  await setTimeout(milliseconds);
}
