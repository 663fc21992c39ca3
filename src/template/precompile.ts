/**
 * Writes a template as a plain module, so that it renders where code from strings is forbidden, and
 * where there are no files. Called by cli.ts; the module imports precompiled.ts.
 */
import type { GeneratedCode } from "./code-lines.ts";
import type { Template } from "./template.ts";

/** A module and its declarations. */
export interface PrecompiledModule {
  /** JavaScript that exports `template`, `render` and `renderStream`. */
  readonly code: string;
  /** The TypeScript declarations of it, with the names that the template is to be given. */
  readonly types: string;
}

/** How a template's module is written. */
export interface PrecompileOptions {
  /** What the module imports the runtime from; `squall/template` if left out. */
  readonly runtime?: string;
}

/** Compiles a loaded template, and all that it extends and includes, to one module. */
export function compileTemplate(
  template: Template,
  options: PrecompileOptions = {},
): PrecompiledModule {
  const from = JSON.stringify(options.runtime ?? "squall/template");
  const waits = template.waitsAt();
  const code = template.generateCode(waits === undefined ? "sync" : "async");
  const stream = template.generateCode("stream");
  const name = waits === undefined ? "render" : "renderAsync";
  const head = `// Made from ${JSON.stringify(template.name)} by squall templates build. Do not edit.`;
  const generate = waits === undefined ? "generate" : "generateAsync";
  return {
    code: [
      head,
      `import { precompiled } from ${from};`,
      "",
      "export const template = precompiled({",
      `  name: ${JSON.stringify(template.name)},`,
      ...(waits === undefined ? [] : [`  waits: ${JSON.stringify(waits)},`]),
      `  map: ${JSON.stringify(code.map)},`,
      "  functions: (_tt, _tt_map) => ({",
      `    ${name}: ${code.text},`,
      `    renderStream: ${stream.text},`,
      "  }),",
      "});",
      "",
      "export function render(names) {",
      `  return template.${generate}(names);`,
      "}",
      "",
      "export function renderStream(names, options) {",
      "  return template.renderStream(names, options);",
      "}",
      "",
    ].join("\n"),
    types: [
      head,
      `import type { PrecompiledTemplate, StreamOptions } from ${from};`,
      "",
      `/** The names that ${template.name.replaceAll("*/", "* /")} is given. */`,
      namesType(code, template.family.declaredNames),
      "",
      "export declare const template: PrecompiledTemplate<Names>;",
      `export declare function render(names: Names): ${waits === undefined ? "string" : "Promise<string>"};`,
      "export declare function renderStream(",
      "  names: Names,",
      "  options?: StreamOptions,",
      "): AsyncGenerator<string, void, undefined>;",
      "",
    ].join("\n"),
  };
}

/** What `@names` says, with the names of those files that say nothing. */
function namesType({ passed }: GeneratedCode, declared: readonly string[]): string {
  const members = [
    ...passed.required.map((name) => `  readonly ${name}: unknown;`),
    ...passed.optional.map((name) => `  readonly ${name}?: unknown;`),
  ];
  if (declared.length === 0) return ["export interface Names {", ...members, "}"].join("\n");
  const types = declared.map((type) => (declared.length > 1 ? `(${type})` : type));
  if (members.length > 0) types.push(["{", ...members, "}"].join("\n"));
  return `export type Names = ${types.join(" & ")};`;
}
