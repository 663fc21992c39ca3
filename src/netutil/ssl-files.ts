/** TLS settings as Tornado has them: names of files. */
import { readFile } from "node:fs/promises";
import type { TlsServerOptions } from "../host.ts";

/** Tornado's `ssl_options`. */
export interface SslFiles {
  readonly certfile: string;
  /** The file of the certificate, if it holds the key too. */
  readonly keyfile?: string;
  readonly caCerts?: string;
  /** What becomes of clients without a trusted certificate: `none` asks for none. */
  readonly certReqs?: "none" | "optional" | "required";
}

/** Reads the files, for `sslOptions` and `setSslOptions`. Rejects if one cannot be read, or `certReqs` is unknown. */
export async function sslOptionsToContext(files: SslFiles): Promise<TlsServerOptions> {
  const { certfile, keyfile = certfile, caCerts, certReqs = "none" } = files;
  // Taken for one of them, a misspelt one would let everybody in.
  if (!["none", "optional", "required"].includes(certReqs)) {
    const given = JSON.stringify(certReqs);
    throw new TypeError(`Cannot use certReqs ${given}: it is none, optional or required`);
  }
  const [cert, key, ca] = await Promise.all([
    readFile(certfile, "utf8"),
    readFile(keyfile, "utf8"),
    caCerts === undefined ? undefined : readFile(caCerts, "utf8"),
  ]);
  return {
    cert,
    key,
    ...(ca !== undefined && { ca }),
    requestCert: certReqs !== "none",
    rejectUnauthorized: certReqs === "required",
  };
}
