/**
 * What one request renders: templates with the handler's names, and at last the page with what its
 * UI modules need. Made by `handler-page.ts` for requests that render something.
 */

import { HTTPOutputError } from "../httputil.ts";
import type { CompiledTemplate } from "../template.ts";
import { assetsOf, insertAssets, trailingAssets } from "./page-assets.ts";
import type { RequestHandler } from "./request-handler.ts";
import type { TemplateNames } from "./template-names.ts";
import { requireSync } from "./unawaited.ts";

const BODY_END = "</body>";

export class Page {
  readonly #handler: RequestHandler;
  readonly names: TemplateNames;
  /** The rendering that the response waits for, if it is not done. */
  pending: Promise<void> | undefined;
  #isFresh: boolean;

  constructor(handler: RequestHandler) {
    const { compiledTemplateCache, debug } = handler.settings;
    this.#handler = handler;
    this.names = handler.application.templates.namesFor(handler);
    this.#isFresh = compiledTemplateCache ?? debug !== true;
  }

  /** The text of a template. Throws if the template waits for something. */
  generate(name: string, names: object): string {
    const template = this.#load(name);
    return template.generate(names, this.#behind(template));
  }

  /** The text of a template that may wait. */
  generateAsync(name: string, names: object): Promise<string> {
    const template = this.#load(name);
    return template.generateAsync(names, this.#behind(template));
  }

  /** Finishes the response with a template, at once if the template does not wait. */
  render(name: string, names: object): Promise<void> {
    this.#mustBeOpen();
    const template = this.#load(name);
    const behind = this.#behind(template);
    if (template.waitsAt() === undefined) return this.#finish(template.generate(names, behind));
    this.pending = template.generateAsync(names, behind).then((text) => this.#finish(text));
    return this.pending;
  }

  #mustBeOpen(): void {
    if (this.#handler.finished) {
      throw new HTTPOutputError("Cannot render: the response is finished");
    }
  }

  #finish(text: string): Promise<void> {
    this.pending = undefined;
    const handler = this.#handler;
    // The client has gone while the template waited, and with it the response.
    if (handler.finished) return Promise.resolve();
    const { rendered } = this.names;
    const page = rendered && insertAssets(text, assetsOf(rendered), handler);
    return handler.finish(page ?? text);
  }

  /** Sends a template piece by piece, and what its modules need at the end of its body. */
  stream(name: string, names: object): Promise<void> {
    this.#mustBeOpen();
    const template = this.#load(name);
    this.pending = this.#stream(template, names);
    return this.pending;
  }

  async #stream(template: CompiledTemplate, names: object): Promise<void> {
    const handler = this.#handler;
    let held = "";
    for await (const piece of template.renderStream(names, {}, this.#behind(template))) {
      const text = held + piece;
      const end = endOfBody(text);
      held = text.slice(end);
      if (end === 0) continue;
      handler.write(text.slice(0, end));
      await handler.flush();
      if (handler.finished) return;
    }
    this.pending = undefined;
    const assets = trailingAssets(assetsOf(this.names.rendered ?? []), handler);
    await handler.finish(assets + held);
  }

  #load(name: string): CompiledTemplate {
    const { templates } = this.#handler.application;
    if (!this.#isFresh) templates.reset();
    this.#isFresh = true;
    return templates.load(this.#handler, name);
  }

  /** The names behind those that a template is given: the handler's, then its loader's. */
  #behind(template: CompiledTemplate): object {
    const hook = this.#handler.getTemplateNamespace();
    requireSync(hook, "getTemplateNamespace");
    const { namespace } = template.surroundings();
    if (hook === this.names && isEmpty(namespace)) return hook;
    const names: object = Object.create(this.names);
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(namespace))) {
      if (!(name in names)) Object.defineProperty(names, name, property);
    }
    return hook === this.names
      ? names
      : Object.defineProperties(names, Object.getOwnPropertyDescriptors(hook));
  }
}

function isEmpty(object: object): boolean {
  for (const _name in object) return false;
  return true;
}

/** Where the last `</body>` of a text begins, or the part of one that its end may be. */
function endOfBody(text: string): number {
  const found = text.lastIndexOf(BODY_END);
  if (found >= 0) return found;
  const start = text.lastIndexOf("<");
  const isPart = start >= 0 && BODY_END.startsWith(text.slice(start));
  return isPart ? start : text.length;
}
