/**
 * Sections 12 and 13 of the Autobahn test suite, by number: permessage-deflate. The sizes, fragments
 * and parameters are the suite's, the data are of its kinds and made here. It sends each message a
 * thousand times, the next when the last has come back; here as many as fit into some hundred
 * kilobytes, and two at least, are sent without waiting.
 */

import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  type InflateRaw,
} from "node:zlib";
import { type Case, CLOSE, describe, type Frame, frame } from "./case.ts";
import type { Compression } from "./peers.ts";
import type { Transform } from "./tester.ts";

const MOST_BYTES = 96 * 1024;
const MOST_MESSAGES = 12;
const DONE = "close 1000";

/** By case: the size of a message, and what of it, compressed, goes into one frame. */
const SIZES: readonly (readonly [size: number, fragmentSize?: number])[] = [
  [16],
  [64],
  [256],
  [1024],
  [4096],
  [8192],
  [16384],
  [32768],
  [65536],
  [131072],
  [8192, 256],
  [16384, 256],
  [32768, 256],
  [65536, 256],
  [131072, 256],
  [131072, 1024],
  [131072, 4096],
  [131072, 32768],
];

const encoder = new TextEncoder();

function repeated(make: (index: number) => string): Uint8Array {
  let text = "";
  for (let i = 0; text.length < 131072; i++) text += make(i);
  return encoder.encode(text).subarray(0, 131072);
}

/** Numbers that look random and are the same each time. */
function noise(length: number): Uint8Array {
  let state = 0x2545f491;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

const words = "Habe nun ach Philosophie Juristerei und Medizin und leider auch Theologie".split(
  " ",
);
const random = noise(131072);

const json = {
  opcode: 1,
  data: repeated((i) => `{"id":${i},"name":"user ${(random[i] ?? 0) % 40}"},`),
};

/** The five kinds of the suite's data: JSON, a picture, a text, HTML, and what does not compress. */
const KINDS: readonly { opcode: number; data: Uint8Array }[] = [
  json,
  { opcode: 2, data: Uint8Array.from(random, (byte, i) => ((i >> 4) & 0xf0) | (byte & 0x0f)) },
  { opcode: 2, data: repeated((i) => `${words[(random[i] ?? 0) % words.length]} `) },
  { opcode: 1, data: repeated((i) => `<li class="c${i % 9}"><a href="/${random[i]}">${i}</a>\n`) },
  { opcode: 2, data: random },
];

export interface CompressionCase extends Case {
  readonly compression: Compression;
}

/** Window bits of 0 stand for "not said". */
interface Parameters {
  readonly noContextTakeover: boolean;
  readonly windowBits: number;
}

/** One call of zlib at a time on a stream that goes on, or on a new one for each message. */
class Stream<Kind extends DeflateRaw | InflateRaw> {
  readonly #make: () => Kind;
  readonly #keeps: boolean;
  #stream: Kind | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(make: () => Kind, keeps: boolean) {
    this.#make = make;
    this.#keeps = keeps;
  }

  /** In the order of the calls. */
  pass(data: Uint8Array): Promise<Uint8Array> {
    const passed = this.#last.then(() => this.#pass(data));
    this.#last = passed;
    return passed;
  }

  async #pass(data: Uint8Array): Promise<Uint8Array> {
    const stream = this.#stream ?? this.#make();
    if (this.#keeps) this.#stream = stream;
    const parts: Uint8Array[] = [];
    const collect = (part: Uint8Array): unknown => parts.push(part);
    stream.on("data", collect);
    await new Promise<void>((resolve, reject) => {
      stream.once("error", reject);
      stream.write(data);
      stream.flush(constants.Z_SYNC_FLUSH, () => resolve());
    });
    stream.off("data", collect);
    stream.removeAllListeners("error");
    if (!this.#keeps) stream.close();
    return Buffer.concat(parts);
  }
}

const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);

