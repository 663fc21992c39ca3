/** Connections of the epoll loop that are given up while their name is looked up, without a kernel. */
import { expect, test } from "vitest";
import type { Addressing } from "../../host-node/addresses.ts";
import { EpollConnector } from "../../host-node/epoll-connector.ts";
import type { NativeLoop } from "../../host-node/native.ts";

/** A connector whose names are found when the test says so, and the connections that it began. */
function connectorOf() {
  const began: string[] = [];
  const native = { connect: (host: string) => began.push(host), close: () => {} };
  let found = (_: string[]): void => {};
  let missed = (_: Error): void => {};
  const resolving = new Promise<string[]>((resolve, reject) => {
    found = resolve;
    missed = reject;
  });
  const addressing = { resolve: () => resolving } as unknown as Addressing;
  const connector = new EpollConnector(native as unknown as NativeLoop, addressing, () => {
    throw new Error("Nothing has connected");
  });
  return { connector, began, found, missed };
}

function handler(): never {
  throw new Error("The factory was called");
}

const enough = new Error("enough");

test("it rejects though the name is never found", async () => {
  const { connector } = connectorOf();
  const control = new AbortController();
  const connecting = connector.connect({ host: "a.test", signal: control.signal }, handler);
  control.abort(enough);
  await expect(connecting).rejects.toBe(enough);
});

test.each([
  { name: "one address", addresses: ["127.0.0.1"] },
  { name: "two addresses", addresses: ["127.0.0.1", "::1"] },
])("a name that is found later is not connected to: $name", async ({ addresses }) => {
  const { connector, began, found } = connectorOf();
  const control = new AbortController();
  const connecting = connector.connect({ host: "a.test", signal: control.signal }, handler);
  control.abort(enough);
  found(addresses);
  await expect(connecting).rejects.toBe(enough);
  await new Promise((resolve) => setImmediate(resolve));
  expect(began).toEqual([]);
});

test("nor one that is found just before", async () => {
  const { connector, began, found } = connectorOf();
  const control = new AbortController();
  const connecting = connector.connect({ host: "a.test", signal: control.signal }, handler);
  found(["127.0.0.1", "::1"]);
  control.abort(enough);
  await expect(connecting).rejects.toBe(enough);
  expect(began).toEqual([]);
});

test("a name that is missed after that is nobody's error", async () => {
  const { connector, missed } = connectorOf();
  const control = new AbortController();
  const connecting = connector.connect({ host: "a.test", signal: control.signal }, handler);
  control.abort(enough);
  await expect(connecting).rejects.toBe(enough);
  missed(new Error("not found"));
  await new Promise((resolve) => setImmediate(resolve));
});
