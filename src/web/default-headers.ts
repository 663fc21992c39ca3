/**
 * The headers that responses start from, as blocks whose wire text is made once a second. Handlers
 * take them; what they set themselves comes after.
 */

import { currentDate, HeaderBlock, type HTTPHeaders } from "../httputil.ts";
import { VERSION } from "../util.ts";

const JSON_TYPE = "application/json; charset=UTF-8";

/** Some kind of JSON, such as `application/problem+json`. */
const anyJson = /^application\/([\w.+-]+\+)?json[ \t]*(;|$)/i;

let page: HeaderBlock | undefined;
let json: HeaderBlock | undefined;
let madeAt = "";

/** The headers that every response starts with; the same object until the date changes. */
export function defaultHeaders(now?: number): HeaderBlock {
  const date = currentDate(now);
  if (page === undefined || date !== madeAt) {
    madeAt = date;
    page = blockOf("text/html; charset=UTF-8");
    json = undefined;
  }
  return page;
}

/** Says that the response is JSON, unless that is said already. */
export function setJsonType(headers: HTTPHeaders): void {
  // The block that nearly all JSON responses start from, if nothing stands against it.
  if (headers.exchangeBlock(jsonInstead)) return;
  if (!anyJson.test(headers.get("Content-Type") ?? "")) headers.set("Content-Type", JSON_TYPE);
}

/** The same with JSON's type; undefined for a block that is not the current one. */
function jsonInstead(block: HeaderBlock): HeaderBlock | undefined {
  if (block === json) return json;
  if (block !== page) return undefined;
  json ??= blockOf(JSON_TYPE);
  return json;
}

function blockOf(type: string): HeaderBlock {
  return new HeaderBlock([
    ["Server", `Squall/${VERSION}`],
    ["Content-Type", type],
    ["Date", madeAt],
  ]);
}
