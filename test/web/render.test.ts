/** What templates see of a handler, where they come from, and how they become a response. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { BaseLoader, DictLoader, type TemplateLoader } from "../../src/template.ts";
import { Application, RequestHandler, type Settings } from "../../src/web.ts";

/** Renders one template in a handler. */
async function rendered(
  source: string,
  settings: Settings = {},
  request: RequestInit = {},
): Promise<string> {
  class Page extends RequestHandler {
    get(): void {
      this.render("page.html", { given: "given" });
    }
    override getCurrentUser(): string {
      return "Ben <b>";
    }
  }
  const templateLoader = new DictLoader({ "page.html": source });
  const application = new Application([["/p/:id", Page, {}, "page"]], {
    templateLoader,
    staticPath: import.meta.dirname,
    ...settings,
  });
  const answer = await application.request("/p/1?a=b", request);
  return answer.text();
}

describe("names", () => {
  const cases = [
    { source: "{{ handler.request.path }} {{ request.uri }}", text: "/p/1 /p/1?a=b" },
    { source: "{{ current_user }} {{ currentUser }}", text: "Ben &lt;b&gt; Ben &lt;b&gt;" },
    { source: "{{ locale.code }} {{ _('Hi') }} {{ translate('a', 'b', 2) }}", text: "en_US Hi b" },
    { source: "{{ _('%(name)s: %(num)d', name='x', num=3) }}", text: "x: 3" },
    { source: "{{ _('one', '%(n)d', 2, n=2) }} {{ pgettext('c', 'm') }}", text: "2 m" },
    { source: "{{ pgettext('c', '%(a)s', a='x') }}", text: "x" },
    { source: "{{ pgettext('c', '1', '%(n)d', 2, n=2) }}", text: "2" },
    { source: "{{ _('1', '%(n)d people', 3) % {'n': 3} }}", text: "3 people" },
    {
      source: "{{ locale.format_date(0, full_format=True, shorter=True, gmt_offset=60) }}",
      text: "December 31, 1969",
    },
    { source: "{{ locale.format_day(0, gmt_offset=60, dow=False) }}", text: "December 31" },
    { source: "{{ locale.friendly_number(1234) }}", text: "1,234" },
    { source: "{{ static_url('x.css') }} {{ staticUrl('y') }}", text: "/static/x.css /static/y" },
    { source: "{{ static_url('x', include_host=True) }}", text: "http://localhost/static/x" },
    {
      source: "{{ reverse_url('page', 7) }} {{ reverseUrl('page', 'ä/') }}",
      text: "/p/7 /p/%C3%A4%2F",
    },
    { source: "{{ given }} {{ typeof missing }}", text: "given undefined" },
    { source: "{{ escape('<') }}{{ url_escape('a b') }}{{ squeeze('a  b') }}", text: "&lt;a+ba b" },
  ];
  test.each(cases)("C27: $source", async ({ source, text }) => {
    expect(await rendered(source)).toBe(text);
  });

  test("xsrf_form_html is markup, and sets the cookie", async () => {
    const text = await rendered("{{ xsrf_form_html() }}{{ xsrfFormHtml() }}");
    expect(text).toMatch(/^(<input type="hidden" name="_xsrf" value="2\|[0-9a-f|]+"\/>){2}$/);
  });

  test("a user that no template asks for is not looked for", async () => {
    class Page extends RequestHandler {
      get(): void {
        this.render("page.html");
      }
      override getCurrentUser(): never {
        throw new Error("asked");
      }
    }
    const templateLoader = new DictLoader({ "page.html": "{{ request.path }}" });
    const application = new Application([["/", Page]], { templateLoader });
    expect((await application.request("/")).status).toBe(200);
  });

  test("what is given comes first, then the hook's, the handler's, the loader's", async () => {
    class Page extends RequestHandler {
      get(): void {
        this.render("page.html", { a: "given" });
      }
      override getTemplateNamespace(): object {
        return { ...super.getTemplateNamespace(), a: "hook", b: "hook", locale: "hook" };
      }
    }
    const templateLoader = new DictLoader(
      { "page.html": "{{ a }} {{ b }} {{ c }} {{ locale }} {{ request.path }}" },
      { namespace: { a: "loader", b: "loader", c: "loader", request: "loader" } },
    );
    const application = new Application([["/", Page]], { templateLoader });
    const answer = await application.request("/");
    expect(await answer.text()).toBe("given hook loader hook /");
  });

  test("a misspelt one is an error that says which was meant", async () => {
    let message = "";
    class Page extends RequestHandler {
      get(): void {
        this.render("page.html");
      }
      override logException(error: unknown): void {
        message = String(error);
      }
    }
    const templateLoader = new DictLoader({ "page.html": "\n{{ static_ulr('x') }}" });
    await new Application([["/", Page]], { templateLoader }).request("/");
    expect(message).toContain('"static_ulr" is not defined at page.html:2');
    expect(message).toContain('did you mean "static_url"?');
  });
});

