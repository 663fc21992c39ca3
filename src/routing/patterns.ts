/**
 * Path patterns: Tornado's regular expressions, and `/story/:id`. Turned once into something that
 * can be matched and reversed; private to `routing`.
 */

/** A pattern ready for use. */
export interface CompiledPattern {
  /** The only path that matches, if the pattern has no groups and no other special signs. */
  readonly literal: string | undefined;
  /** What every matching path begins with: looked at before the regular expression is run. */
  readonly prefix: string;
  readonly regexp: RegExp;
  readonly hasNames: boolean;
  /** The pattern's text around its groups, or undefined if it is too complex to reverse. */
  readonly pieces: readonly string[] | undefined;
}

// A ":" begins a name only after "/", "." or "-": elsewhere, as in "(?:", it means itself.
const colonName = /(?<=[/.-]):([A-Za-z_]\w*)(\(([^()]*)\))?/g;
const special = /[\\^$.*+?()[\]{}|]/;

/**
 * Compiles a pattern. It must match the whole path: `^` and `$` are added. Python's `(?P<name>…)`
 * is understood. Throws a SyntaxError for a malformed one, and for one with named and unnamed groups:
 * a method could not be given both.
 */
export function compilePattern(pattern: string | RegExp): CompiledPattern {
  const given = typeof pattern === "string" ? pattern : pattern.source;
  const source = given
    .replace(/^\^/, "")
    .replace(/(?<!\\)\$$/, "")
    .replaceAll("(?P<", "(?<")
    .replace(colonName, (_all, _name, _group, expression) => `(${expression ?? "[^/]+"})`);
  const flags = typeof pattern === "string" ? "" : pattern.flags.replace(/[gy]/g, "");
  const regexp = wholeRegExp(source, flags, given);
  const groups = new RegExp(`${regexp.source}|`, flags).exec("") as RegExpExecArray;
  const named = Object.keys(groups.groups ?? {}).length;
  if (named > 0 && named < groups.length - 1) {
    throw new SyntaxError(`Cannot use pattern "${given}": it has named and unnamed groups`);
  }
  const plain = flags === "" && !special.test(source);
  return {
    literal: plain ? source : undefined,
    prefix: flags.includes("i") ? "" : literalPrefix(source),
    regexp,
    hasNames: named > 0,
    pieces: reversiblePieces(source),
  };
}

/** A regular expression for the whole of a text. Throws a SyntaxError that names what was given. */
export function wholeRegExp(source: string, flags: string, given: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`, flags);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SyntaxError(`Cannot use pattern "${given}": ${reason}`, { cause });
  }
}

/** The plain text that a pattern begins with. */
function literalPrefix(source: string): string {
  if (source.includes("|")) return "";
  const end = source.search(special);
  if (end < 0) return source;
  // A repetition sign belongs to the character before it.
  return /[*+?{]/.test(source[end] as string)
    ? source.slice(0, Math.max(0, end - 1))
    : source.slice(0, end);
}

/** The text around the groups, unless something else than groups and escaped signs is there. */
function reversiblePieces(source: string): string[] | undefined {
  const pieces: string[] = [];
  let text = "";
  for (let at = 0; at < source.length; at++) {
    const sign = source[at] as string;
    if (sign === "(") {
      const end = groupEnd(source, at);
      const captures = /^\((?!\?(?!<[^=!]))/.test(source.slice(at, at + 4));
      if (end < 0 || !captures || /[*+?{]/.test(source[end + 1] ?? "")) return undefined;
      pieces.push(text);
      text = "";
      at = end;
    } else if (sign === "\\") {
      const next = source[++at] ?? "";
      if (/[A-Za-z0-9]/.test(next)) return undefined;
      text += next;
    } else if (special.test(sign) && sign !== ".") {
      return undefined;
    } else {
      text += sign;
    }
  }
  pieces.push(text);
  return pieces;
}

/** Where the group that begins at `start` ends; -1 if another group is nested in it. */
function groupEnd(source: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < source.length; at++) {
    const sign = source[at];
    if (sign === "\\") at++;
    else if (sign === "[") inClass = true;
    else if (sign === "]") inClass = false;
    else if (sign === "(" && !inClass) return -1;
    else if (sign === ")" && !inClass) return at;
  }
  return -1;
}
