/** The addresses of one name, tried in turn, with connections that the test makes succeed or fail. */
import { expect, test } from "vitest";
import {
  type Attempt as Connect,
  connectInTurn,
  type Place,
  type TurnOptions,
} from "../src/happy-eyeballs.ts";
import type { Socket, SocketHandler, SocketHandlerFactory } from "../src/host.ts";
import { until } from "./support/until.ts";

const handler: SocketHandler = { data() {}, end() {}, drain() {}, close() {} };

interface Attempt {
  readonly address: string;
  aborted: boolean;
  readonly signal: AbortSignal | undefined;
  succeed(): void;
  fail(code: string): void;
}

/** Tries addresses; what was tried, and what came of it. `late` has the time run out. */
function race(
  addresses: string[],
  connected: SocketHandlerFactory = () => handler,
  signal?: AbortSignal,
) {
  const attempts: Attempt[] = [];
  const connect: Connect<Place> = ({ host: address }, factory, given) =>
    new Promise((resolve, reject) => {
      const attempt: Attempt = {
        address,
        aborted: false,
        signal: given,
        succeed: () => {
          const socket = { abort: () => (attempt.aborted = true) } as unknown as Socket;
          try {
            factory(socket);
            resolve(Object.assign(socket, { address }));
          } catch (error) {
            reject(error);
          }
        },
        fail: (code) => reject(Object.assign(new Error(code), { code })),
      };
      attempts.push(attempt);
    });
  let waiting: (() => void) | undefined;
  const delays: number[] = [];
  const callLater: TurnOptions["callLater"] = (seconds, callback) => {
    delays.push(seconds);
    waiting = callback;
    return { cancel: () => (waiting = undefined) };
  };
  const places = addresses.map((host) => ({ host }));
  const result = connectInTurn(places, connected, connect, { signal, callLater });
  result.catch(() => undefined);
  const tried = (): string[] => attempts.map(({ address }) => address);
  return {
    attempts,
    result,
    delays,
    tried,
    isWaiting: () => waiting !== undefined,
    late: () => waiting?.(),
  };
}

test("one that fails is followed at once", async () => {
  const { attempts, result, tried } = race(["::1", "10.0.0.1"]);
  expect(tried()).toEqual(["::1"]);
  attempts[0]?.fail("ENETUNREACH");
  await until(() => attempts.length === 2);
  attempts[1]?.succeed();
  expect(await result).toMatchObject({ address: "10.0.0.1" });
});

test("one that hangs is followed after a while; the families take turns", async () => {
  const all = ["::1", "::2", "::3", "1.1.1.1", "2.2.2.2"];
  const { attempts, result, delays, tried, isWaiting, late } = race(all);
  for (let count = 1; count < all.length; count++) late();
  expect(tried()).toEqual(["::1", "1.1.1.1", "::2", "2.2.2.2", "::3"]);
  expect(delays).toEqual([0.25, 0.25, 0.25, 0.25]);
  expect(isWaiting()).toBe(false);
  attempts[3]?.succeed();
  attempts[0]?.succeed();
  expect(await result).toMatchObject({ address: "2.2.2.2" });
  expect(attempts.map(({ aborted }) => aborted)).toEqual([true, false, false, false, false]);
  // Nobody waits for the others.
  for (const { signal } of attempts) expect(signal?.aborted).toBe(true);
});

test("once one has answered, the next is not waited for", async () => {
  const { attempts, result, tried, isWaiting } = race(["::1", "1.1.1.1"]);
  expect(isWaiting()).toBe(true);
  attempts[0]?.succeed();
  expect(await result).toMatchObject({ address: "::1" });
  expect(isWaiting()).toBe(false);
  expect(tried()).toEqual(["::1"]);
});

test("no address is an error", async () => {
  await expect(race([]).result).rejects.toThrow("Cannot connect: there is no address");
});

test("the first failure says why there is none", async () => {
  const { attempts, result } = race(["1.1.1.1", "2.2.2.2"]);
  attempts[0]?.fail("ECONNREFUSED");
  await until(() => attempts.length === 2);
  attempts[1]?.fail("ENETUNREACH");
  await expect(result).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("a factory that throws ends it", async () => {
  const { attempts, result } = race(["1.1.1.1", "2.2.2.2"], () => {
    throw new Error("no handler");
  });
  attempts[0]?.succeed();
  await expect(result).rejects.toThrow("no handler");
  expect(attempts).toHaveLength(1);
});

test.each([["::1"], ["::1", "1.1.1.1"]])("who gives up drops what is under way", async (...all) => {
  const control = new AbortController();
  const { attempts, result } = race(all, undefined, control.signal);
  control.abort(new Error("enough"));
  expect(attempts.map(({ signal }) => signal?.aborted)).toEqual([true]);
  attempts[0]?.fail("EINTR");
  await expect(result).rejects.toThrow(all.length === 1 ? "EINTR" : "enough");
  expect(attempts).toHaveLength(1);
});

test("who has given up already begins nothing", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  const { attempts, result } = race(["::1", "1.1.1.1"], undefined, signal);
  await expect(result).rejects.toThrow("enough");
  expect(attempts).toEqual([]);
});
