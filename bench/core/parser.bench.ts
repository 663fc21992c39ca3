/** Request heads: the core beside other parsers, and a chunked body beside a plain copy. */

import { CHUNKED, CHUNKED_WORDS, INPUT, OUTPUT } from "../../core-wasm/layout.ts";
import { memory, wasm } from "../../src/core/load.ts";
import { parsers } from "./parsers.ts";
import { picohttpparser } from "./pico.ts";
import { corpora } from "./requests.ts";
import { compare, type Group } from "./rounds.ts";

/** Calls of one request in a go, so that the loop around them is nothing. */
const REPEATED = 100;
const BARS = { picohttpparser: 0.8, "llhttp, WebAssembly": 3 };

const all = await parsers();
const native = picohttpparser();

function headGroup({ name, requests }: ReturnType<typeof corpora>[number]): Group {
  const units = requests.length === 1 ? REPEATED : requests.length;
  const bytes = requests.reduce((sum, request) => sum + request.length, 0) / requests.length;
  const times = units / requests.length;
  const of = (wanted: string) =>
    all.find((parser) => parser.name === wanted)?.prepare(requests, times);
  return {
    name: `request head, ${name}, ${bytes.toFixed(0)} B`,
    ...(name === "varied" ? { bars: BARS } : {}),
    units,
    bytes,
    candidates: {
      core: of("core"),
      picohttpparser: native?.(requests),
      "llhttp, WebAssembly": of("llhttp, WebAssembly"),
      "node's HTTPParser": of("node's HTTPParser"),
      "core, scalar": of("core, scalar"),
    },
  };
}

const CHUNK = 4096;
const COUNT = 16;
const body = Buffer.from(`1000\r\n${"x".repeat(CHUNK)}\r\n`.repeat(COUNT));
const state = new Int32Array(memory.buffer, CHUNKED, CHUNKED_WORDS);
memory.set(body, OUTPUT);

const chunked: Group = {
  name: "chunked body of 4-KiB chunks, 64 KiB",
  bars: { "a copy": 0.5 },
  bytes: CHUNK * COUNT,
  candidates: {
    // The input is spoilt by decoding, so a fresh one is copied first; the copy is timed beside it.
    core: () => {
      memory.copyWithin(INPUT, OUTPUT, OUTPUT + body.length);
      state.fill(0);
      return wasm.decodeChunked(INPUT, body.length, 64, 64);
    },
    "a copy": () => {
      memory.copyWithin(INPUT, OUTPUT, OUTPUT + body.length);
      return memory.copyWithin(INPUT, INPUT + 7, INPUT + 7 + body.length);
    },
  },
};

/** One after the other, as they share the core's memory. */
function* groups(): Generator<Group> {
  for (const corpus of corpora()) yield headGroup(corpus);
  yield chunked;
}

compare("parser", groups());
