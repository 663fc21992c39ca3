/**
 * Testing applications on real sockets, with whatever runs the tests: vitest, node:test, bun:test,
 * Deno.test. Imports none of them (Tornado `testing`).
 */

export {
  AsyncHTTPSTestCase,
  AsyncHTTPTestCase,
  type TestedApplication,
} from "./testing/async-http-test-case.ts";
export {
  AsyncTestCase,
  type GenTestOptions,
  genTest,
  type TestHooks,
  useTestCase,
} from "./testing/async-test-case.ts";
export { ExpectLog, type ExpectLogOptions, expectLog } from "./testing/expect-log.ts";
export { bindUnusedPort, getUnusedPort } from "./testing/ports.ts";
