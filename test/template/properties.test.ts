/** Any template renders as a plain interpreter says; any text is either read or refused with a place. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources of templates
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { xhtmlEscape } from "../../src/escape.ts";
import { ParseError, Template } from "../../src/template.ts";

/** A template and what it means. */
type Part =
  | { kind: "text"; text: string }
  | { kind: "value"; name: string; raw: boolean }
  | { kind: "set"; name: string; value: number }
  | { kind: "if"; name: string; yes: Part[]; no: Part[] | undefined }
  | { kind: "for"; times: number; body: Part[]; otherwise: Part[] | undefined }
  | { kind: "jump"; word: "break" | "continue" }
  | { kind: "fail" }
  | { kind: "try"; body: Part[]; handler: Part[]; last: Part[] | undefined }
  | { kind: "apply"; body: Part[] };

const NAMES = ["a", "b", "c"];
const texts = fc.constantFrom("x", "<p>", " & ", "{ ", "é", "  ", "\n", "'\"`${a}\\");

const { parts } = fc.letrec<{ parts: Part[]; part: Part }>((tie) => ({
  parts: fc.array(tie("part"), { maxLength: 4, depthIdentifier: "part" }),
  part: fc.oneof(
    { depthIdentifier: "part", depthSize: "small" },
    fc.record({ kind: fc.constant("text"), text: texts }),
    fc.record({ kind: fc.constant("value"), name: fc.constantFrom(...NAMES), raw: fc.boolean() }),
    fc.record({ kind: fc.constant("set"), name: fc.constantFrom(...NAMES), value: fc.nat(2) }),
    fc.record({
      kind: fc.constant("if"),
      name: fc.constantFrom(...NAMES),
      yes: tie("parts"),
      no: fc.option(tie("parts"), { nil: undefined }),
    }),
    fc.record({
      kind: fc.constant("for"),
      times: fc.nat(3),
      body: tie("parts"),
      otherwise: fc.option(tie("parts"), { nil: undefined }),
    }),
    fc.record({ kind: fc.constant("jump"), word: fc.constantFrom("break", "continue") }),
    fc.constant({ kind: "fail" }),
    fc.record({
      kind: fc.constant("try"),
      body: tie("parts"),
      handler: tie("parts"),
      last: fc.option(tie("parts"), { nil: undefined }),
    }),
    fc.record({ kind: fc.constant("apply"), body: tie("parts") }),
  ) as fc.Arbitrary<Part>,
}));

/** The source of a template. Jumps outside of loops are left out. */
function sourceOf(list: readonly Part[], isLoop = false): string {
  return list
    .map((part) => {
      const all = (inner: readonly Part[], loop = isLoop) => sourceOf(inner, loop);
      switch (part.kind) {
        case "text":
          return part.text;
        case "value":
          return part.raw ? `{% raw ${part.name} %}` : `{{ ${part.name} }}`;
        case "set":
          return `{% set ${part.name} = ${part.value} %}`;
        case "if":
          return `{% if ${part.name} %}${all(part.yes)}${part.no ? `{% else %}${all(part.no)}` : ""}{% end %}`;
        case "for":
          return `{% for _ in range(${part.times}) %}${all(part.body, true)}${
            part.otherwise ? `{% else %}${all(part.otherwise)}` : ""
          }{% end %}`;
        case "jump":
          return isLoop ? `{% ${part.word} %}` : "";
        case "fail":
          return "{{ fail() }}";
        case "try":
          return `{% try %}${all(part.body)}{% except %}${all(part.handler)}${
            part.last ? `{% finally %}${all(part.last)}` : ""
          }{% end %}`;
        default:
          return `{% apply f %}${all(part.body, false)}{% end %}`;
      }
    })
    .join("");
}

class Jump {
  readonly word: string;

  constructor(word: string) {
    this.word = word;
  }
}

/** Says what a template renders, one part after the other, straight from what the words mean. */
class Interpreter {
  out = "";
  names: Map<string, unknown>;

  constructor(names: Iterable<[string, unknown]>) {
    this.names = new Map(names);
  }

  run(list: readonly Part[], isLoop = false): void {
    for (const part of list) this.#part(part, isLoop);
  }

