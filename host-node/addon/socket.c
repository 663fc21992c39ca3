/*
 * Makes listening and connecting sockets, and turns addresses into text and back. Knows no loop.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"

/*
 * Seconds of silence until the peer's kernel is asked whether there still is a peer
 * (KEEP_ALIVE_DELAY of src/host.ts), until it is asked again, and how often: a peer that vanished
 * is noticed after two minutes, and one whose network fails for less is not given up.
 */
#define KEEP_ALIVE_IDLE 60
#define KEEP_ALIVE_INTERVAL 10
#define KEEP_ALIVE_PROBES 6

static void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

/* An option of the socket level, or -errno. */
static int get_option(int fd, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -errno;
}

/* What every TCP connection has: of its own, or from its listener without a further call. */
static void set_for_connections(int fd) {
  socket_no_delay(fd, true);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_ALIVE_IDLE);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_ALIVE_INTERVAL);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_ALIVE_PROBES);
}

static int open_socket(int family) {
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return fd < 0 ? -errno : fd;
}

/* Closes the descriptor, but keeps the error that is the reason. */
static int give_up(int fd) {
  int error = errno;
  close(fd);
  return -error;
}

int socket_listen(const void *address, socklen_t length, int backlog, int option) {
  const struct sockaddr_un *unix_address = address;
  int family = unix_address->sun_family;
  int fd = open_socket(family);
  if (fd < 0) return fd;
  if (family == AF_UNIX) {
    /* bind takes the descriptor's mode, less the umask: the file is never more open than asked. */
    if (fchmod(fd, (mode_t)option) != 0 || bind(fd, address, length) != 0) return give_up(fd);
    if (chmod(unix_address->sun_path, (mode_t)option) != 0) return give_up(fd);
  } else {
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (option != 0) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    /* "::" stands for every address, IPv4 too, whatever net.ipv6.bindv6only says. */
    if (family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    set_for_connections(fd);
    if (bind(fd, address, length) != 0) return give_up(fd);
  }
  return listen(fd, backlog) == 0 ? fd : give_up(fd);
}

void socket_refuse(int fd) {
  /* Byte 13 of a TCP segment holds its flags; one with SYN, the second of them, is dropped. */
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
  };
  struct sock_fprog filter = {.len = sizeof code / sizeof *code, .filter = code};
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

int socket_adopt(int fd) {
  int listening = get_option(fd, SO_ACCEPTCONN);
  if (listening <= 0) return listening < 0 ? listening : -EINVAL;
  /* Whoever has opened it may not have thought of what connections get from it. */
  if (get_option(fd, SO_DOMAIN) != AF_UNIX) set_for_connections(fd);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/* Binds a socket that will connect. Without a port, the kernel takes one that suits the peer. */
static int bind_source(int fd, const struct sockaddr_storage *source, socklen_t length) {
  if (((const struct sockaddr_in6 *)source)->sin6_port == 0) {
    set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  }
  return bind(fd, (const struct sockaddr *)source, length);
}

int socket_connect(const void *address, socklen_t length, const struct sockaddr_storage *source,
                   socklen_t source_length) {
  int family = ((const struct sockaddr *)address)->sa_family;
  int fd = open_socket(family);
  if (fd < 0) return fd;
  if (family != AF_UNIX) set_for_connections(fd);
  if (source_length > 0 && bind_source(fd, source, source_length) != 0) return give_up(fd);
  if (connect(fd, address, length) != 0 && errno != EINPROGRESS) return give_up(fd);
  return fd;
}

static int unix_address(const char *path, struct sockaddr_un *address) {
  size_t length = strlen(path);
  if (length == 0 || length >= sizeof address->sun_path) return -ENAMETOOLONG;
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path, length + 1);
  return (int)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

int socket_address(const char *host, int port, struct sockaddr_storage *address) {
  memset(address, 0, sizeof *address);
  if (port < 0) return unix_address(host, (struct sockaddr_un *)address);
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found;
  if (getaddrinfo(host, NULL, &hints, &found) != 0) return -EINVAL;
  int length = (int)found->ai_addrlen;
  memcpy(address, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  /* IPv6 has its port in the same place. */
  ((struct sockaddr_in *)address)->sin_port = htons((uint16_t)port);
  return length;
}

void socket_no_delay(int fd, bool no_delay) { set_option(fd, IPPROTO_TCP, TCP_NODELAY, no_delay); }

int socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

int socket_name(const struct slot *slot, bool remote, char *text, size_t size) {
  struct sockaddr_storage name = {.ss_family = AF_UNIX};
  struct sockaddr *address = (struct sockaddr *)&name;
  socklen_t length = sizeof name;
  /* The peer's address is known from accept or connect; the kernel forgets it with a reset. */
  if (remote && slot->peer.sin6_family != AF_UNIX) memcpy(&name, &slot->peer, sizeof slot->peer);
  else if (remote) getpeername(slot->fd, address, &length);
  else getsockname(slot->fd, address, &length);

  if (name.ss_family == AF_UNIX) {
    snprintf(text, size, "%s", ((struct sockaddr_un *)&name)->sun_path);
    return -1;
  }
  const struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&name;
  bool mapped = name.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr);
  length = name.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof *ipv6;
  text[0] = 0;
  getnameinfo(address, length, text, (socklen_t)size, NULL, 0, NI_NUMERICHOST);
  /* An IPv4 peer of a socket for both families: its address is the IPv4 one. */
  if (mapped) memmove(text, text + strlen("::ffff:"), strlen(text) + 1 - strlen("::ffff:"));
  return ntohs(ipv6->sin6_port);
}
