/** The component through `jco transpile`, against the plain module, on every runtime. */

import { expect, test } from "vitest";
import * as core from "../../build/component/core.js";
import { answer } from "../../embed/browser/answer.ts";
import { questions } from "../support/questions.ts";
import { rawAnswer } from "../support/raw-answers.ts";

test("answers every question as the plain module does", () => {
  for (const question of questions()) {
    expect(answer(core, question), question).toBe(rawAnswer(question));
  }
});
