import { describe, expect, test } from "vitest";
import { type CookieAttributes, formatCookie, parseCookie } from "../../src/httputil.ts";

describe("parseCookie", () => {
  const cases: { name: string; header: string; cookies: Record<string, string> }[] = [
    { name: "pairs", header: "a=1; b=2", cookies: { a: "1", b: "2" } },
    { name: "no blanks", header: "a=1;b=2", cookies: { a: "1", b: "2" } },
    { name: "the last of equal names", header: "a=1; a=2", cookies: { a: "2" } },
    { name: "no name", header: "a=1; alone; =x", cookies: { a: "1", "": "x" } },
    { name: "empty parts", header: ";; a=1 ;;", cookies: { a: "1" } },
    { name: "an equals sign in the value", header: "a=b=c", cookies: { a: "b=c" } },
    { name: "blanks around", header: " a = 1\t;b=\t2 ", cookies: { a: "1", b: "2" } },
    { name: "quotes", header: 'a="x y"; b="', cookies: { a: "x y", b: '"' } },
    { name: "half quotes", header: 'a="x; b=y"', cookies: { a: '"x', b: 'y"' } },
    { name: "octal escapes", header: 'a="x\\073\\054\\"\\\\\\400"', cookies: { a: 'x;,"\\400' } },
    { name: "no escapes outside of quotes", header: "a=x\\073", cookies: { a: "x\\073" } },
    { name: "UTF-8 as a browser sends it", header: "a=gr\xc3\xbc\xc3\xa0", cookies: { a: "grüà" } },
    { name: "UTF-8 in octal", header: 'a="\\303\\274"', cookies: { a: "ü" } },
    { name: "Latin-1", header: 'a="\\374"', cookies: { a: "ü" } },
    { name: "a name that is a property of objects", header: "__proto__=x", cookies: {} },
  ];
  test.each(cases)("reads $name", ({ header, cookies }) => {
    const parsed = parseCookie(header);
    const expected = header.startsWith("__proto__")
      ? [["__proto__", "x"]]
      : Object.entries(cookies);
    expect([...parsed]).toEqual(expected);
  });

  const hiding = [
    { name: "quotes", header: 'a="x; _xsrf=1; b=y"' },
    { name: "brackets", header: "a=b; [x]=1; _xsrf=1" },
    { name: "no name", header: "=__Host-a=b; _xsrf=1" },
  ];
  test.each(hiding)("no $name can hide a later cookie", ({ header }) => {
    expect(parseCookie(header).get("_xsrf")).toBe("1");
    expect(parseCookie(header).has("__Host-a")).toBe(false);
  });

  test.each(["\\\\", "\\134", '\\"', "\\", " ", ";", "="])("is linear in %j", (piece) => {
    const header = `a="b=${piece.repeat(200_000)}"; end=1`;
    expect(parseCookie(header).get("end")).toBe("1");
  });
});

describe("formatCookie", () => {
  const cases: { value: string; attributes: CookieAttributes; text: string }[] = [
    { value: "v", attributes: {}, text: "n=v; Path=/" },
    { value: "v", attributes: { path: "" }, text: "n=v" },
    { value: "", attributes: { path: "/a" }, text: "n=; Path=/a" },
    { value: "a=b;c,d", attributes: {}, text: 'n="a=b\\073c\\054d"; Path=/' },
    { value: 'q"\\', attributes: {}, text: 'n="q\\"\\\\"; Path=/' },
    { value: "ü", attributes: {}, text: 'n="\\303\\274"; Path=/' },
    { value: "\x7f", attributes: {}, text: 'n="\\177"; Path=/' },
    {
      value: "v",
      attributes: {
        secure: true,
        sameSite: "lax",
        maxAge: 10,
        httpOnly: true,
        expires: new Date(0),
        domain: ".example.org",
      },
      text: "n=v; Domain=.example.org; expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Max-Age=10; Path=/; SameSite=Lax; Secure",
    },
    {
      value: "v",
      attributes: { expires: 0, expiresDays: 30, secure: false, httpOnly: false, path: "" },
      text: "n=v; expires=Thu, 01 Jan 1970 00:00:00 GMT",
    },
  ];
  test.each(cases)("writes $text", ({ value, attributes, text }) => {
    expect(formatCookie("n", value, attributes)).toBe(text);
    expect(parseCookie(text.split("; Path")[0]?.split("; Domain")[0] ?? "").get("n")).toBe(
      text.startsWith("n=v; expires") ? "v" : value,
    );
  });

  test.each(["", "a b", "a;b", "a=b", "a\r", "ü", "a\0", "__proto__\n", "a,b", '"a"'])(
    "refuses the name %j",
    (name) => {
      expect(() => formatCookie(name, "v", {})).toThrow(/the name is not a token/);
    },
  );

  test.each(["a b", "a\r\nb", "\0", "\t", " "])("refuses the value %j", (value) => {
    expect(() => formatCookie("n", value, {})).toThrow(/value/);
  });

  const injections: Record<string, unknown>[] = [
    { path: "/; Secure" },
    { path: "/\r\nX: y" },
    { path: "/\0" },
    { path: "/ü" },
    { domain: "x;y" },
    { domain: "x\n" },
    { domain: "x y" },
    { domain: "x/y" },
    { sameSite: "a\r" },
    { sameSite: "Lax; Secure" },
    { sameSite: "" },
    { maxAge: 1.5 },
    { maxAge: Number.NaN },
    { maxAge: "1; Secure" },
    { expires: new Date(Number.NaN) },
    { expires: Number.POSITIVE_INFINITY },
    { expiresDays: Number.NaN },
    { Path: "/; Domain=evil" },
    { Domain: "evil" },
    { PATH: "x" },
    { same_site: "x" },
    { comment: "x; Domain=evil" },
    { "Domain=evil; x": true },
    { httponly: true },
  ];
  test.each(injections)("refuses %j", (attributes) => {
    expect(() => formatCookie("n", "v", attributes as CookieAttributes)).toThrow(
      /Cannot set cookie/,
    );
  });

  test("takes null for an attribute that is not set, as Python's None", () => {
    const names = ["domain", "expires", "expiresDays", "httpOnly", "maxAge", "path", "sameSite"];
    const attributes = Object.fromEntries([...names, "secure"].map((name) => [name, null]));
    expect(formatCookie("n", "v", attributes as CookieAttributes)).toBe("n=v; Path=/");
  });

  test("says how an attribute is spelled", () => {
    const attributes = { max_age: 1 } as CookieAttributes;
    expect(() => formatCookie("n", "v", attributes)).toThrow(/it is spelled "maxAge"/);
  });

  test("keeps what a name with a prefix promises", () => {
    expect(formatCookie("__Host-a", "v", { secure: true })).toBe("__Host-a=v; Path=/; Secure");
    expect(() => formatCookie("__Host-a", "v", {})).toThrow(/requires secure/);
    expect(() => formatCookie("__host-a", "v", { secure: true, domain: "a.b" })).toThrow();
    expect(() => formatCookie("__Host-a", "v", { secure: true, path: "/x" })).toThrow();
    expect(() => formatCookie("__Secure-a", "v", {})).toThrow(/requires secure/);
  });
});
