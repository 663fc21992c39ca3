/*
 * Readiness batches. Node's own loop polls our epoll descriptor and calls loop_run; a batch reads
 * every ready socket into the core's memory, goes through JavaScript once, and sends what came out
 * of it with one send for each socket.
 *
 * Watching is level-triggered. Edge-triggered watching would save the kernel a look at each socket
 * that has just been read, but every read that fills its room, every pause and every batch that
 * ends early would need a list of sockets to come back to. Here the kernel keeps that list: one
 * recv for each event, never one more to see EAGAIN.
 */
#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * What one recv may take: one busy sender must not use up the room of the others. More than 64 KiB,
 * a size that many messages have, so that one comes at once together with what stands around it.
 */
#define MAX_RECEIVE (64 * 1024 + 1024)
/* With less room than this, the batch goes to JavaScript before the next recv. */
#define MIN_RECEIVE (16 * 1024)
/* INPUT_SLACK of src/host.ts; also keeps what is received on cache lines of its own. */
#define SLACK 64
/* Batches in one call from Node's loop, and how long they may take before timers get their turn. */
#define MAX_BATCHES 16
#define MAX_NANOSECONDS 2000000
/* After a batch of fewer events there is rarely more: looking again would be for nothing. */
#define BUSY 4
/* What one sendfile may take: reading a file that is not in the page cache waits for the disk. */
#define MAX_FILE (1024 * 1024)
#define NO_SLOT UINT32_MAX

static int32_t *event_row(struct loop *loop, int row) {
  return loop->table + HEADER_WORDS + row * ROW_WORDS;
}

static int32_t *output_row(struct loop *loop, int row) { return event_row(loop, MAX_EVENTS + row); }

int loop_id(struct loop *loop, const struct slot *slot) {
  return (int)((slot->generation << SLOT_BITS) | (uint32_t)(slot - loop->slots));
}

void loop_event(struct loop *loop, int id, enum event_kind kind, int first, int second) {
  int32_t *row = event_row(loop, loop->table[HEADER_EVENTS]++);
  row[0] = id;
  row[1] = kind;
  row[2] = first;
  row[3] = second;
}

int loop_open(struct loop *loop, uint32_t events_length) {
  loop->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (loop->epoll < 0) return -errno;
  loop->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
  loop->max_outputs = (events_length / 4 - HEADER_WORDS) / ROW_WORDS - MAX_EVENTS;
  loop->received = loop->input_start;
  loop->first_free = NO_SLOT;
  memset(loop->table, 0, HEADER_WORDS * 4);
  loop->table[HEADER_FREE] = (int32_t)loop->output_start;
  return loop->epoll;
}

void loop_destroy(struct loop *loop) {
  for (uint32_t index = 0; index < loop->slot_count; index++) {
    if (loop->slots[index].kind != SLOT_FREE) close(loop->slots[index].fd);
  }
  free(loop->slots);
  if (loop->spare >= 0) close(loop->spare);
  close(loop->epoll);
}

struct slot *loop_find(struct loop *loop, int id) {
  uint32_t index = (uint32_t)id & SLOT_MASK;
  if (id < 0 || index >= loop->slot_count) return NULL;
  struct slot *slot = &loop->slots[index];
  return slot->kind != SLOT_FREE && loop_id(loop, slot) == id ? slot : NULL;
}

static bool grow(struct loop *loop) {
  uint32_t count = loop->slot_count == 0 ? 64 : loop->slot_count * 2;
  if (count > SLOT_MASK + 1) return false;
  struct slot *slots = realloc(loop->slots, count * sizeof *slots);
  if (slots == NULL) return false;
  for (uint32_t index = count; index-- > loop->slot_count;) {
    slots[index] = (struct slot){.fd = -1, .interest = loop->first_free};
    loop->first_free = index;
  }
  loop->slots = slots;
  loop->slot_count = count;
  return true;
}

int loop_interest(struct loop *loop, struct slot *slot, uint32_t interest) {
  if (slot->watched && slot->interest == interest) return 0;
  struct epoll_event event = {.events = interest, .data.u32 = (uint32_t)loop_id(loop, slot)};
  int operation = slot->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(loop->epoll, operation, slot->fd, &event) != 0) return -errno;
  slot->watched = true;
  slot->interest = interest;
  return 0;
}

