import { test } from "vitest";
import { host } from "../../host-node/host.ts";
import { hostContract } from "./contract.ts";
import { httpOnHost } from "./http.ts";
import { httpsOnHost } from "./https.ts";
import { slowClientsOnHost } from "./slow-clients.ts";

// Without a C compiler there is no addon: the build has said so.
if (host.name === "node-epoll") {
  hostContract("node-epoll", () => host);
  httpOnHost("node-epoll", () => host);
  slowClientsOnHost("node-epoll", () => host);
  httpsOnHost("node-epoll", () => host);
} else {
  test.skip("host node-epoll (no addon)", () => {});
}
