/** Templates that wait for promises, and templates that are sent piece by piece. */
import { describe, expect, test } from "vitest";
import { DictLoader, Template, templateTrace } from "../../src/template.ts";

const later = <T>(value: T): Promise<T> => Promise.resolve(value);

async function piecesOf(template: Template, names: object, chunkSize?: number): Promise<string[]> {
  const pieces: string[] = [];
  const options = chunkSize === undefined ? {} : { chunkSize };
  for await (const piece of template.renderStream(names, options)) pieces.push(piece);
  return pieces;
}

describe("await", () => {
  const names = {
    later,
    fail: async () => {
      throw new TypeError("late");
    },
    rows: async function* () {
      yield 1;
      yield 2;
    },
  };

  test.each([
    { source: "a{{ await later('<') }}b", html: "a&lt;b" },
    { source: "{% raw await later('<') %}", html: "<" },
    {
      source: "{% if await later(false) %}a{% elif await later(true) %}b{% else %}c{% end %}",
      html: "b",
    },
    { source: "{% for x in await later([1, 2]) %}{{ await later(x) }}{% end %}", html: "12" },
    { source: "{% for await x in rows() %}{{ x }}{% end %}", html: "12" },
    { source: "{% for await (const x of rows()) %}{{ x }}{% else %}!{% end %}", html: "12!" },
    { source: "{% for await (const x of [later(1), 2]) %}{{ x }}{% end %}", html: "12" },
    { source: "{% set x = await later(3) %}{{ x }}", html: "3" },
    {
      source: "{% set i = 0 %}{% while await later(i < 3) %}{{ i }}{% set i++ %}{% end %}",
      html: "012",
    },
    { source: "{% apply await later(s => s + '!') %}a{{ await later(1) }}{% end %}", html: "a1!" },
    {
      source:
        "{% try %}a{{ await fail() }}{% except TypeError as e %}[{{ e.message }}]{% finally %}{{ await later(1) }}{% end %}",
      html: "a[late]1",
    },
    { source: "{{ (await Promise.all([later(1), later(2)])).join() }}", html: "1,2" },
    { source: "{{ f(x=await later(1)) }}", html: "1" },
  ])("$source", async ({ source, html }) => {
    const template = new Template(source);
    const all = { ...names, f: ({ x }: { x: number }) => x };
    expect(await template.generateAsync(all)).toBe(html);
    expect((await piecesOf(template, all)).join("")).toBe(html);
    expect((await piecesOf(template, all, 1)).join("")).toBe(html);
    expect(() => template.generate(all)).toThrow(
      'Cannot generate "<string>" at once: it waits at <string>:1; use generateAsync',
    );
  });

  test("in a function of the template's own does not make the template wait", () => {
    const template = new Template(
      "{% set f = async x => { await x; } %}{{ [1].map(async x => await x).length }}",
    );
    expect(template.waitsAt()).toBeUndefined();
    expect(template.generate()).toBe("1");
    expect(new Template("{{ o.await }}{{ 'await' }}").generate({ o: { await: 1 } })).toBe("1await");
  });

  test("in an included file", async () => {
    const loader = new DictLoader({
      "a.html": "\n{% include b.html %}",
      "b.html": "\n{{ await x }}",
    });
    const template = loader.load("a.html");
    expect(template.waitsAt()).toBe("b.html:2");
    expect(await template.generateAsync({ x: later(1) })).toBe("\n\n1");
  });

  test("an error shows the template's line", async () => {
    const template = new Template("\n\n{{ await fail() }}", { name: "a.html" });
    const error = await template.generateAsync(names).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).stack).toContain("    at a.html:3");
    expect(templateTrace(error)).toHaveLength(1);
    expect(await template.generateAsync({}).catch(String)).toContain(
      '"fail" is not defined at a.html:3',
    );
  });

  test("a template that does not wait can be generated either way", async () => {
    expect(await new Template("{{ x }}").generateAsync({ x: 1 })).toBe("1");
    await expect(new Template("{{ x }}").generateAsync({})).rejects.toThrow("not defined");
  });
});

describe("renderStream", () => {
  test("sends what there is before it waits", async () => {
    let isSent = false;
    const template = new Template("head{{ await x }}tail");
    const x = new Promise((resolve) => {
      setTimeout(() => resolve(isSent ? "after the head" : "too late"), 5);
    });
    let html = "";
    for await (const piece of template.renderStream({ x })) {
      if (piece === "head") isSent = true;
      html += piece;
    }
    expect(html).toBe("headafter the headtail");
  });

  test("sends pieces of at least the size it is given", async () => {
    const template = new Template("{% for x in range(1000) %}{{ x }},{% end %}end");
    const pieces = await piecesOf(template, {}, 100);
    expect(pieces.join("")).toBe(template.generate());
    expect(pieces.length).toBeGreaterThan(30);
    expect(pieces.slice(0, -1).every((piece) => piece.length >= 100 && piece.length < 105)).toBe(
      true,
    );
    expect(await piecesOf(template, {})).toHaveLength(1);
    expect(await piecesOf(new Template("{% if false %}x{% end %}"), {})).toEqual([]);
  });

  test("keeps what apply has to have whole", async () => {
    const template = new Template(
      "{% apply f %}{% for x in range(50) %}{{ await later(x) }}{% end %}{% end %}",
    );
    const f = (text: string) => `${text.length}`;
    expect((await piecesOf(template, { f, later }, 1)).join("")).toBe("90");
  });

  test("runs finally when nobody reads on", async () => {
    const template = new Template(
      "{% try %}a{{ await later(1) }}b{% finally %}{% set done() %}{% end %}",
    );
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    for await (const piece of template.renderStream({ later, done })) {
      expect(piece).toBe("a");
      break;
    }
    expect(isDone).toBe(true);
  });

  test("ends with the error, after what came before it", async () => {
    const pieces: string[] = [];
    const read = async () => {
      const template = new Template("a{{ await later(1) }}\n{{ missing }}", { name: "a.html" });
      for await (const piece of template.renderStream({ later })) pieces.push(piece);
    };
    await expect(read()).rejects.toThrow('"missing" is not defined at a.html:2');
    expect(pieces).toEqual(["a"]);
  });

  test("as the body of a Response", async () => {
    const template = new Template("{% for x in range(3) %}{{ await later(x) }}{% end %}");
    const stream = template.renderStream({ later });
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      async pull(controller) {
        const { done, value } = await stream.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
    });
    expect(await new Response(body).text()).toBe("012");
  });
});
