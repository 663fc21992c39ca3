/*
 * The epoll loop of host-node: sockets in numbered slots, readiness batches in, output rows out.
 *
 * loop.c drives, accept.c takes connections, socket.c makes sockets and names addresses, waiter.c
 * waits where the runtime's own loop cannot; addon.c joins them to Node-API. Batches cross to
 * JavaScript as tables of 32-bit words inside the core's memory; tcp.ts has the same constants.
 */
#ifndef SQUALL_LOOP_H
#define SQUALL_LOOP_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* A slot's id is its index and, above that, the generation: an id never comes back for long. */
#define SLOT_BITS 20
#define SLOT_MASK ((1 << SLOT_BITS) - 1)
#define GENERATION_MASK 0x7ff

/* Words at the start of the table. */
enum header {
  HEADER_EVENTS,  /* event rows in this batch */
  HEADER_NEXT,    /* the next event row that JavaScript will handle */
  HEADER_OUTPUTS, /* output rows */
  HEADER_FREE,    /* first free byte of the output region */
  HEADER_BATCH,   /* 1 during a batch: what is written is sent when the batch ends */
  HEADER_SHARED,  /* 1 while the output region holds bytes that further sockets may be sent */
  HEADER_WORDS = 8,
};

/* Every row: id, kind or flags, and two words more. */
#define ROW_WORDS 4
#define MAX_EVENTS 256

enum event_kind {
  EVENT_DATA,      /* start, length */
  EVENT_END,       /* the peer sends no more */
  EVENT_ERROR,     /* errno; the socket has left the loop and waits to be closed */
  EVENT_WRITABLE,  /* after a short send */
  EVENT_ACCEPT,    /* the listener's id */
  EVENT_CONNECTED, /* errno, or 0 */
  EVENT_EXHAUSTED, /* errno of accept; the listener is paused */
  EVENT_READY,     /* epoll's events of a descriptor that is only watched */
};

enum output_flags { OUTPUT_SHUTDOWN = 1, OUTPUT_CLOSE = 2 };

/* What a flush leaves in the place of output rows that did not simply succeed. */
enum result_kind {
  RESULT_SHORT,  /* start, length of what the kernel did not take */
  RESULT_ERROR,  /* errno */
  RESULT_CLOSED, /* the socket is closed, its slot free */
};

enum slot_kind { SLOT_FREE, SLOT_LISTENER, SLOT_CONNECTING, SLOT_CONNECTION, SLOT_WATCHED };

/* What an idle connection costs here. */
struct slot {
  int fd;
  uint32_t generation;
  uint32_t interest; /* what epoll watches for; in a free slot, the next free one */
  uint8_t kind;
  bool watched;             /* epoll knows it */
  bool counted;             /* it keeps the process running */
  struct sockaddr_in6 peer; /* holds an IPv4 address too; a Unix socket's is asked for */
};

struct loop {
  int epoll;
  int spare; /* given up to accept one connection when there are no descriptors left */
  uint8_t *memory;
  int32_t *table;
  uint32_t input_start, input_end;
  uint32_t output_start;
  uint32_t max_outputs;
  uint32_t received; /* first free byte of the input region */
  struct slot *slots;
  uint32_t slot_count;
  uint32_t first_free;
  uint32_t open; /* slots in use that keep the process running */
  /* Calls JavaScript for a batch's events, or (results > 0) for what a flush left. */
  void (*deliver)(struct loop *, int results);
  /* The first of those slots is in use, or the last one free again. */
  void (*in_use)(struct loop *, bool);
  /* What loop_poll has heard from epoll, and from where on it has had no room in a batch yet. */
  int ready_count, ready_next;
  struct epoll_event ready[MAX_EVENTS];
};

/* The epoll descriptor, or -errno. */
int loop_open(struct loop *loop, uint32_t events_length);
void loop_destroy(struct loop *loop);
/* Handles what is ready, in batches, for a few milliseconds at most. */
void loop_run(struct loop *loop, uint64_t (*now)(void));
/*
 * Waits up to `milliseconds` and fills the table with the events of one batch, for a caller that
 * takes them from there itself; what has had no room in one batch comes first in the next. Returns
 * how many rows there are.
 */
int loop_poll(struct loop *loop, int milliseconds);
/* Sends the output rows. Returns how many result rows have taken their place. */
int loop_flush(struct loop *loop);
/* Gives a descriptor a slot and watches it. Returns the id, or -errno and closes it. */
int loop_add(struct loop *loop, int fd, enum slot_kind kind, const void *peer);
/* Watches a descriptor of somebody else's, by a copy: theirs may be closed at any time. */
int loop_add_copy(struct loop *loop, int fd);
struct slot *loop_find(struct loop *loop, int id);
void loop_watch(struct loop *loop, int id, uint32_t event, bool on);
/* Sends two parts, of which the first may be empty, as one. Returns the bytes sent, or -errno. */
int loop_write(struct loop *loop, int id, struct iovec parts[2]);
/* Sends a part of a file. Returns the bytes sent, or -errno: -ENODATA where the file has ended. */
int loop_send_file(struct loop *loop, int id, int file, int64_t start, int64_t length);
/* Whether a socket keeps the process running, as every new one does. */
void loop_count(struct loop *loop, int id, bool counted);
void loop_shutdown(struct loop *loop, int id);
void loop_close(struct loop *loop, int id, bool reset);

/* What loop.c and accept.c share: a slot's id, a row of the batch, the events that epoll is asked
 * for. */
int loop_id(struct loop *loop, const struct slot *slot);
void loop_event(struct loop *loop, int id, enum event_kind kind, int first, int second);
/* A socket nobody reads is left out, or its hang-up repeats. Returns 0 or -errno. */
int loop_interest(struct loop *loop, struct slot *slot, uint32_t interest);

/* accept.c: takes a connection. Returns its id, or -errno: -EAGAIN if none waits. */
int loop_accept(struct loop *loop, int id);
/* Takes some, as events of the batch. */
void loop_accept_some(struct loop *loop, int id);

/* waiter.c: a thread that waits for epoll whenever it is asked to, and calls back once from there.
 */
struct waiter {
  pthread_t thread;
  int epoll;
  int alarm; /* an eventfd: the thread is to wait, or to end */
  volatile bool ending;
  void (*wake)(struct waiter *);
};
void waiter_start(struct waiter *waiter, int epoll, void (*wake)(struct waiter *));
void waiter_rest(struct waiter *waiter);
void waiter_stop(struct waiter *waiter);

/*
 * socket.c: results below zero are -errno. The option of socket_listen is a Unix socket's mode, or
 * for TCP whether to share the port.
 */
int socket_listen(const void *address, socklen_t length, int backlog, int option);
/* Readies a socket that listens already for a loop. Returns it, or -errno. */
int socket_adopt(int fd);
/* Has the kernel drop what asks for a new connection: it asks again, and finds nobody by then. */
void socket_refuse(int fd);
/* Begins to connect, from a source address if its length is above 0. */
int socket_connect(const void *address, socklen_t length, const struct sockaddr_storage *source,
                   socklen_t source_length);
/* Fills in an IP address and port, or a path if the port is below zero. Returns the length. */
int socket_address(const char *host, int port, struct sockaddr_storage *address);
/* Writes one end's address as text and returns its port, or -1 for a Unix socket's path. */
int socket_name(const struct slot *slot, bool remote, char *text, size_t size);
void socket_no_delay(int fd, bool no_delay);
int socket_error(int fd);

#endif
