import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AsyncHTTPClient } from "../src/httpclient.ts";
import { genLog, getLogger, type LogRecord, type Sink, setSinks } from "../src/log.ts";
import {
  AsyncHTTPSTestCase,
  AsyncHTTPTestCase,
  AsyncTestCase,
  bindUnusedPort,
  ExpectLog,
  expectLog,
  genTest,
  getUnusedPort,
  type TestedApplication,
  useTestCase,
} from "../src/testing.ts";
import { Application, RequestHandler } from "../src/web.ts";
import { WebSocketHandler } from "../src/websocket.ts";
import { runtimeLoop } from "./support/runtime-loop.ts";

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello");
  }

  post(): void {
    this.write(this.request.body);
  }
}

class Broken extends RequestHandler {
  get(): never {
    throw new Error("broken");
  }
}

class Forever extends RequestHandler {
  async get(): Promise<void> {
    await new Promise(() => undefined);
  }
}

class Echo extends WebSocketHandler {
  override onMessage(message: string | Uint8Array): void {
    this.writeMessage(message);
  }
}

class SiteTest extends AsyncHTTPTestCase {
  override getApp(): TestedApplication {
    return new Application([
      ["/", Hello],
      ["/broken", Broken],
      ["/forever", Forever],
      ["/echo", Echo],
    ]);
  }
}

// Answers of tests are nobody's news.
getLogger("squall.access").setLevel("none");

const utf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("AsyncHTTPTestCase", () => {
  const http = useTestCase(new SiteTest(), { beforeEach, afterEach });
  const ports = new Set<number>();

  test("fetches from a server of its own", async () => {
    ports.add(http.getHTTPPort());
    const response = await http.fetch("/");
    expect(response.code).toBe(200);
    expect(utf8(response.body)).toBe("Hello");
    expect(http.loop).toBe(runtimeLoop);
  });

  test("sends what is given, and takes whole URLs", async () => {
    ports.add(http.getHTTPPort());
    const response = await http.fetch(http.getUrl("/"), { method: "POST", body: "text" });
    expect(utf8(response.body)).toBe("text");
  });

  test("has another server in each test", () => {
    ports.add(http.getHTTPPort());
    expect(ports.size).toBe(3);
  });

  test("gives error pages as answers, unless asked not to", async () => {
    expect((await http.fetch("/none")).code).toBe(404);
    await expect(http.fetch("/none", { raiseError: true })).rejects.toThrow("404");
    const broken = await expectLog("squall.application", "Uncaught exception", () =>
      http.fetch("/broken"),
    );
    expect(broken.code).toBe(500);
  });

  test("rejects where there is no answer", async () => {
    const port = await getUnusedPort();
    await expect(http.fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 599 });
  });

  test("has a WebSocket client, whose connections end with the test", async () => {
    const socket = await http.websocketConnect("/echo");
    await socket.writeMessage("hello");
    expect(await socket.readMessage()).toBe("hello");
  });

  test("does not wait for handlers that never end", async () => {
    http.fetch("/forever").catch(() => undefined);
    await http.fetch("/");
  });

  test("is gone after its test", async () => {
    const own = await SiteTest.start();
    const url = own.getUrl("/");
    await own[Symbol.asyncDispose]();
    await expect(http.fetch(url)).rejects.toMatchObject({ code: 599 });
    expect(() => own.getHTTPPort()).toThrow("Cannot use the server: setUp() has not run");
  });

  test("is set up again only when it has been torn down", async () => {
    const own = await SiteTest.start();
    const port = own.getHTTPPort();
    await expect(own.setUp()).rejects.toThrow("Cannot set up a test case twice");
    expect(own.getHTTPPort()).toBe(port);
    await own.tearDown();
    await own.setUp();
    expect((await own.fetch("/")).code).toBe(200);
    await own.tearDown();
  });
});

