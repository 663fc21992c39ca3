/*
 * Joins the loop to Node-API, and through libuv's poll to Node's own loop. No logic here: every
 * function takes its numbers out of JavaScript values and calls loop.c or socket.c.
 *
 * Node's headers are not needed. libuv's functions are part of the node binary; the few that are
 * used are declared below.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <fcntl.h>
#include <node_api.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "loop.h"

/* From uv.h; unchanged since libuv 1.19. */
enum { UV_POLL = 8, UV_READABLE = 1 };
typedef struct uv_poll_s uv_poll_t;
typedef struct uv_handle_s uv_handle_t;
size_t uv_handle_size(int type);
int uv_poll_init(struct uv_loop_s *, uv_poll_t *, int fd);
int uv_poll_start(uv_poll_t *, int events, void (*)(uv_poll_t *, int status, int events));
void *uv_handle_get_data(const uv_handle_t *);
void uv_handle_set_data(uv_handle_t *, void *);
void uv_ref(uv_handle_t *);
void uv_unref(uv_handle_t *);
void uv_close(uv_handle_t *, void (*)(uv_handle_t *));
uint64_t uv_hrtime(void);

enum { MAX_ARGUMENTS = 7 };

struct addon {
  struct loop loop; /* first, so that the loop's callbacks find the rest */
  napi_env env;
  napi_ref memory;
  napi_ref deliver;
  uv_handle_t *poll;
  napi_async_cleanup_hook_handle cleanup;
  /* Where JavaScript takes its turns itself: what waits for epoll in between. */
  napi_threadsafe_function wake;
  struct waiter waiter;
};

/* The function is called as Node calls its own: microtasks run before it returns here. */
static void deliver(struct loop *loop, int results) {
  struct addon *addon = (struct addon *)loop;
  napi_env env = addon->env;
  napi_handle_scope scope;
  napi_value function, argument, exception;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_get_reference_value(env, addon->deliver, &function);
  napi_create_int32(env, results, &argument);
  napi_status status = napi_make_callback(env, NULL, function, function, 1, &argument, NULL);
  if (status == napi_pending_exception) {
    napi_get_and_clear_last_exception(env, &exception);
    napi_fatal_exception(env, exception);
  }
  napi_close_handle_scope(env, scope);
}

static void in_use(struct loop *loop, bool used) {
  uv_handle_t *poll = ((struct addon *)loop)->poll;
  if (used) uv_ref(poll);
  else uv_unref(poll);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  (void)status, (void)events;
  loop_run(uv_handle_get_data((uv_handle_t *)poll), uv_hrtime);
}

static void on_closed(uv_handle_t *poll) {
  struct addon *addon = uv_handle_get_data(poll);
  loop_destroy(&addon->loop);
  napi_remove_async_cleanup_hook(addon->cleanup);
  free(poll);
  free(addon);
}

static void on_cleanup(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  uv_close(((struct addon *)data)->poll, on_closed);
}

/* A method's loop, and its arguments as they are and as numbers. */
struct call {
  struct loop *loop;
  napi_value values[MAX_ARGUMENTS];
  int32_t numbers[MAX_ARGUMENTS];
};

static struct call take(napi_env env, napi_callback_info info) {
  struct call call = {0};
  size_t count = MAX_ARGUMENTS;
  napi_get_cb_info(env, info, &count, call.values, NULL, (void **)&call.loop);
  for (size_t at = 0; at < count; at++) {
    /* Deno would turn an array into a number too, by way of its text. */
    napi_valuetype type;
    napi_typeof(env, call.values[at], &type);
    if (type == napi_number) napi_get_value_int32(env, call.values[at], &call.numbers[at]);
  }
  return call;
}

static napi_value integer(napi_env env, int32_t value) {
  napi_value result = NULL;
  napi_create_int32(env, value, &result);
  return result;
}

/* The address that two arguments give, from `at` on: a host and port, or a path and -1. */
static int address_at(napi_env env, const struct call *call, size_t at,
                      struct sockaddr_storage *address) {
  char text[256] = "";
  napi_get_value_string_utf8(env, call->values[at], text, sizeof text, NULL);
  return socket_address(text, call->numbers[at + 1], address);
}

static int address(napi_env env, const struct call *call, struct sockaddr_storage *address) {
  return address_at(env, call, 0, address);
}

/* open(host, port, backlog, reusePort), open(path, -1, backlog, mode): a listening descriptor */
static napi_value open_listener(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  struct sockaddr_storage local;
  int length = address(env, &call, &local);
  if (length < 0) return integer(env, length);
  return integer(env, socket_listen(&local, (socklen_t)length, call.numbers[2], call.numbers[3]));
}

/* accept(fd): accepts on a listening descriptor, which is the loop's from here on */
static napi_value accept_on(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  int fd = socket_adopt(call.numbers[0]);
  return integer(env, fd < 0 ? fd : loop_add(call.loop, fd, SLOT_LISTENER, NULL));
}

