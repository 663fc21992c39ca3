/** Long forms: in memory, on disk, on a disk that is full, and never left behind. */

import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TemporaryFiles } from "../../src/httputil/temporary-files.ts";
import {
  FormReceiver,
  type HTTPFile,
  type ParsedForm,
  type ParseMultipartConfig,
  parseMultipartFormData,
} from "../../src/httputil.ts";

let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "squall-test-"));
});

afterEach(() => rm(directory, { recursive: true }));

const utf8 = new TextEncoder();

/** A form with a field `a` and a file `f` for each of the texts that are given. */
function formOf(...files: string[]): Uint8Array {
  const field = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n';
  const head = '--b\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n\r\n';
  return utf8.encode(`${field}${files.map((text) => `${head}${text}\r\n`).join("")}--b--`);
}

async function feed(receiver: FormReceiver, body: Uint8Array, size = 1000): Promise<ParsedForm> {
  for (let at = 0; at < body.length; at += size) await receiver.write(body.slice(at, at + size));
  return receiver.finish();
}

function receive(
  body: Uint8Array,
  config: Partial<ParseMultipartConfig> = {},
): [FormReceiver, Promise<ParsedForm>] {
  const receiver = new FormReceiver("b", { maxMemory: 100, directory, ...config });
  return [receiver, feed(receiver, body)];
}

describe("a long file", () => {
  const long = "0123456789".repeat(60_000);

  test("lies on disk, readable for nobody else, until it is discarded", async () => {
    const [receiver, parsed] = receive(formOf(long, "short"));
    const [file, short] = (await parsed).files.get("f") as [HTTPFile, HTTPFile];
    expect(file).toMatchObject({ filename: "x.txt", size: long.length });
    expect(await file.text()).toBe(long);
    expect(new TextDecoder().decode(file.body)).toBe(long);
    expect((await file.bytes()).length).toBe(long.length);
    let streamed = 0;
    for await (const part of file.stream()) streamed += part.length;
    expect(streamed).toBe(long.length);
    expect(await readdir(directory)).toHaveLength(1);
    expect((await stat(file.path as string)).mode & 0o777).toBe(0o600);
    expect(short).toMatchObject({ path: undefined, size: 5 });
    expect(await short.text()).toBe("short");
    await receiver.discard();
    expect(await readdir(directory)).toEqual([]);
    await expect(file.bytes()).rejects.toThrow(/ENOENT/);
  });

  test("stays where it was moved to", async () => {
    const [receiver, parsed] = receive(formOf(long, "short"));
    const files = (await parsed).files.get("f") as HTTPFile[];
    for (const [index, file] of files.entries()) await file.moveTo(join(directory, `${index}`));
    await receiver.discard();
    expect((await readdir(directory)).sort()).toEqual(["0", "1"]);
    expect(await readFile(join(directory, "0"), "utf8")).toBe(long);
    expect(await readFile(join(directory, "1"), "utf8")).toBe("short");
    expect(await files[0]?.text()).toBe(long);
  });

  test("goes to disk when all files together are too long for memory", async () => {
    const [receiver, parsed] = receive(formOf("x".repeat(60), "y".repeat(60), "z".repeat(40)));
    const files = (await parsed).files.get("f") as HTTPFile[];
    expect(files.map((file) => file.path !== undefined)).toEqual([false, true, false]);
    expect(await Promise.all(files.map((file) => file.text()))).toEqual([
      "x".repeat(60),
      "y".repeat(60),
      "z".repeat(40),
    ]);
    await receiver.discard();
  });

  test("is gone when the body breaks off, whatever was under way", async () => {
    const body = formOf(long, long);
    for (const end of [300, 5000, 300_000, long.length + 300, body.length - 10]) {
      const receiver = new FormReceiver("b", { maxMemory: 100, directory });
      for (let at = 0; at < end; at += 64_000) {
        // The last piece is still being written when the receiver is discarded.
        if (at > 0) await receiver.write(new Uint8Array(0));
        receiver.write(body.slice(at, Math.min(at + 64_000, end)));
      }
      await Promise.all([receiver.discard(), receiver.discard()]);
      expect(await readdir(directory)).toEqual([]);
    }
  });

  test("cannot be put where there is no folder", async () => {
    const [receiver, parsed] = receive(formOf(long), { directory: join(directory, "absent") });
    await expect(parsed).rejects.toThrow(/Cannot store an upload in .*absent: ENOENT/);
    await receiver.discard();
  });
});