/** The tester's own zlib, with the streams that the agreement allows it. */
function transformOf({ noContextTakeover, windowBits }: Parameters): Transform {
  const bits = windowBits === 0 ? 15 : windowBits;
  const deflate = new Stream(
    () => createDeflateRaw({ windowBits: bits, level: 6 }),
    !noContextTakeover,
  );
  const inflate = new Stream(() => createInflateRaw({ windowBits: bits }), !noContextTakeover);
  return {
    deflate: async (payload) => {
      const whole = await deflate.pass(payload);
      return payload.length === 0 ? Uint8Array.of(0) : whole.subarray(0, -TAIL.length);
    },
    inflate: (payload) => inflate.pass(Buffer.concat([payload, TAIL])),
  };
}

function compressionOf(all: readonly Parameters[]): Compression {
  const [first = { noContextTakeover: false, windowBits: 0 }] = all;
  // The parameters hold for both directions, so that both are put to the test.
  const offers = all.map(({ noContextTakeover, windowBits }) => {
    const takeover = "; server_no_context_takeover; client_no_context_takeover";
    const window = `; server_max_window_bits=${windowBits}; client_max_window_bits=${windowBits}`;
    const bits = windowBits === 0 ? "; client_max_window_bits" : window;
    return `permessage-deflate${noContextTakeover ? takeover : ""}${bits}`;
  });
  const answer = offers[0]?.replace(
    "; client_max_window_bits",
    (found, at: number, text: string) => (text[at + found.length] === "=" ? found : ""),
  );
  const { noContextTakeover, windowBits } = first;
  return {
    offer: offers.join(", "),
    answer: answer ?? "",
    transform: () => transformOf(first),
    options: {
      serverNoContextTakeover: noContextTakeover,
      clientNoContextTakeover: noContextTakeover,
      ...(windowBits === 0
        ? {}
        : { serverMaxWindowBits: windowBits, clientMaxWindowBits: windowBits }),
    },
  };
}

/** The messages of one case: parts of the data, each from where the one before ended. */
function messagesOf(opcode: number, data: Uint8Array, size: number): Frame[] {
  const fitting = Math.floor(MOST_BYTES / size);
  const count = Math.max(2, Math.min(MOST_MESSAGES, fitting));
  return Array.from({ length: count }, (_, i) => {
    const start = (i * size) % (data.length - size + 1);
    return frame(opcode, data.subarray(start, start + size));
  });
}

function cases(
  section: string,
  { opcode, data }: { opcode: number; data: Uint8Array },
  compression: Compression,
): CompressionCase[] {
  return SIZES.map(([size, fragmentSize], index) => ({
    id: `${section}.${index + 1}`,
    ...(fragmentSize === undefined ? {} : { fragmentSize }),
    compression,
    get send(): Frame[] {
      return [...messagesOf(opcode, data, size), CLOSE];
    },
    get said(): string[] {
      const all = messagesOf(opcode, data, size).map(({ payload }) => describe(opcode, payload));
      return [...all, DONE];
    },
  }));
}

const plain: Parameters = { noContextTakeover: false, windowBits: 0 };
const alone: Parameters = { noContextTakeover: true, windowBits: 0 };
const alone9: Parameters = { noContextTakeover: true, windowBits: 9 };

const SECTION_13: readonly (readonly Parameters[])[] = [
  [plain],
  [alone],
  [{ noContextTakeover: false, windowBits: 9 }],
  [{ noContextTakeover: false, windowBits: 15 }],
  [alone9],
  [{ noContextTakeover: true, windowBits: 15 }],
  [alone9, alone, plain],
];

export const compressionCases: readonly CompressionCase[] = [
  ...KINDS.flatMap((kind, i) => cases(`12.${i + 1}`, kind, compressionOf([plain]))),
  ...SECTION_13.flatMap((all, i) => cases(`13.${i + 1}`, json, compressionOf(all))),
];
