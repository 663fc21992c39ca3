/**
 * The chat in a real browser: one person listens by WebSocket, another one by long polling. With
 * SQUALL_SCREENSHOTS=folder it leaves pictures there. Skipped where there is no Chromium.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { Program } from "../support/program.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CHROMIUM = "/usr/bin/chromium";
const CHAT = fileURLToPath(new URL("../../demos/chat/chat.ts", import.meta.url));
const BIN = fileURLToPath(new URL("../../node_modules/.bin/", import.meta.url));
const screenshots = process.env.SQUALL_SCREENSHOTS;
const runtimes = [
  { name: "Node", command: ["node"] },
  { name: "Deno", command: ["deno", "run", "-A"] },
  { name: "Bun", command: ["bun", "run"] },
];

let browser: Browser;
let program: Program | undefined;
let complaints: string[] = [];

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) return;
  const args = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"];
  browser = await chromium.launch({ executablePath: CHROMIUM, args });
});

afterEach(async () => {
  await program?.end();
  for (const context of browser?.contexts() ?? []) await context.close();
});

afterAll(() => browser?.close());

function start([file = "", ...flags]: readonly string[], port: string): Program {
  const options = [`--port=${port}`, "--address=127.0.0.1", "--logging=error"];
  return new Program(join(BIN, file), [...flags, CHAT, ...options], {});
}

async function enter(url: string, name: string, dark = false): Promise<Page> {
  const look = { viewport: { width: dark ? 390 : 900, height: 640 } };
  const context = await browser.newContext({ ...look, colorScheme: dark ? "dark" : "light" });
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(url);
  await page.fill("#name", name);
  await page.click("button[type=submit]");
  await page.waitForSelector('#state[data-well="true"]');
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.fill("#body", text);
  await page.press("#body", "Enter");
}

async function reads(page: Page, texts: readonly string[]): Promise<void> {
  const said = page.locator(".message .bubble p:last-child");
  await expect.poll(() => said.allTextContents(), { timeout: 15_000 }).toEqual(texts);
}

test.skipIf(!existsSync(CHROMIUM)).each(runtimes)(
  "$name (skipped without chromium)",
  async ({ name, command }) => {
    complaints = [];
    program = start(command, "0");
    const [, port = ""] = await program.says(/port (\d+)/);
    const url = `http://127.0.0.1:${port}/`;
    const ada = await enter(url, "Ada Lovelace");
    const bob = await enter(`${url}?poll`, "Böb", true);
    const texts = ["Hello?", "<b>Polling</b> & well.", "So it seems."];
    for (const [at, page] of [ada, bob, ada].entries()) {
      await say(page, texts[at] as string);
      for (const other of [ada, bob]) await reads(other, texts.slice(0, at + 1));
    }
    expect(await ada.locator(".message.mine").count()).toBe(2);
    if (screenshots !== undefined) {
      await ada.screenshot({ path: join(screenshots, `chat-${name}.png`) });
      await bob.screenshot({ path: join(screenshots, `chat-${name}-poll.png`) });
    }

    // The server goes and comes back: both find it again, and what was said meanwhile is kept.
    program.kill();
    expect(await program.ended).toBe(0);
    await ada.waitForSelector('#state[data-well="false"]');
    await say(ada, "Anybody?");
    await ada.waitForSelector(".message.failed");
    program = start(command, port);
    await Promise.all([ada, bob].map((page) => page.waitForSelector('#state[data-well="true"]')));
    await ada.click(".message.failed button");
    await reads(bob, [...texts, "Anybody?"]);
    expect(complaints).toEqual([]);
  },
);
