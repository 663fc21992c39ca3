/**
 * The page that all engines render: that of Tornado's own template benchmark, a table of 1,000 rows
 * and 10 columns, every cell escaped. What the cells hold decides what is measured.
 */

const ROWS = 1000;
const COLUMNS = 10;

const NAVIGATION = [
  ["index.html", "Index"],
  ["downloads.html", "Downloads"],
  ["products.html", "Products"],
];

/** `row` and `column` count from 0. The strings are flat, as from a database. */
const cells = {
  /** Tornado's own table: the keys of `dict(a=1, b=2, ...)`. */
  letters: (_, column) => "abcdefghij".charAt(column),
  numbers: (row, column) => row * COLUMNS + column,
  words: (row, column) => flat(`cell ${row} of column ${column}`),
  /** Five characters to escape in each. */
  markup: (row, column) => flat(`<b>${row} & ${column}</b>`),
};

/** Without parts that are still to be put together. */
function flat(text) {
  return Buffer.from(text).toString();
}

export const kinds = Object.keys(cells);

/** The names that the page is given. */
export function names(kind) {
  const table = Array.from({ length: ROWS }, (_, row) =>
    Array.from({ length: COLUMNS }, (_, column) => cells[kind](row, column)),
  );
  return { page_title: "mitsuhiko's benchmark", navigation: NAVIGATION, table };
}
