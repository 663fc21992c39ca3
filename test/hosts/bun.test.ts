import { bunHost } from "../../host-bun/host.ts";
import { hostContract } from "./contract.ts";
import { httpOnHost } from "./http.ts";
import { httpsOnHost } from "./https.ts";

hostContract("bun", () => bunHost);
httpOnHost("bun", () => bunHost);
httpsOnHost("bun", () => bunHost);
