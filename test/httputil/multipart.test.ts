import { describe, expect, test } from "vitest";
import {
  type HTTPFile,
  HTTPHeaders,
  parseBodyArguments,
  parseMultipartFormData,
} from "../../src/httputil.ts";

const utf8 = new TextEncoder();
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function part(disposition: string, body: string, more = ""): string {
  return `--b\r\nContent-Disposition: form-data; ${disposition}\r\n${more}\r\n${body}\r\n`;
}

function parse(body: string, config = {}): ReturnType<typeof parseMultipartFormData> {
  return parseMultipartFormData("b", utf8.encode(body), config);
}

function filesOf(body: string, name = "f"): HTTPFile[] {
  return parse(body).files.get(name) ?? [];
}

describe("parseMultipartFormData reads", () => {
  test("fields and files, repeated names too", () => {
    const form = parse(
      `${part('name="a"', "1")}${part('name="a"', "")}${part('name="f"; filename="x.txt"', "grü\r\n--", "Content-Type: text/plain\r\n")}--b--\r\n`,
    );
    expect(form.arguments.get("a")?.map(text)).toEqual(["1", ""]);
    const [file] = form.files.get("f") as HTTPFile[];
    expect(file).toMatchObject({ filename: "x.txt", contentType: "text/plain" });
    expect(text((file as HTTPFile).body)).toBe("grü\r\n--");
  });

  test("no parts, and what comes after the end", () => {
    expect(parse("--b--").arguments.size).toBe(0);
    expect(parse(`${part("name=a", "1")}--b--anything\r\n--b`).arguments.size).toBe(1);
  });

  test("bytes of every kind", () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, index) => index & 255);
    const head = utf8.encode(
      '--b\r\ncontent-disposition: FORM-DATA; NAME="f"; FileName="x"\r\n\r\n',
    );
    const tail = utf8.encode("\r\n--b--");
    const body = new Uint8Array(head.length + bytes.length + tail.length);
    body.set(head);
    body.set(bytes, head.length);
    body.set(tail, head.length + bytes.length);
    const [file] = parseMultipartFormData("b", body).files.get("f") as HTTPFile[];
    expect(file?.contentType).toBe("application/unknown");
    expect(Array.from(file?.body ?? [])).toEqual(Array.from(bytes));
  });

  const names = [
    { written: 'filename="测试.txt"', read: "测试.txt" },
    { written: "filename*=UTF-8''%C3%BC.txt; filename=\"u.txt\"", read: "ü.txt" },
    { written: "filename*=ISO-8859-1'de'%FC", read: "ü" },
    { written: "filename*=nonsense; filename=ok", read: "ok" },
    { written: 'filename="a\\"b;c.txt"', read: 'a"b;c.txt' },
    { written: 'filename="C:\\dir\\f"', read: "C:\\dir\\f" },
    { written: "filename=plain", read: "plain" },
  ];
  test.each(names)("the file name $written", ({ written, read }) => {
    expect(filesOf(`${part(`name=f; ${written}`, "x")}--b--`)[0]?.filename).toBe(read);
  });

  test("an empty file name as a field", () => {
    const form = parse(`${part('name="f"; filename=""', "")}--b--`);
    expect(form.files.size).toBe(0);
    expect(form.arguments.get("f")?.length).toBe(1);
  });

  test("names that are properties of objects", () => {
    const form = parse(
      `${part("name=__proto__", "x")}${part("name=constructor; filename=y", "")}--b--`,
    );
    expect([...form.arguments.keys(), ...form.files.keys()]).toEqual(["__proto__", "constructor"]);
  });
});

