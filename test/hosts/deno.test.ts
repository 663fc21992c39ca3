import { denoHost } from "../../host-deno/host.ts";
import { waitForDenoSignals } from "../support/deno-signals.ts";
import { hostContract } from "./contract.ts";
import { httpOnHost } from "./http.ts";
import { httpsOnHost } from "./https.ts";
import { slowClientsOnHost } from "./slow-clients.ts";

waitForDenoSignals();
hostContract("deno", () => denoHost);
httpOnHost("deno", () => denoHost);
slowClientsOnHost("deno", () => denoHost);
httpsOnHost("deno", () => denoHost);
