import { host } from "../../host-bun/host.ts";
import { hostContract } from "./contract.ts";
import { httpOnHost } from "./http.ts";
import { httpsOnHost } from "./https.ts";

hostContract("bun", () => host, { noTlsHalfClose: "Bun closes when the peer ends" });
httpOnHost("bun", () => host);
httpsOnHost("bun", () => host);
