/**
 * One function for each engine, which compiles the page and returns what renders it. Each engine is
 * set as its documentation has it for speed: compiled once, no `with`, no debugging help, no lookups
 * that can be left out; escaping stays on.
 */

/** The page in the engine's own words, around its own loops. */
function page({ title, nav, link, endNav, row, cell, endCell, endRow }) {
  return `<!doctype html>
<html>
  <head>
    <title>${title}</title>
  </head>
  <body>
    <div class="header">
      <h1>${title}</h1>
    </div>
    <ul class="navigation">
    ${nav}<li>${link}</li>
    ${endNav}</ul>
    <div class="table">
      <table>
      ${row}<tr>
        ${cell}<td>${cell === "{{#each this}}" ? "{{this}}" : value(title)}</td>
        ${endCell}</tr>
      ${endRow}</table>
    </div>
  </body>
</html>
`;
}

/** A cell, in the marks that the title has. */
function value(title) {
  return title.replace(/(it\.)?page_title/, "cell");
}

export const pythonPage = page({
  title: "{{ page_title }}",
  nav: "{% for href, caption in navigation %}",
  link: '<a href="{{ href }}">{{ caption }}</a>',
  endNav: "{% end %}",
  row: "{% for row in table %}",
  cell: "{% for cell in row %}",
  endCell: "{% end %}",
  endRow: "{% end %}",
});

const embedded = page({
  title: "<%= it.page_title %>",
  nav: "<% for (const [href, caption] of it.navigation) { %>",
  link: '<a href="<%= href %>"><%= caption %></a>',
  endNav: "<% } %>",
  row: "<% for (const row of it.table) { %>",
  cell: "<% for (const cell of row) { %>",
  endCell: "<% } %>",
  endRow: "<% } %>",
});

const jinja = pythonPage.replaceAll("{% end %}", "{% endfor %}");

const mustache = page({
  title: "{{page_title}}",
  nav: "{{#each navigation}}",
  link: '<a href="{{this.[0]}}">{{this.[1]}}</a>',
  endNav: "{{/each}}",
  row: "{{#each table}}",
  cell: "{{#each this}}",
  endCell: "{{/each}}",
  endRow: "{{/each}}",
});

export const engines = {
  async squall() {
    const { Template } = await import("../../dist/src/template.js");
    const template = new Template(pythonPage, { whitespace: "all" });
    return (names) => template.generate(names);
  },

  async "squall, compiled ahead of time"() {
    const { PrecompiledTemplate, Template } = await import("../../dist/src/template.js");
    const { compileTemplate } = await import("../../dist/src/template.js");
    const { code } = compileTemplate(new Template(pythonPage, { whitespace: "all" }));
    const body = code.replace(/^import .*$/m, "").replaceAll("export ", "");
    const precompiled = (source) => new PrecompiledTemplate(source);
    return new Function("precompiled", `"use strict"; ${body}; return render;`)(precompiled);
  },

  /** `eta.compile` once: what `eta.render` does, without its cache. No trimming: the same bytes. */
  async eta() {
    const { Eta } = await import("eta");
    const eta = new Eta({ autoEscape: true, autoTrim: false });
    return eta.compile(embedded).bind(eta);
  },

  async ejs() {
    const { default: ejs } = await import("ejs");
    const options = { _with: false, localsName: "it", strict: true, compileDebug: false };
    return ejs.compile(embedded, options);
  },

  async nunjucks() {
    const { default: nunjucks } = await import("nunjucks");
    const environment = new nunjucks.Environment(null, { autoescape: true });
    const template = nunjucks.compile(jinja, environment);
    return (names) => template.render(names);
  },

  async handlebars() {
    const { default: Handlebars } = await import("handlebars");
    const options = { knownHelpersOnly: true, knownHelpers: { each: true }, noEscape: false };
    return Handlebars.compile(mustache, options);
  },
};
