/** Masking and UTF-8 in the core beside the natives: bufferutil, if installed, and node:buffer. */

import { isUtf8 } from "node:buffer";
import { memory, wasm } from "../../src/core/load.ts";
import { copyBytes, takeBytes, transferMemory } from "../../src/core.ts";
import { compare, type Group, optional } from "./rounds.ts";

const SIZE = 65_536;
const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
const key = KEY.readInt32LE();
const { start } = transferMemory.output;
const payload = Buffer.alloc(SIZE, "payload ");

interface BufferUtil {
  default: { unmask(buffer: Buffer, mask: Buffer): void };
}
const bufferUtil = (await optional("bufferutil")) as BufferUtil | undefined;
const unmask = bufferUtil?.default.unmask;

const texts = {
  mixed:
    "Hello, world. Ça va? Добрый день, мир! 日本語のテキスト 😀 and more plain text after it. ",
  "mostly ASCII": `${"Plain text as it is written in English, with little else in it. ".repeat(4)}naïve café — “so” it goes. `,
  ASCII: "Hello, world. ",
  Cyrillic: "Добрый день, мир! Как дела? ",
  Japanese: "日本語のテキストです。",
};

/** Whole characters, up to 64 KiB. */
function fill(text: string): Buffer {
  const unit = Buffer.byteLength(text);
  return Buffer.from(text.repeat(Math.floor(SIZE / unit)));
}

function validation([name, text]: [string, string], index: number): Group {
  const bytes = fill(text);
  // Each in a place of its own, not aligned, after the one that is masked.
  const at = start + 1 + (index + 1) * (SIZE + 64);
  memory.set(bytes, at);
  return {
    name: `UTF-8 of 64 KiB, ${name}`,
    ...(name === "mixed" ? { bars: { "node:buffer isUtf8": 0.5 } } : {}),
    bytes: bytes.length,
    candidates: {
      core: () => wasm.validateUtf8(at, bytes.length, 0),
      "node:buffer isUtf8": () => isUtf8(bytes),
    },
  };
}

/** What a payload would cost that does not lie in the core's memory: the way there and back. */
function maskOutside(bytes: Uint8Array): void {
  memory.set(bytes, start);
  wasm.mask(start, bytes.length, key, 0);
  bytes.set(memory.subarray(start, start + bytes.length));
}

const masking: Group[] = [
  {
    name: "unmask 64 KiB",
    bars: { bufferutil: 1 },
    bytes: SIZE,
    candidates: {
      "core, in its memory": () => wasm.mask(start + 1, SIZE, key, 0),
      bufferutil: unmask && (() => unmask(payload, KEY)),
      "core, there and back": () => maskOutside(payload),
    },
  },
  {
    name: "unmask 100 bytes",
    bytes: 100,
    candidates: {
      "core, in its memory": () => wasm.mask(start + 1, 100, key, 0),
      bufferutil: unmask && (() => unmask(payload.subarray(0, 100), KEY)),
      "core, there and back": () => maskOutside(payload.subarray(0, 100)),
    },
  },
];

/** The last messages are still in use, as in a server. */
const kept: Uint8Array[] = new Array(64).fill(payload);
let turn = 0;

const taking: Group = {
  name: "message of 125 bytes, as bytes of its own",
  bytes: 125,
  candidates: {
    core: () => {
      kept[turn++ & 63] = takeBytes(start, 125);
    },
    "Uint8Array slice": () => {
      kept[turn++ & 63] = copyBytes(start, 125);
    },
  },
};

compare("websocket", [...masking, taking, ...Object.entries(texts).map(validation)]);
