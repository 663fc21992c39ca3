/** Several certificates for one listener: the one that the client asks for by name. */

import { serverNameOf } from "./client-hello.ts";
import { checkHandshakeTimeout, type Handshake, type HandshakeMaker } from "./handshake.ts";

/** The maker, with `servers` held to. */
export function byServerName(maker: HandshakeMaker): HandshakeMaker {
  return (options) => {
    const { servers, ...common } = options;
    checkHandshakeTimeout(common);
    if (common.cert === undefined && Object.keys(servers ?? {}).length === 0) {
      // Every handshake would fail, and only the client be told why.
      throw new TypeError("Cannot be a TLS server: there is no cert");
    }
    const usual = maker(common);
    if (servers === undefined) return usual;
    const named = new Map<string, Handshake>();
    for (const [name, own] of Object.entries(servers)) {
      named.set(name.toLowerCase(), maker({ ...common, ...own }));
    }
    return (stream, secured, failed) => {
      stream.peek((bytes) => {
        const name = serverNameOf(bytes);
        if (name === undefined) return false;
        const wildcard = name.replace(/^[^.]+/, "*");
        const handshake = named.get(name) ?? named.get(wildcard) ?? usual;
        handshake(stream, secured, failed)?.on("error", () => {});
        return true;
      });
      return undefined;
    };
  };
}
