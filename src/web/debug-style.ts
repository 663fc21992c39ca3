/**
 * The style of `debug-page.ts`: light or dark as the reader's system is, readable on a telephone.
 */

export const DEBUG_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --line: #e2e5ea; --text: #1c2128; --dim: #6a7380;
  --red: #c22f3d; --mark: #fdecee; --comment: #7b8794; --string: #0b6e4f; --word: #8138c2; --number: #a25a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171c; --card: #1b1f26; --line: #2b313b; --text: #e3e7ed; --dim: #8b95a3;
    --red: #ff7b86; --mark: #3a2228; --comment: #7d8896; --string: #7fd1ae; --word: #c9a0f5; --number: #e6b36a;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2.5rem; }
p { margin: 0; }
code, pre, .place, .name, .via, td, th { font: 13px/1.6 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.request { color: var(--dim); overflow-wrap: anywhere; }
.request b { color: var(--card); background: var(--red); border-radius: 4px; padding: 1px 7px; margin-right: .35rem; }
.request code { margin-left: .6rem; color: var(--text); }
h1 { margin: .9rem 0 .5rem; font-size: 1.55rem; line-height: 1.35; font-weight: 500; white-space: pre-wrap; overflow-wrap: anywhere; }
h1 span { display: block; color: var(--red); font-size: 1rem; font-weight: 650; }
h2 { margin: 2.5rem 0 .6rem; font-size: 1.05rem; font-weight: 650; }
.where { color: var(--dim); }
.frames, table, .stack { background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.frames, .frames ol { list-style: none; margin: 0; padding: 0; overflow: hidden; }
.frames { margin-top: 1.5rem; }
.frames li + li { border-top: 1px solid var(--line); }
.frames p, summary { padding: .5rem 1rem; overflow-wrap: anywhere; }
.frames p { padding-left: 2.05rem; }
summary { cursor: pointer; }
summary:hover, summary:focus-visible { background: color-mix(in srgb, var(--line) 40%, transparent); }
.place { font-weight: 600; }
.place span { color: var(--dim); font-weight: 400; }
.name, .via { color: var(--dim); }
.name { float: right; padding-left: 1rem; }
.others, .framework, .package, .runtime { background: var(--page); }
.framework .place, .package .place, .runtime .place { font-weight: 400; color: var(--dim); }
.others summary { color: var(--dim); font-size: 13px; }
.others ol { border-top: 1px solid var(--line); padding-left: 1rem; }
pre { margin: 0; overflow-x: auto; }
.frames pre { padding: .4rem 0 .7rem; border-top: 1px solid var(--line); background: var(--card); }
.frames pre code { display: block; width: max-content; min-width: 100%; }
.frames code > span { display: block; padding-right: 1rem; }
.frames code > .culprit { background: var(--mark); box-shadow: inset 3px 0 var(--red); }
.frames i { display: inline-block; width: 4.2rem; padding-right: 1.2rem; text-align: right; color: var(--dim); font-style: normal; user-select: none; }
.culprit i { color: var(--red); font-weight: 700; }
.comment { color: var(--comment); font-style: italic; } .string { color: var(--string); }
.word { color: var(--word); } .number { color: var(--number); }
.stack { margin-top: .8rem; }
.stack summary { color: var(--dim); }
.stack pre { padding: .6rem 1rem 1rem; border-top: 1px solid var(--line); }
.cause { margin-top: 2.5rem; }
.cause p { color: var(--dim); }
table { width: 100%; border-collapse: separate; border-spacing: 0; margin: 0 0 1.2rem; }
caption { text-align: left; color: var(--dim); padding: .2rem 0; }
th { width: 14rem; font-weight: 600; text-align: left; vertical-align: top; }
th, td { padding: .3rem 1rem; overflow-wrap: anywhere; }
tr + tr > * { border-top: 1px solid var(--line); }
footer { color: var(--dim); padding-top: 1rem; padding-bottom: 3rem; }
@media (max-width: 40rem) { th { width: 40%; } .name { display: none; } .frames i { width: 2.8rem; padding-right: .8rem; } }
`;
