import { denoHost } from "../../host-deno/host.ts";
import { waitForDenoSignals } from "../support/deno-signals.ts";
import { hostContract } from "./contract.ts";
import { httpOnHost } from "./http.ts";
import { httpsOnHost } from "./https.ts";
import { slowClientsOnHost } from "./slow-clients.ts";

waitForDenoSignals();
const unstable = (Deno as { listenDatagram?: unknown }).listenDatagram !== undefined;
hostContract("deno", () => denoHost, {
  noKeepAliveDelay: "Deno leaves it to the system",
  noReset: "Deno has no SO_LINGER",
  ...(unstable ? {} : { noReusePort: "needs --unstable-net" }),
  noDescriptors: "Deno gives none",
  noSource: "Deno.connect binds no socket",
});
httpOnHost("deno", () => denoHost);
slowClientsOnHost("deno", () => denoHost);
httpsOnHost("deno", () => denoHost);
