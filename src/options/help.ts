/**
 * The text of `--help`. Private to the module options.
 */

/** What the help shows of an option. */
export interface Described {
  /** As on the command line: `log-file-prefix`. */
  readonly name: string;
  readonly group: string;
  readonly metavar: string;
  readonly help: string;
  readonly default: unknown;
}

/** Where descriptions start. */
const INDENT = 35;
const WIDTH = 79;

/** Usage and all options, group by group, each sorted by name. */
export function helpText(program: string, options: Iterable<Described>): string {
  const groups = new Map<string, Described[]>();
  for (const option of options) {
    const group = groups.get(option.group) ?? [];
    group.push(option);
    groups.set(option.group, group);
  }
  const lines = [`Usage: ${program} [OPTIONS]`, "", "Options:", ""];
  for (const [name, members] of Array.from(groups).sort(byFirst)) {
    if (name !== "") lines.push("", `${name} options:`, "");
    lines.push(...members.sort(byName).flatMap(optionLines));
  }
  return `${lines.join("\n")}\n`;
}

function byFirst(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  return left[0] < right[0] ? -1 : 1;
}

function byName(left: Described, right: Described): number {
  return left.name < right.name ? -1 : 1;
}

function optionLines(option: Described): string[] {
  const prefix = option.metavar === "" ? option.name : `${option.name}=${option.metavar}`;
  const lines = wrap(description(option), WIDTH - INDENT);
  if (prefix.length > 30 || lines.length === 0) lines.unshift("");
  const [first = "", ...others] = lines;
  return [
    `  --${prefix.padEnd(30)} ${first}`.trimEnd(),
    ...others.map((line) => " ".repeat(INDENT) + line),
  ];
}

function description(option: Described): string {
  const { help, default: value } = option;
  const isEmpty = value === undefined || value === "" || (Array.isArray(value) && !value.length);
  return isEmpty ? help : `${help} (default ${String(value)})`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
