/**
 * How a place is reached: what to connect to, and by which key the connection is kept. Two fetches
 * may share a connection if, and only if, their keys are equal: whatever belongs to one of them
 * alone, such as a client certificate or a proxy's credentials, is part of it.
 */

import type { ConnectOptions } from "../host.ts";
import type { Place } from "./place.ts";
import type { RequestSettings } from "./request.ts";

export interface Route {
  readonly key: string;
  readonly connect: ConnectOptions;
}

export function routeTo(place: Place, settings: RequestSettings): Route {
  if (settings.socketPath !== undefined) {
    const { socketPath: path } = settings;
    return { key: `${place.origin} ${path}`, connect: { path } };
  }
  return { key: place.origin, connect: { host: place.host, port: place.port } };
}