describe("limits", () => {
  const cases = [
    { config: { maxFileSize: 50 }, body: formOf("x".repeat(50)), why: undefined },
    { config: { maxFileSize: 50 }, body: formOf("x".repeat(51)), why: /a file is longer than 50/ },
    { config: { maxFieldsSize: 1 }, body: formOf(), why: undefined },
    { config: { maxFieldsSize: 0 }, body: formOf(), why: /fields are longer than 0/ },
    { config: { maxParts: 2 }, body: formOf("", ""), why: /more than 2 parts/ },
    { config: { maxPartHeaderSize: 20 }, body: formOf(), why: /headers are longer than 20/ },
    { config: { enabled: false }, body: formOf(), why: /switched off/ },
  ];
  test.each(cases)("$config $why", async ({ config, body, why }) => {
    const run = async () => {
      const [receiver, parsed] = receive(body, config);
      await parsed.finally(() => receiver.discard());
    };
    if (why === undefined) await run();
    else await expect(run()).rejects.toThrow(why);
    expect(await readdir(directory)).toEqual([]);
  });

  test("have to be numbers", () => {
    for (const name of ["maxParts", "maxFieldsSize", "maxFileSize", "maxMemory"]) {
      expect(() => new FormReceiver("b", { [name]: -1 })).toThrow(`Cannot set ${name}: -1`);
      expect(() => new FormReceiver("b", { [name]: Number.NaN })).toThrow(RangeError);
    }
  });
});

test("any form in any pieces is what it is as a whole", async () => {
  const text = fc.string({ unit: fc.constantFrom("\r", "\n", "-", "b", "x", "\r\n--b") });
  const bodies = fc.array(text, { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(bodies, fc.nat(40), fc.nat(60), async (files, step, cut) => {
      const whole = formOf(...files);
      const body = whole.subarray(0, whole.length - Math.max(0, cut - 40));
      const outcome = async (read: () => Promise<ParsedForm> | ParsedForm) => {
        try {
          const form = await read();
          const contents = (form.files.get("f") ?? []).map((file) => file.text());
          return { files: await Promise.all(contents), fields: form.arguments.get("a") };
        } catch (error) {
          return (error as Error).message;
        }
      };
      const receiver = new FormReceiver("b", { maxMemory: 20, directory });
      const expected = await outcome(() => parseMultipartFormData("b", body));
      expect(await outcome(() => feed(receiver, body, step + 1))).toEqual(expected);
      await receiver.discard();
    }),
    { numRuns: 60 },
  );
  expect(await readdir(directory)).toEqual([]);
});

describe("a full disk", () => {
  /** Takes `room` bytes, then fails as the system does. */
  function disk(room: number, code: string): TemporaryFiles & { readonly left: Set<string> } {
    const left = new Set<string>();
    let free = room;
    return {
      left,
      create() {
        const path = `file ${left.size}`;
        left.add(path);
        return {
          path,
          async write(bytes) {
            free -= bytes.length;
            if (free < 0) throw Object.assign(new Error(`${code}: no space`), { code });
          },
          async close() {},
        };
      },
      async remove(path) {
        left.delete(path);
      },
    };
  }

  test.each([
    { code: "ENOSPC", status: 507 },
    { code: "EDQUOT", status: 507 },
    { code: "EIO", status: undefined },
  ])("$code", async ({ code, status }) => {
    const files = disk(300_000, code);
    const receiver = new FormReceiver("b", { maxMemory: 10 }, files);
    const fed = feed(receiver, formOf("x".repeat(700_000), "y".repeat(100)), 50_000);
    const error = await fed.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ message: expect.stringContaining(`${code}: no space`) });
    expect((error as { status?: number }).status).toBe(status);
    expect(files.left.size).toBeGreaterThan(0);
    await receiver.discard();
    expect(files.left.size).toBe(0);
  });
});
