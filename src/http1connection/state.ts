/**
 * The states of a server's HTTP/1.x connection and every step between them. Only
 * `server-connection.ts` changes a state, and only through `nextState`.
 *
 * Numbers and a flat table rather than names and objects, because a request takes four steps.
 */

/** Between messages: nothing of the next request has arrived. */
export const IDLE = 0;
/** A part of a head has arrived. */
export const HEAD = 1;
/** The head is with the delegate; the body is arriving. */
export const BODY = 2;
/** The request is complete; its response is not. */
export const RESPOND = 3;
/** The last response is sent and half-closed; what still arrives is thrown away. */
export const LINGER = 4;
/** The socket belongs to somebody else. */
export const DETACHED = 5;
export const CLOSED = 6;

/** Bytes of a head, not all of it. */
export const PART_OF_HEAD = 0;
/** A whole head that a body follows. */
export const HEAD_DONE = 1;
/** A whole head of a request without a body. */
export const MESSAGE_DONE = 2;
export const BODY_DONE = 3;
/** The response is complete and the connection may serve another request. */
export const SENT = 4;
/** The response is complete and is the last one, or an error ended the conversation. */
export const SENT_LAST = 5;
export const DETACH = 6;
export const CLOSE = 7;

const STATES = ["idle", "head", "body", "respond", "linger", "detached", "closed"];
const STEPS = [
  "part of head",
  "head done",
  "message done",
  "body done",
  "sent",
  "sent last",
  "detach",
  "close",
];

const NONE = -1;
// biome-ignore format: a table
const transitions = Int8Array.of(
  //              part  head  message  body     sent  last    detach    close
  /* idle     */  HEAD, BODY, RESPOND, NONE,    NONE, LINGER, DETACHED, CLOSED,
  /* head     */  HEAD, BODY, RESPOND, NONE,    NONE, LINGER, NONE,     CLOSED,
  /* body     */  NONE, NONE, NONE,    RESPOND, NONE, LINGER, DETACHED, CLOSED,
  /* respond  */  NONE, NONE, NONE,    NONE,    IDLE, LINGER, DETACHED, CLOSED,
  /* linger   */  NONE, NONE, NONE,    NONE,    NONE, NONE,   NONE,     CLOSED,
  /* detached */  NONE, NONE, NONE,    NONE,    NONE, NONE,   NONE,     CLOSED,
  /* closed   */  NONE, NONE, NONE,    NONE,    NONE, NONE,   NONE,     NONE,
);

/** The state that a step leads to. A step that a state does not know is a bug, and throws. */
export function nextState(state: number, step: number): number {
  const next = transitions[state * STEPS.length + step] as number;
  if (next === NONE) {
    throw new Error(`Cannot take step "${STEPS[step]}": the connection is ${STATES[state]}`);
  }
  return next;
}
