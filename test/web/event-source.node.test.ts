/** Server-sent events and long polls in Chromium, the client that they are made for. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HTTPServer } from "../../src/httpserver.ts";
import { Condition } from "../../src/locks.ts";
import { Application, type EventStream, RequestHandler } from "../../src/web.ts";
import { until } from "../support/until.ts";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " +
  "--disable-component-update --disable-sync";

const news = new Condition();
const streams: EventStream[] = [];
let gone = 0;

class Page extends RequestHandler {
  get(): void {
    this.write("<title>events</title>");
  }
}

class Events extends RequestHandler {
  async get(): Promise<void> {
    const stream = this.sse({ retry: 10 });
    streams.push(stream);
    await stream.closed;
  }
}

class Poll extends RequestHandler {
  async get(): Promise<void> {
    await news.wait({ signal: this.closeSignal });
    this.write({ text: "news" });
  }

  override onConnectionClose(): void {
    gone++;
  }
}

const application = new Application(
  [
    ["/", Page],
    ["/events", Events],
    ["/poll", Poll],
    ["/favicon.ico", Page],
  ],
  { compressResponse: true },
);

describe.skipIf(!existsSync(CHROMIUM))("in Chromium (Debian package chromium)", () => {
  let server: HTTPServer;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    server = new HTTPServer(application);
    await server.listen(0, "127.0.0.1");
    url = `http://127.0.0.1:${server.addresses[0]?.port}`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS.split(" ") });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server.stop();
    await server.drain();
  });

  test("EventSource gets events as they are sent, and comes back with the last id", async () => {
    const page = await browser.newPage();
    await page.goto(url);
    await page.evaluate(() => {
      const seen: unknown[] = [];
      Object.assign(globalThis, { seen });
      const source = new EventSource("/events");
      const note = (event: Event) => {
        const { type, data, lastEventId } = event as MessageEvent;
        seen.push([type, data, lastEventId]);
      };
      source.addEventListener("message", note);
      source.addEventListener("greeting", note);
    });
    const seen = (): Promise<unknown[]> =>
      page.evaluate(() => (globalThis as unknown as { seen: unknown[] }).seen);

    await until(() => streams.length === 1);
    streams[0]?.comment("not to be seen");
    streams[0]?.send({ event: "greeting", data: "a\nb\r\nç", id: "é1" });
    await until(async () => (await seen()).length === 1);
    streams[0]?.send({ data: { text: "ü" } });
    await until(async () => (await seen()).length === 2);
    expect(await seen()).toEqual([
      ["greeting", "a\nb\nç", "é1"],
      ["message", '{"text":"ü"}', "é1"],
    ]);

    streams[0]?.close();
    await until(() => streams.length === 2);
    expect(streams[1]?.lastEventId).toBe("é1");
    await page.close();
    await streams[1]?.closed;
  }, 60_000);

  test("a long poll is answered, and one whose page is closed is not waited for", async () => {
    const page = await browser.newPage();
    await page.goto(url);
    const answer = page.evaluate(async () => (await fetch("/poll")).json());
    await until(() => news.waiting === 1);
    news.notifyAll();
    expect(await answer).toEqual({ text: "news" });
    page.evaluate(() => fetch("/poll")).catch(() => undefined);
    await until(() => news.waiting === 1);
    await page.close();
    await until(() => news.waiting === 0);
    expect(gone).toBe(1);
  }, 60_000);
});
