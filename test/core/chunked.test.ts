/** The chunked decoder: the rows of `test/wire/chunked.md`, and what rows cannot say. */

import { describe, expect, test } from "vitest";
import { builds, type Decoded, decode, statusName } from "../support/core-builds.ts";
import { everySplit } from "../support/every-split.ts";
import { wireCases } from "../support/wire-cases.ts";

function factsOf(decoded: Decoded, wire: Buffer): string[] {
  const facts = [`data=${decoded.data}`, `rest=${wire.length - decoded.consumed}`];
  if (decoded.done) facts.push("done");
  if (decoded.status < 0) facts.push(statusName(decoded.status));
  if (decoded.status < 0) facts.push(`${statusName(decoded.status)}@${decoded.consumed}`);
  return facts;
}

describe.each(builds)("$name", (build) => {
  test.each(wireCases("chunked.md"))("$name", ({ wire, expected }) => {
    const finished = expected.some((fact) => fact === "done" || /^[A-Z]/.test(fact));
    for (const pieces of everySplit(wire)) {
      const decoded = decode(build, pieces);
      const actual = factsOf(decoded, wire);
      for (const fact of expected) expect(actual).toContain(fact);
      expect(decoded.done || decoded.status < 0).toBe(finished);
    }
  });

  test("refuses the hundred and first trailer", () => {
    const wire = (count: number) => Buffer.from(`0\r\n${"A:\r\n".repeat(count)}\r\n`);
    expect(decode(build, [wire(100)], 64, 1000).done).toBe(true);
    expect(statusName(decode(build, [wire(101)], 64, 1000).status)).toBe("TRAILERS_TOO_LARGE");
  });

  test("refuses every trailer that would steer the message, the connection or who is asking", () => {
    const names =
      "host content-length transfer-encoding connection expect upgrade cookie authorization " +
      "keep-alive max-forwards proxy-authorization proxy-connection set-cookie te trailer";
    for (const name of names.split(" ")) {
      const wire = Buffer.from(`0\r\n${name}: a\r\n\r\n`);
      expect(statusName(decode(build, [wire]).status), name).toBe("FORBIDDEN_TRAILER");
    }
  });

  test("every byte where a size, an extension or a trailer may go on", () => {
    const passing = (before: string, after: string) =>
      Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
        .filter((char) => decode(build, [Buffer.from(before + char + after, "latin1")]).done)
        .join("");
    const token = "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~";
    const above = String.fromCharCode(...Array.from({ length: 128 }, (_, i) => i + 0x80));
    const printed = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => i + 0x20));
    const end = "\r\n0\r\n\r\n";
    const data = `\r\n${"x".repeat(15)}`;
    expect(passing("", `${data.slice(0, 3)}${end}`)).toBe("1");
    expect(passing("0", "\r\n\r\n")).toBe("0");
    expect(passing("1;a", `\r\nx${end}`)).toBe([...token, "="].sort().join("").replace("=", ""));
    expect(passing("1;", `a\r\nx${end}`)).toBe(token);
    expect(passing("1;a=", `a\r\nx${end}`)).toBe(token);
    expect(passing('1;a="', `"\r\nx${end}`)).toBe(`\t${printed}${above}`.replace(/["\\]/g, ""));
    expect(passing('1;a="\\', `"\r\nx${end}`)).toBe(`\t${printed}${above}`);
    expect(passing("0\r\n", ": b\r\n\r\n")).toBe(token);
    expect(passing("0\r\nA: ", "\r\n\r\n")).toBe(`\t${printed}${above}`);
  });

  test("moves tiny chunks together and large ones whole", () => {
    const large = Buffer.alloc(5000, "0123456789");
    const tiny = "1\r\nx\r\n".repeat(3000);
    const size = large.length.toString(16);
    const wire = Buffer.from(`${tiny}${size}\r\n${large}\r\n${tiny}0\r\n\r\n`);
    const data = `${"x".repeat(3000)}${large}${"x".repeat(3000)}`;
    for (const step of [1, 7, 4096, wire.length]) {
      const pieces = [];
      for (let at = 0; at < wire.length; at += step) pieces.push(wire.subarray(at, at + step));
      expect(decode(build, pieces)).toEqual({ data, consumed: wire.length, done: true, status: 0 });
    }
  });
});
