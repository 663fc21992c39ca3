/**
 * Answers the lines of embed/README.md with the component, as `jco transpile` has made JavaScript
 * of it. Runs in a page as well as on Node, Deno and Bun, so it uses what all of them have.
 */

import type * as Core from "../../build/component/core.js";

type Exports = typeof Core;
type Span = Core.http.Span;

/** The line that answers a question. */
export function answer(core: Exports, line: string): string {
  const [call = "", ...parts] = line.split(" ");
  try {
    return answers[call]?.(core, parts) ?? `unknown ${call}`;
  } catch (error) {
    const payload = (error as { payload?: unknown }).payload;
    if (typeof payload === "string") return `error ${payload}`;
    if (payload === undefined) throw error;
    const { code, position, line } = payload as Record<string, unknown>;
    return ["error", code, position, line].filter((part) => part !== undefined).join(" ");
  }
}

type Answer = (core: Exports, parts: string[]) => string;

const answers: Readonly<Record<string, Answer>> = {
  request: ({ http }, [maxHeaders, maxTarget, data]) => {
    const head = http.parseRequest(bytes(data), Number(maxHeaders), Number(maxTarget));
    if (head === undefined) return "incomplete";
    return [
      `head ${head.length}`,
      `method=${span(head.method)}#${head.methodId}`,
      `target=${span(head.target)}`,
      `form=${head.form}`,
      `path=${span(head.path)}`,
      `query=${span(head.query)}`,
      `host=${span(head.host)}`,
      ...common(head),
    ].join(" ");
  },
  response: ({ http }, [maxHeaders, methodId, data]) => {
    const head = http.parseResponse(bytes(data), Number(maxHeaders), Number(methodId));
    if (head === undefined) return "incomplete";
    const parts = [`head ${head.length}`, `status=${head.status}`, `reason=${span(head.reason)}`];
    return [...parts, ...common(head)].join(" ");
  },
  chunked: ({ http }, [maxExtension, maxTrailer, ...pieces]) => {
    using decoder = http.ChunkedDecoder.create(Number(maxExtension), Number(maxTrailer));
    let data = "";
    let consumed = 0;
    let done = false;
    for (const piece of pieces) {
      const decoded = decoder.decode(bytes(piece));
      data += hex(decoded.data, "");
      consumed += decoded.consumed;
      done = decoded.done;
      if (done) break;
    }
    return `data ${data || "-"} ${consumed} ${done ? "done" : "more"}`;
  },
  parts: ({ multipart }, [maxHead, boundary, ...pieces]) => {
    const text = new TextDecoder().decode(bytes(boundary));
    using scanner = multipart.Scanner.create(text, Number(maxHead));
    const events = pieces.flatMap((piece) => scanner.scan(bytes(piece)));
    return ["parts", ...events.map(({ kind, data }) => `${kind}:${hex(data)}`)].join(" ");
  },
  "part-head": ({ multipart }, [maxHeaders, head]) =>
    `headers ${rows(multipart.parsePartHead(bytes(head), Number(maxHeaders)))}`,
  tokens: ({ template }, [source]) => {
    const tokens = template.tokenize(new TextDecoder().decode(bytes(source)));
    const rows = tokens.map(({ kind, start, end, line }) => `${kind}:${start}:${end}:${line}`);
    return ["tokens", ...rows].join(" ");
  },
  digest: ({ hashing }, [name, ...pieces]) => {
    const algorithm = name as Core.hashing.Algorithm;
    if (pieces.length === 1) return hex(hashing.digest(algorithm, bytes(pieces[0])));
    using hasher = hashing.Hasher.create(algorithm);
    for (const piece of pieces) hasher.update(bytes(piece));
    return hex(hasher.digest());
  },
  version: ({ hashing }, [data]) => hashing.contentVersion(bytes(data)),
  sign: ({ signing }, [version, keyVersion, time, secret, name, value]) => {
    using signer = signing.Signer.create(bytes(secret));
    const [text, at] = [new TextDecoder().decode(bytes(name)), BigInt(time ?? 0)];
    const signed =
      version === "2"
        ? signer.sign(text, bytes(value), at, Number(keyVersion))
        : signer.signV1(text, bytes(value), at);
    return hex(new TextEncoder().encode(signed));
  },
  verify: ({ signing }, [minVersion, oldest, newest, secret, name, signed]) => {
    using signer = signing.Signer.create(bytes(secret));
    const text = new TextDecoder().decode(bytes(name));
    const times = [BigInt(oldest ?? 0), BigInt(newest ?? 0)] as const;
    return hex(signer.verify(text, bytes(signed), Number(minVersion), ...times));
  },
  hmac: ({ signing }, [, secret, data]) => {
    using signer = signing.Signer.create(bytes(secret));
    return hex(signer.hmacSha256(bytes(data)));
  },
  frame: ({ websocket }, [fromClient, reserved, data]) => {
    const head = websocket.parseFrameHead(bytes(data), fromClient === "1", Number(reserved));
    if (head === undefined) return "incomplete";
    return [
      `frame ${head.length}`,
      `opcode=${head.opcode}`,
      `final=${Number(head.final)}`,
      `reserved=${head.reserved}`,
      `key=${head.key ?? "-"}`,
      `payload=${head.payloadLength}`,
    ].join(" ");
  },
  mask: ({ websocket }, [key, offset, data]) =>
    hex(websocket.mask(bytes(data), Number(key), Number(offset))),
  utf8: ({ websocket }, pieces) => {
    let state: number | undefined = 0;
    for (const piece of pieces) {
      state = websocket.validateUtf8(bytes(piece), state);
      if (state === undefined) return "invalid";
    }
    return state === 0 ? "complete" : "cut";
  },
};

/** What both kinds of heads have. */
function common(head: Core.http.RequestHead | Core.http.ResponseHead): string[] {
  const asked = Object.entries(head.attributes).filter(([, isSet]) => isSet);
  return [
    `version=1.${head.minorVersion}`,
    `length=${head.contentLength ?? "-"}`,
    `flags=${asked.map(([name]) => kebab(name)).join() || "-"}`,
    `headers=${rows(head.headers)}`,
  ];
}

function rows(headers: readonly Core.http.Header[]): string {
  const texts = headers.map(
    (row) => `${row.nameOffset}+${row.nameLength}#${row.id}@${row.valueOffset}+${row.valueLength}`,
  );
  return texts.join() || "-";
}

function span(of: Span | undefined): string {
  return of === undefined ? "-" : `${of.offset}+${of.length}`;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function bytes(digits = "-"): Uint8Array {
  const pairs = digits === "-" ? [] : (digits.match(/../g) ?? []);
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}

function hex(data: Uint8Array, none = "-"): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("") || none;
}
