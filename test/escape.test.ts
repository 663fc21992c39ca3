import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  jsonDecode,
  jsonEncode,
  linkify,
  nativeStr,
  parseQsBytes,
  recursiveUnicode,
  SafeString,
  safeEscape,
  squeeze,
  templateNames,
  toBasestring,
  toUnicode,
  urlEscape,
  urlUnescape,
  urlUnescapeBytes,
  utf8,
  xhtmlEscape,
  xhtmlUnescape,
} from "../src/escape.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("xhtmlEscape", () => {
  test.each([
    { name: "nothing to do", text: "hello", escaped: "hello" },
    { name: "empty", text: "", escaped: "" },
    {
      name: "all five",
      text: `a<b>&"c'`,
      escaped: "a&lt;b&gt;&amp;&quot;c&#x27;",
    },
    { name: "twice", text: "&lt;", escaped: "&amp;lt;" },
    { name: "at both ends", text: "<x>", escaped: "&lt;x&gt;" },
    { name: "outside of ASCII", text: "é<\u{1f600}>", escaped: "é&lt;\u{1f600}&gt;" },
  ])("$name", ({ text, escaped }) => {
    expect(xhtmlEscape(text)).toBe(escaped);
    expect(xhtmlEscape(utf8(text))).toBe(escaped);
    expect(String(safeEscape(text))).toBe(escaped);
    expect(xhtmlUnescape(escaped)).toBe(text);
  });

  test("a SafeString passes through", () => {
    const safe = new SafeString("<b>&</b>");
    expect(xhtmlEscape(safe)).toBe("<b>&</b>");
    expect(safeEscape(safe)).toBe(safe);
    expect(xhtmlEscape(safeEscape("<"))).toBe("&lt;");
    expect(`${safe}`).toBe("<b>&</b>");
    expect(JSON.stringify({ safe })).toBe('{"safe":"<b>&</b>"}');
  });

  test("templates get SafeStrings", () => {
    expect(templateNames.xhtml_escape("<")).toBeInstanceOf(SafeString);
    expect(templateNames.escape("<")).toBeInstanceOf(SafeString);
    expect(templateNames.linkify("x")).toBeInstanceOf(SafeString);
  });

  test("refuses what is no text", () => {
    // @ts-expect-error a number is no text
    expect(() => xhtmlEscape(5)).toThrow("expected a string or bytes, got number");
    // @ts-expect-error neither is null
    expect(() => xhtmlEscape(null)).toThrow("expected a string or bytes, got null");
    expect(() => xhtmlEscape(bytes(0xff))).toThrow(TypeError);
  });

  // An engine with tail calls would never have come back from the first of them.
  test.each([
    xhtmlEscape,
    xhtmlUnescape,
    linkify,
    squeeze,
    urlEscape,
    urlUnescape,
    urlUnescapeBytes,
    parseQsBytes,
    jsonDecode,
  ])("$name refuses what is not there", (act) => {
    for (const [value, kind] of [
      [undefined, "undefined"],
      [null, "null"],
      [5, "number"],
      [[], "object"],
    ] as const) {
      expect(() => act(value as unknown as string)).toThrow(
        new TypeError(`Cannot convert text: expected a string or bytes, got ${kind}`),
      );
    }
  });

  test("xhtmlUnescape undoes any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(xhtmlUnescape(xhtmlEscape(text))).toBe(text);
      }),
    );
  });
});

test.each([
  { name: "decimal", text: "&#65;&#233;", plain: "Aé" },
  { name: "hexadecimal", text: "&#x41;&#X1f600;", plain: "A\u{1f600}" },
  { name: "without semicolon", text: "&#65 &amp &copy2", plain: "A & ©2" },
  { name: "named", text: "&eacute;&hearts;&Omega;&apos;", plain: "é♥Ω'" },
  { name: "names are case-sensitive", text: "&omega;&OMEGA;", plain: "ω&OMEGA;" },
  { name: "longest name first", text: "&notit; &notin;", plain: "¬it; ∉" },
  { name: "unknown", text: "&foo; & &; &#; &#x;", plain: "&foo; & &; &#; &#x;" },
  { name: "Windows-1252", text: "&#128;&#x99;", plain: "€™" },
  {
    name: "no characters",
    text: "&#0;&#xd800;&#x110000;&#99999999999999;",
    plain: "\ufffd".repeat(4),
  },
])("xhtmlUnescape $name", ({ text, plain }) => {
  expect(xhtmlUnescape(text)).toBe(plain);
});

