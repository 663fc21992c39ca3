/**
 * Where one turn of a loop meets the next: the text that ends a turn and the text that begins one
 * are appended as one. Of a table's cell, `<td>`, value and `</td>`, two strings are left to be put
 * together instead of three. Called by code-writer.ts.
 */
import type { Family } from "./inheritance.ts";
import { bodiesOf, type Node } from "./nodes.ts";

/** Texts as JavaScript literals, and what stands between the first and the last of a turn. */
export interface Seam {
  readonly before: string;
  readonly after: string;
  /** `after` and then `before`. */
  readonly between: string;
  readonly rest: readonly Node[];
}

/** Texts that are longer cost nothing beside their own length, and would be in the code twice. */
const LONGEST = 200;

/** The seam of a loop's body, if it begins and ends with text and no turn ends early. */
export function seamOf(family: Family, body: readonly Node[]): Seam | undefined {
  const first = body[0];
  const last = body.at(-1);
  if (body.length < 3 || first?.kind !== "text" || last?.kind !== "text") return undefined;
  if (first.value.length + last.value.length > LONGEST || jumps(family, body)) return undefined;
  return {
    before: JSON.stringify(first.value),
    after: JSON.stringify(last.value),
    between: JSON.stringify(last.value + first.value),
    rest: body.slice(1, -1),
  };
}

/** Whether something leaves the loop or its turn. */
function jumps(family: Family, nodes: readonly Node[]): boolean {
  return nodes.some((node) => {
    if (node.kind === "break" || node.kind === "continue") return true;
    if (node.kind === "loop") return jumps(family, node.otherwise ?? []);
    const inner =
      node.kind === "block" ? [family.block(node.name)?.block.body ?? []] : bodiesOf(node);
    return inner.some((body) => jumps(family, body));
  });
}
