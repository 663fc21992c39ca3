/**
 * Keeps secrets out of what a developer is shown of a request. Called by `error-report.ts`.
 */

import type { HTTPServerRequest } from "../httputil.ts";
import type { Settings } from "./settings.ts";

/** What stands in place of a secret. */
export const REDACTED = "•••••";

/** Names of headers, arguments and settings whose values are nobody else's business. */
const secretName =
  /auth|cookie|token|secret|pass|pwd|key$|key[_-]|session|xsrf|csrf|signature|credential|otp|\bpin\b|card|cvv|iban|ssn/i;
/** Shorter values occur in harmless text by chance. */
const SHORTEST = 4;
/** Of cookies, which hold all sorts of things: `theme=dark` must not blacken a page. */
const SHORTEST_COOKIE = 8;
/** Characters of a value that are shown: a form's field may have megabytes. */
const LONGEST_SHOWN = 2000;
const queryField = /([?&;])([^=&;#\s]+)=([^&;#\s"]*)/g;

/** A named value, safe to show. */
export interface Field {
  readonly name: string;
  readonly value: string;
}

function isSecret(name: string): boolean {
  return secretName.test(name);
}

/** A value, or what stands for it if its name says that it is a secret. Long ones are cut. */
export function shown(name: string, value: string): Field {
  if (isSecret(name)) return { name, value: REDACTED };
  const cut = value.length > LONGEST_SHOWN;
  const text = cut ? `${value.slice(0, LONGEST_SHOWN)}… (${value.length} characters)` : value;
  return { name, value: redactQueries(text) };
}

/** A text with the values of secret fields of URLs in it replaced: `?password=•••••`. */
function redactQueries(text: string): string {
  return text.replace(queryField, (field, mark: string, name: string) =>
    isSecret(name) ? `${mark}${name}=${REDACTED}` : field,
  );
}

/** Replaces the secrets of a request and its application wherever they occur in a text. */
export function redactorFor(
  request: HTTPServerRequest,
  settings: Settings,
): (text: string) => string {
  const secrets = [...secretsOf(request), ...Object.entries(settings).flatMap(secretsIn)]
    .filter((secret) => secret.length >= SHORTEST)
    .sort((a, b) => b.length - a.length);
  return (text) =>
    secrets.reduce((safe, secret) => safe.replaceAll(secret, REDACTED), redactQueries(text));
}

function* secretsOf(request: HTTPServerRequest): Generator<string> {
  for (const value of request.cookies.values()) {
    if (value.length >= SHORTEST_COOKIE) yield value;
  }
  for (const [name, value] of request.headers) {
    if (!isSecret(name)) continue;
    yield value;
    // What follows the scheme of `Authorization: Bearer …`.
    yield value.slice(value.indexOf(" ") + 1);
  }
  for (const [name, value] of argumentsOf(request)) if (isSecret(name)) yield value;
}

function secretsIn([name, value]: [string, unknown]): string[] {
  if (!isSecret(name)) return [];
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null
    ? Object.values(value).filter((each) => typeof each === "string")
    : [];
}

/** The arguments of a request's query and form as text; none if they cannot be read. */
export function argumentsOf(request: HTTPServerRequest): [string, string][] {
  const decoder = new TextDecoder();
  try {
    return Array.from(request.arguments, ([name, values]) =>
      values.map((value): [string, string] => [name, decoder.decode(value)]),
    ).flat();
  } catch {
    return [];
  }
}
