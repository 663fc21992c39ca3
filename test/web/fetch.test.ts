import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLogLevel } from "../../src/log.ts";
import { Application, HTTPError, RequestHandler, streamRequestBody } from "../../src/web.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

class Echo extends RequestHandler {
  get(name = "world"): void {
    this.setCookie("a", "1");
    this.setCookie("b", "2");
    this.write(`Hello, ${name}`);
  }
  post(): void {
    this.setStatus(201, "Made");
    this.write({
      body: new TextDecoder().decode(this.request.body),
      cookie: this.getCookie("c", "none"),
      host: this.request.host,
      ip: this.request.remoteIp,
      url: this.request.fullUrl(),
    });
  }
  delete(): void {
    this.setStatus(204);
  }
  patch(): void {
    throw new HTTPError(409);
  }
}
class Slow extends RequestHandler {
  static gone = 0;
  async get(): Promise<void> {
    for (let part = 0; part < 1000; part++) {
      this.write("x".repeat(10_000));
      await this.flush();
    }
  }
  async put(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
  override onConnectionClose(): void {
    Slow.gone++;
  }
}
class Counts extends RequestHandler {
  size = 0;
  override prepare(): void {
    if (this.request.query === "small") this.request.connection.setMaxBodySize(10);
  }
  override async dataReceived(chunk: Uint8Array): Promise<void> {
    await Promise.resolve();
    this.size += chunk.length;
  }
  post(): void {
    this.write({ size: this.size });
  }
}
streamRequestBody(Counts);

const application = new Application([
  ["/", Echo],
  ["/hello/(.*)", Echo],
  ["/slow", Slow],
  ["/count", Counts],
]);

describe("app.request", () => {
  test("answers as a server would", async () => {
    const response = await application.request("/hello/J%C3%BCrgen");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("Hello, Jürgen");
    expect(response.headers.get("Content-Length")).toBe("14");
    expect(response.headers.get("Etag")).toMatch(/^"[0-9a-f]{32}"$/);
    expect(response.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2; Path=/"]);
    const again = await application.request("/hello/J%C3%BCrgen", {
      headers: { "If-None-Match": response.headers.get("Etag") ?? "" },
    });
    expect(again.status).toBe(304);
  });

  test("takes method, headers and body", async () => {
    const headers = { Cookie: "c=3", Host: "other.org" };
    const response = await application.request("/?x", { method: "POST", body: "text", headers });
    expect(response.status).toBe(201);
    expect(response.statusText).toBe("Made");
    expect(await response.json()).toMatchObject({ body: "text", cookie: "3", ip: "127.0.0.1" });
  });

  test("gives 204, HEAD and errors without trouble", async () => {
    expect((await application.request("/", { method: "DELETE" })).status).toBe(204);
    const head = await application.request("/", { method: "HEAD" });
    expect(head.headers.get("Content-Length")).toBe("12");
    expect(await head.text()).toBe("");
    expect((await application.request("/", { method: "PATCH" })).status).toBe(409);
    expect((await application.request("/nowhere")).status).toBe(404);
  });
});

describe("app.fetch", () => {
  test("takes a whole URL", async () => {
    const request = new Request("https://example.org/?q", { method: "POST", body: "x" });
    const json = await (await application.fetch(request)).json();
    expect(json).toMatchObject({ host: "example.org", url: "https://example.org/?q" });
  });

  test("knows the client that its server names, and no other", async () => {
    const ipOf = async (context?: object): Promise<unknown> => {
      const request = new Request("https://example.org/", { method: "POST", body: "x" });
      const answer = await application.fetch(request, context);
      return ((await answer.json()) as { ip: unknown }).ip;
    };
    expect(await ipOf({ remoteIp: "192.0.2.7" })).toBe("192.0.2.7");
    expect(await ipOf()).toBe("");
    // What Bun and Deno pass along, which TypeScript has to take as well.
    const handler: (request: Request, server: { port: number }) => Promise<Response> =
      application.fetch;
    expect(handler).toBe(application.fetch);
    expect(await ipOf({ port: 80, remoteIp: () => "127.0.0.1" })).toBe("");
  });

  test("streams a response at the pace of who reads it", async () => {
    const response = await application.request("/slow");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    expect(response.headers.has("Content-Length")).toBe(false);
    let size = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
    }
    expect(size).toBe(9_990_000);
  });

  test("streams a request's body, within its limit", async () => {
    const stream = (): ReadableStream => {
      let parts = 0;
      return new ReadableStream({
        pull(controller) {
          if (parts++ === 100) controller.close();
          else controller.enqueue(new Uint8Array(1000));
        },
      });
    };
    const init = { method: "POST", duplex: "half" } as RequestInit;
    const response = await application.request("/count", { ...init, body: stream() });
    expect(await response.json()).toEqual({ size: 100_000 });
    const refused = application.request("/count?small", { ...init, body: stream() });
    expect((await refused).status).toBe(413);
  });

  test("tells the handler when its client gives up", async () => {
    const control = new AbortController();
    const init = { method: "PUT", signal: control.signal };
    const response = application.request("/slow", init);
    await new Promise((resolve) => setTimeout(resolve, 10));
    control.abort();
    await expect(response).rejects.toThrow();
    expect(Slow.gone).toBe(1);
  });

  test("rejects a request whose client had gone before", async () => {
    const left = new Error("left");
    const init = { method: "PUT", body: "x", signal: AbortSignal.abort(left) };
    await expect(application.request("/slow", init)).rejects.toBe(left);
  });

  test("answers a handler that wants the socket", async () => {
    class Raw extends RequestHandler {
      get(): void {
        this.detach();
      }
    }
    const response = await new Application([["/", Raw]]).request("/");
    expect(response.status).toBe(500);
  });

  test("tells a streaming handler when its reader cancels", async () => {
    const response = await application.request("/slow");
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await application.request("/")).status).toBe(200);
  });
});

