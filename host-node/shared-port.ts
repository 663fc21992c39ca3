/**
 * Which versions of Node can share a port: for tcp-net.ts, as an older one ignores the option. Then
 * the second process would fail for no reason that it could see, or one alone have all connections.
 */

/** Throws, as other hosts reject, if this version's `node:net` does not know `reusePort`. */
export function requireSharedPorts(port: number, version: string): void {
  if (sharesPorts(version)) return;
  const advice = "Use Node 22.12 or later, or on Linux the epoll addon";
  const message = `Cannot share port ${port}: node:net of Node ${version} has no reusePort. ${advice}`;
  throw Object.assign(new Error(message), { code: "ENOTSUP" });
}

/** As the history of `server.listen` in Node's documentation says. */
function sharesPorts(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major === 22) return minor >= 12;
  if (major === 23) return minor >= 1;
  return major > 23;
}
