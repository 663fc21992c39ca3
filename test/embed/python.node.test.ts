/** The component in wasmtime, by way of Python. */

import { join } from "node:path";
import { COMPONENT, python, testAnswers } from "../support/embeddings.ts";

const program = python();
const script = join(import.meta.dirname, "../../embed/python/answer.py");

testAnswers(
  "Python with wasmtime answers as the plain module does",
  "missing" in program ? program : { ...program, args: [script, COMPONENT] },
);
