/**
 * Parsers of request heads behind one call: the core's two builds, llhttp as WebAssembly from
 * undici (callbacks that do nothing), and the HTTP parser inside Node. What is absent is left out.
 */

import { createRequire } from "node:module";
import { instantiate } from "../../build/core-scalar.js";
import { SLACK, WINDOW, WINDOW_LENGTH } from "../../core-wasm/layout.ts";
import { type CoreExports, wasm } from "../../src/core/load.ts";

export interface Parser {
  readonly name: string;
  /** Takes the requests in; what it returns parses all of them, in place, that many times. */
  prepare(requests: readonly Buffer[], times: number): () => void;
}

/** What is used of it: TypeScript has its types only together with the DOM's. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const PAGE = 65536;

export async function parsers(): Promise<Parser[]> {
  const found = [
    coreParser("core", wasm),
    coreParser("core, scalar", instantiate() as unknown as CoreExports),
    llhttpWasm(),
    await nodeParser(),
  ];
  return found.filter((parser) => parser !== undefined);
}

function coreParser(name: string, core: CoreExports): Parser {
  return {
    name,
    prepare(requests, times) {
      const bytes = new Uint8Array(core.memory.buffer);
      const spans = new Int32Array(requests.length * 2);
      let at = WINDOW;
      requests.forEach((request, index) => {
        if (at + request.length + SLACK > WINDOW + WINDOW_LENGTH) {
          throw new Error("Cannot place the requests: the window is full");
        }
        bytes.set(request, at);
        spans.set([at, request.length], index * 2);
        at += request.length + SLACK;
      });
      const once = () => {
        for (let i = 0; i < spans.length; i += 2) {
          const length = spans[i + 1] ?? 0;
          const result = core.parseRequestHead(spans[i] ?? 0, length, 100, 8192);
          if (result !== length) throw new Error(`Cannot parse: status ${result}`);
        }
      };
      if (spans.length > 2) return once;
      const [start = 0, length = 0] = spans;
      return () => {
        for (let i = 0; i < times; i++) {
          const result = core.parseRequestHead(start, length, 100, 8192);
          if (result !== length) throw new Error(`Cannot parse: status ${result}`);
        }
      };
    },
  };
}

interface LlhttpExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  llhttp_alloc(type: number): number;
  llhttp_execute(parser: number, start: number, length: number): number;
}

/** `BENCH_UNDICI` names the folder of another undici than that beside the benchmarks. */
function llhttpWasm(): Parser | undefined {
  let binary: Uint8Array;
  try {
    const folder = process.env.BENCH_UNDICI ?? "undici";
    const loaded: unknown = createRequire(import.meta.url)(
      `${folder}/lib/llhttp/llhttp_simd-wasm.js`,
    );
    binary = loaded as Uint8Array;
  } catch {
    return undefined;
  }
  const names = ["url", "status", "message_begin", "header_field", "header_value"];
  const callbacks = [...names, "headers_complete", "body", "message_complete"];
  const env = Object.fromEntries(callbacks.map((name) => [`wasm_on_${name}`, () => 0]));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(binary), { env });
  const llhttp = instance.exports as LlhttpExports;
  return {
    name: "llhttp, WebAssembly",
    prepare(requests, times) {
      const all = Buffer.concat(requests);
      const parser = llhttp.llhttp_alloc(1);
      const first = llhttp.memory.grow(Math.ceil(all.length / PAGE)) * PAGE;
      new Uint8Array(llhttp.memory.buffer).set(all, first);
      const lengths = requests.map((request) => request.length);
      return () => {
        for (let i = 0; i < times; i++) {
          let at = first;
          for (const length of lengths) {
            const error = llhttp.llhttp_execute(parser, at, length);
            if (error !== 0) throw new Error(`Cannot parse: llhttp error ${error}`);
            at += length;
          }
        }
      };
    },
  };
}

interface NodeParser {
  [callback: number]: () => void;
  initialize(type: number, resource: object): void;
  execute(bytes: Buffer): number | Error;
}

interface NodeParserClass {
  new (): NodeParser;
  readonly REQUEST: number;
  readonly kOnHeadersComplete: number;
  readonly kOnMessageComplete: number;
}

async function nodeParser(): Promise<Parser | undefined> {
  if (process.versions.bun !== undefined || "Deno" in globalThis) return undefined;
  const name = "node:_http_common";
  const { HTTPParser } = (await import(name)) as { HTTPParser: NodeParserClass };
  return {
    name: "node's HTTPParser",
    prepare(requests, times) {
      const parser = new HTTPParser();
      parser.initialize(HTTPParser.REQUEST, {});
      parser[HTTPParser.kOnHeadersComplete] = () => {};
      parser[HTTPParser.kOnMessageComplete] = () => {};
      return () => {
        for (let i = 0; i < times; i++) {
          for (const request of requests) {
            const result = parser.execute(request);
            if (result !== request.length) throw new Error(`Cannot parse: ${result}`);
          }
        }
      };
    },
  };
}
