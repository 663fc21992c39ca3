/**
 * Tornado's template language, with JavaScript expressions (Tornado `template`). Needs the core for
 * the tokenizer and `escape`; no server, and no file system but for `Loader`:
 *
 * ```ts
 * const template = new Template("<html>{{ myvalue }}</html>");
 * template.generate({ myvalue: "XXX" });
 *
 * const loader = new Loader("/home/btaylor");
 * loader.load("test.html").generate({ myvalue: "XXX" });
 * ```
 */

export { SafeString } from "./escape.ts";
export { type TemplatePlace, templateTrace } from "./template/failure.ts";
export { BaseLoader, DictLoader, Loader, type LoaderOptions } from "./template/loader.ts";
export { ParseError } from "./template/parse-error.ts";
export {
  compileTemplate,
  type PrecompiledModule,
  type PrecompileOptions,
} from "./template/precompile.ts";
export {
  PrecompiledLoader,
  type PrecompiledSource,
  PrecompiledTemplate,
  precompiled,
  type TemplateLoader,
} from "./template/precompiled.ts";
export { CompiledTemplate, type StreamOptions } from "./template/rendering.ts";
export { Template, type TemplateOptions } from "./template/template.ts";
export { filterWhitespace, type WhitespaceMode } from "./template/whitespace.ts";