describe("a verb that returns a Response", () => {
  class Returns extends RequestHandler {
    get(): Response {
      const headers = new Headers({
        "X-A": "1",
        "Content-Type": "text/x",
        Connection: "close",
        "Transfer-Encoding": "x",
      });
      headers.append("Set-Cookie", "a=1");
      headers.append("Set-Cookie", "b=2");
      return new Response("text", { status: 202, headers });
    }
    async post(): Promise<Response> {
      return Response.json({ a: 1 });
    }
    put(): Response {
      return new Response(null, { status: 204 });
    }
    patch(): Response {
      const parts = ["one", "two", "three"];
      return new Response(
        new ReadableStream({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            const part = parts.shift();
            if (part === undefined) controller.close();
            else controller.enqueue(new TextEncoder().encode(part));
          },
        }),
        { headers: { "Content-Type": "text/event-stream" } },
      );
    }
    delete(): Response {
      return new Response(
        new ReadableStream({
          pull() {
            throw new Error("on purpose");
          },
        }),
      );
    }
  }
  const app = new Application([["/", Returns]]);

  test("sends its status, headers and body", async () => {
    const response = await app.request("/");
    expect(response.status).toBe(202);
    expect(await response.text()).toBe("text");
    expect(response.headers.get("Content-Length")).toBe("4");
    expect(response.headers.get("Content-Type")).toBe("text/x");
    expect(response.headers.get("X-A")).toBe("1");
    expect(response.headers.has("Transfer-Encoding")).toBe(false);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await (await app.request("/", { method: "POST" })).json()).toEqual({ a: 1 });
    expect((await app.request("/", { method: "PUT" })).status).toBe(204);
  });

  test("sends the parts of a body as they come", async () => {
    const response = await app.request("/", { method: "PATCH" });
    const parts: string[] = [];
    for await (const part of response.body as ReadableStream<Uint8Array>) {
      parts.push(new TextDecoder().decode(part));
    }
    expect(parts).toEqual(["one", "two", "three"]);
  });

  test("whose body fails is an error", async () => {
    expect((await app.request("/", { method: "DELETE" })).status).toBe(500);
  });
});
