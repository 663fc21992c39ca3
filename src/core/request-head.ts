/**
 * A request's head as JavaScript sees it: read out of the span table right after the parser has
 * filled it. One string keeps the whole head, so the receive buffer is free again at once, and
 * everything else is a substring made when it is asked for.
 */

import {
  CONTENT_LENGTH_HIGH,
  CONTENT_LENGTH_LOW,
  FLAG_CHUNKED,
  FLAG_EXPECT_CONTINUE,
  FLAG_HAS_LENGTH,
  FLAG_KEEP_ALIVE,
  FLAG_KEEP_ALIVE_ASKED,
  FLAG_UPGRADE,
  FLAGS,
  HEAD_LENGTH,
  HEADER_COUNT,
  HEADER_WORDS,
  HEADERS,
  MAX_HEADERS,
  METHOD_ID,
  METHOD_LENGTH,
  METHOD_START,
  MINOR_VERSION,
  PRESENT,
  SCRATCH,
  TARGET_LENGTH,
  TARGET_START,
} from "../../core-wasm/layout.ts";
import { HEADER_IDS, HEADER_NAMES, METHODS, parseRequestHead } from "./http.ts";
import { memory, table } from "./load.ts";

/** Takes the fields of a head, names in `Http-Header-Case`. */
export interface FieldList {
  append(name: string, value: string): void;
}

/** Header ids by the spellings that programs use: `Http-Header-Case` and lower case. */
const ids = new Map<string, number>(HEADER_IDS);
for (const [id, name] of HEADER_NAMES.entries()) {
  if (name !== "") ids.set(name, id);
}

/** The start line and header fields of one request. Also the `RequestStartLine` of the request. */
export class RequestHead {
  readonly method: string;
  /** The request-target, called path as in Tornado. */
  readonly path: string;
  readonly version: "HTTP/1.0" | "HTTP/1.1";
  readonly #text: string;
  readonly #flags: number;
  readonly #present0: number;
  readonly #present1: number;
  readonly #present2: number;
  /** The body's length, 0 without Content-Length. */
  readonly contentLength: number;

  /** Reads the head that `parseRequestHead(start, …)` has just found. */
  constructor(start: number) {
    const text = memory.latin1Slice(start, start + (table[HEAD_LENGTH] as number));
    const targetStart = table[TARGET_START] as number;
    this.#text = text;
    this.method = METHODS[table[METHOD_ID] as number] || methodFrom(text);
    this.path = text.substring(targetStart, targetStart + (table[TARGET_LENGTH] as number));
    this.version = table[MINOR_VERSION] === 0 ? "HTTP/1.0" : "HTTP/1.1";
    const flags = table[FLAGS] as number;
    this.#flags = flags;
    this.#present0 = table[PRESENT] as number;
    this.#present1 = table[PRESENT + 1] as number;
    this.#present2 = table[PRESENT + 2] as number;
    this.contentLength =
      (flags & FLAG_HAS_LENGTH) === 0
        ? 0
        : ((table[CONTENT_LENGTH_LOW] as number) >>> 0) +
          (table[CONTENT_LENGTH_HIGH] as number) * 2 ** 32;
  }

  /** The connection may go on after this request (RFC 9112 section 9.3). */
  get keepAlive(): boolean {
    return (this.#flags & FLAG_KEEP_ALIVE) !== 0;
  }

  /** An HTTP/1.0 peer asked to keep the connection, and wants to hear that it is kept. */
  get keepAliveAsked(): boolean {
    return (this.#flags & FLAG_KEEP_ALIVE_ASKED) !== 0;
  }

  get chunked(): boolean {
    return (this.#flags & FLAG_CHUNKED) !== 0;
  }

  get expectContinue(): boolean {
    return (this.#flags & FLAG_EXPECT_CONTINUE) !== 0;
  }

  get upgrade(): boolean {
    return (this.#flags & FLAG_UPGRADE) !== 0;
  }

  /** False if there is certainly no field of this name; true for names the core does not know. */
  mayHave(name: string): boolean {
    const id = ids.get(name);
    if (id === undefined) return true;
    const word = id < 32 ? this.#present0 : id < 64 ? this.#present1 : this.#present2;
    return id >= 96 || ((word >>> (id & 31)) & 1) === 1;
  }

  /** Adds every field to `headers`. The core parses the kept text once more to find them. */
  fillHeaders(headers: FieldList): void {
    const text = this.#text;
    memory.latin1Write(text, SCRATCH, text.length);
    parseRequestHead(SCRATCH, text.length, MAX_HEADERS, text.length);
    const end = HEADERS + (table[HEADER_COUNT] as number) * HEADER_WORDS;
    for (let row = HEADERS; row < end; row += HEADER_WORDS) {
      const nameStart = table[row] as number;
      const nameLengthAndId = table[row + 1] as number;
      const valueStart = table[row + 2] as number;
      const id = nameLengthAndId >>> 16;
      const name = id === 0 ? spelled(text, nameStart, nameLengthAndId) : HEADER_NAMES[id];
      headers.append(
        name as string,
        text.substring(valueStart, valueStart + (table[row + 3] as number)),
      );
    }
  }
}

/** A method that the core has no id for. */
function methodFrom(text: string): string {
  const start = table[METHOD_START] as number;
  return text.substring(start, start + (table[METHOD_LENGTH] as number));
}

/** A name that the core has no id for, as `Http-Header-Case`. */
function spelled(text: string, start: number, lengthAndId: number): string {
  const name = text.substring(start, start + (lengthAndId & 0xffff));
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letters) => letters.toUpperCase());
}