/* acceptNext(id) */
static napi_value accept_next(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  return integer(env, loop_accept(call.loop, call.numbers[0]));
}

/* refuse(fd) */
static napi_value refuse_clients(napi_env env, napi_callback_info info) {
  socket_refuse(take(env, info).numbers[0]);
  return NULL;
}

/* portOf(fd) */
static napi_value port_of(napi_env env, napi_callback_info info) {
  struct slot slot = {.fd = take(env, info).numbers[0]};
  char text[128];
  return integer(env, socket_name(&slot, false, text, sizeof text));
}

/* connect(host, port), connect(host, port, sourceHost, sourcePort), connect(path, -1) */
static napi_value connect_to(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  struct sockaddr_storage peer, source;
  int length = address(env, &call, &peer);
  if (length < 0) return integer(env, length);
  napi_valuetype given;
  napi_typeof(env, call.values[2], &given);
  int source_length = given == napi_string ? address_at(env, &call, 2, &source) : 0;
  if (source_length < 0) return integer(env, source_length);
  int fd = socket_connect(&peer, (socklen_t)length, &source, (socklen_t)source_length);
  return integer(env, fd < 0 ? fd : loop_add(call.loop, fd, SLOT_CONNECTING, &peer));
}

static napi_value flush(napi_env env, napi_callback_info info) {
  return integer(env, loop_flush(take(env, info).loop));
}

/* write(id, bytes, start, length): the last two name a part of the memory that goes before. */
static napi_value write_bytes(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  struct iovec parts[2] = {
      {call.loop->memory + call.numbers[2], (size_t)call.numbers[3]},
      {NULL, 0},
  };
  napi_get_typedarray_info(env, call.values[1], NULL, &parts[1].iov_len, &parts[1].iov_base, NULL,
                           NULL);
  return integer(env, loop_write(call.loop, call.numbers[0], parts));
}

/* sendFile(id, file, start, length) */
static napi_value send_file(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  double start = 0, length = 0;
  napi_get_value_double(env, call.values[2], &start);
  napi_get_value_double(env, call.values[3], &length);
  int id = call.numbers[0], file = call.numbers[1];
  return integer(env, loop_send_file(call.loop, id, file, (int64_t)start, (int64_t)length));
}

/* setInheritable(fd, on) */
static napi_value set_inheritable(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  fcntl(call.numbers[0], F_SETFD, call.numbers[1] != 0 ? 0 : FD_CLOEXEC);
  return NULL;
}

/* closeDescriptor(fd): one that is no socket of the loop. */
static napi_value close_descriptor(napi_env env, napi_callback_info info) {
  close(take(env, info).numbers[0]);
  return NULL;
}

/* watch(id, event, on) */
static napi_value watch(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  loop_watch(call.loop, call.numbers[0], (uint32_t)call.numbers[1], call.numbers[2] != 0);
  return NULL;
}

/* add(fd) */
static napi_value add_watched(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  return integer(env, loop_add_copy(call.loop, call.numbers[0]));
}

/* shutdown(id) */
static napi_value shutdown_output(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  loop_shutdown(call.loop, call.numbers[0]);
  return NULL;
}

/* close(id, reset) */
static napi_value close_socket(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  loop_close(call.loop, call.numbers[0], call.numbers[1] != 0);
  return NULL;
}

/* setNoDelay(id, on) */
static napi_value no_delay(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  struct slot *slot = loop_find(call.loop, call.numbers[0]);
  if (slot != NULL) socket_no_delay(slot->fd, call.numbers[1] != 0);
  return NULL;
}

/* keepProcess(id, on) */
static napi_value keep_process(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  loop_count(call.loop, call.numbers[0], call.numbers[1] != 0);
  return NULL;
}

/* name(id, remote) returns [host, port], or [path, -1] for a Unix socket. */
static napi_value name(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  struct slot *slot = loop_find(call.loop, call.numbers[0]);
  if (slot == NULL) return NULL;
  char text[128];
  int port = socket_name(slot, call.numbers[1] != 0, text, sizeof text);
  napi_value pair, host;
  napi_create_array_with_length(env, 2, &pair);
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &host);
  napi_set_element(env, pair, 0, host);
  napi_set_element(env, pair, 1, integer(env, port));
  return pair;
}

/* Called on the waiter's thread. */
static void wake(struct waiter *waiter) {
  struct addon *addon = (struct addon *)((char *)waiter - offsetof(struct addon, waiter));
  napi_call_threadsafe_function(addon->wake, NULL, napi_tsfn_nonblocking);
}

static void polled_in_use(struct loop *loop, bool used) {
  struct addon *addon = (struct addon *)loop;
  if (used) napi_ref_threadsafe_function(addon->env, addon->wake);
  else napi_unref_threadsafe_function(addon->env, addon->wake);
}