describe("AsyncHTTPSTestCase", () => {
  class SecureTest extends AsyncHTTPSTestCase {
    override getApp(): TestedApplication {
      return new Application([
        ["/", Secure],
        ["/echo", Echo],
      ]);
    }
  }
  class Secure extends RequestHandler {
    get(): void {
      this.write(this.request.protocol);
    }
  }
  const https = useTestCase(new SecureTest(), { beforeEach, afterEach });

  test("serves and fetches by TLS, with a certificate that is checked", async () => {
    const response = await https.fetch("/");
    expect(utf8(response.body)).toBe("https");
    expect(https.getUrl("/")).toMatch(/^https:/);
    const stranger = new AsyncHTTPClient({ forceInstance: true });
    await expect(stranger.fetch(https.getUrl("/"))).rejects.toMatchObject({ code: 599 });
    stranger.close();
  });

  test("has a WebSocket client too", async () => {
    const socket = await https.websocketConnect("/echo");
    await socket.writeMessage("hello");
    expect(await socket.readMessage()).toBe("hello");
  });
});

describe("AsyncTestCase", () => {
  test("wait gets what stop was given, before or after", async () => {
    const testCase = await AsyncTestCase.start();
    testCase.stop(1);
    expect(await testCase.wait()).toBe(1);
    testCase.loop.addCallback(() => testCase.stop("later"));
    expect(await testCase.wait()).toBe("later");
  });

  test("wait gives up", async () => {
    const late = new AsyncTestCase().wait({ timeout: 0.01 });
    await expect(late).rejects.toThrow("Cannot wait for stop() within 0.01 seconds");
  });
});

describe("genTest", () => {
  test("runs a test, and passes its error on", async () => {
    await genTest(() => Promise.resolve())();
    await expect(genTest(() => Promise.reject(new Error("no")))()).rejects.toThrow("no");
  });

  test("has a limit, also from the environment", async () => {
    const never = (): Promise<void> => new Promise(() => undefined);
    await expect(genTest(never, { timeout: 0.01 })()).rejects.toMatchObject({
      name: "TimeoutError",
    });
    process.env.ASYNC_TEST_TIMEOUT = "0.02";
    try {
      await expect(genTest(never)()).rejects.toThrow("within 0.02 seconds");
    } finally {
      delete process.env.ASYNC_TEST_TIMEOUT;
    }
  });

  test("sets a test case up and tears it down, also after an error", async () => {
    const log: string[] = [];
    class Noting extends AsyncTestCase {
      override async setUp(): Promise<void> {
        log.push("set up");
      }
      override async tearDown(): Promise<void> {
        log.push("tear down");
      }
    }
    const failing = genTest(Noting, () => {
      log.push("test");
      throw new Error("no");
    });
    await expect(failing()).rejects.toThrow("no");
    expect(log).toEqual(["set up", "test", "tear down"]);
  });

  test("closes what a setUp that fails has opened", async () => {
    let port = 0;
    class Unready extends SiteTest {
      override async setUp(): Promise<void> {
        await super.setUp();
        port = this.getHTTPPort();
        throw new Error("not ready");
      }
    }
    for (const failing of [genTest(Unready, () => undefined), () => Unready.start()]) {
      await expect(failing()).rejects.toThrow("not ready");
      const error = await new AsyncHTTPClient().fetch(`http://127.0.0.1:${port}/`).catch((e) => e);
      expect(error).toMatchObject({ code: 599 });
    }
  });

  test("says why a test has failed, and logs what tearDown throws besides", async () => {
    class Untidy extends AsyncTestCase {
      override async tearDown(): Promise<void> {
        throw new Error("untidy");
      }
    }
    const failing = genTest(Untidy, () => {
      throw new Error("the reason");
    });
    await expectLog("squall.application", "Exception in tearDown", () =>
      expect(failing()).rejects.toThrow("the reason"),
    );
    await expect(genTest(Untidy, () => undefined)()).rejects.toThrow("untidy");
  });
});

