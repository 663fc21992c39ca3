/**
 * Visits every page below a URL, ten at a time, and prints what it finds: which pages there are, and
 * which links lead nowhere. Run it with `node webspider.ts URL`, `bun run webspider.ts URL` or
 * `deno run --allow-net webspider.ts URL`.
 */

import process from "node:process";
import { xhtmlUnescape } from "squall/escape";
import { AsyncHTTPClient, HTTPClientError } from "squall/httpclient";
import { Queue } from "squall/queues";

const CONCURRENCY = 10;
/** Seconds for the whole visit. */
const DEADLINE = 300;

const [base = "https://www.tornadoweb.org/en/stable/"] = process.argv.slice(2);
if (!URL.canParse(base)) {
  console.error("Usage: webspider.ts URL");
  process.exit(2);
}
const client = new AsyncHTTPClient();
const queue = new Queue<string>();
const seen = new Set<string>();
const dead = new Map<string, string>();

/** The links of a page, without their fragments. */
async function linksOf(url: string): Promise<string[]> {
  const { headers, body, effectiveUrl } = await client.fetch(url);
  if (!/^text\/html\b/.test(headers.get("Content-Type") ?? "")) return [];
  // Not `toUnicode`, which throws at a page in another encoding: links are ASCII in nearly all.
  const links = new TextDecoder()
    .decode(body)
    .matchAll(/<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')/gi);
  return Array.from(links, ([, quoted, single]) => xhtmlUnescape(quoted ?? single ?? ""))
    .filter((link) => URL.canParse(link, effectiveUrl))
    .map((link) => new URL(link, effectiveUrl).href.replace(/#.*/s, ""));
}

function enqueue(url: string): void {
  if (!url.startsWith(base) || seen.has(url)) return;
  seen.add(url);
  queue.putNowait(url);
}

async function visit(url: string): Promise<void> {
  try {
    for (const link of await linksOf(url)) enqueue(link);
    console.log(url);
  } catch (error) {
    if (!(error instanceof HTTPClientError)) throw error;
    dead.set(url, error.message);
  } finally {
    queue.taskDone();
  }
}

async function worker(): Promise<void> {
  for await (const url of queue) await visit(url);
}

const began = performance.now();
enqueue(base);
for (let number = 0; number < CONCURRENCY; number++) void worker();
await queue.join({ seconds: DEADLINE });

for (const [url, why] of dead) console.log(`${url}: ${why}`);
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(`${seen.size - dead.size} pages in ${seconds} s, ${dead.size} dead links`);
client.close();
