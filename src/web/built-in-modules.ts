/**
 * The UI modules that every application has: `Template`, `linkify` and `xsrf_form_html`.
 */

import { type SafeString, templateNames } from "../escape.ts";
import { UIModule, type UIModuleClass } from "./ui-module.ts";

/** What a template that is a module can ask for, by Tornado's names. */
interface Resources {
  readonly embedded_javascript?: string;
  readonly javascript_files?: string | readonly string[];
  readonly embedded_css?: string;
  readonly css_files?: string | readonly string[];
  readonly html_head?: string;
  readonly html_body?: string;
}

/**
 * A template as a module, `{% module Template("part.html", name=value) %}`. The template calls
 * `set_resources(css_files="part.css")` for what it needs (Tornado `web.TemplateModule`).
 */
export class TemplateModule extends UIModule {
  /** By template, in the order in which they were first rendered. */
  readonly #resources = new Map<string, Resources>();

  override render(path: string, names: object = {}): string {
    const setResources = (given: object): string => {
      this.#add(path, given);
      return "";
    };
    return this.renderString(path, { ...names, set_resources: setResources, setResources });
  }

  #add(path: string, given: object): void {
    const entries = Object.entries(given).map(([name, value]) => [snakeCase(name), value]);
    const resources = Object.fromEntries(entries) as Resources;
    const known = this.#resources.get(path);
    if (known === undefined) this.#resources.set(path, resources);
    else if (JSON.stringify(known) !== JSON.stringify(resources)) {
      throw new Error(`Cannot set resources of "${path}": they were others the time before`);
    }
  }

  #all<Name extends keyof Resources>(name: Name): NonNullable<Resources[Name]>[] {
    return Array.from(this.#resources.values()).flatMap((each) => each[name] ?? []) as NonNullable<
      Resources[Name]
    >[];
  }

  override embeddedJavascript(): string {
    return this.#all("embedded_javascript").join("\n");
  }

  override javascriptFiles(): readonly string[] {
    return this.#all("javascript_files").flat();
  }

  override embeddedCss(): string {
    return this.#all("embedded_css").join("\n");
  }

  override cssFiles(): readonly string[] {
    return this.#all("css_files").flat();
  }

  override htmlHead(): string {
    return this.#all("html_head").join("");
  }

  override htmlBody(): string {
    return this.#all("html_body").join("");
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

class LinkifyModule extends UIModule {
  override render(...args: Parameters<typeof templateNames.linkify>): SafeString {
    return templateNames.linkify(...args);
  }
}

class XsrfFormHtmlModule extends UIModule {
  override render(): SafeString {
    return this.handler.xsrfFormHtml();
  }
}

/** By their names in templates. */
export const builtInModules: Readonly<Record<string, UIModuleClass>> = {
  Template: TemplateModule,
  linkify: LinkifyModule,
  xsrf_form_html: XsrfFormHtmlModule,
  xsrfFormHtml: XsrfFormHtmlModule,
};
