import { netHost } from "../../host-node/host.ts";
import { hostContract } from "./contract.ts";

hostContract("node-net", () => netHost);
