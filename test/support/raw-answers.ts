/**
 * Answers the lines of embed/README.md with the plain module: what every embedding is held against.
 */

import {
  BLAKE3,
  CHUNKED_DATA_LENGTH,
  CHUNKED_DONE,
  CHUNKED_WORDS,
  CONTENT_LENGTH_HIGH,
  CONTENT_LENGTH_LOW,
  DIGEST,
  ERROR_POSITION,
  FLAG_HAS_LENGTH,
  FLAGS,
  FORM_ABSOLUTE,
  FRAME_FINAL,
  FRAME_KEY,
  FRAME_LENGTH_HIGH,
  FRAME_LENGTH_LOW,
  FRAME_OPCODE,
  FRAME_RESERVED,
  HEADER_COUNT,
  HEADER_WORDS,
  HEADERS,
  HOST_LENGTH,
  HOST_START,
  INPUT,
  KEYS,
  METHOD_ID,
  METHOD_LENGTH,
  METHOD_START,
  MINOR_VERSION,
  MULTIPART,
  MULTIPART_DELIMITER,
  MULTIPART_EVENT,
  MULTIPART_EVENT_START,
  MULTIPART_WORDS,
  OUTPUT,
  PART_WITHHELD,
  PATH_LENGTH,
  PATH_START,
  PRESENT,
  QUERY_START,
  REASON_LENGTH,
  REASON_START,
  SCRATCH,
  SHA1,
  SHA256,
  SHA512,
  STATUS_CODE,
  TARGET_FORM,
  TARGET_LENGTH,
  TARGET_START,
  TOKEN_COUNT,
  TOKEN_LINE,
  TOKEN_ROWS,
  TOKEN_WORDS,
  WINDOW,
} from "../../core-wasm/layout.ts";
import { BAD_SIGNED_VALUE, NEED_DATA } from "../../core-wasm/status.ts";
import { builds, type CoreBuild, statusName } from "./core-builds.ts";

const FORMS = ["", "origin", "absolute", "authority", "asterisk"];
const EVENTS = ["", "head-piece", "head", "data", "data", "part-end", "parts-end"];
const KINDS = ["", "text", "expression", "block", "comment", "braces"];
const ALGORITHMS: Readonly<Record<string, number>> = {
  sha1: SHA1,
  sha256: SHA256,
  sha512: SHA512,
  blake3: BLAKE3,
};
/** By bit, as in core.wit. */
const ATTRIBUTES = [
  "keep-alive",
  "chunked",
  "has-length",
  "expect-continue",
  "upgrade",
  "percent",
  "keep-alive-asked",
  "close-asked",
  "upgrade-asked",
  "no-body",
  "until-close",
];

/** The build that answers. */
let { wasm, memory, table, chunked }: CoreBuild = builds[1] as CoreBuild;

/** The line that answers a question, of the release build unless another is given. */
export function rawAnswer(line: string, build: CoreBuild = builds[1] as CoreBuild): string {
  ({ wasm, memory, table, chunked } = build);
  const [call = "", ...parts] = line.split(" ");
  return answers[call]?.(parts) ?? `unknown ${call}`;
}

