/** The component in a page, in headless Chromium. */

import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { questions } from "../support/questions.ts";
import { rawAnswer } from "../support/raw-answers.ts";

const CHROMIUM = "/usr/bin/chromium";
/** Nothing but the page is to reach the network. */
const QUIET = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const root = join(import.meta.dirname, "../..");
const read = (name: string) => readFileSync(join(root, name));
const isMissing = !existsSync(CHROMIUM);
const reason = isMissing ? ` (${CHROMIUM} is not installed)` : "";

let server: Server;
let browser: Browser;

/** The page's files, as any server of static files would have them. */
function fileOf(path: string): { type: string; body: Uint8Array | string } {
  if (path === "/") return { type: "text/html", body: read("embed/browser/index.html") };
  if (path === "/answer.js") {
    const source = read("embed/browser/answer.ts").toString();
    return { type: "text/javascript", body: stripTypeScriptTypes(source) };
  }
  const body = read(join("build", path));
  return { type: path.endsWith(".wasm") ? "application/wasm" : "text/javascript", body };
}

beforeAll(async () => {
  if (isMissing) return;
  server = createServer((request, response) => {
    try {
      const { type, body } = fileOf(request.url ?? "/");
      response.setHeader("Content-Type", type).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
});

test.skipIf(isMissing)(
  `a page in Chromium answers as the plain module does${reason}`,
  async () => {
    const page = await browser.newPage();
    const errors: Error[] = [];
    page.on("pageerror", (error) => errors.push(error));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const asked = questions();
    // Strings, as the DOM's types are not there.
    const shown = 'document.querySelector("#answers").textContent';
    await page.waitForFunction(`${shown} !== ""`, undefined, { polling: 20 });
    const text = JSON.stringify(asked.join("\n"));
    await page.evaluate(`document.querySelector("#questions").value = ${text}; show()`);
    const answers = ((await page.evaluate(shown)) as string).split("\n");
    expect(errors).toEqual([]);
    for (const [index, question] of asked.entries()) {
      expect(answers[index], question).toBe(rawAnswer(question));
    }
  },
  60_000,
);
