import { threadId, Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { IOLoop, RemoteIOLoop } from "../../src/ioloop.ts";
import { type Sink, setSinks } from "../../src/log.ts";
import { createFakeHost } from "../support/fake-host.ts";

let messages: string[];
let sinks: readonly Sink[];

beforeEach(() => {
  messages = [];
  sinks = setSinks({ write: ({ message }) => messages.push(message) });
});

afterEach(() => {
  setSinks(...sinks);
});

test("another thread runs callbacks on this loop, in their order", async () => {
  const loop = new IOLoop(createFakeHost());
  const worker = new Worker(new URL("programs/remote-worker.ts", import.meta.url));
  const counts: number[] = [];
  const threads = new Set<number>();
  const done = new Promise<void>((resolve) => {
    const port = loop.portFor({
      progress(count: number, from: { threadId: number }) {
        counts.push(count);
        threads.add(from.threadId);
      },
      breaks() {
        throw new Error("on this loop");
      },
      done: resolve,
    });
    worker.postMessage(port, [port as never]);
  });
  await done;
  await worker.terminate();
  expect(counts).toEqual(Array.from({ length: 100 }, (_, index) => index));
  expect(threads.has(threadId)).toBe(false);
  expect(messages).toEqual([
    'Cannot run callback "nothing" of another thread: there are progress, breaks, done',
    "Exception in callback breaks",
  ]);
});

const WebWorker = (globalThis as { Worker?: new (url: URL, options: object) => WebWorkerHandle })
  .Worker;
const noWebWorker = WebWorker === undefined ? " (skipped: the runtime has no Web Workers)" : "";

interface WebWorkerHandle {
  postMessage(message: unknown, transfer: readonly unknown[]): void;
  terminate(): void;
}

test.skipIf(WebWorker === undefined)(`so does a Web Worker${noWebWorker}`, async () => {
  const url = new URL("programs/web-worker.ts", import.meta.url);
  const worker = new (WebWorker as NonNullable<typeof WebWorker>)(url, { type: "module" });
  const counts: number[] = [];
  await new Promise<void>((done) => {
    const port = new IOLoop(createFakeHost()).portFor({
      progress: (count: number) => counts.push(count),
      done,
    });
    worker.postMessage({ port }, [port]);
  });
  worker.terminate();
  expect(counts).toEqual(Array.from({ length: 100 }, (_, index) => index));
});

test("what cannot be copied is refused where it is", () => {
  const remote = new RemoteIOLoop(new IOLoop(createFakeHost()).portFor({ show: () => undefined }));
  expect(() => remote.addCallback("show", () => undefined)).toThrow();
  remote.close();
});

test("what is no call is logged, and ends nobody's program", async () => {
  const done = new Promise<void>((resolve) => {
    const port = new IOLoop(createFakeHost()).portFor({ done: resolve });
    for (const data of [null, 5, "text", [], ["done"], [["done"], []]]) port.postMessage(data);
    new RemoteIOLoop(port).addCallback("done");
  });
  await done;
  expect(messages).toHaveLength(6);
  for (const message of messages) expect(message).toMatch(/^Cannot run what another thread has/);
});
