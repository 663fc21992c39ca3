/* Times picohttpparser over the requests of a file, for pico.ts: each is a length of four bytes, then
 * the request. Compiled beside a copy of picohttpparser.c. Prints the nanoseconds of one request. */

#define _GNU_SOURCE
#include <picohttpparser.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_REQUESTS 1024
#define MAX_HEADERS 100

static char memory[1 << 20];
static const char *start[MAX_REQUESTS];
static size_t length[MAX_REQUESTS];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static void parse(size_t count) {
  for (size_t i = 0; i < count; i++) {
    const char *method, *path;
    size_t method_length, path_length, headers = MAX_HEADERS;
    int minor;
    struct phr_header header[MAX_HEADERS];
    int taken = phr_parse_request(start[i], length[i], &method, &method_length, &path, &path_length,
                                  &minor, header, &headers, 0);
    if (taken != (int)length[i])
      exit(1);
  }
}

static double timed(size_t count, double nanoseconds) {
  double begin = now(), end = begin;
  size_t runs = 0;
  while (end - begin < nanoseconds) {
    for (int i = 0; i < 8; i++)
      parse(count);
    runs += 8;
    end = now();
  }
  return (end - begin) / runs / count;
}

int main(int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL)
    return 2;
  char *at = memory;
  size_t count = 0;
  for (uint32_t size; count < MAX_REQUESTS && fread(&size, sizeof size, 1, file) == 1; count++) {
    if (fread(at, 1, size, file) != size)
      return 2;
    start[count] = at;
    length[count] = size;
    at += size + 64;
  }
  timed(count, 2e6);
  printf("%.2f\n", timed(count, 3e6));
  return 0;
}
