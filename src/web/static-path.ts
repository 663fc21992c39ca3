/**
 * Which file a URL names below a static root: every way out of the root is refused here, before
 * the file system is asked anything.
 */

import { isAbsolute, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { HTTPError } from "./errors.ts";

/** What opens a device instead of a file on Windows, whatever its extension. */
const device = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:[. :]|$)/i;
const isWindows = sep === "\\";
/** Signs that end a file's name on Windows, or are dropped from its end. */
const windowsOnly = /:|[. ]$/;

/** The paths of roots that never lead elsewhere: what is relative goes by the current folder. */
const roots = new Map<string, string>();
const MOST_ROOTS = 100;

/** The absolute path of a root that is given as a path or as a `file:` URL. */
export function rootPath(root: string | URL): string {
  const given = typeof root === "string" ? root : root.href;
  const known = roots.get(given);
  if (known !== undefined) return known;
  const path = resolve(typeof root === "string" ? root : fileURLToPath(root));
  if (roots.size < MOST_ROOTS && (typeof root !== "string" || isAbsolute(root))) {
    roots.set(given, path);
  }
  return path;
}

/**
 * Throws HTTPError for a path, already decoded, that could lead out of a root: 403, or 400 for
 * one that no file can have.
 */
export function checkStaticPath(path: string): void {
  if (/\p{Cc}/u.test(path)) throw new HTTPError(400, "Cannot serve file: control byte in its path");
  if (path.startsWith("/") || path.includes("\\")) throw refused(path);
  for (const segment of path.split("/")) {
    if (segment === ".." || device.test(segment)) throw refused(path);
    if (isWindows && windowsOnly.test(segment)) throw refused(path);
  }
}

/**
 * Throws HTTPError 403 for a request's path, not decoded, that hides a separator: what stands
 * before it may have been checked by other rules as a part of a name.
 */
export function checkRawPath(path: string): void {
  if (/%(?:2f|5c)/i.test(path)) throw refused(path);
}

/** Whether a path has a part that begins with a dot, other than `.well-known` (RFC 8615). */
export function isHidden(path: string): boolean {
  return path.split("/").some((part) => /^\.(?!well-known$)[^/]/.test(part) && part !== "..");
}

/** Whether a path has a part that names nothing, which other rules may have read otherwise. */
export function hasEmptyPart(path: string): boolean {
  return /\/\/|(?:^|\/)\.(?:\/|$)/.test(path);
}

/** A file's absolute path. */
export function joinStaticPath(root: string, path: string): string {
  return join(root, path);
}

/** Whether one absolute path is another one or below it. The root `/` holds everything. */
export function isWithin(root: string, path: string): boolean {
  const folder = root.endsWith(sep) ? root : root + sep;
  return path === root || path.startsWith(folder);
}

function refused(path: string): HTTPError {
  return new HTTPError(403, `Cannot serve ${JSON.stringify(path)}: it is not within the root`);
}
