/**
 * Section 6 of the Autobahn test suite, by number: UTF-8, most of it after Markus Kuhn's "UTF-8
 * decoder capability and stress test".
 */

import { bytes, type Case, CLOSE, fragments, frame, text } from "./case.ts";

const DONE = "close 1000";
const INVALID = "close 1007";
const more = { final: false };

function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replaceAll(" ", ""), "hex"));
}

const SAMPLE = "Hello-µ@ßöäüàá-UTF-8!!";
const KOSME = "κόσμε";
const BAD = hex("cebae1bdb9cf83cebcceb5eda080656469746564");

/** A text with something invalid in its middle, as sections 6.4 cut it. */
const BEFORE = hex("cebae1bdb9cf83cebcceb5");
const WRONG = hex("f4908080");
const AFTER = hex("656469746564");

function valid(id: string, data: string | Uint8Array): Case {
  return { id, send: [frame(1, data), CLOSE], said: [text(data), DONE] };
}

function invalid(id: string, data: Uint8Array): Case {
  return { id, send: [frame(1, data), CLOSE], said: [INVALID] };
}

function fragmented(): Case[] {
  const sample = bytes(SAMPLE);
  return [
    valid("6.1.1", ""),
    {
      id: "6.1.2",
      send: [frame(1, "", more), frame(0, "", more), frame(0), CLOSE],
      said: [text(""), DONE],
    },
    {
      id: "6.1.3",
      send: [frame(1, "", more), frame(0, "middle frame payload", more), frame(0), CLOSE],
      said: [text("middle frame payload"), DONE],
    },
    valid("6.2.1", SAMPLE),
    { id: "6.2.2", send: [...fragments(1, sample, 13), CLOSE], said: [text(sample), DONE] },
    { id: "6.2.3", send: [...fragments(1, sample, 1), CLOSE], said: [text(sample), DONE] },
    { id: "6.2.4", send: [...fragments(1, KOSME, 1), CLOSE], said: [text(KOSME), DONE] },
    invalid("6.3.1", BAD),
    { id: "6.3.2", send: fragments(1, BAD, 1), said: [INVALID] },
  ];
}

/** The connection must fail before the rest is sent: so the rest is not sent at all. */
function failFast(): Case[] {
  const cut = (data: Uint8Array, announced: number): Case["send"] => [
    frame(1, data, more),
    frame(0, new Uint8Array(announced).fill(0x61), more),
  ];
  return [
    { id: "6.4.1", send: [frame(1, BEFORE, more), frame(0, WRONG, more)], said: [INVALID] },
    {
      id: "6.4.2",
      send: [frame(1, Buffer.concat([BEFORE, WRONG.subarray(0, 3)]), more)],
      said: [INVALID],
    },
    { id: "6.4.3", send: cut(Buffer.concat([BEFORE, WRONG]), 5), said: [INVALID], chop: 8 },
    { id: "6.4.4", send: cut(Buffer.concat([BEFORE, WRONG, AFTER]), 5), said: [INVALID], chop: 1 },
  ];
}

/** By section: the bytes of its cases, and those of them that are valid. */
const VECTORS: readonly { section: string; rows: readonly string[]; valid: readonly number[] }[] = [
  {
    section: "6.5",
    rows: new Array(5).fill("ceba e1bdb9 cf83 cebc ceb5"),
    valid: [1, 2, 3, 4, 5],
  },
  {
    section: "6.6",
    rows: [
      "ce",
      "ceba",
      "cebae1",
      "cebae1bd",
      "cebae1bdb9",
      "cebae1bdb9cf",
      "cebae1bdb9cf83",
      "cebae1bdb9cf83ce",
      "cebae1bdb9cf83cebc",
      "cebae1bdb9cf83cebcce",
      "cebae1bdb9cf83cebcceb5",
    ],
    valid: [2, 5, 7, 9, 11],
  },
  { section: "6.7", rows: ["00", "c280", "e0a080", "f0908080"], valid: [1, 2, 3, 4] },
  { section: "6.8", rows: ["f888808080", "fc8480808080"], valid: [] },
  { section: "6.9", rows: ["7f", "dfbf", "efbfbf", "f48fbfbf"], valid: [1, 2, 3, 4] },
  { section: "6.10", rows: ["f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"], valid: [] },
  {
    section: "6.11",
    rows: ["ed9fbf", "ee8080", "efbfbd", "f48fbfbf", "f4908080"],
    valid: [1, 2, 3, 4],
  },
  {
    section: "6.12",
    rows: [
      "80",
      "bf",
      "80bf",
      "80bf80",
      "80bf80bf",
      "80bf80bf80",
      "80bf80bf80bf",
      Array.from({ length: 64 }, (_, i) => (0x80 + i).toString(16)).join(""),
    ],
    valid: [],
  },
  {
    section: "6.13",
    rows: [
      [0xc0, 32],
      [0xe0, 16],
      [0xf0, 8],
      [0xf8, 4],
      [0xfc, 2],
    ].map(([first = 0, count = 0]) =>
      Array.from({ length: count }, (_, i) => `${(first + i).toString(16)}20`).join(""),
    ),
    valid: [],
  },
  {
    section: "6.14",
    rows: [
      "c0",
      "e080",
      "f08080",
      "f8808080",
      "fc80808080",
      "df",
      "efbf",
      "f7bfbf",
      "fbbfbfbf",
      "fdbfbfbfbf",
    ],
    valid: [],
  },
  {
    section: "6.15",
    rows: ["c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf"],
    valid: [],
  },
  { section: "6.16", rows: ["fe", "ff", "fefeffff"], valid: [] },
  {
    section: "6.17",
    rows: ["c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"],
    valid: [],
  },
  {
    section: "6.18",
    rows: ["c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"],
    valid: [],
  },
  {
    section: "6.19",
    rows: ["c080", "e08080", "f0808080", "f880808080", "fc8080808080"],
    valid: [],
  },
  {
    section: "6.20",
    rows: ["eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"],
    valid: [],
  },
  {
    section: "6.21",
    rows: [
      "eda080edb080",
      "eda080edbfbf",
      "edadbfedb080",
      "edadbfedbfbf",
      "edae80edb080",
      "edae80edbfbf",
      "edafbfedb080",
      "edafbfedbfbf",
    ],
    valid: [],
  },
];

/** Sections 6.22 and 6.23: characters that are unusual, and valid. */
function specials(): Case[] {
  const nonCharacters = [0xfffe, 0xffff];
  for (let plane = 1; plane <= 16; plane++) {
    nonCharacters.push(plane * 0x10000 + 0xfffe, plane * 0x10000 + 0xffff);
  }
  const unusual = [0xfff9, 0xfffa, 0xfffb, 0xfffc, 0xfffd, 0xfffe, 0xffff];
  const all = (section: string, points: readonly number[]): Case[] =>
    points.map((point, i) => valid(`${section}.${i + 1}`, String.fromCodePoint(point)));
  return [...all("6.22", nonCharacters), ...all("6.23", unusual)];
}

function vectors(): Case[] {
  return VECTORS.flatMap(({ section, rows, valid: ok }) =>
    rows.map((row, index) => {
      const id = `${section}.${index + 1}`;
      return ok.includes(index + 1) ? valid(id, hex(row)) : invalid(id, hex(row));
    }),
  );
}

export const utf8Cases: readonly Case[] = [
  ...fragmented(),
  ...failFast(),
  ...vectors(),
  ...specials(),
];
