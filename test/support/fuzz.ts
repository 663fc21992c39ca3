/**
 * The fuzz target: questions of embed/README.md with bytes changed, put in, left out, doubled and
 * mixed, asked of every build and of the component. All must answer the same, whatever it is; nothing
 * may trap; and no signed value may verify that was not signed. tools/fuzz.ts runs it for as long as
 * one likes, test/core/fuzz.test.ts for a fixed number of inputs.
 */

import * as component from "../../build/component/core.js";
import { answer } from "../../embed/browser/answer.ts";
import { builds } from "./core-builds.ts";
import { questions } from "./questions.ts";
import { rawAnswer } from "./raw-answers.ts";

/** A number from 0 up to a bound. */
type Random = (bound: number) => number;

/** Numbers that a seed decides (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

const corpus = questions().filter((question) => question.length < 4000);
/** What parsers get wrong. */
const seasoning = [
  "\r\n",
  "\r",
  "\n",
  "\0",
  " ",
  "\t",
  ":",
  ";",
  ",",
  '"',
  "0",
  "f",
  "--",
  "{{",
  "}}",
  "|",
];
/** Calls whose fields are strings in the component, by place: they are to be UTF-8. */
const strings: Readonly<Record<string, number>> = { tokens: 1, sign: 5, verify: 5 };
/** How many numbers and fixed texts come before the bytes. */
const fixed: Readonly<Record<string, number>> = {
  request: 3,
  response: 3,
  chunked: 3,
  parts: 3,
  "part-head": 2,
  tokens: 1,
  digest: 2,
  version: 1,
  sign: 4,
  verify: 4,
  hmac: 2,
  frame: 3,
  mask: 3,
  utf8: 1,
};

/** A question made from one of the corpus, and sometimes from bytes of another. */
export function anyQuestion(random: Random): string {
  const parts = pick(corpus, random).split(" ");
  const call = parts[0] ?? "";
  const first = fixed[call] ?? 1;
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = first + random(parts.length - first);
    parts[at] = digits(changed(bytes(parts[at]), random));
  }
  const text = strings[call];
  if (text !== undefined) parts[text] = digits(Buffer.from(bytes(parts[text]).toString()));
  return parts.join(" ");
}

function changed(data: Buffer, random: Random): Buffer {
  const at = random(data.length + 1);
  const end = Math.min(data.length, at + random(8));
  switch (random(6)) {
    case 0:
      return Buffer.concat([data.subarray(0, at), Buffer.of(random(256)), data.subarray(at + 1)]);
    case 1:
      return spliced(data, at, at, Buffer.from(pick(seasoning, random)));
    case 2:
      return spliced(data, at, end, Buffer.alloc(0));
    case 3:
      return spliced(data, at, at, data.subarray(at, end));
    case 4:
      return spliced(data, at, end, Buffer.from(pick(seasoning, random)));
    default: {
      const other = bytes(pick(corpus, random).split(" ").at(-1));
      return spliced(data, at, data.length, other.subarray(random(other.length + 1)));
    }
  }
}

function spliced(data: Buffer, start: number, end: number, put: Uint8Array): Buffer {
  return Buffer.concat([data.subarray(0, start), put, data.subarray(end)]);
}

/** Asks everybody. Throws an error that has the question in it, if they differ. */
export function checkQuestion(question: string): void {
  try {
    const [first = "", ...others] = builds.map((build) => rawAnswer(question, build));
    for (const other of others) if (other !== first) throw new Error(`"${first}" and "${other}"`);
    const own = answer(component, question);
    if (own !== first) throw new Error(`"${first}", the component "${own}"`);
    if (question.startsWith("verify ") && !first.startsWith("error") && !isSigned(question)) {
      throw new Error(`verified as "${first}"`);
    }
  } catch (error) {
    throw new Error(`Cannot agree on "${question}": ${error}`, { cause: error });
  }
}

const signed = new Set(corpus.filter((line) => line.startsWith("verify ")).map(afterLimits));

/** Secret, name and value are as they were signed; limits may differ. */
function isSigned(question: string): boolean {
  return signed.has(afterLimits(question));
}

function afterLimits(question: string): string {
  return question.split(" ").slice(4).join(" ");
}

function pick<T>(from: readonly T[], random: Random): T {
  return from[random(from.length)] as T;
}

function bytes(hex = "-"): Buffer {
  return Buffer.from(hex === "-" ? "" : hex, "hex");
}

function digits(data: Buffer): string {
  return data.toString("hex") || "-";
}
