/**
 * How a place is reached: what to connect to, and by which key the connection is kept. Two fetches
 * may share a connection if, and only if, their keys are equal: whatever belongs to one of them
 * alone, such as a client certificate or a proxy's credentials, is part of it.
 */

import { checkSocketPath } from "../util.ts";
import type { Place } from "./place.ts";
import type { RequestSettings } from "./request.ts";
import { basicCredentials } from "./request-head.ts";
import { tlsKeyOf } from "./tls-settings.ts";

/** What a proxy is asked, to reach a place through it (RFC 9110 section 9.3.6). */
export interface Tunnel {
  /** Host and port of the place. */
  readonly authority: string;
  /** The head's line with the credentials for the proxy, or `""`. */
  readonly credentials: string;
}

export interface Route {
  readonly key: string;
  /** Where the socket leads: the place, its proxy, or `""` for a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly path: string | undefined;
  /** The name that the place's certificate has to have; undefined without TLS. */
  readonly secureHost: string | undefined;
  readonly tunnel: Tunnel | undefined;
  /** A proxy passes the requests on, which say their whole URL. */
  readonly absolute: boolean;
  /** A line with the credentials for that proxy, or `""`. */
  readonly credentials: string;
  readonly settings: RequestSettings;
}

/** Throws TypeError for settings that contradict each other. */
export function routeTo(place: Place, settings: RequestSettings): Route {
  const { origin, host, port, secure } = place;
  const { socketPath, proxyHost, proxyPort, networkInterface } = settings;
  const secureHost = secure ? host : undefined;
  const base = { secureHost, tunnel: undefined, absolute: false, credentials: "", settings };
  const tls = secure ? tlsKeyOf(settings) : "";
  if (proxyHost !== undefined || proxyPort !== undefined) return throughProxy(place, settings, tls);
  if (socketPath !== undefined) {
    checkSocketPath(socketPath);
    if (networkInterface !== undefined) {
      throw new TypeError("Cannot use networkInterface: socketPath is given too");
    }
    return {
      ...base,
      key: `${origin} unix ${socketPath}${tls}`,
      host: "",
      port: 0,
      path: socketPath,
    };
  }
  const key = origin + sourceKeyOf(settings) + tls;
  return { ...base, key, host, port, path: undefined };
}

/** What a socket's own addresses may be. */
function sourceKeyOf({ allowIpv6, networkInterface }: RequestSettings): string {
  const family = allowIpv6 ? "" : " ipv4";
  return networkInterface === undefined ? family : `${family} from ${networkInterface}`;
}

function throughProxy(place: Place, settings: RequestSettings, tls: string): Route {
  const { proxyPort, proxyUsername, proxyPassword = "", socketPath } = settings;
  const proxyHost = settings.proxyHost?.replace(/^\[(.*)\]$/, "$1");
  if (proxyHost === undefined || proxyPort === undefined) {
    throw new TypeError("Cannot use a proxy: proxyHost and proxyPort belong together");
  }
  if (socketPath !== undefined) {
    throw new TypeError("Cannot use a proxy: socketPath is given too");
  }
  const credentials =
    proxyUsername === undefined
      ? ""
      : `Proxy-Authorization: ${basicCredentials(proxyUsername, proxyPassword)}\r\n`;
  const proxy = `proxy ${proxyHost} ${proxyPort} ${credentials}${sourceKeyOf(settings)}`;
  const base = { host: proxyHost, port: proxyPort, path: undefined, settings };
  if (!place.secure) {
    const absolute = { secureHost: undefined, tunnel: undefined, absolute: true };
    return { ...base, ...absolute, key: proxy, credentials };
  }
  const authority = `${place.authority.replace(/:[0-9]+$/, "")}:${place.port}`;
  return {
    ...base,
    key: `${place.origin} ${proxy}${tls}`,
    secureHost: place.host,
    tunnel: { authority, credentials },
    absolute: false,
    credentials: "",
  };
}
