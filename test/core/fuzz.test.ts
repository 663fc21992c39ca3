/** A fixed number of the fuzz target's inputs; `npx node tools/fuzz.ts --seconds 600` runs others. */

import { test } from "vitest";
import { anyQuestion, checkQuestion, randomOf } from "../support/fuzz.ts";

test("every build and the component agree on 4000 changed inputs", () => {
  const random = randomOf(9112);
  for (let input = 0; input < 4000; input++) checkQuestion(anyQuestion(random));
});
