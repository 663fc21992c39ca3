/** What a template gives: for tests that are about one line of it. */
import {
  DictLoader,
  type LoaderOptions,
  Template,
  type TemplateOptions,
} from "../../src/template.ts";

/** A template of its own. */
export function render(source: string, names: object = {}, options: TemplateOptions = {}): string {
  return new Template(source, options).generate(names);
}

/** The first of some files. */
export function renderFiles(
  files: Record<string, string>,
  names = {},
  options: LoaderOptions = {},
): string {
  return new DictLoader(files, options).load(Object.keys(files)[0] ?? "").generate(names);
}
