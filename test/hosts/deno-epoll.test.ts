import { expect, test } from "vitest";
import { epollHost } from "../../host-deno/host.ts";
import { waitForDenoSignals } from "../support/deno-signals.ts";
import { hostContract } from "./contract.ts";
import { httpOnHost } from "./http.ts";
import { httpsOnHost } from "./https.ts";
import { slowClientsOnHost } from "./slow-clients.ts";

waitForDenoSignals();
if (epollHost === undefined) test("has permission for ffi", () => expect.fail("run with -A"));
else {
  const host = epollHost;
  hostContract("deno-epoll", () => host);
  httpOnHost("deno-epoll", () => host);
  slowClientsOnHost("deno-epoll", () => host);
  httpsOnHost("deno-epoll", () => host);
}
