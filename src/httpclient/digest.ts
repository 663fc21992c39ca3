/**
 * Digest authentication (RFC 7616): SHA-256 and MD5, also as sessions, with `qop=auth` or without. A
 * client keeps what a server has asked for, so that only the first request is refused; each one
 * after it counts the nonce's uses.
 */

import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { type Challenge, parseChallenges } from "./challenges.ts";

/** Algorithms by the names that servers give them, the better first. */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ["sha-256", "sha256"],
  ["sha-256-sess", "sha256"],
  ["md5", "md5"],
  ["md5-sess", "md5"],
]);
/** Servers that are remembered. */
const REMEMBERED = 100;

/** What a request says of itself in its credentials. */
export interface DigestRequest {
  readonly method: string;
  /** The request-target, as it is sent. */
  readonly target: string;
  readonly username: string;
  readonly password: string;
}

/** What a server asks for. */
export class DigestSession {
  readonly #name: string;
  readonly #hash: string;
  readonly #realm: string;
  readonly #nonce: string;
  readonly #opaque: string | undefined;
  readonly #hasQop: boolean;
  readonly #cnonce: string;
  #count = 0;

  constructor({ parameters }: Challenge, cnonce: string = randomBytes(16).toString("hex")) {
    this.#name = parameters.get("algorithm") ?? "MD5";
    this.#hash = ALGORITHMS.get(this.#name.toLowerCase()) ?? "md5";
    this.#realm = parameters.get("realm") ?? "";
    this.#nonce = parameters.get("nonce") ?? "";
    this.#opaque = parameters.get("opaque");
    this.#hasQop = parameters.has("qop");
    this.#cnonce = cnonce;
  }

  /** The value of Authorization for one more request. */
  authorize(request: DigestRequest): string {
    this.#count++;
    const count = this.#count.toString(16).padStart(8, "0");
    const fields = [
      usernameField(request.username),
      `realm=${quoted(this.#realm)}`,
      `nonce=${quoted(this.#nonce)}`,
      `uri=${quoted(request.target)}`,
      `response="${this.#response(request, count)}"`,
      `algorithm=${this.#name}`,
    ];
    if (this.#opaque !== undefined) fields.push(`opaque=${quoted(this.#opaque)}`);
    if (this.#hasQop) fields.push("qop=auth", `nc=${count}`, `cnonce="${this.#cnonce}"`);
    return `Digest ${fields.join(", ")}`;
  }

  #response({ method, target, username, password }: DigestRequest, count: string): string {
    const isSession = /-sess$/i.test(this.#name);
    const secret = this.#digest(`${username}:${this.#realm}:${password}`);
    const a1 = isSession ? this.#digest(`${secret}:${this.#nonce}:${this.#cnonce}`) : secret;
    const a2 = this.#digest(`${method}:${target}`);
    const uses = this.#hasQop ? `${count}:${this.#cnonce}:auth:` : "";
    return this.#digest(`${a1}:${this.#nonce}:${uses}${a2}`);
  }

  #digest(text: string): string {
    return createHash(this.#hash).update(Buffer.from(text, "utf8")).digest("hex");
  }
}

/** What servers have asked for, by origin and user. */
export class DigestSessions {
  readonly #sessions = new Map<string, DigestSession>();

  get(key: string): DigestSession | undefined {
    return this.#sessions.get(key);
  }

  /**
   * Remembers what WWW-Authenticate asks for, and says whether that can be answered. With `refused`,
   * credentials have been sent: only a new nonce for the same ones is worth another request.
   */
  learn(key: string, values: readonly string[], refused: boolean): boolean {
    const challenge = bestOf(parseChallenges(values));
    if (challenge === undefined) return false;
    if (refused && challenge.parameters.get("stale")?.toLowerCase() !== "true") {
      this.#sessions.delete(key);
      return false;
    }
    if (this.#sessions.size >= REMEMBERED) this.#sessions.clear();
    this.#sessions.set(key, new DigestSession(challenge));
    return true;
  }
}

/** The Digest challenge with the best algorithm that is known here. */
function bestOf(challenges: readonly Challenge[]): Challenge | undefined {
  const rank = ({ parameters }: Challenge): number => {
    const name = (parameters.get("algorithm") ?? "MD5").toLowerCase();
    return [...ALGORITHMS.keys()].indexOf(name);
  };
  const [best] = challenges
    .filter(({ scheme, parameters }) => scheme === "digest" && offersAuth(parameters))
    .filter((challenge) => rank(challenge) >= 0)
    .sort((left, right) => rank(left) - rank(right));
  return best;
}

/** `auth-int` alone, which covers the body, is not spoken here. */
function offersAuth(parameters: ReadonlyMap<string, string>): boolean {
  if (!parameters.has("nonce")) return false;
  const qop = parameters.get("qop");
  return qop === undefined || /(^|,)\s*auth\s*(,|$)/i.test(qop);
}

/** RFC 7616 section 3.4: names beyond ASCII, or with a quote, in the form of RFC 8187. */
function usernameField(username: string): string {
  if (/^[\x20-\x7e]*$/.test(username)) return `username=${quoted(username)}`;
  const escaped = encodeURIComponent(username).replace(/[!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return `username*=UTF-8''${escaped}`;
}

/** The server's own text goes back as it came, quotes and all; it has no control characters. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
