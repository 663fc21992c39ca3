/**
 * Runs the parser for a moment before the first request, so that the runtime has compiled it by
 * then: a fresh WebAssembly module answers its first thousand calls several times slower.
 */

import { CARRY_START, putLatin1, takeRequestHead } from "../core.ts";
import { RequestHead } from "./request-head.ts";

/** A head as browsers send it. */
const SAMPLE =
  "GET /path/of/a/page?name=value HTTP/1.1\r\nHost: localhost:8888\r\nConnection: keep-alive\r\n" +
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html,*/*;q=0.8\r\n" +
  "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en\r\n\r\n";

/** Long enough for V8 and JavaScriptCore to compile the parser, too short to be noticed. */
const MILLISECONDS = 5;
const BATCH = 100;

let warm = false;

/** Once in a process, about five milliseconds. */
export function warmUp(): void {
  if (warm) return;
  warm = true;
  const end = performance.now() + MILLISECONDS;
  do {
    for (let round = 0; round < BATCH; round++) {
      putLatin1(SAMPLE, CARRY_START);
      takeRequestHead(CARRY_START, SAMPLE.length, SAMPLE.length, SAMPLE.length);
      new RequestHead(CARRY_START).get("Host");
    }
  } while (performance.now() < end);
}
