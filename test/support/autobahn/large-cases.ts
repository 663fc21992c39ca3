/** Section 9 of the Autobahn test suite, by number: limits and performance, at its own sizes. */

import { binary, type Case, CLOSE, type Frame, fragments, frame, text } from "./case.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const DONE = "close 1000";
const PATTERN = new TextEncoder().encode("*BAsd7&jh23!? 0123456789 abcdefghijklmnopqrstuvwxyz");
const longest = new Uint8Array(16 * MIB);
for (let at = 0; at < longest.length; at += PATTERN.length) {
  longest.set(PATTERN.subarray(0, longest.length - at), at);
}

function payload(length: number): Uint8Array {
  return longest.subarray(0, length);
}

function said(opcode: number, length: number): string {
  return opcode === 1 ? text(payload(length)) : binary(payload(length));
}

function pair(section: number, make: (id: string, opcode: number) => Case[]): Case[] {
  return [...make(`9.${section}`, 1), ...make(`9.${section + 1}`, 2)];
}

const whole = pair(1, (id, opcode) =>
  [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB].map((length, i) => ({
    id: `${id}.${i + 1}`,
    send: [frame(opcode, payload(length)), CLOSE],
    said: [said(opcode, length), DONE],
  })),
);

const inFragments = pair(3, (id, opcode) => {
  const lengths = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];
  return lengths.map((length, i) => ({
    id: `${id}.${i + 1}`,
    get send(): Frame[] {
      return [...fragments(opcode, payload(4 * MIB), length), CLOSE];
    },
    chop: 64 * KIB,
    said: [said(opcode, 4 * MIB), DONE],
  }));
});

const chopped = pair(5, (id, opcode) =>
  [64, 128, 256, 512, 1024, 2048].map((chop, i) => ({
    id: `${id}.${i + 1}`,
    send: [frame(opcode, payload(MIB)), CLOSE],
    chop,
    said: [said(opcode, MIB), DONE],
  })),
);

const manyMessages = pair(7, (id, opcode) =>
  [0, 16, 64, 256, 1024, 4096].map((length, i) => ({
    id: `${id}.${i + 1}`,
    send: [...new Array(1000).fill(frame(opcode, payload(length))), CLOSE],
    said: [...new Array(1000).fill(said(opcode, length)), DONE],
    inTurn: true,
  })),
);

export const largeCases: readonly Case[] = [...whole, ...inFragments, ...chopped, ...manyMessages];
