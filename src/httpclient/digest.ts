/**
 * Digest authentication (RFC 7616): every algorithm of it, also as sessions, with `qop=auth`,
 * `auth-int` or none. A client keeps what a server has asked for, so that only the first request is
 * refused; each one after it counts the nonce's uses.
 */

import { createHash, randomBytes } from "node:crypto";
import { type Challenge, parseChallenges } from "./challenges.ts";

/** Algorithms by the names that servers give them, the better first. */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ["sha-256", "sha256"],
  ["sha-256-sess", "sha256"],
  ["sha-512-256", "sha512-256"],
  ["sha-512-256-sess", "sha512-256"],
  ["md5", "md5"],
  ["md5-sess", "md5"],
]);
/** Servers that are remembered. */
const REMEMBERED = 100;

/** What a request says of itself in its credentials. */
export interface DigestRequest {
  readonly method: string;
  /** The request-target, as the origin gets it. */
  readonly target: string;
  readonly username: string;
  readonly password: string;
  /** The whole of it. */
  readonly body: string | Uint8Array;
}

/** What a server asks for. */
export class DigestSession {
  readonly #name: string;
  readonly #hash: string;
  readonly #realm: string;
  readonly #nonce: string;
  readonly #opaque: string | undefined;
  /** `auth-int` covers the body too. */
  readonly #qop: "auth" | "auth-int" | undefined;
  readonly #cnonce: string;
  #count = 0;

  constructor({ parameters }: Challenge, cnonce: string = randomBytes(16).toString("hex")) {
    this.#name = parameters.get("algorithm") ?? "MD5";
    this.#hash = ALGORITHMS.get(this.#name.toLowerCase()) ?? "md5";
    this.#realm = parameters.get("realm") ?? "";
    this.#nonce = parameters.get("nonce") ?? "";
    this.#opaque = parameters.get("opaque");
    this.#qop = qopOf(parameters);
    this.#cnonce = cnonce;
  }

  /** Whether a request's credentials cover its body, which has to be known for that. */
  get coversBody(): boolean {
    return this.#qop === "auth-int";
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
    if (this.#qop !== undefined) {
      fields.push(`qop=${this.#qop}`, `nc=${count}`, `cnonce="${this.#cnonce}"`);
    }
    return `Digest ${fields.join(", ")}`;
  }

  #response(request: DigestRequest, count: string): string {
    const { method, target, username, password, body } = request;
    const isSession = /-sess$/i.test(this.#name);
    const secret = this.#digest(`${username}:${this.#realm}:${password}`);
    const a1 = isSession ? this.#digest(`${secret}:${this.#nonce}:${this.#cnonce}`) : secret;
    const entity = this.coversBody ? `:${this.#digest(body)}` : "";
    const a2 = this.#digest(`${method}:${target}${entity}`);
    const uses = this.#qop === undefined ? "" : `${count}:${this.#cnonce}:${this.#qop}:`;
    return this.#digest(`${a1}:${this.#nonce}:${uses}${a2}`);
  }

  #digest(data: string | Uint8Array): string {
    return createHash(this.#hash).update(data).digest("hex");
  }
}

/** What servers have asked for, by origin and user. */
export class DigestSessions {
  readonly #sessions = new Map<string, DigestSession>();

  /** What a server has asked for; undefined if that is nothing that a request can answer. */
  get(key: string, streams: boolean): DigestSession | undefined {
    const session = this.#sessions.get(key);
    return session?.coversBody && streams ? undefined : session;
  }

  /**
   * Remembers what WWW-Authenticate asks for, and says whether that can be answered. With `refused`,
   * the last such challenge has been answered: only a new nonce is worth another request.
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
    .filter(({ scheme, parameters }) => scheme === "digest" && isAnswerable(parameters))
    .filter((challenge) => rank(challenge) >= 0)
    .sort((left, right) => rank(left) - rank(right));
  return best;
}

/** A `qop` that names no known way cannot be answered (RFC 7616 section 3.3). */
function isAnswerable(parameters: ReadonlyMap<string, string>): boolean {
  if (!parameters.has("nonce")) return false;
  return !parameters.has("qop") || qopOf(parameters) !== undefined;
}

/** The way to be used: not with the body, if there is a choice. */
function qopOf(parameters: ReadonlyMap<string, string>): "auth" | "auth-int" | undefined {
  const offered = (parameters.get("qop") ?? "").toLowerCase().split(/[\s,]+/);
  if (offered.includes("auth")) return "auth";
  return offered.includes("auth-int") ? "auth-int" : undefined;
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
