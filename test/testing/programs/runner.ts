/** Tests for the runner of the runtime: node:test, bun:test or Deno.test. FAIL lets one of them fail. */
import process from "node:process";
import {
  AsyncHTTPTestCase,
  genTest,
  type TestedApplication,
  type TestHooks,
  useTestCase,
} from "../../../src/testing.ts";
import { Application, RequestHandler } from "../../../src/web.ts";

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello");
  }
}

class HelloTest extends AsyncHTTPTestCase {
  override getApp(): TestedApplication {
    return new Application([["/", Hello]]);
  }
}

async function check(http: HelloTest): Promise<void> {
  const { body } = await http.fetch("/");
  const expected = process.env.FAIL === undefined ? "Hello" : "Goodbye";
  if (new TextDecoder().decode(body) !== expected) throw new Error(`This is not ${expected}`);
}

type Test = (name: string, run: () => Promise<void>) => void;
const { Deno } = globalThis as { Deno?: { test: Test } };

if (Deno !== undefined) {
  Deno.test("says hello", genTest(HelloTest, check));
} else {
  const runner = process.versions.bun === undefined ? "node:test" : "bun:test";
  const { test, ...hooks } = (await import(runner)) as TestHooks & { test: Test };
  const http = useTestCase(new HelloTest(), hooks);
  test("says hello", () => check(http));
  test("says it again", genTest(HelloTest, check));
}