describe("templates", () => {
  const folder = mkdtempSync(join(tmpdir(), "squall-render-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("come from the setting templatePath, a path or a file: URL", async () => {
    writeFileSync(join(folder, "page.html"), "<p>{{ given }}</p>");
    for (const templatePath of [folder, pathToFileURL(folder)]) {
      expect(await rendered("", { templateLoader: undefined as never, templatePath })).toBe(
        "<p>given</p>",
      );
    }
  });

  test("are compiled once, and with debug once for each request", async () => {
    const file = join(folder, "changing.html");
    class Page extends RequestHandler {
      get(): void {
        this.render("changing.html");
      }
    }
    const texts: string[] = [];
    for (const settings of [{}, { debug: true }, { compiledTemplateCache: false }]) {
      const application = new Application([["/", Page]], { ...settings, templatePath: folder });
      for (const text of ["one", "two"]) {
        writeFileSync(file, text);
        texts.push(await (await application.request("/")).text());
      }
    }
    expect(texts).toEqual(["one", "one", "one", "two", "one", "two"]);
  });

  test("escape and shorten as the settings say", async () => {
    writeFileSync(join(folder, "page.html"), "<p>  {{ '<' }}</p>");
    const settings = { templateLoader: undefined as never, templatePath: folder };
    expect(await rendered("", settings)).toBe("<p> &lt;</p>");
    const own = { ...settings, autoescape: false, templateWhitespace: "all" } as const;
    expect(await rendered("", own)).toBe("<p>  <</p>");
  });

  test("of a handler may come from elsewhere", async () => {
    class Page extends RequestHandler {
      get(): void {
        this.render("page.html");
      }
      override getTemplatePath(): string {
        return "/nowhere";
      }
      override createTemplateLoader(path: string): TemplateLoader {
        return new DictLoader({ "page.html": path });
      }
    }
    const answer = await new Application([["/", Page]]).request("/");
    expect(await answer.text()).toBe("/nowhere");
  });

  test("that are not there are 500, and the log says where they were looked for", async () => {
    let message = "";
    class Page extends RequestHandler {
      get(): void {
        this.render("missing.html");
      }
      override logException(error: unknown): void {
        message = String(error);
      }
    }
    await new Application([["/", Page]]).request("/");
    expect(message).toContain(`there is no such file in ${import.meta.dirname}`);
  });
});

