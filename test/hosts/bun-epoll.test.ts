import { test } from "vitest";
import { epollHost } from "../../host-bun/host.ts";
import { hostContract } from "./contract.ts";
import { httpOnHost } from "./http.ts";
import { httpsOnHost } from "./https.ts";
import { slowClientsOnHost } from "./slow-clients.ts";

// Without a C compiler there is no addon: the build has said so.
if (epollHost === undefined) test.skip("host bun-epoll (no addon)", () => {});
else {
  const host = epollHost;
  hostContract("bun-epoll", () => host);
  httpOnHost("bun-epoll", () => host);
  slowClientsOnHost("bun-epoll", () => host);
  httpsOnHost("bun-epoll", () => host);
}
