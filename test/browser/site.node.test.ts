/**
 * A real browser visits the site of `site.ts` on each runtime: headless Chromium, driven by
 * playwright-core. Skipped where there is no Chromium. With SQUALL_SCREENSHOTS=folder it leaves
 * pictures there.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const CHROMIUM = "/usr/bin/chromium";
const hasChromium = existsSync(CHROMIUM);
const screenshots = process.env.SQUALL_SCREENSHOTS;

const root = join(import.meta.dirname, "../..");
const site = fileURLToPath(new URL("site.ts", import.meta.url));
const runtimes = [
  { name: "Node", command: ["node", site] },
  { name: "Deno", command: ["deno", "run", "-A", site] },
  { name: "Bun", command: ["bun", "run", site] },
];

let browser: Browser;

beforeAll(async () => {
  if (!hasChromium) return;
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: (
      "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run " +
      "--disable-background-networking --disable-component-update --disable-sync"
    ).split(" "),
  });
}, 60_000);

afterAll(() => browser?.close());

/** Starts the site, and gives its ports. */
async function start([program = "", ...args]: string[]): Promise<[ChildProcess, number[]]> {
  const file = join(root, "node_modules/.bin", program);
  const child = spawn(file, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    return [child, JSON.parse(line) as number[]];
  }
  throw new Error(`Cannot start the site with ${program}: it printed nothing`);
}