describe("ExpectLog", () => {
  let shown: LogRecord[];
  let sinks: readonly Sink[];

  beforeEach(() => {
    shown = [];
    sinks = setSinks({ write: (record) => shown.push(record) });
  });

  afterEach(() => {
    setSinks(...sinks);
  });

  test("keeps back what matches, and lets everything else through", async () => {
    const log = new ExpectLog(genLog, /^disk .* full$/);
    await log.run(async () => {
      genLog.exception("disk 1 full", new Error("ENOSPC"));
      genLog.warning("disk 2 slow");
      getLogger("other").warning("disk 3 full");
    });
    expect(log.records.map(({ message }) => message)).toEqual(["disk 1 full"]);
    expect(log.loggedStack).toBe(true);
    expect(shown.map(({ message }) => message)).toEqual(["disk 2 slow", "disk 3 full"]);
    genLog.warning("disk 4 full");
    expect(shown).toHaveLength(3);
  });

  test("several may be open at once, and are closed in any order", async () => {
    const first = new ExpectLog(genLog, "first");
    const second = new ExpectLog(genLog, "second");
    for (const message of ["first", "second"]) genLog.warning(message);
    first.close();
    for (const message of ["first", "second"]) genLog.warning(message);
    second.close();
    for (const message of ["first", "second"]) genLog.warning(message);
    expect([first.records.length, second.records.length]).toEqual([1, 2]);
    expect(shown.map(({ message }) => message)).toEqual(["first", "first", "second"]);
  });

  test.each([/full$/g, /disk 1 full/y])("finds %s in every message", async (pattern) => {
    const log = new ExpectLog(genLog, pattern);
    for (let time = 0; time < 3; time++) genLog.warning("disk 1 full");
    log.close();
    expect(log.records).toHaveLength(3);
    expect(shown).toEqual([]);
  });

  test("throws when nothing was logged, unless that is fine", async () => {
    await expect(expectLog(genLog, "a (b)", () => 1)).rejects.toThrow(
      "in squall.general: it was not logged",
    );
    expect(await expectLog(genLog, "a (b)", () => 1, { required: false })).toBe(1);
    expect(await expectLog("", "a (b)", () => genLog.error("not a (b)!"))).toBeUndefined();
  });

  test("holds what it finds to a level, and lets that level be logged", async () => {
    const logger = getLogger("testing.level");
    await expectLog(logger, "quiet", () => logger.info("quiet"), { level: "info" });
    expect(logger.enabled("info")).toBe(false);
    expect(logger.level).toBeUndefined();
    const wrong = expectLog(logger, "quiet", () => logger.error("quiet"), { level: "info" });
    await expect(wrong).rejects.toThrow('as info: "quiet" was error');
  });

  test("an error of the test comes before what was not logged", async () => {
    const failing = expectLog(genLog, "x", () => Promise.reject(new Error("first")));
    await expect(failing).rejects.toThrow("first");
    genLog.warning("x");
    expect(shown).toHaveLength(1);
  });

  test("the end of a block checks too", () => {
    const log = new ExpectLog(genLog, "x");
    expect(() => log[Symbol.dispose]()).toThrow("it was not logged");
    log.close();
  });
});

describe("ports", () => {
  test("bindUnusedPort listens", async () => {
    let accepted = 0;
    const { listener, port } = await bindUnusedPort((socket) => {
      accepted++;
      return { data() {}, end: () => socket.close(), drain() {}, close() {} };
    });
    const peer = connect(port, "127.0.0.1");
    await new Promise((resolve) => peer.once("connect", resolve));
    const closed = new Promise((resolve) => peer.once("close", resolve));
    peer.end();
    peer.resume();
    await closed;
    listener.close();
    expect(accepted).toBe(1);
  });

  test("bindUnusedPort alone cuts off who connects, and ends nobody's program", async () => {
    const { listener, port } = await bindUnusedPort();
    const peer = connect(port, "127.0.0.1");
    const closed = new Promise((resolve) => peer.once("close", resolve));
    peer.on("error", () => undefined);
    await closed;
    listener.close();
  });

  test("getUnusedPort leaves it free", async () => {
    const port = await getUnusedPort();
    const { listener } = await bindUnusedPort();
    expect(port).toBeGreaterThan(0);
    const again = await runtimeLoop.tcp.listen({ host: "127.0.0.1", port }, () => {
      throw new Error("nobody connects");
    });
    again.close();
    listener.close();
  });
});