static void on_polled_cleanup(void *data) {
  struct addon *addon = data;
  waiter_stop(&addon->waiter);
  napi_release_threadsafe_function(addon->wake, napi_tsfn_abort);
  loop_destroy(&addon->loop);
  free(addon);
}

/* rest(): the function given to openPolled is called once, when something is ready. */
static napi_value rest(napi_env env, napi_callback_info info) {
  waiter_rest(&((struct addon *)take(env, info).loop)->waiter);
  return NULL;
}

/* poll(milliseconds) */
static napi_value poll_events(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  return integer(env, loop_poll(call.loop, call.numbers[0]));
}

#define METHOD(name, function) \
  { name, NULL, function, NULL, NULL, NULL, napi_default, NULL }

static napi_value methods(napi_env env, struct loop *loop) {
  napi_property_descriptor list[] = {
      METHOD("open", open_listener),
      METHOD("connect", connect_to),
      METHOD("flush", flush),
      METHOD("write", write_bytes),
      METHOD("watch", watch),
      METHOD("add", add_watched),
      METHOD("shutdown", shutdown_output),
      METHOD("close", close_socket),
      METHOD("setNoDelay", no_delay),
      METHOD("keepProcess", keep_process),
      METHOD("name", name),
      METHOD("sendFile", send_file),
      METHOD("accept", accept_on),
      METHOD("acceptNext", accept_next),
      METHOD("refuse", refuse_clients),
      METHOD("portOf", port_of),
      METHOD("closeDescriptor", close_descriptor),
      METHOD("setInheritable", set_inheritable),
      METHOD("poll", poll_events),
      METHOD("rest", rest),
  };
  size_t count = sizeof list / sizeof *list;
  for (size_t at = 0; at < count; at++) list[at].data = loop;
  napi_value object;
  napi_create_object(env, &object);
  napi_define_properties(env, object, count, list);
  return object;
}

/* The arguments of both ways to open: an epoll descriptor on the core's memory. */
static struct addon *new_addon(napi_env env, struct call *call, int *error) {
  struct addon *addon = calloc(1, sizeof *addon);
  struct loop *loop = &addon->loop;
  addon->env = env;
  napi_get_arraybuffer_info(env, call->values[0], (void **)&loop->memory, NULL);
  loop->input_start = (uint32_t)call->numbers[1];
  loop->input_end = (uint32_t)call->numbers[2];
  loop->output_start = (uint32_t)call->numbers[3];
  loop->table = (int32_t *)(void *)(loop->memory + call->numbers[4]);
  int epoll = loop_open(loop, (uint32_t)call->numbers[5]);
  if (epoll < 0) {
    *error = epoll;
    free(addon);
    return NULL;
  }
  napi_create_reference(env, call->values[0], 1, &addon->memory);
  napi_create_reference(env, call->values[6], 1, &addon->deliver);
  return addon;
}

/* open(memory, inputStart, inputEnd, outputStart, eventsStart, eventsLength, deliver) */
static napi_value open_loop(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  int error = 0;
  struct addon *addon = new_addon(env, &call, &error);
  if (addon == NULL) return integer(env, error);
  struct uv_loop_s *uv_loop;
  addon->loop.deliver = deliver;
  addon->loop.in_use = in_use;
  napi_get_uv_event_loop(env, &uv_loop);
  addon->poll = calloc(1, uv_handle_size(UV_POLL));
  uv_handle_set_data(addon->poll, addon);
  uv_poll_init(uv_loop, (uv_poll_t *)addon->poll, addon->loop.epoll);
  uv_poll_start((uv_poll_t *)addon->poll, UV_READABLE, on_ready);
  uv_unref(addon->poll);
  napi_add_async_cleanup_hook(env, on_cleanup, addon, &addon->cleanup);
  return methods(env, &addon->loop);
}

/* openPolled(…, wake): as open, for a runtime without libuv; JavaScript calls poll and rest. */
static napi_value open_polled(napi_env env, napi_callback_info info) {
  struct call call = take(env, info);
  int error = 0;
  struct addon *addon = new_addon(env, &call, &error);
  if (addon == NULL) return integer(env, error);
  addon->loop.in_use = polled_in_use;
  napi_value name;
  napi_create_string_utf8(env, "squall", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, call.values[6], NULL, name, 0, 1, NULL, NULL, NULL, NULL,
                                  &addon->wake);
  napi_unref_threadsafe_function(env, addon->wake);
  waiter_start(&addon->waiter, addon->loop.epoll, wake);
  napi_add_env_cleanup_hook(env, on_polled_cleanup, addon);
  return methods(env, &addon->loop);
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_loop, NULL, &function);
  napi_set_named_property(env, exports, "open", function);
  napi_create_function(env, "openPolled", NAPI_AUTO_LENGTH, open_polled, NULL, &function);
  napi_set_named_property(env, exports, "openPolled", function);
  return exports;
}
