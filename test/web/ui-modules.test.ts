/**
 * UI modules: what they render, and where a page has their scripts and styles. Pages are compared
 * with those of Python's Tornado where that is installed (Debian: python3-tornado).
 */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { DictLoader } from "../../src/template.ts";
import { Application, RequestHandler, type Settings, UIModule } from "../../src/web.ts";

class Entry extends UIModule {
  override render(entry: { title: string }, { show_comments = false } = {}): string {
    return this.renderString("entry.html", { entry, show_comments });
  }
  override embeddedJavascript(): string {
    return "entry();";
  }
  override javascriptFiles(): string[] {
    return ["/entry.js", "http://example.com/both.js"];
  }
  override embeddedCss(): string {
    return ".entry { margin-bottom: 1em; }";
  }
  override cssFiles(): string {
    return "/entry.css";
  }
  override htmlHead(): string {
    return '<meta name="entry">';
  }
  override htmlBody(): string {
    return "<footer>entry</footer>";
  }
}

class Other extends UIModule {
  override render(): string {
    return "<hr>";
  }
  override embeddedJavascript(): string {
    return "other();";
  }
  override javascriptFiles(): string[] {
    return ["http://example.com/both.js", "/other.js"];
  }
  override cssFiles(): string[] {
    return ["/other.css", "/entry.css"];
  }
  override embeddedCss(): string {
    return "hr { color: red; }";
  }
}

const files: Record<string, string> = {
  "page.html":
    "<html><head><title>{{ title }}</title></head><body>\n" +
    "{% for entry in entries %}{% module Entry(entry) %}{% end %}{% module Other() %}" +
    "{% module Entry(entries[0], show_comments=True) %}\n</body></html>",
  "entry.html":
    '<div class="entry">{{ entry["title"] }}{% if show_comments %} comments{% end %}</div>',
  "part.html":
    '{{ set_resources(embedded_css=".part { }", javascript_files="/part.js", html_body="<i>") }}' +
    "<p>{{ text }}</p>",
  "with-part.html":
    '<head></head><body>{% module Template("part.html", text="one & two") %}' +
    '{% module Template("part.html", text="three") %}</body>',
  "no-body.html": "{% module Entry(entry) %}",
  "modules.html":
    "{% autoescape None %}<head></head><body>{{ modules.Other() }}" +
    "{{ modules.Entry(entries[0], show_comments=True) }}</body>",
  "bare.html": "<head></head><body>{{ title }}</body>",
};

const names = { title: "Fish & Chips", entries: [{ title: "a<b" }, { title: "c" }] };

function page(template: string, given: object, settings: Settings = {}): Promise<Response> {
  class Page extends RequestHandler {
    get(): void {
      this.render(template, given);
    }
  }
  const own = { uiModules: { Entry, Other }, templateLoader: new DictLoader(files) };
  return new Application([["/", Page]], { ...own, ...settings }).request("/");
}

async function textOf(answer: Promise<Response>): Promise<string> {
  return (await answer).text();
}

const golden = `<html><head><title>Fish &amp; Chips</title>\
<link href="/entry.css" type="text/css" rel="stylesheet"/>\
<link href="/other.css" type="text/css" rel="stylesheet"/>
<style type="text/css">
.entry { margin-bottom: 1em; }
hr { color: red; }
</style>
<meta name="entry">
</head><body>
<div class="entry">a&lt;b</div><div class="entry">c</div><hr><div class="entry">a&lt;b comments</div>
<script src="/entry.js" type="text/javascript"></script>\
<script src="http://example.com/both.js" type="text/javascript"></script>\
<script src="/other.js" type="text/javascript"></script>
<script type="text/javascript">
//<![CDATA[
entry();
other();
//]]>
</script>
<footer>entry</footer>
</body></html>`;

const PYTHON = "/usr/bin/python3";
const hasTornado = spawnSync(PYTHON, ["-c", "import tornado.web"]).status === 0;

const inPython = `
import json, sys
from tornado import web, httputil, template
input = json.load(sys.stdin)
class Entry(web.UIModule):
    def render(self, entry, show_comments=False):
        return self.render_string("entry.html", entry=entry, show_comments=show_comments)
    def embedded_javascript(self): return "entry();"
    def javascript_files(self): return ["/entry.js", "http://example.com/both.js"]
    def embedded_css(self): return ".entry { margin-bottom: 1em; }"
    def css_files(self): return "/entry.css"
    def html_head(self): return '<meta name="entry">'
    def html_body(self): return "<footer>entry</footer>"
class Other(web.UIModule):
    def render(self): return "<hr>"
    def embedded_javascript(self): return "other();"
    def javascript_files(self): return ["http://example.com/both.js", "/other.js"]
    def css_files(self): return ["/other.css", "/entry.css"]
    def embedded_css(self): return "hr { color: red; }"
class Connection:
    context = None
    no_keep_alive = False
    def set_close_callback(self, callback): pass
class Handler(web.RequestHandler):
    def finish(self, chunk): self.page = chunk
loader = template.DictLoader(input["files"])
application = web.Application([], template_loader=loader, ui_modules={"Entry": Entry, "Other": Other})
pages = []
for name, names in input["pages"]:
    headers = httputil.HTTPHeaders({"Host": "a"})
    request = httputil.HTTPServerRequest("GET", "/", headers=headers, connection=Connection())
    handler = Handler(application, request)
    handler.render(name, **names)
    pages.append(handler.page.decode())
json.dump(pages, sys.stdout)
`;

