/**
 * What a client would rather have: headers of values with weights (RFC 9110 section 12.4.2).
 */

/** A value and its weight. */
export type Preference = readonly [value: string, weight: number];

/** The longest such header that is read: each of its values costs far more than it weighs. */
const LONGEST = 2000;

/**
 * The values of a header such as Accept-Language, the heaviest first, equal ones in their order.
 * A weight that is none counts as 0.
 */
export function preferencesOf(header: string | undefined): Preference[] {
  if (header === undefined || header.length > LONGEST) return [];
  const all = header.split(",").map((element): Preference => {
    const [value = "", ...parameters] = element.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => /^q\s*=/i.test(parameter));
    return [value.toLowerCase(), weight === undefined ? 1 : weightOf(weight)];
  });
  return all.filter(([value]) => value !== "").sort((a, b) => b[1] - a[1]);
}

function weightOf(parameter: string): number {
  const digits = /^q\s*=\s*(0(?:\.[0-9]*)?|1(?:\.0*)?)$/i.exec(parameter)?.[1];
  return digits === undefined ? 0 : Number(digits);
}

/**
 * The content coding to use of those that are `available`, ours first; undefined to use none.
 * Codings that the client weighs 0 are out, also by "*" (RFC 9110 section 12.5.3).
 */
export function chooseCoding(
  acceptEncoding: string | undefined,
  available: readonly string[],
): string | undefined {
  const given = new Map<string, number>();
  for (const [coding, weight] of preferencesOf(acceptEncoding)) {
    const name = coding === "x-gzip" ? "gzip" : coding;
    if (!given.has(name)) given.set(name, weight);
  }
  const others = given.get("*") ?? 0;
  const uncoded = given.get("identity") ?? 0;
  let best: string | undefined;
  let heaviest = 0;
  for (const coding of available) {
    const weight = given.get(coding) ?? others;
    if (weight > heaviest && weight >= uncoded) {
      best = coding;
      heaviest = weight;
    }
  }
  return best;
}
