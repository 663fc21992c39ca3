/** Hashing and signing in the core beside node:crypto, and beside hash-wasm where it is installed. */

import { createHash, createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { BLAKE3, DIGEST, SHA1, SHA256, SHA512 } from "../../core-wasm/layout.ts";
import { memory, wasm } from "../../src/core/load.ts";
import {
  contentHash,
  createSignedValue,
  decodeSignedValue,
  hmacSha256,
  SigningKey,
  transferMemory,
} from "../../src/core.ts";
import { compare, type Group, optional } from "./rounds.ts";

const SIZE = 65_536;
const { start } = transferMemory.input;
const bytes = Buffer.from(Uint8Array.from({ length: SIZE }, (_, i) => i % 251));
memory.set(bytes, start);

interface HashWasm {
  createBLAKE3(): Promise<{
    init(): void;
    update(data: Uint8Array): void;
    digest(kind: "hex"): string;
  }>;
}
const hashWasm = (await optional("hash-wasm")) as HashWasm | undefined;
const theirs = await hashWasm?.createBLAKE3();

function digests(name: string, id: number): Group {
  return {
    name: `${name} of 64 KiB`,
    bytes: SIZE,
    candidates: {
      core: () => wasm.hash(id, start, SIZE, DIGEST),
      "node:crypto": () => createHash(name).update(bytes).digest(),
    },
  };
}

const secret = "a secret of the usual length, or somewhat longer";
const key = new SigningKey(secret);
const keyObject = createSecretKey(Buffer.from(secret));
const now = 1_763_683_200;
const value = "user-1234567890-abcdefgh";
const message = Buffer.alloc(100, "message ");
const signed = Array.from({ length: 256 }, (_, i) =>
  createSignedValue(key, "user", `${value}${i}`, { timestamp: now }),
);
let turn = 0;

function field(text: string): string {
  return `${Buffer.byteLength(text)}:${text}|`;
}

/** Tornado's `create_signed_value`, as one writes it with node:crypto. */
function signWithNode(name: string, value: string, timestamp: number): string {
  const base64 = Buffer.from(value).toString("base64");
  const text = `2|1:0|${field(String(timestamp))}${field(name)}${field(base64)}`;
  return text + createHmac("sha256", keyObject).update(text).digest("hex");
}

function readField(text: string, at: number): [field: string, next: number] {
  const colon = text.indexOf(":", at);
  const end = colon + 1 + Number(text.slice(at, colon));
  return [text.slice(colon + 1, end), end + 1];
}

function verifyWithNode(name: string, signed: string, oldest: number): Buffer | undefined {
  const [, afterKey] = readField(signed, 2);
  const [timestamp, afterTime] = readField(signed, afterKey);
  const [signedName, afterName] = readField(signed, afterTime);
  const [base64, end] = readField(signed, afterName);
  const given = Buffer.from(signed.slice(end));
  const code = createHmac("sha256", keyObject).update(signed.slice(0, end)).digest("hex");
  if (given.length !== code.length || !timingSafeEqual(given, Buffer.from(code))) return undefined;
  if (signedName !== name || Number(timestamp) < oldest) return undefined;
  return Buffer.from(base64, "base64");
}

const next = () => signed[turn++ & 255] ?? "";
const times = { oldest: 1, newest: 2 ** 40 };

compare("crypto", [
  {
    name: "sign, version 2",
    bars: { "node:crypto": process.versions.bun === undefined ? 2.2 : 1 },
    candidates: {
      core: () => createSignedValue(key, "user", value, { timestamp: now + (turn++ & 255) }),
      "node:crypto": () => signWithNode("user", value, now + (turn++ & 255)),
    },
  },
  {
    name: "verify, version 2",
    bars: { "node:crypto": process.versions.bun === undefined ? 2.2 : 1 },
    candidates: {
      core: () => decodeSignedValue(key, "user", next(), times),
      "node:crypto": () => verifyWithNode("user", next(), 1),
    },
  },
  {
    name: "HMAC-SHA256 of 100 bytes",
    candidates: {
      core: () => hmacSha256(key, message),
      "node:crypto": () => createHmac("sha256", keyObject).update(message).digest(),
    },
  },
  {
    name: "name of a content of 12 bytes",
    candidates: {
      core: () => contentHash(start, 12),
      "node:crypto, sha1": () => createHash("sha1").update("Hello, world").digest("hex"),
    },
  },
  {
    name: "blake3 of 64 KiB",
    bars: { "hash-wasm": 1.5 },
    bytes: SIZE,
    candidates: {
      core: () => wasm.hash(BLAKE3, start, SIZE, DIGEST),
      "hash-wasm":
        theirs &&
        (() => {
          theirs.init();
          theirs.update(bytes);
          return theirs.digest("hex");
        }),
      "node:crypto, sha512": () => createHash("sha512").update(bytes).digest(),
    },
  },
  digests("sha1", SHA1),
  digests("sha256", SHA256),
  digests("sha512", SHA512),
]);