describe("parseMultipartFormData refuses", () => {
  const field = part("name=a", "1");
  const cases = [
    { name: "nothing", body: "", why: /final boundary/ },
    { name: "a preamble", body: `hello\r\n${field}--b--`, why: /does not begin/ },
    { name: "a line end before the boundary", body: `\r\n${field}--b--`, why: /does not begin/ },
    { name: "no final boundary", body: field, why: /final boundary/ },
    { name: "a cut end", body: `${field}--b-`, why: /final boundary/ },
    { name: "another boundary", body: `--bb\r\n${field}--b--`, why: /does not end its line/ },
    { name: "a part without headers", body: "--b\r\n\r\nx\r\n--b--", why: /no headers/ },
    {
      name: "a part without a blank line",
      body: "--b\r\nContent-Disposition: form-data; name=a\r\n--b--",
      why: /header name/,
    },
    {
      name: "a part that is no form-data",
      body: "--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--",
      why: /no form-data/,
    },
    { name: "a part without a name", body: `${part("x=y", "")}--b--`, why: /no name/ },
    { name: "an empty name", body: `${part('name=""', "")}--b--`, why: /no name/ },
    { name: "a bare CR in a header", body: `${part('name="a\rb"', "")}--b--`, why: /CRLF/ },
    { name: "a bare LF in a header", body: `${part('name="a\nb"', "")}--b--`, why: /CRLF/ },
    { name: "NUL in a header", body: `${part('name="a\0"', "")}--b--`, why: /control/ },
    {
      name: "a folded header",
      body: `${part("name=a", "", " folded\r\n")}--b--`,
      why: /folded/,
    },
    {
      name: "a bad header name",
      body: `${part("name=a", "", "X Y: z\r\n")}--b--`,
      why: /header name/,
    },
    {
      name: "two dispositions",
      body: `${part("name=a", "", "content-disposition: form-data; name=b\r\n")}--b--`,
      why: /twice/,
    },
    {
      name: "long part headers",
      body: `${part("name=a", "", `X: ${"y".repeat(10_240)}\r\n`)}--b--`,
      why: /longer than 10240/,
    },
    { name: "101 parts", body: `${field.repeat(101)}--b--`, why: /more than 100 parts/ },
  ];
  test.each(cases)("$name", ({ body, why }) => {
    expect(() => parse(body)).toThrow(why);
  });

  test("a header that is not UTF-8", () => {
    const body = Uint8Array.from(`${part('name="\xff"', "")}--b--`, (sign) => sign.charCodeAt(0));
    expect(() => parseMultipartFormData("b", body)).toThrow(/not UTF-8/);
  });

  test("what the configuration does not allow", () => {
    expect(() => parse("--b--", { enabled: false })).toThrow(/switched off/);
    expect(() => parse(`${field.repeat(3)}--b--`, { maxParts: 2 })).toThrow(/more than 2 parts/);
    expect(() => parse(`${field}--b--`, { maxPartHeaderSize: 20 })).toThrow(/longer than 20/);
  });

  const bombs = [
    { name: "100,000 boundaries", body: "--b\r\n".repeat(100_000) },
    { name: "150,000 tiny parts", body: `${field.repeat(150_000)}--b--` },
    { name: "a disposition of semicolons", body: `${part(`x="${";".repeat(9000)}"; y`, "")}--b--` },
    { name: "a disposition of quotes", body: `${part(`x=${'";"'.repeat(3000)}`, "")}--b--` },
    { name: "a disposition of blanks", body: `${part(`x=a${" ".repeat(10_000)}b`, "")}--b--` },
    { name: "a disposition of backslashes", body: `${part(`x="${"\\".repeat(9999)}"`, "")}--b--` },
  ];
  test.each(bombs)("$name, at once", ({ body }) => {
    for (let round = 0; round < 20; round++) expect(() => parse(body)).toThrow(/Cannot read/);
  });
});

describe("parseBodyArguments", () => {
  const read = (type: string | undefined, body: string, encoding?: string) => {
    const headers = new HTTPHeaders();
    if (type !== undefined) headers.set("Content-Type", type);
    if (encoding !== undefined) headers.set("Content-Encoding", encoding);
    return parseBodyArguments(headers, utf8.encode(body));
  };

  test("reads forms of both types, and nothing else", () => {
    const multipart = `${part("name=a", "1")}--b--`;
    for (const type of ["multipart/form-data; boundary=b", 'Multipart/Form-Data;Boundary="b"']) {
      expect(read(type, multipart).arguments.size).toBe(1);
    }
    expect(read("application/x-www-form-urlencoded; charset=x", "a=1").arguments.size).toBe(1);
    for (const type of [undefined, "text/plain", "multipart/form-datax; boundary=b"]) {
      expect(read(type, multipart).arguments.size).toBe(0);
    }
  });

  test.each([
    "multipart/form-data",
    "multipart/form-data; boundary=",
    `multipart/form-data; boundary="${"x".repeat(71)}"`,
    'multipart/form-data; boundary="a\\\\"',
    'multipart/form-data; boundary="a "',
  ])("refuses %s", (type) => {
    expect(() => read(type, "--b--")).toThrow(/boundary/);
  });

  test("refuses a form that is encoded", () => {
    expect(() => read("multipart/form-data; boundary=b", "--b--", "gzip")).toThrow(/gzip/);
  });
});
