/**
 * Entity tags of whole responses, and the conditional requests that use them (RFC 9110
 * sections 8.8.3 and 13.1.2).
 */

import { entityTagOf } from "../core.ts";

/**
 * A strong entity tag from a response's body: the core's content hash, 128 bits of BLAKE3, where
 * Tornado takes SHA-1. It costs a third, and names static files the same way.
 */
export function etagFor(body: string | Uint8Array | undefined): string {
  return entityTagOf(body ?? "");
}

const entityTag = /\*|(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

/** Whether If-None-Match names this tag. The comparison is weak, as RFC 9110 asks. */
export function matchesEtag(ifNoneMatch: string, etag: string): boolean {
  const wanted = withoutWeakness(etag);
  for (const [tag] of ifNoneMatch.matchAll(entityTag)) {
    if (tag === "*" || withoutWeakness(tag) === wanted) return true;
  }
  return false;
}

function withoutWeakness(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
