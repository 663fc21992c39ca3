/** What a handler sends: chunks, headers, status, entity tags. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entityTagOf } from "../../src/core.ts";
import { setLogLevel } from "../../src/log.ts";
import { RequestHandler } from "../../src/web.ts";
import { ask, askHandler } from "../support/ask.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }
}

describe("writing", () => {
  test("text, bytes and objects, as UTF-8", async () => {
    class Mixed extends RequestHandler {
      get(): void {
        this.write("grü");
        this.write(Uint8Array.of(0, 255));
        this.write("ß");
      }
    }
    const answer = await ask([["/", Mixed]], "GET /");
    expect(answer.body).toBe("gr\xc3\xbc\0\xff\xc3\x9f");
    expect(answer.head).toContain("Content-Length: 8");
  });

  test("arrays and other values are refused", async () => {
    for (const value of [[1], 5, null, true]) {
      class Wrong extends RequestHandler {
        get(): void {
          this.write(value as object);
        }
      }
      expect((await ask([["/", Wrong]], "GET /")).status).toBe(500);
    }
  });

  test("flush sends parts, chunked; finish sends the rest", async () => {
    class Parts extends RequestHandler {
      async get(): Promise<void> {
        for (const part of ["one", "two"]) {
          this.write(part);
          await this.flush();
        }
        this.write("end");
      }
    }
    const answer = await ask([["/", Parts]], "GET /");
    expect(answer.head).toContain("Transfer-Encoding: chunked");
    expect(answer.head).not.toContain("Content-Length");
    expect(answer.body).toBe("3\r\none\r\n3\r\ntwo\r\n3\r\nend\r\n0\r\n\r\n");
  });

  test("a large body arrives whole", async () => {
    const text = "0123456789abcdef".repeat(200_000);
    class Large extends RequestHandler {
      get(): void {
        this.write(text);
      }
      post(): void {
        this.write(this.request.body);
      }
    }
    expect((await ask([["/", Large]], "GET /")).body === text).toBe(true);
    expect((await ask([["/", Large]], "POST /", { body: text })).body === text).toBe(true);
  });

  const injections = [
    ["X", "a\r\nSet-Cookie: b=1"],
    ["X", "a\nb"],
    ["X", "a\0"],
    ["X", "\x7f"],
    ["X", "ā"],
    ["X Y", "a"],
    ["X:", "a"],
    ["", "a"],
  ] as const;
  test.each(injections)("header %j: %j is refused when it is set", async (name, value) => {
    let thrown: unknown;
    class Injects extends RequestHandler {
      get(): void {
        for (const set of ["setHeader", "addHeader"] as const) {
          try {
            this[set](name, value);
          } catch (error) {
            thrown = error;
          }
        }
      }
    }
    const answer = await ask([["/", Injects]], "GET /");
    expect(thrown).toMatchObject({ name: "HTTPOutputError" });
    expect(answer.head).not.toContain("Set-Cookie");
  });

  test("a header is set to bytes as they are, unless they end a line", async () => {
    const refused: unknown[] = [];
    const answer = await askHandler((handler) => {
      const text = "__caf\u00e9__";
      const bytes = Buffer.from(text, "latin1");
      handler.setHeader("X-Bytes", bytes.subarray(2, bytes.length - 2));
      for (const set of ["setHeader", "addHeader"] as const) {
        try {
          handler[set]("X-Bad", Buffer.from("a\r\nSet-Cookie: b"));
        } catch (error) {
          refused.push(error);
        }
      }
    });
    expect(answer.header("X-Bytes")).toEqual(["caf\u00e9"]);
    expect(refused).toMatchObject([{ name: "HTTPOutputError" }, { name: "HTTPOutputError" }]);
    expect(answer.head).not.toMatch(/Set-Cookie|X-Bad/);
  });

  test("headers are set, added, replaced and removed, defaults too", async () => {
    class Heads extends RequestHandler {
      override setDefaultHeaders(): void {
        this.setHeader("Server", "mine");
      }
      get(): void {
        this.setHeader("x-a", 1);
        this.addHeader("X-A", "2");
        this.setHeader("X-B", new Date(0));
        this.clearHeader("content-type");
      }
    }
    const { head } = await ask([["/", Heads]], "GET /");
    expect(head).toContain("X-A: 1\r\nX-A: 2\r\nX-B: Thu, 01 Jan 1970 00:00:00 GMT");
    expect(head).toContain("Server: mine");
    expect(head).not.toContain("Content-Type");
    expect(head.match(/^Server:/gm)).toHaveLength(1);
  });

  test("redirect", async () => {
    class Goes extends RequestHandler {
      get(): void {
        this.redirect("/there", { permanent: this.request.query === "permanent" });
      }
    }
    const answer = await ask([["/", Goes]], "GET /");
    expect(answer.status).toBe(302);
    expect(answer.head).toContain("Location: /there");
    expect((await ask([["/", Goes]], "GET /?permanent")).status).toBe(301);
  });

  test("204, 205 and 304 have no body, and no length but that of nothing", async () => {
    class Empty extends RequestHandler {
      get(): void {
        this.setStatus(Number(this.request.query));
      }
      post(): void {
        this.setStatus(Number(this.request.query));
        this.write("x");
      }
    }
    for (const status of [204, 205, 304]) {
      const { head } = await ask([["/", Empty]], `GET /?${status}`);
      expect(head.replace("Content-Length: 0", "")).not.toMatch(/Content-|Transfer-/);
      expect((await ask([["/", Empty]], `POST /?${status}`)).status).toBe(500);
    }
  });
});

describe("entity tags", () => {
  test("a matching If-None-Match is answered 304", async () => {
    const first = await ask([["/", Hello]], "GET /");
    const etag = /Etag: (.*)/.exec(first.head)?.[1] as string;
    for (const value of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const again = await ask([["/", Hello]], "GET /", { headers: { "If-None-Match": value } });
      expect(again).toMatchObject({ status: 304, body: "" });
      expect(again.head).toContain(`Etag: ${etag}`);
      expect(again.head).not.toContain("Content-Type");
    }
    const other = await ask([["/", Hello]], "GET /", { headers: { "If-None-Match": '"x"' } });
    expect(other.status).toBe(200);
  });

  test("they are those of the body, also of text that was answered before", async () => {
    const bodies = [
      "yes",
      "no!",
      "yes",
      "",
      "gr\u00fc",
      "gr\u00fc",
      "yes",
      "\ud800!!",
      "\ufffd!!",
      "z".repeat(63),
    ];
    for (const body of [...bodies, ...bodies]) {
      class Short extends RequestHandler {
        get(): void {
          this.write(body);
        }
      }
      const answer = await ask([["/", Short]], "GET /");
      expect(answer.header("Etag"), body).toEqual([entityTagOf(Buffer.from(body))]);
      expect(answer.body).toBe(Buffer.from(body).toString("latin1"));
    }
  });

  test("they can be switched off, for all or for one handler", async () => {
    const off = await ask([["/", Hello]], "GET /", { settings: { etag: false } });
    expect(off.head).not.toContain("Etag");
    class Own extends Hello {
      override computeEtag(): string {
        return '"mine"';
      }
    }
    expect((await ask([["/", Own]], "GET /")).head).toContain('Etag: "mine"');
  });
});

describe("entity tags of long bodies", () => {
  test("differ when the last byte differs, and do not depend on how it was written", async () => {
    const tags = new Set<string | undefined>();
    for (const last of ["a", "b"]) {
      for (const parts of [1, 2]) {
        class Long extends RequestHandler {
          get(): void {
            const text = "x".repeat(300_000) + last;
            const cut = parts === 1 ? text.length : 1000;
            this.write(text.slice(0, cut));
            if (cut < text.length) this.write(new TextEncoder().encode(text.slice(cut)));
          }
        }
        tags.add(/Etag: (.*)/.exec((await ask([["/", Long]], "GET /")).head)?.[1]);
      }
    }
    expect(tags.size).toBe(2);
  });
});
