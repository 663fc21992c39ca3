/**
 * Addresses: which texts are some, which ones a name has, and sockets that listen on them. What
 * `tcpserver` and `tcpclient` stand on, and what a program that opens its own sockets needs.
 */

export { isValidIp } from "./netutil/ip-address.ts";
export {
  type AcceptCallback,
  activatedSockets,
  addAcceptHandler,
  bindSockets,
  bindUnixSocket,
  type ListeningSocket,
  type SocketOptions,
} from "./netutil/listening.ts";
export {
  DefaultResolver,
  DefaultResolver as BlockingResolver,
  DefaultResolver as ThreadedResolver,
  type Mapping,
  OverrideResolver,
  type ResolvedAddress,
  type Resolver,
} from "./netutil/resolver.ts";
export { type SslFiles, sslOptionsToContext } from "./netutil/ssl-files.ts";
