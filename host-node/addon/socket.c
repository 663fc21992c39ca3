/*
 * Makes listening and connecting sockets, and turns addresses into text and back. Knows no loop.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"

static void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
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
    socket_no_delay(fd, true);
    if (bind(fd, address, length) != 0) return give_up(fd);
  }
  return listen(fd, backlog) == 0 ? fd : give_up(fd);
}

int socket_connect(const void *address, socklen_t length) {
  int family = ((const struct sockaddr *)address)->sa_family;
  int fd = open_socket(family);
  if (fd < 0) return fd;
  if (family != AF_UNIX) socket_no_delay(fd, true);
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

static int ipv6_address(const char *host, int port, struct sockaddr_in6 *address) {
  char plain[INET6_ADDRSTRLEN];
  const char *zone = strchr(host, '%');
  size_t length = zone != NULL ? (size_t)(zone - host) : strlen(host);
  if (length >= sizeof plain) return -EINVAL;
  memcpy(plain, host, length);
  plain[length] = 0;
  if (inet_pton(AF_INET6, plain, &address->sin6_addr) != 1) return -EINVAL;
  address->sin6_family = AF_INET6;
  address->sin6_port = htons((uint16_t)port);
  if (zone != NULL) {
    address->sin6_scope_id = if_nametoindex(zone + 1);
    if (address->sin6_scope_id == 0) address->sin6_scope_id = (uint32_t)atoi(zone + 1);
  }
  return sizeof *address;
}

int socket_address(const char *host, int port, struct sockaddr_storage *address) {
  memset(address, 0, sizeof *address);
  if (port < 0) return unix_address(host, (struct sockaddr_un *)address);
  struct sockaddr_in *ipv4 = (struct sockaddr_in *)address;
  if (inet_pton(AF_INET, host, &ipv4->sin_addr) != 1) {
    return ipv6_address(host, port, (struct sockaddr_in6 *)address);
  }
  ipv4->sin_family = AF_INET;
  ipv4->sin_port = htons((uint16_t)port);
  return sizeof *ipv4;
}

void socket_no_delay(int fd, bool no_delay) { set_option(fd, IPPROTO_TCP, TCP_NODELAY, no_delay); }

int socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

static int format_ipv6(const struct sockaddr_in6 *address, char *text, size_t size) {
  const uint8_t *bytes = address->sin6_addr.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
    /* An IPv4 peer of a socket for both families: its address is the IPv4 one. */
    inet_ntop(AF_INET, bytes + 12, text, (socklen_t)size);
    return ntohs(address->sin6_port);
  }
  inet_ntop(AF_INET6, bytes, text, (socklen_t)size);
  char name[IF_NAMESIZE];
  if (address->sin6_scope_id != 0 && if_indextoname(address->sin6_scope_id, name) != NULL) {
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%%%s", name);
  }
  return ntohs(address->sin6_port);
}

int socket_name(const struct slot *slot, bool remote, char *text, size_t size) {
  struct sockaddr_storage name = {.ss_family = AF_UNIX};
  socklen_t length = sizeof name;
  /* The peer's address is known from accept or connect; the kernel forgets it with a reset. */
  if (remote && slot->peer.sin6_family != AF_UNIX) memcpy(&name, &slot->peer, sizeof slot->peer);
  else if (remote) getpeername(slot->fd, (struct sockaddr *)&name, &length);
  else getsockname(slot->fd, (struct sockaddr *)&name, &length);

  text[0] = 0;
  if (name.ss_family == AF_INET6) return format_ipv6((struct sockaddr_in6 *)&name, text, size);
  if (name.ss_family == AF_INET) {
    const struct sockaddr_in *ipv4 = (struct sockaddr_in *)&name;
    inet_ntop(AF_INET, &ipv4->sin_addr, text, (socklen_t)size);
    return ntohs(ipv4->sin_port);
  }
  snprintf(text, size, "%s", ((struct sockaddr_un *)&name)->sun_path);
  return -1;
}
