// Which operations are ours: those on files below a root, and those on pipes at standard input and output.

#define _GNU_SOURCE
#include "Fault.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// Whether a path lies below one of the roots, which are separated by colons.
static bool counts(const char *path) {
  const char *root = getenv("NOTEFERRY_FAULT_ROOT");
  while (root && *root) {
    size_t length = strcspn(root, ":");
    if (length && !strncmp(path, root, length) && (path[length] == '/' || !path[length])) return true;
    root += length + (root[length] == ':');
  }
  return false;
}

// The path behind a link in /proc/self; false when there is none.
static bool follow(const char *link, char *path) {
  long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
  if (length < 0) return false;
  path[length] = 0;
  return true;
}

bool fault_place_of_file(int descriptor, char *place) {
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  if (descriptor < 0 || !follow(link, place)) return false;
  // The words that a program prints are not counted, wherever its output goes and through whichever number.
  char words[PATH_MAX];
  if (descriptor <= 2) return descriptor < 2 && !strncmp(place, "pipe:", 5);
  return counts(place) && !(follow("/proc/self/fd/2", words) && !strcmp(place, words));
}

bool fault_place_of_name(int directory, const char *name, char *place) {
  char link[40], base[PATH_MAX] = "";
  if (!name) return false;
  if (*name != '/') {
    if (directory == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    if (!follow(link, base)) return false;
  }
  if (strlen(base) + strlen(name) + 2 > PATH_MAX) return false;
  strcpy(place, base);
  if (*base) strcat(place, "/");
  strcat(place, name);
  return counts(place);
}
