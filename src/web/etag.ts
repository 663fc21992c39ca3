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

/**
 * The tag of If-None-Match that names the same content as this one, or undefined. The comparison
 * is weak, as RFC 9110 asks. A content that `codedEtag` has marked as compressed is the same one.
 */
export function matchingEtag(ifNoneMatch: string, etag: string): string | undefined {
  const wanted = withoutWeakness(etag);
  for (const [tag] of ifNoneMatch.matchAll(entityTag)) {
    if (tag === "*" || withoutWeakness(tag) === wanted) return etag;
    if (withoutWeakness(withoutCoding(tag)) === wanted) return tag;
  }
  return undefined;
}

/** The tag of a content in a coding: other bytes, so another tag (RFC 9110 section 8.8.3.3). */
export function codedEtag(etag: string, coding: string): string {
  return `${etag.slice(0, -1)}-${coding}"`;
}

function withoutCoding(tag: string): string {
  return tag.replace(/-(?:br|gzip|zstd)"$/, '"');
}

function withoutWeakness(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
