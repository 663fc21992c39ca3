/** Tests that a host may be excused from: the reason stands in the title of the skipped test. */
import { test } from "vitest";

export function testUnless(
  reason: string | undefined,
  title: string,
  run: () => Promise<void> | void,
): void {
  if (reason === undefined) test(title, run);
  else test.skip(`${title} (${reason})`, run);
}
