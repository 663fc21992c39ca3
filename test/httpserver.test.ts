import { describe, expect, test } from "vitest";
import { HTTPServer, type HTTPServerOptions } from "../src/httpserver.ts";
import { Application, RequestHandler } from "../src/web.ts";
import { type AskOptions, parseAnswer, requestText } from "./support/ask.ts";
import { serve } from "./support/server.ts";

class Who extends RequestHandler {
  get(): void {
    this.write(`${this.request.remoteIp} ${this.request.protocol}`);
  }
}

describe("behind a proxy", () => {
  const who = async (headers: AskOptions["headers"], options: HTTPServerOptions) => {
    const { exchange } = await serve(new Application([["/", Who]]), options);
    return parseAnswer(await exchange(requestText("GET /", { headers }))).body;
  };
  const trustedDownstream = ["5.5.5.5", "::5"];
  const cases = [
    { headers: {}, says: "127.0.0.1 http" },
    { headers: { "X-Real-Ip": "4.4.4.4" }, says: "4.4.4.4 http" },
    { headers: { "X-Real-Ip": "2620:0:1cfe:face:b00c::3" }, says: "2620:0:1cfe:face:b00c::3 http" },
    { headers: { "X-Forwarded-For": "127.0.0.1, 4.4.4.4" }, says: "4.4.4.4 http" },
    { headers: { "X-Forwarded-For": "4.4.4.4, 5.5.5.5,::5" }, says: "4.4.4.4 http" },
    { headers: { "X-Forwarded-For": "5.5.5.5" }, says: "5.5.5.5 http" },
    { headers: { "X-Real-Ip": "4.4.4.4", "X-Forwarded-For": "3.3.3.3" }, says: "4.4.4.4 http" },
    { headers: { "X-Real-Ip": "4.4.4.4<script>" }, says: "127.0.0.1 http" },
    { headers: { "X-Real-Ip": "www.google.com" }, says: "127.0.0.1 http" },
    { headers: { "X-Real-Ip": "127.1" }, says: "127.0.0.1 http" },
    { headers: { "X-Forwarded-For": `${"4.4.4.4,".repeat(1000)}x` }, says: "127.0.0.1 http" },
    { headers: { "X-Scheme": "https" }, says: "127.0.0.1 https" },
    { headers: { "X-Forwarded-Proto": "https" }, says: "127.0.0.1 https" },
    { headers: { "X-Forwarded-Proto": "https , http" }, says: "127.0.0.1 http" },
    { headers: { "X-Forwarded-Proto": "http, https" }, says: "127.0.0.1 https" },
    { headers: { "X-Scheme": "unknown" }, says: "127.0.0.1 http" },
    { headers: { "X-Scheme": "http", "X-Forwarded-Proto": "https" }, says: "127.0.0.1 http" },
  ];
  test.each(cases)("$headers says $says", async ({ headers, says }) => {
    const here = await who({}, {});
    const expected = says.replace("127.0.0.1", here.split(" ")[0] as string);
    expect(await who(headers, { xheaders: true, trustedDownstream })).toBe(expected);
    expect(await who(headers, {})).toBe(here);
  });

  test("one address that is trusted need not be in a list", async () => {
    const headers = { "X-Forwarded-For": "4.4.4.4, 5.5.5.5" };
    const options = { xheaders: true, trustedDownstream: "5.5.5.5" };
    expect(await who(headers, options)).toBe("4.4.4.4 http");
  });

  test.each(["10.0.0.0/8", "proxy", ""])("%j is no address to trust", (address) => {
    const options = { xheaders: true, trustedDownstream: [address] };
    expect(() => new HTTPServer(new Application([]), options)).toThrow(
      `Cannot trust "${address}" in trustedDownstream: it is no IP address`,
    );
  });

  test("what one request says is not the next one's", async () => {
    const { exchange } = await serve(new Application([["/", Who]]), { xheaders: true });
    const first = requestText("GET /", {
      headers: { "X-Real-Ip": "4.4.4.4", "X-Scheme": "https" },
    });
    const received = await exchange(first + requestText("GET /"));
    expect(received.match(/4\.4\.4\.4 https/g)).toHaveLength(1);
    expect(received).toMatch(/127\.0\.0\.1 http$/);
  });
});

describe("what nobody would read or call is refused", () => {
  const make = (...args: unknown[]): HTTPServer =>
    new (HTTPServer as unknown as new (...args: unknown[]) => HTTPServer)(...args);

  test.each([undefined, null, {}, "app"])("an application that is %s", (handler) => {
    expect(() => make(handler)).toThrow("it is no application and no callback");
  });

  test("an option under Tornado's name", () => {
    expect(() => make(() => undefined, { max_body_size: 1 })).toThrow(
      'Cannot use the option "max_body_size": options are in camel case here',
    );
  });

  test("options in place of an address", async () => {
    const listen = make(() => undefined).listen(0, { xheaders: true } as never);
    await expect(listen).rejects.toThrow("options are the third argument");
  });
});
