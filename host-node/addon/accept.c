/*
 * Takes the connections that wait at a listener: called by loop.c where JavaScript is handed
 * batches, by addon.c where it asks for one at a time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "loop.h"

/* Connections taken from one listener in one batch, so that open ones get their turn. */
#define MAX_ACCEPTS 64

/*
 * No descriptor is left. One connection is taken and dropped, so that its peer hears of it; the
 * others wait in the kernel's queue while the listener is paused. Without the pause the loop would
 * spin, as the queue stays readable.
 */
static void exhausted(struct loop *loop, struct slot *listener, int error) {
  if (loop->spare >= 0) {
    close(loop->spare);
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) close(fd);
    loop->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  loop_interest(loop, listener, 0);
  loop_event(loop, loop_id(loop, listener), EVENT_EXHAUSTED, error, 0);
}

static bool is_exhausted(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

int loop_accept(struct loop *loop, int id) {
  for (int tries = 0; tries < MAX_ACCEPTS; tries++) {
    /* Adding a connection may move the slots. */
    struct slot *listener = loop_find(loop, id);
    if (listener == NULL) return -EBADF;
    struct sockaddr_storage peer = {.ss_family = AF_UNIX};
    socklen_t length = sizeof peer;
    /* TCP_NODELAY and SO_KEEPALIVE come with the connection from its listener. */
    int fd = accept4(listener->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EAGAIN || is_exhausted(errno))) return -errno;
    /* Anything else concerns the one connection that is gone already (accept(2), "Errors"). */
    if (fd < 0) continue;
    int added = loop_add(loop, fd, SLOT_CONNECTION, &peer);
    if (added >= 0) return added;
  }
  return -EAGAIN;
}

void loop_accept_some(struct loop *loop, int id) {
  for (int taken = 0; taken < MAX_ACCEPTS; taken++) {
    if (loop->table[HEADER_EVENTS] == MAX_EVENTS) return;
    int added = loop_accept(loop, id);
    if (added < 0) {
      if (is_exhausted(-added)) exhausted(loop, loop_find(loop, id), -added);
      return;
    }
    loop_event(loop, added, EVENT_ACCEPT, id, 0);
  }
}