describe("rendering", () => {
  class Handler extends RequestHandler {
    value(): Promise<string> {
      return Promise.resolve("waited");
    }
  }
  const loader = new DictLoader({
    "waits.html": "<body>{{ await handler.value() }}</body>",
    "fails.html": "{{ await handler.fail() }}",
    "plain.html": "plain {{ '<' }}",
  });
  const settings = { templateLoader: loader };

  test("a template that waits keeps the response open, awaited or not", async () => {
    class Returned extends Handler {
      get(): Promise<void> {
        return this.render("waits.html");
      }
    }
    class Dropped extends Handler {
      get(): void {
        this.render("waits.html");
      }
    }
    class Awaited extends Handler {
      async get(): Promise<void> {
        await this.render("waits.html");
      }
    }
    const rules = [
      ["/returned", Returned],
      ["/dropped", Dropped],
      ["/awaited", Awaited],
    ] as const;
    const application = new Application(rules, settings);
    for (const [path] of rules) {
      expect(await (await application.request(path)).text()).toBe("<body>waited</body>");
    }
  });

  test("an error while it waits is 500, and an error's page may wait as well", async () => {
    class Page extends Handler {
      get(): void {
        this.render("fails.html");
      }
      fail(): Promise<never> {
        return Promise.reject(new Error("no value"));
      }
      override logException(): void {}
      override writeError(status: number): void {
        this.render("waits.html", { status });
      }
    }
    const answer = await new Application([["/", Page]], settings).request("/");
    expect([answer.status, await answer.text()]).toEqual([500, "<body>waited</body>"]);
  });

  test("an error's page that fails while it waits is an empty one", async () => {
    class Page extends Handler {
      get(): void {
        throw new Error("first");
      }
      fail(): Promise<never> {
        return Promise.reject(new Error("second"));
      }
      override logException(): void {}
      override writeError(): void {
        this.render("fails.html");
      }
    }
    const answer = await new Application([["/", Page]], settings).request("/");
    expect([answer.status, await answer.text()]).toEqual([500, ""]);
  });

  test("renderString gives text, renderStringAsync a promise of it", async () => {
    class Page extends Handler {
      async get(): Promise<void> {
        this.write(this.renderString("plain.html"));
        this.write(await this.renderStringAsync("waits.html"));
        this.renderString("waits.html");
      }
      override logException(error: unknown): void {
        expect(String(error)).toContain("use generateAsync");
      }
      override writeError(): void {
        this.finish(this.renderString("plain.html"));
      }
    }
    const answer = await new Application([["/", Page]], settings).request("/");
    expect([answer.status, await answer.text()]).toEqual([500, "plain &lt;"]);
  });

  test("after the response is finished is an error", async () => {
    const thrown: string[] = [];
    class Page extends Handler {
      async get(): Promise<void> {
        this.finish("done");
        for (const render of [this.render, this.renderStream]) {
          try {
            await render.call(this, "plain.html");
          } catch (error) {
            thrown.push(String(error));
          }
        }
      }
    }
    const answer = await new Application([["/", Page]], settings).request("/");
    expect(await answer.text()).toBe("done");
    expect(thrown).toEqual(
      Array(2).fill("HTTPOutputError: Cannot render: the response is finished"),
    );
  });

  test("a page has an entity tag and is answered 304", async () => {
    class Page extends Handler {
      get(): void {
        this.render("plain.html");
      }
    }
    const application = new Application([["/", Page]], settings);
    const first = await application.request("/");
    const headers = { "If-None-Match": first.headers.get("Etag") ?? "" };
    expect((await application.request("/", { headers })).status).toBe(304);
  });
});

describe("renderStream", () => {
  const templateLoader = new DictLoader({
    "page.html":
      "<head></head><body>{{ first }}{{ await second() }}{% module Template('part.html') %}" +
      "</body></html>",
    "part.html": "{{ set_resources(css_files='/a.css', embedded_javascript='go()') }}part",
    "broken.html": "start{{ await second() }}{{ fail() }}",
  });

  test("sends what is there before it waits, and assets at the end of the body", async () => {
    let resolve = (_text: string): void => undefined;
    const second = new Promise<string>((settle) => {
      resolve = settle;
    });
    class Page extends RequestHandler {
      get(): Promise<void> {
        return this.renderStream("page.html", { first: 1, second: () => second });
      }
    }
    const answer = await new Application([["/", Page]], { templateLoader }).request("/");
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const text = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
    expect(await text()).toBe("<head></head><body>1");
    resolve("2");
    let rest = "";
    for (let part = await text(); part !== ""; part = await text()) rest += part;
    expect(rest).toBe(
      '2part<link href="/a.css" type="text/css" rel="stylesheet"/>\n' +
        '<script type="text/javascript">\n//<![CDATA[\ngo()\n//]]>\n</script>\n</body></html>',
    );
  });

  test("an error after the first piece breaks the connection off", async () => {
    class Page extends RequestHandler {
      get(): void {
        this.renderStream("broken.html", {
          second: async () => "",
          fail: () => {
            throw new Error("late");
          },
        });
      }
      override logException(): void {}
    }
    const application = new Application([["/", Page]], { templateLoader });
    await expect(application.request("/").then((answer) => answer.text())).rejects.toThrow();
  });
});

test("a loader of its own needs no file system", async () => {
  class Own extends DictLoader {}
  expect(new Own({})).toBeInstanceOf(BaseLoader);
  expect(await rendered("", { templateLoader: new Own({ "page.html": "{{ given }}" }) })).toBe(
    "given",
  );
});
