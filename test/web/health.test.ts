/** What `HealthHandler` tells load balancers; test/shutdown.test.ts has it while a server stops. */
import { expect, test } from "vitest";
import { setSinks } from "../../src/log.ts";
import { Application, HealthHandler, type HealthOptions } from "../../src/web.ts";
import { ask, jsonOf } from "../support/ask.ts";

const get = (options: HealthOptions): ReturnType<typeof ask> =>
  ask(new Application([["/ready", HealthHandler, options]]), "GET /ready");

test("is well without checks, is never cached and has no entity tag", async () => {
  const answer = await get({});
  expect(answer.status).toBe(200);
  expect(jsonOf(answer)).toEqual({ status: "ok" });
  expect(answer.header("Cache-Control")).toEqual(["no-store"]);
  expect(answer.header("Etag")).toEqual([]);
});

test("names the checks that throw, say false or take too long", async () => {
  const warnings: string[] = [];
  const sinks = setSinks({ write: ({ message }) => warnings.push(message) });
  const checks = {
    database: async () => {
      throw new Error("no route to host");
    },
    disk: () => false,
    broker: () => new Promise(() => undefined),
    cache: () => undefined,
    clock: async () => true,
  };
  const answer = await get({ checks, timeout: 0.02 }).finally(() => setSinks(...sinks));
  expect(answer.status).toBe(503);
  expect(jsonOf(answer)).toEqual({ status: "failing", failing: ["database", "disk", "broker"] });
  expect(warnings).toEqual([
    'Health check "database" failed: no route to host',
    'Health check "broker" failed: no answer within 0.02 s',
  ]);
});

test("a live process is well whatever it lacks", async () => {
  const answer = await get({ live: true, checks: { disk: () => false } });
  expect(answer.status).toBe(200);
});
