/** Certificates for tests of TLS, made by `openssl` when they are first asked for. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** The root that has signed all but `rogue`. */
  readonly ca: string;
  /** For `localhost`, `127.0.0.1` and `::1`. */
  readonly server: Identity;
  /** For the same, made later. */
  readonly renewed: Identity;
  /** For `other.test` and `*.other.test`. */
  readonly other: Identity;
  /** Its common name is `client`. */
  readonly client: Identity;
  /** Signed by itself, for `localhost`. */
  readonly rogue: Identity;
}

/** Why there are no certificates here, if so. */
export const noCertificates: string | undefined =
  spawnSync("openssl", ["version"]).status === 0 ? undefined : "openssl is not installed";

let made: Certificates | undefined;

export function certificates(): Certificates {
  made ??= makeAll();
  return made;
}

const LOCAL = "DNS:localhost,IP:127.0.0.1,IP:::1";

function makeAll(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "squall-certificates-"));
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
  const read = (file: string) => readFileSync(join(folder, file), "utf8");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const identity = (name: string, names: string, signer: readonly string[]): Identity => {
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${names}`];
    openssl("req", "-x509", ...key, "-days", "30", ...subject, ...signer, ...files(name));
    return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
  };
  const files = (name: string) => ["-keyout", `${name}.key`, "-out", `${name}.pem`];
  const leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
  const signed = ["-CA", "root.pem", "-CAkey", "root.key", ...leaf];
  try {
    const { cert: ca } = identity("root", "DNS:root.test", []);
    return {
      ca,
      server: identity("localhost", LOCAL, signed),
      renewed: identity("localhost", LOCAL, signed),
      other: identity("other.test", "DNS:other.test,DNS:*.other.test", signed),
      client: identity("client", "DNS:client.test", signed),
      rogue: identity("rogue", LOCAL, leaf),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