const answers: Readonly<Record<string, (parts: string[]) => string>> = {
  request: ([maxHeaders, maxTarget, data]) => {
    const n = put(data, INPUT);
    const length = wasm.parseRequestHead(INPUT, n, Number(maxHeaders), Number(maxTarget));
    if (length < 0) return unfinished(length);
    const query = word(QUERY_START);
    const hasHost = word(TARGET_FORM) === FORM_ABSOLUTE || (word(PRESENT) & 2) !== 0;
    return [
      `head ${length}`,
      `method=${span(METHOD_START, METHOD_LENGTH)}#${word(METHOD_ID)}`,
      `target=${span(TARGET_START, TARGET_LENGTH)}`,
      `form=${FORMS[word(TARGET_FORM)]}`,
      `path=${span(PATH_START, PATH_LENGTH)}`,
      `query=${query ? `${query}+${word(TARGET_START) + word(TARGET_LENGTH) - query}` : "-"}`,
      `host=${hasHost ? span(HOST_START, HOST_LENGTH) : "-"}`,
      ...common(),
    ].join(" ");
  },
  response: ([maxHeaders, methodId, data]) => {
    const n = put(data, INPUT);
    const length = wasm.parseResponseHead(INPUT, n, Number(maxHeaders), Number(methodId));
    if (length < 0) return unfinished(length);
    const line = `head ${length} status=${word(STATUS_CODE)}`;
    return [line, `reason=${span(REASON_START, REASON_LENGTH)}`, ...common()].join(" ");
  },
  chunked: ([maxExtension, maxTrailer, ...pieces]) => {
    chunked.fill(0);
    let data = "";
    let consumed = 0;
    for (const piece of pieces) {
      const state = chunked.slice(0, CHUNKED_WORDS);
      const n = put(piece, INPUT);
      chunked.set(state);
      const taken = wasm.decodeChunked(INPUT, n, Number(maxExtension), Number(maxTrailer));
      if (taken < 0) return unfinished(taken);
      data += memory.toString("hex", INPUT, INPUT + (chunked[CHUNKED_DATA_LENGTH] ?? 0));
      consumed += taken;
      if (chunked[CHUNKED_DONE] === 1) break;
    }
    return `data ${data || "-"} ${consumed} ${chunked[CHUNKED_DONE] === 1 ? "done" : "more"}`;
  },
  parts: ([maxHead, boundary, ...pieces]) => {
    const block = new Int32Array(memory.buffer, MULTIPART, MULTIPART_WORDS).fill(0);
    const delimiter = Buffer.from(`0d0a2d2d${boundary}`, "hex");
    memory.set(delimiter, MULTIPART_DELIMITER);
    const events: string[] = [];
    for (const piece of pieces) {
      const n = put(piece, INPUT);
      for (let at = 0; at < n; ) {
        const from = INPUT + at;
        const taken = wasm.scanMultipart(from, n - at, delimiter.length, Number(maxHead));
        if (taken < 0) return `error ${kebab(taken)} ${at + word(ERROR_POSITION)}`;
        const kind = block[MULTIPART_EVENT] ?? 0;
        const [start = 0, end = 0] = block.subarray(MULTIPART_EVENT_START);
        const base = kind === PART_WITHHELD ? MULTIPART_DELIMITER : from;
        if (kind !== 0) events.push(`${EVENTS[kind]}:${digits(base + start, end - start)}`);
        at += taken;
      }
    }
    return ["parts", ...events].join(" ");
  },
  "part-head": ([maxHeaders, head]) => {
    const n = put(head, INPUT);
    memory[INPUT + n] = 0;
    const length = wasm.parsePartHead(INPUT, n, Number(maxHeaders));
    if (length === NEED_DATA) return `error invalid-argument ${n}`;
    return length < 0 ? unfinished(length) : `headers ${rows()}`;
  },
  tokens: ([source]) => {
    const n = put(source, WINDOW);
    const rows: string[] = [];
    for (let at = 0, line = 1; at < n; line = word(TOKEN_LINE)) {
      const taken = wasm.tokenize(WINDOW + at, n - at, line, 1);
      if (taken < 0) {
        return `error ${kebab(taken)} ${at + word(ERROR_POSITION)} ${word(TOKEN_LINE)}`;
      }
      for (let row = 0; row < word(TOKEN_COUNT); row++) {
        const [kind = 0, start = 0, end = 0, from] = table.subarray(TOKEN_ROWS + row * TOKEN_WORDS);
        rows.push(`${KINDS[kind]}:${at + start}:${at + end}:${from}`);
      }
      at += taken;
    }
    return ["tokens", ...rows].join(" ");
  },
  digest: ([name = "", ...pieces]) => {
    const n = put(pieces.map((piece) => (piece === "-" ? "" : piece)).join("") || "-", WINDOW);
    return digits(DIGEST, wasm.hash(ALGORITHMS[name] ?? 0, WINDOW, n, DIGEST));
  },
  version: ([data]) => {
    wasm.contentHash(WINDOW, put(data, WINDOW), DIGEST);
    return memory.toString("latin1", DIGEST, DIGEST + 32);
  },
  sign: ([version, keyVersion, time, secret, name, value]) => {
    const [nameLength, n] = prepare(secret, name, value);
    const length =
      version === "2"
        ? wasm.signValueV2(
            KEYS,
            Number(keyVersion),
            Number(time),
            SCRATCH,
            nameLength,
            WINDOW,
            n,
            OUTPUT,
          )
        : wasm.signValueV1(KEYS, Number(time), SCRATCH, nameLength, WINDOW, n, OUTPUT);
    return digits(OUTPUT, length);
  },
  verify: ([minVersion, oldest, newest, secret, name, signed]) => {
    const [nameLength, n] = prepare(secret, name, signed);
    const times = [Number(oldest), Number(newest)] as const;
    const version = Number(minVersion);
    const length = wasm.verifyValue(
      KEYS,
      WINDOW,
      n,
      SCRATCH,
      nameLength,
      version,
      ...times,
      OUTPUT,
    );
    if (length === BAD_SIGNED_VALUE) return "error malformed";
    return length < 0 ? `error ${kebab(length)}` : digits(OUTPUT, length);
  },
  hmac: ([, secret, data]) => {
    const [, n] = prepare(secret, "-", data);
    return digits(DIGEST, wasm.hmac(SHA256, KEYS, WINDOW, n, DIGEST));
  },
  frame: ([fromClient, reserved, data]) => {
    const n = put(data, INPUT);
    const length = wasm.parseFrameHead(INPUT, n, Number(fromClient), Number(reserved));
    if (length === NEED_DATA) return "incomplete";
    if (length < 0) return `error ${kebab(length)}`;
    const payload = BigInt(word(FRAME_LENGTH_HIGH)) * 2n ** 32n;
    return [
      `frame ${length}`,
      `opcode=${word(FRAME_OPCODE)}`,
      `final=${word(FRAME_FINAL)}`,
      `reserved=${word(FRAME_RESERVED)}`,
      `key=${fromClient === "1" ? word(FRAME_KEY) >>> 0 : "-"}`,
      `payload=${payload + BigInt(word(FRAME_LENGTH_LOW) >>> 0)}`,
    ].join(" ");
  },
  mask: ([key, offset, data]) => {
    const n = put(data, INPUT);
    wasm.mask(INPUT, n, Number(key), Number(offset));
    return digits(INPUT, n);
  },
  utf8: (pieces) => {
    let state = 0;
    for (const piece of pieces) {
      state = wasm.validateUtf8(INPUT, put(piece, INPUT), state);
      if (state < 0) return "invalid";
    }
    return state === 0 ? "complete" : "cut";
  },
};

