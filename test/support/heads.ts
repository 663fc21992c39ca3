/** Reads the span table after a head was parsed, as text and facts that tests compare. */

import { METHODS } from "../../core-wasm/http/names.ts";
import {
  CONTENT_LENGTH_HIGH,
  CONTENT_LENGTH_LOW,
  FLAG_CHUNKED,
  FLAG_CLOSE_ASKED,
  FLAG_EXPECT_CONTINUE,
  FLAG_HAS_LENGTH,
  FLAG_KEEP_ALIVE,
  FLAG_KEEP_ALIVE_ASKED,
  FLAG_NO_BODY,
  FLAG_PERCENT,
  FLAG_UNTIL_CLOSE,
  FLAG_UPGRADE,
  FLAG_UPGRADE_ASKED,
  FLAGS,
  HEAD_LENGTH,
  HEADER_COUNT,
  HEADER_WORDS,
  HEADERS,
  HOST_LENGTH,
  HOST_START,
  METHOD_ID,
  METHOD_LENGTH,
  METHOD_START,
  MINOR_VERSION,
  PATH_LENGTH,
  PATH_START,
  PRESENT,
  QUERY_START,
  REASON_LENGTH,
  REASON_START,
  STATUS_CODE,
  TARGET_FORM,
  TARGET_LENGTH,
  TARGET_START,
} from "../../core-wasm/layout.ts";
import type { CoreBuild } from "./core-builds.ts";

export interface HeaderLine {
  readonly name: string;
  readonly value: string;
  readonly id: number;
}

export interface RequestHead {
  readonly length: number;
  readonly method: string;
  readonly methodId: number;
  readonly target: string;
  readonly form: string;
  readonly path: string;
  readonly query: string | undefined;
  readonly host: string;
  readonly minorVersion: number;
  readonly flags: readonly string[];
  readonly contentLength: number;
  readonly headers: readonly HeaderLine[];
  /** Ids of the known headers that the presence bits tell. */
  readonly present: readonly number[];
}

const FORMS = ["", "origin", "absolute", "authority", "asterisk"];

const flagNames: Readonly<Record<string, number>> = {
  "keep-alive": FLAG_KEEP_ALIVE,
  chunked: FLAG_CHUNKED,
  "has-length": FLAG_HAS_LENGTH,
  "expect-continue": FLAG_EXPECT_CONTINUE,
  upgrade: FLAG_UPGRADE,
  percent: FLAG_PERCENT,
  "keep-alive-asked": FLAG_KEEP_ALIVE_ASKED,
  "close-asked": FLAG_CLOSE_ASKED,
  "upgrade-asked": FLAG_UPGRADE_ASKED,
  "no-body": FLAG_NO_BODY,
  "until-close": FLAG_UNTIL_CLOSE,
};

/** The request that was parsed at `start`. */
export function requestHead(build: CoreBuild, start: number): RequestHead {
  const word = wordsOf(build);
  const span = spansOf(build, start);
  const query = word(QUERY_START);
  return {
    length: word(HEAD_LENGTH),
    method: span(METHOD_START, METHOD_LENGTH),
    methodId: word(METHOD_ID),
    target: span(TARGET_START, TARGET_LENGTH),
    form: FORMS[word(TARGET_FORM)] ?? "",
    path: span(PATH_START, PATH_LENGTH),
    query:
      query === 0
        ? undefined
        : build.memory.toString(
            "latin1",
            start + query,
            start + word(TARGET_START) + word(TARGET_LENGTH),
          ),
    host: span(HOST_START, HOST_LENGTH),
    minorVersion: word(MINOR_VERSION),
    flags: flagsOf(build),
    contentLength: contentLengthOf(build),
    headers: headersOf(build, start),
    present: presentOf(build),
  };
}

/** What the tables of `test/wire/request.md` may say of a request. */
export function requestFacts(head: RequestHead): string[] {
  return [
    ...head.flags,
    `method=${head.method}`,
    `known=${METHODS[head.methodId]}`,
    `target=${head.target}`,
    `form=${head.form}`,
    `path=${head.path}`,
    `query=${head.query}`,
    `host=${head.host}`,
    `version=1.${head.minorVersion}`,
    `length=${head.contentLength}`,
    ...headerFacts(head.headers),
  ];
}

/** What the tables of `test/wire/response.md` may say of a response. */
export function responseFacts(build: CoreBuild, start: number): string[] {
  const word = wordsOf(build);
  return [
    ...flagsOf(build),
    `code=${word(STATUS_CODE)}`,
    `reason=${spansOf(build, start)(REASON_START, REASON_LENGTH)}`,
    `version=1.${word(MINOR_VERSION)}`,
    `length=${contentLengthOf(build)}`,
    ...headerFacts(headersOf(build, start)),
  ];
}

function headerFacts(headers: readonly HeaderLine[]): string[] {
  return [
    `headers=${headers.length}`,
    ...headers.map(({ name, value }) => `${name}: "${value}"`),
    ...headers.map(({ name, id }) => `${name}#${id === 0 ? "unknown" : "known"}`),
  ];
}

function wordsOf(build: CoreBuild): (index: number) => number {
  return (index) => build.table[index] ?? -1;
}

function spansOf(build: CoreBuild, start: number): (from: number, length: number) => string {
  const word = wordsOf(build);
  return (from, length) => {
    const at = start + word(from);
    return build.memory.toString("latin1", at, at + word(length));
  };
}

function flagsOf(build: CoreBuild): string[] {
  const flags = wordsOf(build)(FLAGS);
  return Object.keys(flagNames).filter((name) => flags & (flagNames[name] ?? 0));
}

function contentLengthOf(build: CoreBuild): number {
  const word = wordsOf(build);
  return word(CONTENT_LENGTH_HIGH) * 2 ** 32 + (word(CONTENT_LENGTH_LOW) >>> 0);
}

function headersOf(build: CoreBuild, start: number): HeaderLine[] {
  const word = wordsOf(build);
  const span = spansOf(build, start);
  return Array.from({ length: word(HEADER_COUNT) }, (_, index) => {
    const row = HEADERS + index * HEADER_WORDS;
    const nameStart = start + word(row);
    const nameLength = word(row + 1) & 0xffff;
    return {
      name: build.memory.toString("latin1", nameStart, nameStart + nameLength),
      value: span(row + 2, row + 3),
      id: word(row + 1) >>> 16,
    };
  });
}

function presentOf(build: CoreBuild): number[] {
  const word = wordsOf(build);
  const ids = Array.from({ length: 128 }, (_, id) => id);
  return ids.filter((id) => (word(PRESENT + (id >> 5)) >>> (id & 31)) & 1);
}
