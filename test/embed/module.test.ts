/**
 * The module inside the component, called as no runtime would: whatever pointers, lengths, options
 * and handles come, an answer comes, and never a trap. And the world as core.wit says it.
 */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as core from "../../build/component/core.js";
import { MEMORY_PAGES, PAGE } from "../../core-wasm/layout.ts";
import * as statuses from "../../core-wasm/status.ts";

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url));
const wit = file("core-wasm/component/core.wit").toString();

type Call = (...values: (number | bigint)[]) => number | undefined;

interface Module {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly cabi_realloc: (old: number, oldSize: number, align: number, size: number) => number;
}

/** What is used of it: TypeScript has its types only together with the DOM's. */
declare const WebAssembly: {
  readonly Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): { readonly module: string; readonly name: string }[];
    exports(module: object): { readonly name: string; readonly kind: string }[];
  };
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const compiled = new WebAssembly.Module(file("build/core.component.core.wasm"));
const calls = WebAssembly.Module.exports(compiled).filter(({ name }) => name.includes("#"));

/** A handle of a resource is the number of its slot here. */
function instantiate(): Module & Record<string, Call> {
  const imports: Record<string, Record<string, unknown>> = {};
  for (const { module, name } of WebAssembly.Module.imports(compiled)) {
    imports[module] = { ...imports[module], [name]: (slot: number) => slot };
  }
  const { exports } = new WebAssembly.Instance(compiled, imports);
  return exports as Module & Record<string, Call>;
}

/** Where the arguments of a call begin: behind the core's own regions. */
const ARENA = MEMORY_PAGES * PAGE;

/** Numbers that are wrong in every place: negative, huge, inside the tables, at the memory's ends. */
const numbers = [0, 1, 16, 1023, 32_768, ARENA, ARENA + 64, 2 ** 22 - 1, 2 ** 31 - 1, -1, -64];

test.each(calls)("$name answers whatever it is passed", ({ name }) => {
  const module = instantiate();
  const call = module[name] as Call & { readonly length: number };
  const wide = new Set(wideParameters[name]);
  for (const { name } of calls) if (name.endsWith(".create")) module[name]?.(0, 0);
  for (let round = 0; round < 400; round++) {
    const values = Array.from({ length: call.length }, (_, place) => {
      const value = numbers[(round * 7 + place * (3 + (round % 5))) % numbers.length] ?? 0;
      return wide.has(place) ? BigInt(value) : value;
    });
    argument(module, REQUEST);
    const result = call(...values);
    if (result !== undefined) expect(result).toBeLessThan(module.memory.buffer.byteLength);
  }
});

const signing = "squall:core/signing@0.1.0";

/** Which parameters are times, of 64 bits. */
const wideParameters: Readonly<Record<string, readonly number[]>> = {
  [`${signing}#[method]signer.sign`]: [5],
  [`${signing}#[method]signer.sign-v1`]: [5],
  [`${signing}#[method]signer.verify`]: [6, 7],
  [`${signing}#encode-xsrf-token`]: [3],
};

/** Where an argument of these bytes is, as a runtime puts it. */
function argument(module: Module, bytes: Uint8Array): readonly [number, number] {
  const at = module.cabi_realloc(0, 0, 1, bytes.length);
  new Uint8Array(module.memory.buffer).set(bytes, at);
  return [at, bytes.length];
}

const REQUEST = Buffer.from("GET / HTTP/1.0\r\n\r\n");
const INVALID_ARGUMENT = Object.keys(statuses).indexOf("UNKNOWN_EXPECTATION");

test("an argument is only what was given room since the last call", () => {
  const module = instantiate();
  const parse = module["squall:core/http@0.1.0#parse-request"] as Call;
  const outcome = (...values: number[]) => {
    const at = parse(...values) ?? 0;
    return [...new Uint8Array(module.memory.buffer, at, 9)];
  };
  const taken = [0, 0, 0, 0, 0, 0, 0, 0, 1];
  const refused = [1, 0, 0, 0, 0, 0, 0, 0, INVALID_ARGUMENT];
  const given = argument(module, REQUEST);
  expect(outcome(...given, 9, 99)).toEqual(taken);
  // The call has ended, and with it the argument.
  expect(outcome(...given, 9, 99)).toEqual(refused);
  const [start, length] = argument(module, REQUEST);
  expect(outcome(start + 100, length, 9, 99)).toEqual(refused);
});

test("a resource that was dropped, or never made, takes nothing", () => {
  const module = instantiate();
  const of = (name: string) => module[`squall:core/hashing@0.1.0#${name}`] as Call;
  const word = (at = 0) =>
    new Int32Array(module.memory.buffer)[(of("[method]hasher.digest")(at) ?? 0) / 4 + 1];
  of("[static]hasher.create")(1);
  expect(word(0)).toBe(32);
  of("[dtor]hasher")(0);
  of("[dtor]hasher")(0);
  expect(word(0)).toBe(0);
  expect(word(7)).toBe(0);
  expect(word(-1)).toBe(0);
});

