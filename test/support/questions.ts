/**
 * The questions of embed/README.md that every embedding is asked: the rows of `test/wire/*.md`, and
 * for the other interfaces texts, values and frames that are right and wrong in each way.
 */

import { createHmac } from "node:crypto";
import { everySplit } from "./every-split.ts";
import { wireCases } from "./wire-cases.ts";

const SECRET = hex("a secret");
const NAME = hex("user");
const FIELDS = "2|1:3|10:1300000000|4:user|8:dmFsdWU=|";
const SIGNED_V2 = `${FIELDS}${hmac("sha256", FIELDS)}`;
const SIGNED_V1 = `dmFsdWU=|1300000000|${hmac("sha1", "userdmFsdWU=1300000000")}`;

/** Every question, without those whose rows take too long for nothing. */
export function questions(): string[] {
  return [
    ...wireCases("request.md").map(({ wire }) => `request 4 64 ${hex(wire)}`),
    ...wireCases("response.md").map(({ wire }) => `response 4 1 ${hex(wire)}`),
    ...wireCases("response.md").map(({ wire }) => `response 4 2 ${hex(wire)}`),
    ...wireCases("chunked.md").flatMap(({ wire }) => chunkedQuestions(wire)),
    ...wireCases("multipart.md").flatMap(({ wire, expected }) => partQuestions(wire, expected)),
    ...partHeads.map((head) => `part-head 2 ${hex(head)}`),
    ...templates.map((source) => `tokens ${hex(source)}`),
    ...digestQuestions(),
    ...signedQuestions(),
    ...frames.flatMap((digits) => [`frame 1 0 ${digits}`, `frame 0 64 ${digits}`]),
    ...["0 0 -", "305419896 0 00010203040506", "4294967295 3 0001"].map((line) => `mask ${line}`),
    ...["-", "c3 a9", "c3", "e282ac", "c0af", "f0 9f 98 80", "eda080", "61 80"].map(
      (pieces) => `utf8 ${pieces}`,
    ),
  ];
}

/** Whole, byte by byte, and cut in two in the middle. */
function splits(wire: Buffer): Uint8Array[][] {
  const [whole = [], bytes = [], ...halves] = [...everySplit(wire)];
  return [whole, bytes, halves[Math.floor(halves.length / 2)] ?? []];
}

function chunkedQuestions(wire: Buffer): string[] {
  return splits(wire).map((pieces) => `chunked 64 128 ${pieces.map(hex).join(" ")}`);
}

function partQuestions(wire: Buffer, expected: readonly string[]): string[] {
  const boundary = expected.find((fact) => fact.startsWith("boundary="))?.slice(9) ?? "b";
  return splits(wire).map((pieces) => `parts 64 ${hex(boundary)} ${pieces.map(hex).join(" ")}`);
}

const partHeads = [
  'Content-Disposition: form-data; name="a"\r\nX: y\r\n\r\n',
  "\r\n",
  "",
  "A: 1\r\n",
  "A 1\r\n\r\n",
  "A: 1\n\r\n",
  "A: \0\r\n\r\n",
  "A: 1\r\n b\r\n\r\n",
  "A: 1\r\nB: 2\r\nC: 3\r\n\r\n",
];

const templates = [
  "",
  "Hello, world",
  "a {{ b }} c\n{% if d %}\n{# e #}{{!f}}",
  '{{ "}}" }}ñ{{{x}}}測試\n{{y}}',
  "a{{ b",
  "\n{% c",
  "{# d",
  "{{ }}",
  "{% %}",
  "{{ a }}\n".repeat(700),
];

function digestQuestions(): string[] {
  const long = hex(Buffer.alloc(3000, "Squall "));
  const algorithms = ["sha1", "sha256", "sha512", "blake3"];
  return [
    ...algorithms.flatMap((name) => [
      `digest ${name} -`,
      `digest ${name} ${hex("abc")}`,
      `digest ${name} ${hex("a")} - ${hex("bc")}`,
      `digest ${name} ${long} ${long}`,
    ]),
    "version -",
    `version ${long}`,
    `hmac sha256 ${hex("Jefe")} ${hex("what do ya want for nothing?")}`,
    `hmac sha256 ${"aa".repeat(131)} -`,
  ];
}

function signedQuestions(): string[] {
  const verify = (signed: string, limits = "1 0 9999999999", name = NAME) =>
    `verify ${limits} ${SECRET} ${name} ${hex(signed)}`;
  return [
    `sign 2 3 1300000000 ${SECRET} ${NAME} ${hex("value")}`,
    `sign 2 4294967295 9007199254740991 ${SECRET} ${hex("näme")} -`,
    `sign 1 0 1300000000 ${SECRET} ${NAME} ${hex("value")}`,
    verify(SIGNED_V2),
    verify(SIGNED_V2, "2 1300000000 0"),
    verify(SIGNED_V2, "3 0 9999999999"),
    verify(SIGNED_V2, "1 1300000001 9999999999"),
    verify(SIGNED_V2, "1 0 9999999999", hex("other")),
    verify(`${FIELDS}${"0".repeat(64)}`),
    verify(FIELDS),
    verify(SIGNED_V1),
    verify(SIGNED_V1, "2 0 9999999999"),
    verify(SIGNED_V1, "1 1300000001 9999999999"),
    verify(SIGNED_V1, "1 0 1299999999"),
    verify("2|"),
    verify(""),
    verify("a|b|c"),
    verify("dmFsdWU=|1300000000|00"),
  ];
}

/** Frames of RFC 6455 section 5.7, and heads that are wrong or cut. */
const frames = [
  "810548656c6c6f",
  "818537fa213d7f9f4d5158",
  "010348656c",
  "80026c6f",
  "890548656c6c6f",
  "8a8537fa213d7f9f4d5158",
  "827e0100",
  "827f0000000000010000",
  "82fe010001020304",
  "c10548656c6c6f",
  "a100",
  "8300",
  "0900",
  "897e0080",
  "827e0001",
  "827f0000000000000001",
  "827fffffffffffffffff",
  "-",
  "81",
  "82fe01",
];

function hmac(algorithm: string, text: string): string {
  return createHmac(algorithm, "a secret").update(text).digest("hex");
}

function hex(data: string | Uint8Array): string {
  return Buffer.from(data).toString("hex") || "-";
}