  #part(part: Part, isLoop: boolean): void {
    switch (part.kind) {
      case "text":
        this.out += part.text;
        break;
      case "value": {
        const text = String(this.names.get(part.name));
        this.out += part.raw ? text : xhtmlEscape(text);
        break;
      }
      case "set":
        this.names.set(part.name, part.value);
        break;
      case "if":
        this.run(this.names.get(part.name) ? part.yes : (part.no ?? []), isLoop);
        break;
      case "for":
        this.#loop(part.times, part.body);
        if (!this.#isLeft) this.run(part.otherwise ?? [], isLoop);
        this.#isLeft = false;
        break;
      case "jump":
        if (isLoop) throw new Jump(part.word);
        break;
      case "fail":
        throw new Error("fail");
      case "try":
        try {
          this.run(part.body, isLoop);
        } catch (error) {
          if (error instanceof Jump) throw error;
          this.run(part.handler, isLoop);
        } finally {
          this.run(part.last ?? [], isLoop);
        }
        break;
      default: {
        const inner = new Interpreter(this.names);
        inner.run(part.body);
        this.out += `[${inner.out}]`;
      }
    }
  }

  #isLeft = false;

  #loop(times: number, body: readonly Part[]): void {
    for (let turn = 0; turn < times; turn++) {
      try {
        this.run(body, true);
      } catch (error) {
        if (!(error instanceof Jump)) throw error;
        if (error.word === "continue") continue;
        this.#isLeft = true;
        return;
      }
    }
  }
}

const given = { a: "<a>", b: 0, c: "c" };
const names = {
  ...given,
  f: (text: string) => `[${text}]`,
  fail: () => {
    throw new Error("fail");
  },
};

function expected(list: readonly Part[]): string | undefined {
  const interpreter = new Interpreter(Object.entries(given));
  try {
    interpreter.run(list);
    return interpreter.out;
  } catch {
    return undefined;
  }
}

async function streamed(template: Template, chunkSize: number): Promise<string> {
  let html = "";
  for await (const piece of template.renderStream(names, { chunkSize })) html += piece;
  return html;
}

describe("any template", () => {
  test("renders as an interpreter says, at once and in pieces", async () => {
    const property = fc.asyncProperty(parts, async (list) => {
      const template = new Template(sourceOf(list));
      const html = expected(list);
      if (html === undefined) {
        expect(() => template.generate(names)).toThrow("fail");
        await expect(streamed(template, 1)).rejects.toThrow("fail");
      } else {
        expect(template.generate(names)).toBe(html);
        expect(await streamed(template, 1)).toBe(html);
      }
    });
    await fc.assert(property, { numRuns: 200 });
  });
});

describe("any text", () => {
  const words = fc.constantFrom(
    ..."{{ }} {% %} {# #} ! { } % # if else elif end for in of while try except finally set apply raw ( ) [ ] ' \" ` / \\ ${ = => . , ; x y _tt_ and not await yield \n".split(
      / (?! )/,
    ),
  );

  test("is read, or refused with a place", () => {
    const text = fc
      .array(fc.oneof(words, fc.string({ maxLength: 3, unit: "binary" })))
      .map((list) => list.join(" "));
    fc.assert(
      fc.property(text, (source) => {
        try {
          new Template(source, { name: "t" });
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
          expect((error as ParseError).lineno).toBeGreaterThan(0);
          expect((error as ParseError).lineno).toBeLessThanOrEqual(source.split("\n").length);
        }
      }),
      { numRuns: 800 },
    );
  });

  test("in an expression cannot leave it", async () => {
    const text = fc.array(words, { maxLength: 12 }).map((list) => list.join(" "));
    await fc.assert(
      fc.asyncProperty(text, async (source) => {
        let html: string;
        try {
          html = await new Template(`<{% if false %}{{ ${source} }}{% end %}>`).generateAsync();
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
          return;
        }
        expect(html.startsWith("<") && html.endsWith(">")).toBe(true);
      }),
      { numRuns: 800 },
    );
  });

  test("is escaped as one sign after the other", () => {
    const entities: Record<string, string> = {
      "&": "&amp;",
      "<": "&lt;",
      ">": "&gt;",
      '"': "&quot;",
      "'": "&#x27;",
    };
    const text = fc.string({
      unit: fc.constantFrom(..."&<>\"'", "a", "é", "😀", " "),
      maxLength: 120,
      size: "max",
    });
    fc.assert(
      fc.property(text, (x) => {
        const signs = Array.from(x, (sign) => entities[sign] ?? sign).join("");
        expect(new Template("{{ x }}").generate({ x })).toBe(signs);
      }),
    );
  });
});
