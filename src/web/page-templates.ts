/**
 * An application's templates: their loaders, one for each folder, and the names that they see.
 * `page.ts` asks it for each request that renders something.
 */

import { BaseLoader, type CompiledTemplate, type TemplateLoader } from "../template.ts";
import { callingFolder } from "./calling-folder.ts";
import type { RequestHandler } from "./request-handler.ts";
import type { Settings } from "./settings.ts";
import { TemplateNameSource, type TemplateNames } from "./template-names.ts";

export class PageTemplates {
  readonly #loaders = new Map<string, TemplateLoader>();
  readonly #nameSource: TemplateNameSource;

  constructor({ uiModules, uiMethods }: Settings) {
    this.#nameSource = new TemplateNameSource(uiModules, uiMethods);
  }

  /** The names that a handler's templates see. */
  namesFor(handler: RequestHandler): TemplateNames {
    return this.#nameSource.namesFor(handler);
  }

  /** A template by its name, from the folder that the handler names. */
  load(handler: RequestHandler, name: string): CompiledTemplate {
    const folder = folderOf(handler);
    let loader = this.#loaders.get(folder);
    if (loader === undefined) {
      loader = handler.createTemplateLoader(folder);
      this.#loaders.set(folder, loader);
    }
    return loader.load(name);
  }

  /** A template's source by the name that errors have for it; undefined if no loader has it. */
  sourceOf(name: string): string | undefined {
    for (const loader of this.#loaders.values()) {
      const source = loader instanceof BaseLoader ? loader.sourceOf(name) : undefined;
      if (source !== undefined) return source;
    }
    return undefined;
  }

  /** Has every template read and compiled again. */
  reset(): void {
    for (const loader of this.#loaders.values()) loader.reset();
  }
}

function folderOf(handler: RequestHandler): string {
  // One loader for all: which folder it is would be looked for in vain.
  if (handler.settings.templateLoader !== undefined) return "";
  const folder = handler.getTemplatePath() ?? callingFolder();
  if (folder !== undefined) return folder;
  throw new Error('Cannot find templates: the application has no setting "templatePath"');
}
