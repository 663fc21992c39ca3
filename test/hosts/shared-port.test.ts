/** Which versions of Node the host over node:net asks to share a port. */
import { expect, test } from "vitest";
import { requireSharedPorts } from "../../host-node/shared-port.ts";

test.each([
  { version: "20.19.0", can: false },
  { version: "22.11.0", can: false },
  { version: "22.12.0", can: true },
  { version: "23.0.0", can: false },
  { version: "23.1.0", can: true },
  { version: "24.0.0", can: true },
  { version: "26.10.0", can: true },
])("Node $version shares ports: $can", ({ version, can }) => {
  const ask = (): void => requireSharedPorts(8888, version);
  if (can) expect(ask).not.toThrow();
  else {
    expect(ask).toThrow(
      `Cannot share port 8888: node:net of Node ${version} has no reusePort. Use`,
    );
    expect(ask).toThrow(expect.objectContaining({ code: "ENOTSUP" }));
  }
});
