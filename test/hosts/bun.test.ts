import { bunHost } from "../../host-bun/host.ts";
import { hostContract } from "./contract.ts";
import { httpOnHost } from "./http.ts";
import { httpsOnHost } from "./https.ts";
import { slowClientsOnHost } from "./slow-clients.ts";

hostContract("bun", () => bunHost);
httpOnHost("bun", () => bunHost);
slowClientsOnHost("bun", () => bunHost);
httpsOnHost("bun", () => bunHost);
