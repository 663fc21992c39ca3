/**
 * The course of one test: set up, run, tear down, with a time limit. Private to `testing`.
 */

import process from "node:process";
import { IOLoop } from "../ioloop.ts";
import { appLog } from "../log.ts";
import { orLate, TimeoutError } from "../util.ts";

/** Seconds that a test may take, unless ASYNC_TEST_TIMEOUT in the environment says otherwise. */
const TIMEOUT = 5;

function defaultTimeout(): number {
  const seconds = Number(timeoutOfEnvironment());
  return seconds > 0 ? seconds : TIMEOUT;
}

/** Deno throws if the environment may not be read: tests need no permission for what few set. */
function timeoutOfEnvironment(): string | undefined {
  try {
    return process.env.ASYNC_TEST_TIMEOUT;
  } catch {
    return undefined;
  }
}

/** What is ready before each test, and gone after it. Extend it (Tornado `testing.AsyncTestCase`). */
export class AsyncTestCase {
  /** The loop that the test runs on. */
  readonly loop: IOLoop = IOLoop.current();
  #stopped: { readonly value: unknown } | undefined;
  #waiting: ((value: unknown) => void) | undefined;

  /** Makes one and sets it up: `await using http = await HelloTest.start()` tears it down too. */
  static async start<Case extends AsyncTestCase>(this: new () => Case): Promise<Case> {
    const testCase = new this();
    await orTearDown(testCase, () => testCase.setUp());
    return testCase;
  }

  /** Hook: runs before each test. Call `super.setUp()` first. */
  async setUp(): Promise<void> {
    this.#stopped = undefined;
  }

  /** Hook: runs after each test, whether it passed or failed. Call `super.tearDown()` last. */
  async tearDown(): Promise<void> {}

  /** Ends `wait`, now or when it is called, with this value: for code that calls back. */
  stop(value?: unknown): void {
    if (this.#waiting === undefined) this.#stopped = { value };
    else this.#waiting(value);
  }

  /**
   * Resolves with what is given to `stop`. Rejects with a TimeoutError after 5 seconds, or as many
   * as the option or ASYNC_TEST_TIMEOUT says.
   */
  async wait(options: GenTestOptions = {}): Promise<unknown> {
    if (this.#stopped === undefined) {
      const stopped = new Promise<unknown>((resolve) => {
        this.#waiting = resolve;
      });
      try {
        return await within(stopped, options.timeout, "wait for stop()");
      } finally {
        this.#waiting = undefined;
      }
    }
    const { value } = this.#stopped;
    this.#stopped = undefined;
    return value;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.tearDown();
  }
}

/** What a test runner offers, as far as it is needed. */
export interface TestHooks {
  beforeEach(run: () => Promise<void>): unknown;
  afterEach(run: () => Promise<void>): unknown;
}

/**
 * Has a runner set a test case up before each test and tear it down after: `const http =
 * useTestCase(new HelloTest(), { beforeEach, afterEach })`. Returns the test case.
 */
export function useTestCase<Case extends AsyncTestCase>(testCase: Case, hooks: TestHooks): Case {
  hooks.beforeEach(() => testCase.setUp());
  hooks.afterEach(() => testCase.tearDown());
  return testCase;
}

/** What `genTest` may be told. */
export interface GenTestOptions {
  /** Seconds; 5 if left out, or ASYNC_TEST_TIMEOUT of the environment. */
  readonly timeout?: number;
}

type CaseClass<Case> = new () => Case;

/**
 * A test as a function for any runner, with a time limit of its own (Tornado `gen_test`):
 * `test("name", genTest(async () => …))`. Rejects with a TimeoutError when the time is up.
 */
export function genTest(run: () => unknown, options?: GenTestOptions): () => Promise<void>;
/** The same, with a test case that is set up before and torn down after. */
export function genTest<Case extends AsyncTestCase>(
  testCase: CaseClass<Case>,
  run: (testCase: Case) => unknown,
  options?: GenTestOptions,
): () => Promise<void>;
export function genTest<Case extends AsyncTestCase>(
  first: CaseClass<Case> | (() => unknown),
  second?: ((testCase: Case) => unknown) | GenTestOptions,
  third?: GenTestOptions,
): () => Promise<void> {
  if (typeof second !== "function") {
    const run = first as () => unknown;
    return async () => {
      await within(Promise.resolve().then(run), second?.timeout, "finish the test");
    };
  }
  return async () => {
    const testCase = new (first as CaseClass<Case>)();
    await orTearDown(testCase, async () => {
      await testCase.setUp();
      const result = Promise.resolve().then(() => second(testCase));
      await within(result, third?.timeout, "finish the test");
    });
    await testCase.tearDown();
  };
}

/**
 * Tears down if this fails, as what has been opened by then would keep the process alive. What that
 * throws besides is logged: why the test has failed is what comes first.
 */
async function orTearDown(testCase: AsyncTestCase, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    try {
      await testCase.tearDown();
    } catch (late) {
      appLog.exception("Exception in tearDown", late);
    }
    throw error;
  }
}

/** The promise's result, or a TimeoutError. */
function within<Value>(
  promise: Promise<Value>,
  seconds: number = defaultTimeout(),
  act: string,
): Promise<Value> {
  return orLate(promise, seconds, () => {
    throw new TimeoutError(`Cannot ${act} within ${seconds} seconds`);
  });
}
