/** What the epoll loop's sockets put out, before the kernel sees it: rows, and where their bytes lie. */
import { beforeEach, describe, expect, test } from "vitest";
import { EpollOutput } from "../../host-node/epoll-output.ts";
import {
  BATCH,
  FIRST_OUTPUT,
  FREE,
  OUTPUT_CLOSE,
  OUTPUTS,
  ROW_WORDS,
  SHARED,
} from "../../host-node/loop-table.ts";

const REGION = 1000;
const ROWS = 8;
const START = 64;

let bytes: Uint8Array;
let table: Int32Array;
let output: EpollOutput;
/** What has gone out, as `id:text`. */
let sent: string[];

interface Row {
  readonly id: number;
  readonly flags: number;
  readonly start: number;
  readonly text: string;
}

function rows(): Row[] {
  return Array.from({ length: table[OUTPUTS] as number }, (_, at) => {
    const row = FIRST_OUTPUT + at * ROW_WORDS;
    const [id = 0, flags = 0, start = 0, length = 0] = table.subarray(row, row + ROW_WORDS);
    const text = new TextDecoder().decode(bytes.slice(start, start + length));
    return { id, flags, start, text };
  });
}

/** As the addon's flush leaves the table, and the region: used by others. */
function flush(): void {
  sent.push(...rows().map(({ id, text }) => `${id}:${text}`));
  table[OUTPUTS] = 0;
  table[SHARED] = 0;
  table[FREE] = START;
  bytes.fill(0x2e, START, START + REGION);
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

beforeEach(() => {
  const buffer = new ArrayBuffer(START + REGION);
  bytes = new Uint8Array(buffer);
  table = new Int32Array(FIRST_OUTPUT + ROWS * ROW_WORDS);
  table[FREE] = START;
  // Within a batch nothing leaves before its end.
  table[BATCH] = 1;
  sent = [];
  const none = { start: 0, length: 0 };
  const region = { start: START, length: REGION };
  output = new EpollOutput({ buffer, input: none, output: region, events: none }, table, flush);
});

/** Puts text in room that is reserved, and notes it for a socket. */
function send(id: number, text: string): void {
  const start = output.reserve(text.length);
  bytes.set(ascii(text), start);
  output.add(id, start, text.length);
}

describe("what is copied", () => {
  test("joins the last output of the same socket, and of no other", () => {
    send(1, "a");
    expect(output.copy(1, ascii("bc"))).toBe(true);
    expect(output.copy(2, ascii("d"))).toBe(true);
    expect(output.copy(1, ascii("e"))).toBe(true);
    expect(rows().map(({ id, text }) => `${id}:${text}`)).toEqual(["1:abc", "2:d", "1:e"]);
  });

  test("lies behind room that is reserved", () => {
    const start = output.reserve(10);
    output.copy(2, ascii("other"));
    bytes.set(ascii("0123456789"), start);
    output.add(1, start, 10);
    expect(rows().map(({ text }) => text)).toEqual(["other", "0123456789"]);
  });

  test("is refused where it does not fit", () => {
    expect(output.copy(1, new Uint8Array(REGION + 1))).toBe(false);
    expect(rows()).toEqual([]);
  });
});

describe("what is shared", () => {
  const frame = ascii("to all");

  test("is there once for all who are sent it", () => {
    for (const id of [1, 2, 3]) expect(output.share(id, frame)).toBe(true);
    expect(rows().map(({ text }) => text)).toEqual(["to all", "to all", "to all"]);
    expect(new Set(rows().map(({ start }) => start)).size).toBe(1);
    expect(table[FREE]).toBe(START + frame.length);
  });

  test("is told by the bytes that it is, not by what they hold", () => {
    output.share(1, frame);
    output.share(2, ascii("others"));
    output.share(3, frame);
    expect(rows().map(({ text }) => text)).toEqual(["to all", "others", "to all"]);
  });

  test("stands among what each is sent alone, twice if it is sent twice", () => {
    send(1, "<");
    output.share(1, frame);
    output.share(1, frame);
    send(1, ">");
    output.share(2, frame);
    send(2, "!");
    flush();
    const of = (id: number): string =>
      sent
        .filter((text) => text.startsWith(`${id}:`))
        .map((text) => text.slice(2))
        .join("");
    expect([of(1), of(2)]).toEqual(["<to allto all>", "to all!"]);
  });

  test("leaves room that is reserved alone, the second time too", () => {
    output.share(1, frame);
    const start = output.reserve(10);
    output.share(2, frame);
    output.copy(3, ascii("other"));
    bytes.set(ascii("0123456789"), start);
    output.add(4, start, 10);
    expect(rows().map(({ text }) => text)).toEqual(["to all", "to all", "other", "0123456789"]);
  });

  test("is copied anew once the region has been sent", () => {
    output.share(1, frame);
    flush();
    output.share(2, frame);
    expect(rows().map(({ text }) => text)).toEqual(["to all"]);
  });

  test("is copied anew once all was taken back", () => {
    output.share(1, frame);
    expect([output.take(1), output.takenStart]).toEqual([frame.length, START]);
    output.copy(2, ascii("......"));
    output.share(3, frame);
    expect(rows().map(({ text }) => text)).toEqual(["......", "to all"]);
  });

  test("is copied anew when there were as many rows as there is room for", () => {
    for (let id = 0; id < 2 * ROWS + 1; id++) output.share(id, frame);
    flush();
    expect(sent).toEqual(Array.from({ length: 2 * ROWS + 1 }, (_, id) => `${id}:to all`));
  });

  test("is refused where it does not fit, and where it is already goes out", () => {
    const most = new Uint8Array(REGION - frame.length);
    output.share(1, frame);
    output.copy(2, most);
    expect(output.share(3, ascii("x"))).toBe(false);
    expect(output.share(3, frame)).toBe(true);
    expect(rows().map(({ id }) => id)).toEqual([1, 2, 3]);
  });
});

test("what is taken back is the last row, if it is that socket's and has no step", () => {
  send(1, "a");
  send(2, "b");
  expect(output.take(1)).toBe(0);
  expect([output.take(2), output.takenStart]).toEqual([1, START + 1]);
  output.addStep(1, OUTPUT_CLOSE);
  expect(output.take(1)).toBe(0);
  expect(rows().map(({ flags, text }) => [flags, text])).toEqual([[OUTPUT_CLOSE, "a"]]);
});

test("room that the region does not have is sent for, and more than all of it is an error", () => {
  send(1, "x".repeat(REGION - 5));
  expect(output.reserve(6)).toBe(START);
  expect(sent).toHaveLength(1);
  expect(() => output.reserve(REGION + 1)).toThrow(RangeError);
});

test("outside of a batch it leaves once what is running now has ended", async () => {
  table[BATCH] = 0;
  send(1, "a");
  output.share(2, ascii("b"));
  expect(sent).toEqual([]);
  await undefined;
  expect(sent).toEqual(["1:a", "2:b"]);
});