test("arguments that have no room together are an error", () => {
  const module = instantiate();
  const sign = module[`${signing}#[method]signer.sign`] as Call;
  const most = 4160 * 65_536;
  const name = module.cabi_realloc(0, 0, 1, most / 2);
  const value = module.cabi_realloc(0, 0, 1, most - 2 ** 22);
  const at = sign(0, name, most / 2, value, most - 2 ** 22, 0n, 0) ?? 0;
  expect([...new Uint8Array(module.memory.buffer, at, 5)]).toEqual([1, 0, 0, 0, 7]);
  // The next call has its room again.
  expect(module.cabi_realloc(0, 0, 1, 100)).toBe(ARENA);
});

test("more of what is held than there is room for is an error, and dropping makes room", () => {
  const { http, multipart, signing, hashing } = core;
  const kinds: { make: () => Disposable; most: number; error: string }[] = [
    { make: () => http.ChunkedDecoder.create(0, 0), most: 1024, error: "too-many-decoders" },
    { make: () => multipart.Scanner.create("b", 1), most: 1024, error: "too-many-scanners" },
    { make: () => signing.Signer.create(REQUEST), most: 256, error: "too-many-signers" },
    { make: () => hashing.Hasher.create("sha1"), most: 256, error: "too-many-hashers" },
  ];
  for (const { make, most, error } of kinds) {
    const held = Array.from({ length: most }, make);
    let payload: unknown;
    try {
      make();
    } catch (caught) {
      payload = (caught as { payload: unknown }).payload;
    }
    expect((payload as { code?: string }).code ?? payload).toBe(error);
    for (const one of held) one[Symbol.dispose]();
    make()[Symbol.dispose]();
  }
});

test("lists and strings far above the memory that the component starts with", () => {
  const { hashing, http, signing, template } = core;
  const large = Buffer.alloc(20_000_000, "x");
  expect(hashing.contentVersion(large)).toHaveLength(32);
  expect(http.parseRequest(large, 2 ** 32 - 1, 2 ** 32 - 1)).toBeUndefined();
  expect(template.tokenize(large.toString())).toHaveLength(1);
  const signer = signing.Signer.create(large);
  const signed = Buffer.from(signer.sign("a", large, 1n, 1));
  expect(large.equals(signer.verify("a", signed, 1, 0n, 0n))).toBe(true);
  signer[Symbol.dispose]();
});

test("options out of range are errors", () => {
  const { http, multipart, signing, websocket } = core;
  const payloadOf = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      return (error as { payload: unknown }).payload;
    }
    return undefined;
  };
  const invalid = { code: "invalid-argument", position: 0 };
  expect(payloadOf(() => http.parseResponse(REQUEST, 1, 200))).toEqual(invalid);
  expect(payloadOf(() => http.ChunkedDecoder.create(2 ** 31, 0))).toEqual(invalid);
  for (const boundary of ["", "x".repeat(71)]) {
    expect(payloadOf(() => multipart.Scanner.create(boundary, 1))).toEqual(invalid);
  }
  expect(payloadOf(() => multipart.Scanner.create("b", 2 ** 30))).toEqual(invalid);
  expect(payloadOf(() => multipart.Scanner.create("a\r\n--a", 1))).toEqual({
    ...invalid,
    position: 1,
  });
  expect(payloadOf(() => websocket.parseFrameHead(REQUEST, true, 1))).toBe("invalid-argument");
  const signer = signing.Signer.create(REQUEST);
  expect(payloadOf(() => signer.sign("a", REQUEST, 2n ** 53n, 0))).toBe("invalid-argument");
  expect(payloadOf(() => signing.encodeXsrfToken(REQUEST, 0, 2n ** 64n - 1n))).toBe(
    "invalid-argument",
  );
  expect(payloadOf(() => signer.verify("a", REQUEST, 255, 2n ** 64n - 1n, 0n))).toBe("malformed");
  signer[Symbol.dispose]();
});

test("the errors of a message are the statuses, in their order", () => {
  const names = Object.keys(statuses).map((name) => name.toLowerCase().replaceAll("_", "-"));
  const cases = (interfaceName: string) => {
    const [, body = ""] = wit.split(`interface ${interfaceName} {`);
    const [, list = ""] = /enum error-code \{([\s\S]*?)\n {2}\}/.exec(body) ?? [];
    return [...list.matchAll(/^\s+([\w-]+),$/gm)].map(([, name]) => name);
  };
  const between = (first: string, last: string) =>
    names.slice(names.indexOf(first), names.indexOf(last) + 1);
  expect(cases("http").slice(0, -2)).toEqual(between("bad-request-line", "unknown-expectation"));
  expect(cases("websocket").slice(0, -1)).toEqual(between("bad-reserved-bits", "bad-frame-length"));
  expect(cases("template").slice(0, -2)).toEqual(
    between("empty-expression", "missing-comment-end"),
  );
});
