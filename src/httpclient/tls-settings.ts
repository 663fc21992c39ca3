/**
 * What a request says about TLS, as the sockets take it. Files are read when a connection is opened.
 */

import { readFile } from "node:fs/promises";
import type { TlsClientOptions } from "../host.ts";
import type { RequestSettings } from "./request.ts";

/** Options given as an object are told apart by which object it is. */
const ids = new WeakMap<object, number>();
let lastId = 0;

/** Different for settings that must not share a connection; `""` without any. */
export function tlsKeyOf(settings: RequestSettings): string {
  const { validateCert, caCerts, clientKey, clientCert, sslOptions } = settings;
  const files = [caCerts, clientKey, clientCert];
  if (validateCert && sslOptions === undefined && files.every((file) => file === undefined)) {
    return "";
  }
  return ` ${JSON.stringify([validateCert, ...files, sslOptions && idOf(sslOptions)])}`;
}

function idOf(options: object): number {
  let id = ids.get(options);
  if (id === undefined) {
    id = ++lastId;
    ids.set(options, id);
  }
  return id;
}

/** The options of one connection. Rejects with the system's error for a file that cannot be read. */
export async function tlsOptionsOf(
  settings: RequestSettings,
  serverName: string,
): Promise<TlsClientOptions> {
  const { validateCert, caCerts, clientKey, clientCert, sslOptions } = settings;
  const options: Record<string, unknown> = { rejectUnauthorized: validateCert };
  if (caCerts !== undefined) options.ca = await readFile(caCerts);
  if (clientCert !== undefined) options.cert = await readFile(clientCert);
  const keyFile = clientKey ?? clientCert;
  if (keyFile !== undefined) options.key = await readFile(keyFile);
  return { ...options, ...sslOptions, serverName: sslOptions?.serverName ?? serverName };
}
