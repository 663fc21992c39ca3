/**
 * Cookies and XSRF tokens against Python's Tornado itself: what either side signs, the other takes.
 * Skipped where there is no python3 with tornado (Debian: python3-tornado).
 */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import {
  Application,
  createSignedValue,
  decodeSignedValue,
  RequestHandler,
} from "../../src/web.ts";
import { ask } from "../support/ask.ts";

const PYTHON = "/usr/bin/python3";

function python(code: string, input: unknown): unknown {
  const program = `import json, sys\ninput = json.load(sys.stdin)\n${code}`;
  const run = spawnSync(PYTHON, ["-c", program], { input: JSON.stringify(input) });
  if (run.status !== 0) throw new Error(String(run.stderr ?? run.error));
  return JSON.parse(String(run.stdout));
}

function hasTornado(): boolean {
  return spawnSync(PYTHON, ["-c", "import tornado.web"]).status === 0;
}

const secret = "61oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2XdTP1o/Vo=";
const values = ["", "x", "Jürgen <b>", "a|b:c;d", "0123456789".repeat(300), "\u0000\n"];

describe.skipIf(!hasTornado())("with Python's Tornado (skipped without python3-tornado)", () => {
  test.each([1, 2] as const)("it takes what we sign in version %d", (version) => {
    const signed = values.map((value) => createSignedValue(secret, "user", value, { version }));
    const taken = python(
      `from tornado.web import decode_signed_value
print(json.dumps([decode_signed_value(input["secret"], "user", v).decode() for v in input["signed"]]))`,
      { secret, signed },
    );
    expect(taken).toEqual(values);
  });

  test.each([1, 2] as const)(
    "we take what it signs in version %d, byte for byte ours",
    (version) => {
      const signed = python(
        `from tornado.web import create_signed_value
print(json.dumps([create_signed_value(input["secret"], "user", v, version=input["version"],
  clock=lambda: 1700000000).decode() for v in input["values"]]))`,
        { secret, values, version },
      ) as string[];
      const clock = (): number => 1_700_000_000;
      expect(signed).toEqual(
        values.map((value) => createSignedValue(secret, "user", value, { version, clock })),
      );
      const decoded = signed.map((text) => decodeSignedValue(secret, "user", text, { clock }));
      expect(decoded.map(String)).toEqual(values);
    },
  );

  test("both know the same keys by their versions", () => {
    const keys = { 1: "first", 2: "second" };
    const ours = createSignedValue(keys, "k", "v", { keyVersion: 2 });
    const theirs = python(
      `from tornado.web import create_signed_value, decode_signed_value
keys = {int(k): v for k, v in input["keys"].items()}
assert decode_signed_value(keys, "k", input["ours"]) == b"v"
print(json.dumps(create_signed_value(keys, "k", "w", key_version=1).decode()))`,
      { keys, ours },
    ) as string;
    expect(decodeSignedValue(keys, "k", theirs)?.toString()).toBe("w");
  });

  test("the header with our cookie is read as we read it", async () => {
    class Sets extends RequestHandler {
      get(): void {
        this.setCookie("a", 'q"u,o;t\\e');
        this.setSignedCookie("b", "signed", { sameSite: "Lax", httpOnly: true });
      }
    }
    const answer = await ask([["/", Sets]], "GET /", { settings: { cookieSecret: secret } });
    const cookie = answer.header("Set-Cookie").map((text) => text.split("; ")[0]);
    const read = python(
      `from tornado.httputil import parse_cookie
from tornado.web import decode_signed_value
cookies = parse_cookie(input["cookie"])
print(json.dumps([cookies["a"], decode_signed_value(input["secret"], "b", cookies["b"]).decode()]))`,
      { cookie: cookie.join("; "), secret },
    );
    expect(read).toEqual(['q"u,o;t\\e', "signed"]);
  });

  test("XSRF tokens of either are taken by the other", async () => {
    class Form extends RequestHandler {
      get(): void {
        this.write(this.xsrfToken);
      }
      post(): void {
        this.write("done");
      }
    }
    const application = new Application([["/", Form]], { xsrfCookies: true });
    const ours = (await ask(application, "GET /")).body;
    const theirs = python(
      `from tornado import web, httputil, escape
class Connection:
    context = None
    no_keep_alive = False
    def set_close_callback(self, callback): pass
def handler(cookie, token):
    headers = httputil.HTTPHeaders({"Cookie": "_xsrf=" + cookie, "X-XSRFToken": token, "Host": "a"})
    request = httputil.HTTPServerRequest("POST", "/", headers=headers, connection=Connection())
    return web.RequestHandler(web.Application([]), request)
same = handler(input["ours"], input["ours"])
same.check_xsrf_cookie()
token = escape.native_str(same.xsrf_token)
handler(input["ours"], token).check_xsrf_cookie()
print(json.dumps(token))`,
      { ours },
    ) as string;
    expect(theirs).not.toBe(ours);
    const headers = { Cookie: `_xsrf=${theirs}`, "X-XSRFToken": ours };
    expect((await ask(application, "POST /", { headers, body: "" })).body).toBe("done");
  });
});