describe("urlEscape", () => {
  test.each([
    {
      name: "query",
      text: "a b/c&d=é~",
      plus: "a+b%2Fc%26d%3D%C3%A9~",
      path: "a%20b/c%26d%3D%C3%A9~",
    },
    {
      name: "what JavaScript leaves",
      text: "!'()*",
      plus: "%21%27%28%29%2A",
      path: "%21%27%28%29%2A",
    },
    { name: "a plus sign", text: "1+1", plus: "1%2B1", path: "1%2B1" },
    { name: "unreserved", text: "Az09_.-~", plus: "Az09_.-~", path: "Az09_.-~" },
  ])("$name", ({ text, plus, path }) => {
    expect(urlEscape(text)).toBe(plus);
    expect(urlEscape(text, false)).toBe(path);
    expect(urlEscape(utf8(text))).toBe(plus);
    expect(urlUnescape(plus)).toBe(text);
    expect(urlUnescape(path, { plus: false })).toBe(text);
  });

  test("bytes that are no text", () => {
    expect(urlEscape(bytes(0xff, 0, 0x20))).toBe("%FF%00+");
    expect(urlUnescapeBytes("%FF%00+a")).toEqual(Buffer.from([0xff, 0, 0x20, 0x61]));
  });

  test("a lone surrogate becomes U+FFFD", () => {
    expect(urlEscape("a\ud800b\u{1f600}")).toBe("a%EF%BF%BDb%F0%9F%98%80");
  });

  test("urlUnescape undoes any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, plus) => {
        expect(urlUnescape(urlEscape(text, plus), { plus })).toBe(text);
      }),
    );
  });

  test.each([
    { name: "bad digits stay", text: "%zz%4%", plain: "%zz%4%" },
    { name: "bad UTF-8 is replaced", text: "a%FFb", plain: "a\ufffdb" },
    { name: "text beside it stays", text: "é%C3%A9é", plain: "ééé" },
    { name: "signs are no digits", text: "%+1%-1% 1%1_", plain: "% 1%-1% 1%1_" },
  ])("urlUnescape: $name", ({ text, plain }) => {
    expect(urlUnescape(text)).toBe(plain);
  });

  test("urlUnescape in another encoding", () => {
    expect(urlUnescape("%D6%D0", { encoding: "gbk" })).toBe("中");
    expect(urlUnescape("%81A", { encoding: "gbk" })).toBe("丄");
    expect(urlUnescape("%E9", { encoding: "latin1" })).toBe("é");
  });
});

