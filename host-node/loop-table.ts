/** The words of the table that epoll batches cross in: see addon/loop.h, which has the same. */

/** What of a socket's id is its slot; above it is how often the slot has been used. */
export const SLOT_MASK = 0xfffff;

// Words at the start.
export const EVENTS = 0;
export const NEXT = 1;
export const OUTPUTS = 2;
export const FREE = 3;
export const BATCH = 4;
export const SHARED = 5;
export const FIRST_EVENT = 8;
export const ROW_WORDS = 4;
const MAX_EVENTS = 256;
export const FIRST_OUTPUT: number = FIRST_EVENT + MAX_EVENTS * ROW_WORDS;

// Kinds of event rows. Those before ACCEPT concern a connection that is known.
export const EVENT_DATA = 0;
export const EVENT_END = 1;
export const EVENT_ERROR = 2;
export const EVENT_WRITABLE = 3;
export const EVENT_ACCEPT = 4;
export const EVENT_CONNECTED = 5;
export const EVENT_READY = 7;

// Steps that follow a socket's output.
export const OUTPUT_SHUTDOWN = 1;
export const OUTPUT_CLOSE = 2;

// What a flush leaves of output rows that did not simply succeed.
export const RESULT_SHORT = 0;
export const RESULT_ERROR = 1;
