/** What a stream that goes over to TLS asks of the host. Called by `io-stream.ts`. */
import type { StartTlsOptions, TlsClientOptions, TlsServerOptions } from "../host.ts";

/** Of either end. */
export type SslOptions = TlsServerOptions & TlsClientOptions;

/** `closed` breaks the handshake off, as does the signal of the options. */
export function startTlsOptions(
  serverSide: boolean,
  sslOptions: SslOptions,
  serverHostname: string | undefined,
  closed: AbortSignal,
): StartTlsOptions {
  const given = sslOptions.signal;
  const signal = given === undefined ? closed : AbortSignal.any([closed, given]);
  if (serverSide) return { side: "server", ...sslOptions, signal };
  const name = serverHostname === undefined ? {} : { serverName: serverHostname };
  return { side: "client", ...name, ...sslOptions, signal };
}