static void unwatch(struct loop *loop, struct slot *slot) {
  if (slot->watched) epoll_ctl(loop->epoll, EPOLL_CTL_DEL, slot->fd, NULL);
  slot->watched = false;
  slot->interest = 0;
}

static void set_counted(struct loop *loop, struct slot *slot, bool counted) {
  if (slot->counted == counted) return;
  slot->counted = counted;
  if (counted && loop->open++ == 0) loop->in_use(loop, true);
  if (!counted && --loop->open == 0) loop->in_use(loop, false);
}

static void release(struct loop *loop, struct slot *slot) {
  /* A descriptor that is not the only one stays in epoll when it is closed, and wakes for ever: the
   * copy of somebody's, or a listener that other processes have too. */
  if (slot->kind == SLOT_WATCHED || slot->kind == SLOT_LISTENER) unwatch(loop, slot);
  close(slot->fd);
  slot->fd = -1;
  slot->kind = SLOT_FREE;
  slot->watched = false;
  slot->generation = (slot->generation + 1) & GENERATION_MASK;
  slot->interest = loop->first_free;
  loop->first_free = (uint32_t)(slot - loop->slots);
  set_counted(loop, slot, false);
}

int loop_add(struct loop *loop, int fd, enum slot_kind kind, const void *peer) {
  if (loop->first_free == NO_SLOT && !grow(loop)) {
    close(fd);
    return -ENOMEM;
  }
  struct slot *slot = &loop->slots[loop->first_free];
  loop->first_free = slot->interest;
  slot->fd = fd;
  slot->kind = (uint8_t)kind;
  if (peer != NULL) memcpy(&slot->peer, peer, sizeof slot->peer);
  set_counted(loop, slot, true);
  int status = loop_interest(loop, slot, kind == SLOT_CONNECTING ? EPOLLOUT : EPOLLIN);
  if (status == 0) return loop_id(loop, slot);
  release(loop, slot);
  return status;
}

int loop_add_copy(struct loop *loop, int fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? -errno : loop_add(loop, copy, SLOT_WATCHED, NULL);
}

void loop_watch(struct loop *loop, int id, uint32_t event, bool on) {
  struct slot *slot = loop_find(loop, id);
  if (slot == NULL) return;
  loop_interest(loop, slot, on ? slot->interest | event : slot->interest & ~event);
}

void loop_count(struct loop *loop, int id, bool counted) {
  struct slot *slot = loop_find(loop, id);
  if (slot != NULL) set_counted(loop, slot, counted);
}

void loop_shutdown(struct loop *loop, int id) {
  struct slot *slot = loop_find(loop, id);
  if (slot != NULL) shutdown(slot->fd, SHUT_WR);
}

