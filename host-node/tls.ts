/** TLS over this host's sockets: `src/tls.ts`, loaded when it is first asked for. */
import type { Tcp, TransferMemory } from "../src/host.ts";
import type { TlsLayer } from "../src/tls.ts";

export async function openTls(tcp: Tcp, memory: TransferMemory): Promise<TlsLayer> {
  const { sharedServer, TlsLayer } = await import("../src/tls.ts");
  return new TlsLayer(tcp, memory, sharedServer);
}