describe("parseQsBytes", () => {
  const parse = (...given: Parameters<typeof parseQsBytes>) =>
    Array.from(parseQsBytes(...given), ([name, values]) => [
      name,
      values.map((value) => Buffer.from(value).toString("latin1")),
    ]);

  test.each([
    {
      name: "repeats",
      query: "a=1&b=2&a=3",
      fields: [
        ["a", ["1", "3"]],
        ["b", ["2"]],
      ],
    },
    { name: "no other separator", query: "a=1;b=2", fields: [["a", ["1;b=2"]]] },
    { name: "blanks dropped", query: "a=&b&&c=1", fields: [["c", ["1"]]] },
    { name: "escapes", query: "a+b=c%20d%2B", fields: [["a b", ["c d+"]]] },
    { name: "bad escapes stay", query: "a=%zz%1", fields: [["a", ["%zz%1"]]] },
    { name: "equals signs", query: "a=b=c", fields: [["a", ["b=c"]]] },
    { name: "an escaped separator", query: "a=1%26b=2", fields: [["a", ["1&b=2"]]] },
    { name: "nothing", query: "", fields: [] },
    { name: "names of Object's own", query: "__proto__=1", fields: [["__proto__", ["1"]]] },
  ])("$name", ({ query, fields }) => {
    expect(parse(query)).toEqual(fields);
    expect(parse(utf8(query))).toEqual(fields);
  });

  test("values are bytes, names are text", () => {
    const fields = parseQsBytes("%C3%A9=%FF&%FF=x");
    expect(fields.get("é")?.[0]).toEqual(Buffer.from([0xff]));
    expect(fields.has("ÿ")).toBe(true);
    expect(parseQsBytes("a=\u00e9").get("a")?.[0]).toEqual(Buffer.from([0xe9]));
    expect(() => parseQsBytes("a=\u20ac")).toThrow(RangeError);
  });

  test("keepBlankValues", () => {
    expect(parse("a=&b&c=1", { keepBlankValues: true })).toEqual([
      ["a", [""]],
      ["b", [""]],
      ["c", ["1"]],
    ]);
  });

  test("strictParsing and maxFields", () => {
    expect(() => parseQsBytes("a=1&b", { strictParsing: true })).toThrow('field "b" has no "="');
    expect(() => parseQsBytes("a=1&&b=1", { strictParsing: true })).toThrow('has no "="');
    expect(parse("a=1&b=2", { maxFields: 2 })).toHaveLength(2);
    expect(() => parseQsBytes("a=1&b=2&c=3", { maxFields: 2 })).toThrow("more than 2 fields");
  });

  test("any fields come back", () => {
    const field = fc.tuple(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.uint8Array({ minLength: 1 }),
    );
    fc.assert(
      fc.property(fc.array(field), (pairs) => {
        const query = pairs.map(([name, value]) => `${urlEscape(name)}=${urlEscape(value)}`);
        const found = Array.from(parseQsBytes(query.join("&")).values()).flat();
        expect(found.map((value) => Array.from(value).join()).sort()).toEqual(
          pairs.map(([, value]) => Array.from(value).join()).sort(),
        );
      }),
    );
  });
});

describe("text and bytes", () => {
  test("utf8 and toUnicode", () => {
    expect(utf8("é")).toEqual(bytes(0xc3, 0xa9));
    expect(utf8(bytes(0xff))).toEqual(bytes(0xff));
    expect(utf8(undefined)).toBeUndefined();
    expect(toUnicode(bytes(0xc3, 0xa9))).toBe("é");
    expect(toUnicode(bytes(0xef, 0xbb, 0xbf))).toBe("\ufeff");
    expect(toUnicode(undefined)).toBeUndefined();
    expect(() => toUnicode(bytes(0xe9))).toThrow();
    expect(nativeStr).toBe(toUnicode);
    expect(toBasestring).toBe(toUnicode);
  });

  test("recursiveUnicode", () => {
    const value = { a: utf8("é"), b: [utf8("x"), 1], c: new Map([[utf8("k"), utf8("v")]]) };
    expect(recursiveUnicode(value)).toEqual({ a: "é", b: ["x", 1], c: new Map([["k", "v"]]) });
    const date = new Date(0);
    expect(recursiveUnicode([date, null, undefined])).toEqual([date, null, undefined]);
  });

  test("squeeze", () => {
    expect(squeeze(" \t a \0\n b\r\n")).toBe("a b");
    expect(squeeze("\n")).toBe("");
    expect(squeeze("a\u00a0b")).toBe("a\u00a0b");
  });
});

describe("JSON", () => {
  test("a script element cannot be left", () => {
    expect(jsonEncode("</script>")).toBe('"<\\/script>"');
    expect(jsonEncode("<!--<SCRIPT>")).toBe('"\\u003c!--\\u003cSCRIPT>"');
    expect(jsonEncode({ a: "<b>", c: null })).toBe('{"a":"<b>","c":null}');
    expect(jsonEncode(undefined)).toBe("null");
  });

  test("any value comes back", () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(jsonDecode(jsonEncode(JSON.parse(json)))).toEqual(JSON.parse(json));
      }),
    );
  });

  test("jsonDecode of bytes, and of what is no JSON", () => {
    expect(jsonDecode(utf8('["é"]'))).toEqual(["é"]);
    expect(() => jsonDecode("{")).toThrow(SyntaxError);
    expect(() => jsonDecode(bytes(0x22, 0xff, 0x22))).toThrow();
  });
});
