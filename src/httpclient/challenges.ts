/**
 * The challenges of a WWW-Authenticate field (RFC 9110 section 11.6.1): several in one line, or in
 * several, each a scheme and its parameters, and all of that separated by the same commas.
 */

export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By their names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * A name, and its value if it has one: a token or quoted text. What has none begins a challenge. The
 * value of a scheme that has no parameters is passed over as a scheme that nobody knows.
 */
const element =
  /[\s,=]*([!#$%&'*+\-.^_`|~0-9A-Za-z/]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"=]+)))?/gy;

export function parseChallenges(values: readonly string[]): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (const value of values) {
    for (const [, name = "", quoted, token] of value.matchAll(element)) {
      const given = quoted?.replace(/\\(.)/g, "$1") ?? token;
      const last = challenges.at(-1);
      if (given === undefined) {
        challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
      } else if (last !== undefined && !last.parameters.has(name.toLowerCase())) {
        last.parameters.set(name.toLowerCase(), given);
      }
    }
  }
  return challenges;
}
