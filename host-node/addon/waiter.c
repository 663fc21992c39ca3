/*
 * Waits for epoll beside a runtime whose own loop cannot: a thread that addon.c starts, rests and
 * stops. Knows nothing of JavaScript, nor of what epoll watches.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop.h"

static void *wait_for_events(void *data) {
  struct waiter *waiter = data;
  eventfd_t count;
  sigset_t all;
  /* Signals are for threads that know what to do with them. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  while (eventfd_read(waiter->alarm, &count) == 0 && !waiter->ending) {
    struct pollfd ready[] = {{waiter->epoll, POLLIN, 0}, {waiter->alarm, POLLIN, 0}};
    poll(ready, 2, -1);
    if (!waiter->ending) waiter->wake(waiter);
  }
  return NULL;
}

void waiter_start(struct waiter *waiter, int epoll, void (*wake)(struct waiter *)) {
  waiter->epoll = epoll;
  waiter->alarm = eventfd(0, EFD_CLOEXEC);
  waiter->wake = wake;
  pthread_create(&waiter->thread, NULL, wait_for_events, waiter);
}

void waiter_rest(struct waiter *waiter) { eventfd_write(waiter->alarm, 1); }

void waiter_stop(struct waiter *waiter) {
  waiter->ending = true;
  eventfd_write(waiter->alarm, 1);
  pthread_join(waiter->thread, NULL);
  close(waiter->alarm);
}