describe("a page with UI modules", () => {
  test("C30, C31: has their markup, and once what they need, where Tornado puts it", async () => {
    expect(await textOf(page("page.html", names))).toBe(golden);
  });

  const pages = [
    ["page.html", names],
    ["with-part.html", {}],
    ["modules.html", names],
    ["bare.html", { title: "x" }],
  ] as const;

  test.skipIf(!hasTornado)(
    "is Tornado's, byte for byte (skipped without python3-tornado)",
    async () => {
      const input = JSON.stringify({ files, pages });
      const run = spawnSync(PYTHON, ["-c", inPython], { input, encoding: "utf8" });
      expect(run.stderr).toBe("");
      const ours = await Promise.all(pages.map(([name, given]) => textOf(page(name, given))));
      expect(ours).toEqual(JSON.parse(run.stdout));
    },
  );

  test("a template as a module asks for its own resources, once", async () => {
    const text = await textOf(page("with-part.html", {}));
    expect(text).toContain("<p>one &amp; two</p><p>three</p>");
    expect(text.match(/part\.js/g)).toHaveLength(1);
    expect(text).toContain('<style type="text/css">\n.part { }\n</style>\n</head>');
    expect(text).toContain("<i>\n</body>");
  });

  test("C30: modules.Name() is the same, and markup without escaping switched off", async () => {
    const source = files["modules.html"]?.replace("{% autoescape None %}", "") ?? "";
    const templateLoader = new DictLoader({ ...files, "on.html": source });
    expect(await textOf(page("on.html", names, { templateLoader }))).toBe(
      await textOf(page("modules.html", names)),
    );
  });

  test("without a place for what it needs is an error", async () => {
    expect((await page("no-body.html", { entry: { title: "" } })).status).toBe(500);
  });

  test("an unknown module is an error that names those there are", async () => {
    let thrown: unknown;
    class Page extends RequestHandler {
      get(): void {
        this.render("x.html");
      }
      override logException(error: unknown): void {
        thrown = error;
      }
    }
    const templateLoader = new DictLoader({ "x.html": "{% module Entri() %}" });
    const application = new Application([["/", Page]], { templateLoader, uiModules: [{ Entry }] });
    expect((await application.request("/")).status).toBe(500);
    expect(String(thrown)).toContain('Cannot render UI module "Entri": uiModules has');
    expect(String(thrown)).toContain('"Entry"');
  });

  test("relative files are static files", async () => {
    class Styled extends UIModule {
      override render(): string {
        return "";
      }
      override cssFiles(): string {
        return "a b.css";
      }
    }
    const templateLoader = new DictLoader({ "x.html": "<head></head>{% module Styled() %}" });
    const settings = { templateLoader, uiModules: { Styled }, staticPath: import.meta.dirname };
    expect(await textOf(page("x.html", {}, settings))).toContain('href="/static/a%20b.css"');
  });

  test("a module may be awaited", async () => {
    class Slow extends UIModule {
      override async render(): Promise<string> {
        return "<b>slow</b>";
      }
    }
    const templateLoader = new DictLoader({ "x.html": "{{ await modules.Slow() }}" });
    expect(await textOf(page("x.html", {}, { templateLoader, uiModules: { Slow } }))).toBe(
      "<b>slow</b>",
    );
  });

  test("linkify and xsrf_form_html are there without settings", async () => {
    const source = '{% module linkify("http://a.b/?c&d") %}{% module xsrf_form_html() %}';
    const templateLoader = new DictLoader({ "x.html": source });
    const text = await textOf(page("x.html", {}, { templateLoader }));
    expect(text).toContain('<a href="http://a.b/?c&amp;d">http://a.b/?c&amp;d</a>');
    expect(text).toMatch(/<input type="hidden" name="_xsrf" value="2\|/);
  });
});

test("functions of templates take keyword arguments in either spelling", async () => {
  const templateLoader = new DictLoader({
    "x.html":
      "{{ url_escape('a b/', plus=False) }} {{ urlEscape('a b', false) }} {{ url_escape('a b') }} " +
      "{{ linkify('www.a.org', require_protocol=True) }} " +
      "{{ linkify('www.a.org', extra_params='rel=x') }} " +
      "{% module linkify('www.a.org', extraParams='rel=x') %}",
  });
  const link = '<a href="http://www.a.org" rel=x>www.a.org</a>';
  expect(await textOf(page("x.html", {}, { templateLoader }))).toBe(
    `a%20b/ a%20b a+b www.a.org ${link} ${link}`,
  );
});

describe("UI methods", () => {
  test("get the handler first; a setting may be an imported module, a table, or a list", async () => {
    const methods = {
      shout: (handler: RequestHandler, text: string) => `${text}! ${handler.request.path}`,
      NotOne: () => "",
    };
    const templateLoader = new DictLoader({
      "x.html": "{{ shout('<hey>') }} {{ typeof NotOne }} {{ handler.ui.shout('x') }}",
    });
    const settings = { templateLoader, uiMethods: [methods, { other: () => 1 }] };
    expect(await textOf(page("x.html", {}, settings))).toBe("&lt;hey&gt;! / undefined x! /");
  });
});
