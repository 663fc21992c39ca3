/**
 * The four forms of a request target (RFC 9112 section 3.2). Its bytes have been checked; here is
 * told which form it has, whether the form fits the method, and where host, path and query lie.
 */

import { IS_ALPHA, IS_SCHEME, METHOD_CONNECT, METHOD_OPTIONS } from "../../build/core-tables";
import { isClass, load32 } from "../bytes";
import {
  FORM_ABSOLUTE,
  FORM_ASTERISK,
  FORM_AUTHORITY,
  FORM_ORIGIN,
  HOST_LENGTH,
  HOST_START,
  PATH_LENGTH,
  PATH_START,
  QUERY_START,
  TARGET_FORM,
} from "../layout";
import { BAD_TARGET } from "../status";
import { failAt, setWord, word } from "../table";
import { isHost, isHostWithPort, userinfoEnd } from "./authority";

const ASTERISK: u8 = 0x2a;
const COLON: u8 = 0x3a;
const QUESTION: u8 = 0x3f;
const SLASH: u8 = 0x2f;
/** "://" in the low three bytes. */
const SCHEME_END: u32 = 0x2f2f3a;

/** Reads `target..end` into the table. Answers 0 or BAD_TARGET. */
export function parseTarget(base: usize, target: usize, end: usize, methodId: i32): i32 {
  if (methodId == METHOD_CONNECT) return parseAuthority(base, target, end);
  if (load<u8>(target) == SLASH) {
    setWord(TARGET_FORM, FORM_ORIGIN);
    setPath(base, target, end);
    return 0;
  }
  if (load<u8>(target) == ASTERISK && end == target + 1) {
    return parseAsterisk(base, target, methodId);
  }
  return parseAbsolute(base, target, end);
}

/** CONNECT names a host and a port, never without the port (RFC 9110 section 9.3.6). */
function parseAuthority(base: usize, target: usize, end: usize): i32 {
  if (!isHostWithPort(target, end)) return failAt(target, base, BAD_TARGET);
  setWord(TARGET_FORM, FORM_AUTHORITY);
  setWord(PATH_START, target - base);
  setWord(PATH_LENGTH, end - target);
  return 0;
}

/** For OPTIONS, and for methods of other protocols (M-SEARCH of SSDP); never for a known other. */
function parseAsterisk(base: usize, target: usize, methodId: i32): i32 {
  if (methodId != METHOD_OPTIONS && methodId != 0) return failAt(target, base, BAD_TARGET);
  setWord(TARGET_FORM, FORM_ASTERISK);
  setWord(PATH_START, target - base);
  setWord(PATH_LENGTH, 1);
  return 0;
}

/** `scheme "://" [userinfo "@"] host [":" port] path ["?" query]` (RFC 3986 section 4.3). */
function parseAbsolute(base: usize, target: usize, end: usize): i32 {
  const scheme = schemeEnd(target);
  if (scheme == target || (load32(scheme) & 0xffffff) != SCHEME_END) {
    return failAt(scheme, base, BAD_TARGET);
  }
  const authority = scheme + 3;
  let path = authority;
  while (path < end && load<u8>(path) != SLASH && load<u8>(path) != QUESTION) path++;
  const host = userinfoEnd(authority, path);
  if (host == path || !isHost(host, path)) return failAt(host, base, BAD_TARGET);
  setWord(TARGET_FORM, FORM_ABSOLUTE);
  setWord(HOST_START, host - base);
  setWord(HOST_LENGTH, path - host);
  setPath(base, path, end);
  return 0;
}

function schemeEnd(p: usize): usize {
  if (!isClass(load<u8>(p), IS_ALPHA)) return p;
  while (isClass(load<u8>(p), IS_SCHEME)) p++;
  return p;
}

/** Notes the path, which goes from `path` to the query or the end. */
function setPath(base: usize, path: usize, end: usize): void {
  const query = word(QUERY_START);
  setWord(PATH_START, path - base);
  setWord(PATH_LENGTH, query != 0 ? base + query - 1 - path : end - path);
}
