/** The two programs of demos/file_upload, one sending to the other. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, startProgram } from "../support/program.ts";

const folder = mkdtempSync(join(tmpdir(), "squall-test-"));
const uploads = join(folder, "uploads");
const long = "0123456789".repeat(300_000);
const demo = (name: string) => new URL(`../../demos/file_upload/${name}`, import.meta.url);
let receiver: Program | undefined;
let url = "";

beforeAll(async () => {
  writeFileSync(join(folder, "long file.txt"), long);
  writeFileSync(join(folder, "short.txt"), "short");
  receiver = startProgram(demo("file_receiver.ts"), { args: ["--port=0", `--folder=${uploads}`] });
  await receiver.says(/Receiving on/);
  url = /http:\S+/.exec(receiver.output)?.[0] ?? "";
});

afterAll(async () => {
  await receiver?.end();
  rmSync(folder, { recursive: true });
});

/** What the uploader says, and what is in the folder after it. */
async function send(...options: string[]): Promise<[answers: unknown[], contents: string[]]> {
  const paths = ["long file.txt", "short.txt"].map((name) => join(folder, name));
  const uploader = startProgram(demo("file_uploader.ts"), {
    args: [...options, `--url=${url}`, ...paths],
  });
  expect(await uploader.ended).toBe(0);
  const lines = uploader.output.trim().split("\n");
  const contents = readdirSync(uploads).map((name) => readFileSync(join(uploads, name), "utf8"));
  for (const name of readdirSync(uploads)) rmSync(join(uploads, name));
  return [lines.map((line) => JSON.parse(line)), contents];
}

const sent = [
  { name: "long file.txt", size: long.length },
  { name: "short.txt", size: 5 },
];

test("a form of two files", async () => {
  const [answers, contents] = await send();
  expect(answers).toEqual([{ received: sent }]);
  expect(contents.sort()).toEqual([long, "short"]);
});

test("two files as bodies of their own", async () => {
  const [answers, contents] = await send("--put");
  expect(answers).toEqual(sent.map((file) => ({ received: [file] })));
  expect(contents.sort()).toEqual([long, "short"]);
});

test("the page has the form", async () => {
  const body = await (await fetch(url)).text();
  expect(body).toContain('enctype="multipart/form-data"');
});

test.each([
  { what: "a method that is none", method: "PROPFIND", path: "a.txt", status: 405 },
  { what: "a name that is no text", method: "PUT", path: "%ff", status: 400 },
])("the receiver outlives $what", async ({ method, path, status }) => {
  const refused = await fetch(new URL(path, url), { method, body: "short" });
  expect(refused.status).toBe(status);
  await refused.text();
  expect((await fetch(url)).status).toBe(200);
  expect(readdirSync(uploads)).toEqual([]);
});
