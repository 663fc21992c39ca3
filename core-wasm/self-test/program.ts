/**
 * The checks as a program for WASI: prints a line for each, and fails if one has failed. Built with
 * wasi-shim, whose `console` and `process` these are.
 */

import {
  chunkedBodies,
  digests,
  encodings,
  frames,
  messageCodes,
  requests,
  responses,
  signedValues,
  streams,
  templates,
  texts,
} from "./checks";

let failures = 0;

function report(name: string, result: i32): void {
  if (result != 0) failures++;
  console.log(result == 0 ? `ok ${name}` : `FAILED ${name}, at ${result.toString()}`);
}

report("requests", requests());
report("responses", responses());
report("chunked bodies", chunkedBodies());
report("digests", digests());
report("streams", streams());
report("message codes", messageCodes());
report("signed values", signedValues());
report("encodings", encodings());
report("templates", templates());
report("frames", frames());
report("texts", texts());
if (failures > 0) process.exit(1);