describe.each(runtimes)("$name (skipped without chromium)", ({ name, command }) => {
  let server: ChildProcess | undefined;
  let context: BrowserContext;
  let page: Page;
  let shop = "";
  let debug = "";
  const complaints: string[] = [];

  beforeAll(async () => {
    if (!hasChromium) return;
    const [child, ports] = await start(command);
    server = child;
    shop = `http://127.0.0.1:${ports[0]}`;
    debug = `http://127.0.0.1:${ports[1]}`;
    context = await browser.newContext({ viewport: { width: 900, height: 600 } });
    page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
  }, 60_000);

  afterAll(async () => {
    await context?.close();
    server?.kill();
  });

  async function picture(title: string): Promise<void> {
    if (screenshots === undefined) return;
    await page.screenshot({ path: join(screenshots, `${name}-${title}.png`), fullPage: true });
  }

  /** What the site has answered since it was last asked. */
  async function seen(): Promise<string[]> {
    const answer = await fetch(`${shop}/seen`);
    return ((await answer.json()) as { seen: string[] }).seen.filter(
      (one) => !/seen$|favicon/.test(one),
    );
  }

  test.skipIf(!hasChromium)(
    "C31: a page with UI modules has their scripts and styles",
    async () => {
      await page.goto(shop);
      expect(await page.locator("h2").allTextContents()).toEqual(["Fish & Chips", "<Mushy peas>"]);
      expect(await page.locator("body").getAttribute("data-dishes")).toBe("2");
      const dish = page.locator(".dish").first();
      expect(await dish.getAttribute("data-seen")).toBe("linked");
      const style = 'getComputedStyle(document.querySelector(".dish")).borderLeftColor';
      expect(await page.evaluate(style)).toBe("rgb(0, 90, 160)");
      await picture("home");
    },
  );

  test.skipIf(!hasChromium)(
    "a reload is answered 304, and files are not asked for again",
    async () => {
      await page.goto(shop);
      await seen();
      await page.reload();
      expect(await page.locator("h1").textContent()).toBe("Hello");
      expect(await seen()).toContain("304 /");
      await page.goto(shop);
      expect(await seen()).toEqual(["304 /"]);
    },
  );

  test.skipIf(!hasChromium)(
    "C34: who logs in gets a signed cookie, and where they wanted to go",
    async () => {
      await page.goto(`${shop}/new`);
      expect(new URL(page.url()).pathname).toBe("/login");
      await page.getByLabel("Your name").fill("Ben <b>");
      await page.getByRole("button").click();
      expect(page.url()).toBe(`${shop}/new`);
      const [cookie] = (await context.cookies()).filter((one) => one.name === "user");
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Lax" });
      await page.goto(shop);
      expect(await page.locator("h1").textContent()).toBe("Hello, Ben <b>");

      // A cookie that was changed is none.
      await context.addCookies([{ name: "user", value: `${cookie?.value}0`, url: shop }]);
      await page.reload();
      expect(await page.locator("h1").textContent()).toBe("Hello");
      await context.addCookies([{ name: "user", value: cookie?.value ?? "", url: shop }]);
    },
  );

  test.skipIf(!hasChromium)(
    "C36: a form is taken with its token, and refused without",
    async () => {
      await page.goto(`${shop}/new`);
      await page.getByLabel("Name").fill("Tartar sauce");
      await page.getByRole("button").click();
      expect(await page.locator("h2").last().textContent()).toBe("Tartar sauce");

      await page.goto(`${shop}/new`);
      await page.locator("[name=_xsrf]").evaluate((field) => field.remove());
      const [answer] = await Promise.all([
        page.waitForResponse((one) => one.request().method() === "POST"),
        page.getByRole("button").click(),
      ]);
      expect(answer.status()).toBe(403);
    },
  );

  test.skipIf(!hasChromium)(
    "C36: a script sends the token that it reads from the cookie",
    async () => {
      await page.goto(`${shop}/new`);
      const post = (token: string): Promise<unknown> =>
        page.evaluate(`(async () => {
        const read = document.cookie.match("\\\\b_xsrf=([^;]*)\\\\b")[1];
        const body = new URLSearchParams({ name: "Vinegar", _xsrf: ${JSON.stringify(token)} || read });
        return (await fetch("/new", { method: "POST", body })).status;
      })()`);
      expect(await post("")).toBe(200);
      expect(await post("xoxo")).toBe(403);
    },
  );

  test.skipIf(!hasChromium)("C16: an upload arrives, with its name and type", async () => {
    await page.goto(`${shop}/upload`);
    await picture("upload");
    const buffer = Buffer.alloc(300_000, "menu ");
    const file = { name: "menü & more.txt", mimeType: "text/plain", buffer };
    await page.getByLabel("Menu").setInputFiles(file);
    await page.getByLabel("Comment").fill("ä");
    await page.getByText("Send").click();
    expect(JSON.parse((await page.textContent("body")) ?? "")).toEqual({
      filename: "menü & more.txt",
      contentType: "text/plain",
      length: 300_000,
      comment: "ä",
    });
  });

  test.skipIf(!hasChromium)("a streamed page is shown before it is complete", async () => {
    await page.goto(`${shop}/slow`, { waitUntil: "commit" });
    await page.locator("h1").waitFor();
    expect(await page.locator(".dish").count()).toBe(0);
    await fetch(`${shop}/release`);
    await page.locator(".dish").waitFor();
    expect(await page.locator("p").first().textContent()).toBe("Second");
    await page.waitForLoadState();
    expect(await page.locator("body").getAttribute("data-dishes")).toBe("1");
  });

  test.skipIf(!hasChromium)("nothing of all that made the browser complain", () => {
    // The browser reports the answer 403 that two of the tests want.
    expect(complaints.filter((one) => !one.includes("403"))).toEqual([]);
  });

  test.skipIf(!hasChromium)("debug mode shows where a template failed", async () => {
    complaints.length = 0;
    await page.goto(debug);
    expect(await page.locator("h1").textContent()).toContain("TypeError");
    expect(await page.locator(".culprit").first().textContent()).toContain("dish.name.length");
    expect(await page.locator("details[open]").count()).toBeGreaterThan(0);
    expect(complaints.filter((one) => !one.includes("500"))).toEqual([]);
    await picture("debug");
  });

  test.skipIf(!hasChromium)(
    "a request from another site is refused by what the browser says of it",
    async () => {
      const form = `<form method="post" action="${debug}/"><button>Send</button></form>`;
      const send = async (from: string): Promise<number> => {
        await page.goto(from);
        await page.setContent(form);
        const [answer] = await Promise.all([
          page.waitForResponse((one) => one.request().method() === "POST"),
          page.getByRole("button").click(),
        ]);
        return answer.status();
      };
      expect(await send(`${debug}/nowhere`)).toBe(200);
      expect(await send(shop.replace("127.0.0.1", "localhost"))).toBe(403);
    },
  );
});