void loop_close(struct loop *loop, int id, bool reset) {
  struct slot *slot = loop_find(loop, id);
  if (slot == NULL) return;
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  if (reset) setsockopt(slot->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  release(loop, slot);
}

/* Bytes the kernel took, or -errno. A short send is watched until there is room again. */
static int sent_some(struct loop *loop, struct slot *slot, ssize_t sent, size_t length) {
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return -errno;
  if (sent < 0) sent = 0;
  if ((size_t)sent < length) loop_interest(loop, slot, slot->interest | EPOLLOUT);
  return (int)sent;
}

static int send_some(struct loop *loop, struct slot *slot, const uint8_t *bytes, size_t length) {
  /* Not by libc's function: it would make ready for the thread to be cancelled, every time. */
  long sent = syscall(SYS_sendto, slot->fd, bytes, length, MSG_NOSIGNAL, NULL, 0);
  return sent_some(loop, slot, sent, length);
}

int loop_write(struct loop *loop, int id, struct iovec parts[2]) {
  struct slot *slot = loop_find(loop, id);
  if (slot == NULL) return -EBADF;
  size_t most = INT32_MAX - parts[0].iov_len;
  /* The result is an int: what is over comes with the next call. */
  if (parts[1].iov_len > most) parts[1].iov_len = most;
  if (parts[0].iov_len == 0) return send_some(loop, slot, parts[1].iov_base, parts[1].iov_len);
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  ssize_t sent = sendmsg(slot->fd, &message, MSG_NOSIGNAL);
  return sent_some(loop, slot, sent, parts[0].iov_len + parts[1].iov_len);
}

int loop_send_file(struct loop *loop, int id, int file, int64_t start, int64_t length) {
  struct slot *slot = loop_find(loop, id);
  if (slot == NULL) return -EBADF;
  off_t offset = start;
  /* No MSG_NOSIGNAL here, but Node ignores SIGPIPE. */
  ssize_t sent = sendfile(slot->fd, file, &offset, length > MAX_FILE ? MAX_FILE : (size_t)length);
  if (sent == 0) return -ENODATA;
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return -errno;
  if (sent < 0) sent = 0;
  if (sent < length) loop_interest(loop, slot, slot->interest | EPOLLOUT);
  return (int)sent;
}

int loop_flush(struct loop *loop) {
  int rows = loop->table[HEADER_OUTPUTS];
  int results = 0;
  for (int at = 0; at < rows; at++) {
    const int32_t *row = output_row(loop, at);
    int id = row[0], flags = row[1], start = row[2], length = row[3];
    struct slot *slot = loop_find(loop, id);
    if (slot == NULL) continue;
    /* A send drives all else out of the nearest cache: what comes next is fetched meanwhile. */
    if (at + 1 < rows) {
      const int32_t *next = output_row(loop, at + 1);
      __builtin_prefetch(&loop->slots[(uint32_t)next[0] & SLOT_MASK]);
      __builtin_prefetch(next + 4 * ROW_WORDS);
    }

    /* Once a send has fallen short, what follows for the same socket waits behind it. */
    bool blocked = (slot->interest & EPOLLOUT) != 0;
    int sent =
        length > 0 && !blocked ? send_some(loop, slot, loop->memory + start, (size_t)length) : 0;
    int32_t *result = output_row(loop, results);
    if (sent < 0) {
      results++;
      memcpy(result, (int32_t[]){id, RESULT_ERROR, -sent, 0}, ROW_WORDS * 4);
    } else if (sent < length) {
      results++;
      memcpy(result, (int32_t[]){id, RESULT_SHORT, start + sent, length - sent}, ROW_WORDS * 4);
    } else if (!blocked && (flags & OUTPUT_CLOSE)) {
      release(loop, slot);
      results++;
      memcpy(result, (int32_t[]){id, RESULT_CLOSED, 0, 0}, ROW_WORDS * 4);
    } else if (!blocked && (flags & OUTPUT_SHUTDOWN)) {
      shutdown(slot->fd, SHUT_WR);
    }
  }
  loop->table[HEADER_OUTPUTS] = 0;
  loop->table[HEADER_SHARED] = 0;
  loop->table[HEADER_FREE] = (int32_t)loop->output_start;
  return results;
}

/* Takes the batch through JavaScript and sends what comes of it. */
static void hand_over(struct loop *loop) {
  int32_t *table = loop->table;
  table[HEADER_BATCH] = 1;
  table[HEADER_NEXT] = 0;
  /* Once, and again after the row whose handler has thrown. Stuck means: JavaScript is ending. */
  for (int next = -1; table[HEADER_NEXT] < table[HEADER_EVENTS] && next < table[HEADER_NEXT];) {
    next = table[HEADER_NEXT];
    loop->deliver(loop, 0);
  }
  table[HEADER_EVENTS] = 0;
  loop->received = loop->input_start;
  while (table[HEADER_OUTPUTS] > 0) {
    int results = loop_flush(loop);
    if (results > 0) loop->deliver(loop, results);
  }
  table[HEADER_BATCH] = 0;
}

static void receive(struct loop *loop, struct slot *slot) {
  uint32_t room = loop->input_end - SLACK - loop->received;
  if (room > MAX_RECEIVE) room = MAX_RECEIVE;
  int id = loop_id(loop, slot);
  /* As in send_some, not by libc's function. */
  uint8_t *start = loop->memory + loop->received;
  long received = syscall(SYS_recvfrom, slot->fd, start, (size_t)room, 0, NULL, NULL);
  if (received > 0) {
    loop_event(loop, id, EVENT_DATA, (int)loop->received, (int)received);
    loop->received += ((uint32_t)received + SLACK + SLACK - 1) & ~(uint32_t)(SLACK - 1);
    /* Rounded up, a receive that has filled the room ends behind it: none is left then. */
    uint32_t last = loop->input_end - SLACK;
    if (loop->received > last) loop->received = last;
  } else if (received == 0) {
    loop_interest(loop, slot, slot->interest & ~(uint32_t)EPOLLIN);
    loop_event(loop, id, EVENT_END, 0, 0);
  } else if (errno != EAGAIN && errno != EINTR) {
    int error = errno;
    unwatch(loop, slot);
    loop_event(loop, id, EVENT_ERROR, error, 0);
  }
}

static void connected(struct loop *loop, struct slot *slot) {
  int error = socket_error(slot->fd);
  if (error != 0) {
    unwatch(loop, slot);
  } else {
    slot->kind = SLOT_CONNECTION;
    loop_interest(loop, slot, EPOLLIN);
  }
  loop_event(loop, loop_id(loop, slot), EVENT_CONNECTED, error, 0);
}

/* A socket that is not read has an error, or is done in both directions with bytes still unread. */
static void hung_up(struct loop *loop, struct slot *slot) {
  int error = socket_error(slot->fd);
  unwatch(loop, slot);
  if (error != 0) loop_event(loop, loop_id(loop, slot), EVENT_ERROR, error, 0);
}

static void handle(struct loop *loop, int id, uint32_t ready) {
  struct slot *slot = loop_find(loop, id);
  if (slot == NULL) return;
  if (slot->kind == SLOT_LISTENER) {
    if (slot->interest & EPOLLIN) loop_accept_some(loop, id);
    return;
  }
  if (slot->kind == SLOT_CONNECTING) {
    connected(loop, slot);
    return;
  }
  if (slot->kind == SLOT_WATCHED) {
    /* JavaScript may have changed its mind since epoll was asked. */
    ready &= slot->interest | EPOLLERR | EPOLLHUP;
    if (ready != 0) loop_event(loop, id, EVENT_READY, (int)ready, 0);
    return;
  }
  /* What a connection has brought before it broke is heard first: to write would end it. */
  bool broken = (ready & (EPOLLERR | EPOLLHUP)) != 0;
  if (!broken && (ready & slot->interest & EPOLLOUT)) loop_event(loop, id, EVENT_WRITABLE, 0, 0);
  if (slot->interest & EPOLLIN) {
    if (ready & ~(uint32_t)EPOLLOUT) receive(loop, slot);
  } else if (broken) {
    hung_up(loop, slot);
  }
}

/* No room for another event, which may become two rows. */
static bool is_full(const struct loop *loop) {
  return loop->table[HEADER_EVENTS] > MAX_EVENTS - 2 ||
         loop->input_end - SLACK - loop->received < MIN_RECEIVE;
}

int loop_poll(struct loop *loop, int milliseconds) {
  loop->table[HEADER_EVENTS] = 0;
  loop->table[HEADER_NEXT] = 0;
  loop->received = loop->input_start;
  /* What has not fitted comes first. Asked again, epoll would begin with the same sockets as last
   * time, and a few that never cease to send would be the only ones ever heard. */
  if (loop->ready_next == loop->ready_count) {
    int count = epoll_wait(loop->epoll, loop->ready, MAX_EVENTS, milliseconds);
    loop->ready_count = count < 0 ? 0 : count;
    loop->ready_next = 0;
  }
  while (loop->ready_next < loop->ready_count && !is_full(loop)) {
    /* Of a slot that has a new socket meanwhile, the id differs. */
    const struct epoll_event *event = &loop->ready[loop->ready_next++];
    handle(loop, (int)event->data.u32, event->events);
  }
  return loop->table[HEADER_EVENTS];
}

/* Handles one epoll_wait's worth of events and returns how many there were. */
static int run_batch(struct loop *loop) {
  struct epoll_event events[MAX_EVENTS];
  int count = epoll_wait(loop->epoll, events, MAX_EVENTS, 0);
  for (int at = 0; at < count; at++) {
    if (is_full(loop)) hand_over(loop);
    handle(loop, (int)events[at].data.u32, events[at].events);
  }
  if (loop->table[HEADER_EVENTS] > 0) hand_over(loop);
  return count;
}

void loop_run(struct loop *loop, uint64_t (*now)(void)) {
  uint64_t end = now() + MAX_NANOSECONDS;
  for (int batch = 0; batch < MAX_BATCHES; batch++) {
    if (run_batch(loop) < BUSY || now() > end) return;
  }
}
