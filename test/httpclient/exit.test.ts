/** A program ends by itself when its connections have been idle for long enough. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { HTTPServer } from "../../src/httpserver.ts";
import { Application, RequestHandler } from "../../src/web.ts";
import { type Program, startProgram } from "../support/program.ts";
import { runtimeLoop } from "../support/runtime-loop.ts";

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }
}

const server = new HTTPServer(new Application([["/", Hello]]), { loop: runtimeLoop });
let program: Program | undefined;

beforeAll(() => server.listen(0, "127.0.0.1"));

afterAll(async () => {
  await program?.end();
  server.stop();
});

test("timeouts of fetches that are over hold nothing up", async () => {
  const file = new URL("./programs/one-fetch.ts", import.meta.url);
  program = startProgram(file, { args: [`http://127.0.0.1:${server.addresses[0]?.port}/`] });
  await program.says(/code 200/);
  expect(await program.ended).toBe(0);
});
