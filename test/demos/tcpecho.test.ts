/** The echo server and its client, as programs of their own. */
import { afterAll, expect, test } from "vitest";
import { type Program, startProgram } from "../support/program.ts";

let server: Program | undefined;
afterAll(() => server?.end());

const file = (name: string): URL => new URL(`../../demos/tcpecho/${name}.ts`, import.meta.url);

test("a line comes back", async () => {
  server = startProgram(file("server"), { args: ["--port=0"] });
  const [, port] = await server.says(/on port (\d+)/);
  const client = startProgram(file("client"), { args: [`--port=${port}`, "there", "and", "back"] });
  expect(await client.ended).toBe(0);
  expect(client.output).toBe("there and back\n");
  await server.says(/:\d+ is here\n.*:\d+ is gone/);
});
