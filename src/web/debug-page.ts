/**
 * The answer to a request that an exception has ended, in debug mode: a page, JSON for clients that
 * ask for JSON, else text. Called by `request-handler.ts`; `error-report.ts` says what is in it.
 */

import { SafeString, xhtmlEscape } from "../escape.ts";
import { VERSION } from "../util.ts";
import { DEBUG_STYLE } from "./debug-style.ts";
import { type ErrorReport, type Report, reportOf } from "./error-report.ts";
import type { Frame, SourceLine } from "./error-stack.ts";
import { highlighted } from "./highlight.ts";
import { preferencesOf } from "./negotiation.ts";
import type { Field } from "./redaction.ts";
import type { RequestHandler } from "./request-handler.ts";

/** Finishes a response with what a developer wants to know of an exception. */
export function finishWithReport(handler: RequestHandler, status: number, error: unknown): void {
  const report = reportOf(handler, status, error);
  handler.setHeader("Cache-Control", "no-store");
  const form = formFor(handler.request.headers.get("Accept"));
  if (form === "json") {
    handler.finish(jsonOf(report));
    return;
  }
  if (form === "text") {
    handler.setHeader("Content-Type", "text/plain; charset=UTF-8");
    handler.finish(textOf(report));
    return;
  }
  // Nothing of a page that shows what a client has sent may run, or be loaded.
  handler.setHeader("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  handler.finish(pageOf(report).toString());
}

/** What the client would rather have. */
function formFor(accept: string | undefined): "page" | "json" | "text" {
  for (const [type, weight] of preferencesOf(accept)) {
    if (weight === 0) continue;
    if (type === "text/html" || type === "application/xhtml+xml") return "page";
    if (type === "application/json" || type.endsWith("+json")) return "json";
  }
  return "text";
}

function jsonOf({ status, reason, errors, method, uri, handler }: Report): object {
  const [error, ...causes] = errors.map(({ name, message, frames }) => ({
    name,
    message,
    frames: frames.map(({ name: of, file, line, owner, via }) => ({
      ...(of === "" ? {} : { function: of }),
      file,
      line,
      owner,
      ...(via.length === 0 ? {} : { via }),
    })),
  }));
  return { status, reason, error, causes, request: { method, uri, handler } };
}

function textOf({ status, reason, errors, method, uri }: Report): string {
  const stacks = errors.map(({ name, message, stack }) => stack || `${name}: ${message}`);
  return `${status} ${reason}: ${method} ${uri}\n\n${stacks.join("\n\nCaused by ")}\n`;
}

/** Markup; what is put into it is escaped unless it is markup itself. */
function html(texts: TemplateStringsArray, ...values: readonly unknown[]): SafeString {
  const markup = (value: unknown): string => {
    if (Array.isArray(value)) return value.map(markup).join("");
    return value instanceof SafeString ? value.toString() : xhtmlEscape(String(value));
  };
  return new SafeString(
    texts.map((text, index) => (index === 0 ? "" : markup(values[index - 1])) + text).join(""),
  );
}

function pageOf(report: Report): SafeString {
  const { status, reason, errors, method, uri, remoteIp, handler, tables } = report;
  const [error, ...causes] = errors;
  const title = `${status}: ${error?.name ?? reason}`;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new SafeString(DEBUG_STYLE)}</style>
</head>
<body>
<header>
<p class="request"><b>${status}</b> ${reason} <code>${method} ${uri}</code></p>
${error === undefined ? "" : heading(error)}
<p class="where">${handler}, for ${remoteIp}</p>
</header>
<main>
${error === undefined ? "" : trace(error)}
${causes.map(
  (cause) =>
    html`<section class="cause"><p>Caused by</p>${heading(cause)}</section>${trace(cause)}`,
)}
<h2>Request</h2>
${Object.entries(tables).map(([name, fields]) => (fields.length === 0 ? "" : table(name, fields)))}
</main>
<footer>Squall ${VERSION}. Shown because the setting <code>debug</code> is on: never in production.</footer>
</body>
</html>
`;
}

function heading({ name, message }: ErrorReport): SafeString {
  return html`<h1><span>${name}</span>${message}</h1>`;
}

/** The frames: the innermost of the application's own open, those of others folded away. */
function trace({ frames, stack }: ErrorReport): SafeString {
  const shownFirst = (["application", "template"] as const).map((owner) =>
    frames.find((frame) => frame.owner === owner && frame.source.length > 0),
  );
  const items = runsOf(frames).map((run) => {
    const markup = run.map((frame) => frameItem(frame, shownFirst.includes(frame)));
    return run.every(isOwn) || run.length === 1 ? markup : folded(run.length, markup);
  });
  const text = html`<details class="stack"><summary>As text</summary><pre>${stack}</pre></details>`;
  return html`<ol class="frames">${items}</ol>
${stack === "" ? "" : text}`;
}

function isOwn({ owner }: Frame): boolean {
  return owner === "application" || owner === "template";
}

/** Frames next to each other that are all the application's own, or all not. */
function runsOf(frames: readonly Frame[]): Frame[][] {
  const runs: Frame[][] = [];
  for (const frame of frames) {
    const last = runs.at(-1);
    if (last?.[0] !== undefined && isOwn(last[0]) === isOwn(frame)) last.push(frame);
    else runs.push([frame]);
  }
  return runs;
}

function folded(count: number, items: readonly SafeString[]): SafeString {
  return html`<li class="others"><details><summary>${count} frames of Squall and others</summary><ol>${items}</ol></details></li>`;
}

function frameItem(frame: Frame, isOpen: boolean): SafeString {
  const { name, file, line, source, owner, via } = frame;
  const cut = Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1;
  const place = html`<span class="place"><span>${file.slice(0, cut)}</span>${file.slice(cut)}:${line}</span>`;
  const through = via.length === 0 ? "" : html` <span class="via">via ${via.join(", ")}</span>`;
  const label = html`<span class="name">${name}</span>${place}${through}`;
  if (source.length === 0) return html`<li class="${owner}"><p>${label}</p></li>`;
  const open = isOpen ? new SafeString(" open") : "";
  return html`<li class="${owner}"><details${open}><summary>${label}</summary>${excerpt(source, line, owner)}</details></li>`;
}

function excerpt(source: readonly SourceLine[], line: number, owner: Frame["owner"]): SafeString {
  const lines = source.map(({ number, text }) => {
    const mark = number === line ? new SafeString(' class="culprit"') : "";
    const code = new SafeString(highlighted(text, owner === "template"));
    return html`<span${mark}><i>${number}</i>${code}\n</span>`;
  });
  return html`<pre><code>${lines}</code></pre>`;
}

function table(name: string, fields: readonly Field[]): SafeString {
  const rows = fields.map(
    (field) => html`<tr><th scope="row">${field.name}</th><td>${field.value}</td></tr>`,
  );
  return html`<table><caption>${name}</caption><tbody>${rows}</tbody></table>`;
}
