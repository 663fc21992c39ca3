import { netHost } from "../../host-node/host.ts";
import { hostContract } from "./contract.ts";
import { httpOnHost } from "./http.ts";
import { httpsOnHost } from "./https.ts";
import { slowClientsOnHost } from "./slow-clients.ts";

hostContract("node-net", () => netHost);
httpOnHost("node-net", () => netHost);
slowClientsOnHost("node-net", () => netHost);
httpsOnHost("node-net", () => netHost);
