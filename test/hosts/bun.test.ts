import { host } from "../../host-bun/host.ts";
import { hostContract } from "./contract.ts";

hostContract("bun", () => host);