function prepare(secret: string | undefined, name: string | undefined, data: string | undefined) {
  wasm.hmacKey(KEYS, WINDOW, put(secret, WINDOW));
  return [put(name, SCRATCH), put(data, WINDOW)] as const;
}

function unfinished(status: number): string {
  if (status === NEED_DATA) return "incomplete";
  return `error ${kebab(status)} ${word(ERROR_POSITION)}`;
}

function common(): string[] {
  const flags = ATTRIBUTES.filter((_, bit) => word(FLAGS) & (1 << bit));
  const length = word(CONTENT_LENGTH_HIGH) * 2 ** 32 + (word(CONTENT_LENGTH_LOW) >>> 0);
  return [
    `version=1.${word(MINOR_VERSION)}`,
    `length=${word(FLAGS) & FLAG_HAS_LENGTH ? length : "-"}`,
    `flags=${flags.join() || "-"}`,
    `headers=${rows()}`,
  ];
}

function rows(): string {
  const headers = Array.from({ length: word(HEADER_COUNT) }, (_, index) => {
    const row = HEADERS + index * HEADER_WORDS;
    const name = word(row + 1);
    return `${word(row)}+${name & 0xffff}#${name >>> 16}@${word(row + 2)}+${word(row + 3)}`;
  });
  return headers.join() || "-";
}

function word(index: number): number {
  return table[index] ?? 0;
}

function span(start: number, length: number): string {
  return `${word(start)}+${word(length)}`;
}

function kebab(status: number): string {
  return statusName(status).toLowerCase().replaceAll("_", "-");
}

function put(digitsOrNone = "-", at: number): number {
  const bytes = Buffer.from(digitsOrNone === "-" ? "" : digitsOrNone, "hex");
  memory.set(bytes, at);
  return bytes.length;
}

function digits(start: number, length: number): string {
  return memory.toString("hex", start, start + length) || "-";
}
