/**
 * What is wrong with the settings of an application, said when it is made. A setting that nobody
 * reads would otherwise go unnoticed, and with it what it was to protect.
 */

import { genLog } from "../log.ts";
import { inCamelCase } from "./hook-names.ts";
import type { Settings } from "./settings.ts";

/** The settings of `Settings`, by their names. */
export const SETTING_NAMES: ReadonlySet<string> = new Set([
  "etag",
  "compressResponse",
  "gzip",
  "transforms",
  "multipart",
  "maxArguments",
  "debug",
  "autoreload",
  "serveTraceback",
  "defaultHandlerClass",
  "defaultHandlerOptions",
  "defaultHost",
  "logFunction",
  "templatePath",
  "templateLoader",
  "autoescape",
  "templateWhitespace",
  "compiledTemplateCache",
  "uiModules",
  "uiMethods",
  "staticPath",
  "staticUrlPrefix",
  "staticHandlerClass",
  "staticHandlerOptions",
  "staticHashCache",
  "staticHash",
  "staticHashLength",
  "cookieSecret",
  "keyVersion",
  "loginUrl",
  "xsrfCookies",
  "xsrfPolicy",
  "xsrfCookieVersion",
  "xsrfCookieName",
  "xsrfCookieOptions",
  "websocketPingInterval",
  "websocketPingTimeout",
  "websocketMaxMessageSize",
  "websocketMaxBufferedAmount",
  "websocketSendTimeout",
  "websocketCloseTimeout",
]);

/** Names of Tornado that are not only spelled in another way. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ["default_handler_args", "defaultHandlerOptions"],
  ["static_handler_args", "staticHandlerOptions"],
  ["xsrf_cookie_kwargs", "xsrfCookieOptions"],
]);

/**
 * Throws a TypeError for a setting under Tornado's name, such as `xsrf_cookies`, and a RangeError for a
 * policy or version that is none. Warns of a name that is nearly one of ours: it may be the
 * application's own.
 */
export function checkSettings(settings: Settings): void {
  for (const name of Object.keys(settings)) {
    if (SETTING_NAMES.has(name)) continue;
    const ours = RENAMED.get(name) ?? inCamelCase(name);
    if (SETTING_NAMES.has(ours)) {
      throw new TypeError(`Cannot use the setting "${name}": here it is called "${ours}"`);
    }
    const meant = [...SETTING_NAMES].find((known) => isNearly(known, name));
    if (meant !== undefined) genLog.warning(`Setting "${name}" is unknown: is "${meant}" meant?`);
  }
  const secret: unknown = settings.cookieSecret;
  if (!["undefined", "string", "object"].includes(typeof secret)) {
    throw new TypeError(`Cannot use the setting cookieSecret: it is ${typeof secret}, not text`);
  }
  checkOneOf(settings, "xsrfPolicy", ["token", "fetch-metadata"]);
  checkOneOf(settings, "xsrfCookieVersion", [1, 2]);
}

/** Whether no more than one letter is missing, too many or another one, and letters' case. */
function isNearly(known: string, name: string): boolean {
  const difference = known.length - name.length;
  if (Math.abs(difference) > 1) return false;
  const [one, other] = [known.toLowerCase(), name.toLowerCase()];
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return one.slice(at + (difference >= 0 ? 1 : 0)) === other.slice(at + (difference <= 0 ? 1 : 0));
}

function checkOneOf(settings: Settings, name: string, allowed: readonly unknown[]): void {
  const value = settings[name];
  if (value === undefined || allowed.includes(value)) return;
  throw new RangeError(
    `Cannot use the setting ${name}: expected one of ${allowed.join(", ")}, got ${String(value)}`,
  );
}
