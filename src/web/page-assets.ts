/**
 * Puts the scripts and styles of a page's UI modules where they belong: once each, in Tornado's
 * order. Called by `page.ts` with the modules that have been rendered (Tornado
 * `RequestHandler.render`).
 */

import { xhtmlEscape } from "../escape.ts";
import type { UIModule } from "./ui-module.ts";

/** What the modules of a page ask for, module by module. */
export interface PageAssets {
  readonly javascriptFiles: readonly string[];
  readonly embeddedJavascript: readonly string[];
  readonly cssFiles: readonly string[];
  readonly embeddedCss: readonly string[];
  readonly htmlHeads: readonly string[];
  readonly htmlBodies: readonly string[];
}

/** Writes assets as markup: hooks of the handler. */
export interface AssetWriter {
  renderLinkedJs(files: readonly string[]): string;
  renderEmbedJs(parts: readonly string[]): string;
  renderLinkedCss(files: readonly string[]): string;
  renderEmbedCss(parts: readonly string[]): string;
}

/** Asks the modules of a page what they need. */
export function assetsOf(modules: Iterable<UIModule>): PageAssets {
  const all = [...modules];
  const texts = (hook: (module: UIModule) => string | undefined): string[] =>
    all.map(hook).filter((text) => text !== undefined && text !== "") as string[];
  const files = (hook: (module: UIModule) => string | readonly string[] | undefined): string[] =>
    all.flatMap((module) => hook(module) ?? []);
  return {
    javascriptFiles: files((module) => module.javascriptFiles()),
    embeddedJavascript: texts((module) => module.embeddedJavascript()),
    cssFiles: files((module) => module.cssFiles()),
    embeddedCss: texts((module) => module.embeddedCss()),
    htmlHeads: texts((module) => module.htmlHead()),
    htmlBodies: texts((module) => module.htmlBody()),
  };
}

/**
 * A whole page with its assets: scripts at the end of the body, styles at the end of the head.
 * Throws if the page has no place for them.
 */
export function insertAssets(page: string, assets: PageAssets, writer: AssetWriter): string {
  const { javascriptFiles, embeddedJavascript, cssFiles, embeddedCss } = assets;
  let html = page;
  const insert = (markup: string, tag: string, at: number): void => {
    if (at < 0) {
      throw new Error(`Cannot insert what UI modules need: the page has no ${tag}`);
    }
    html = `${html.slice(0, at)}${markup}\n${html.slice(at)}`;
  };
  const afterBody = (markup: string): void =>
    insert(markup, "</body>", html.lastIndexOf("</body>"));
  const inHead = (markup: string): void => insert(markup, "</head>", html.indexOf("</head>"));
  if (javascriptFiles.length > 0) afterBody(writer.renderLinkedJs(javascriptFiles));
  if (embeddedJavascript.length > 0) afterBody(writer.renderEmbedJs(embeddedJavascript));
  if (cssFiles.length > 0) inHead(writer.renderLinkedCss(cssFiles));
  if (embeddedCss.length > 0) inHead(writer.renderEmbedCss(embeddedCss));
  if (assets.htmlHeads.length > 0) inHead(assets.htmlHeads.join(""));
  if (assets.htmlBodies.length > 0) {
    insert(assets.htmlBodies.join(""), "</body>", html.indexOf("</body>"));
  }
  return html;
}

/** All assets in one run, for the end of a page whose head has been sent. */
export function trailingAssets(assets: PageAssets, writer: AssetWriter): string {
  const { javascriptFiles, embeddedJavascript, cssFiles, embeddedCss } = assets;
  const parts = [
    cssFiles.length > 0 ? writer.renderLinkedCss(cssFiles) : "",
    embeddedCss.length > 0 ? writer.renderEmbedCss(embeddedCss) : "",
    assets.htmlHeads.join(""),
    assets.htmlBodies.join(""),
    javascriptFiles.length > 0 ? writer.renderLinkedJs(javascriptFiles) : "",
    embeddedJavascript.length > 0 ? writer.renderEmbedJs(embeddedJavascript) : "",
  ];
  return parts.map((part) => (part === "" ? "" : `${part}\n`)).join("");
}

/** `<script>` elements of URLs, each once. */
export function linkedJs(urls: Iterable<string>): string {
  return Array.from(
    new Set(urls),
    (url) => `<script src="${xhtmlEscape(url)}" type="text/javascript"></script>`,
  ).join("");
}

/** One `<script>` element of all parts. */
export function embeddedJs(parts: readonly string[]): string {
  return `<script type="text/javascript">\n//<![CDATA[\n${parts.join("\n")}\n//]]>\n</script>`;
}

/** `<link>` elements of URLs, each once. */
export function linkedCss(urls: Iterable<string>): string {
  return Array.from(
    new Set(urls),
    (url) => `<link href="${xhtmlEscape(url)}" type="text/css" rel="stylesheet"/>`,
  ).join("");
}

/** One `<style>` element of all parts. */
export function embeddedCss(parts: readonly string[]): string {
  return `<style type="text/css">\n${parts.join("\n")}\n</style>`;
}

/** Whether a file that a module names is a URL already, and no static file. */
export function isUrl(file: string): boolean {
  return file.startsWith("/") || /^https?:/i.test(file);
}
