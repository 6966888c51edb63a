// Operations on names: opening, making, removing, renaming, looking up.

#define _GNU_SOURCE
#include "Fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Whether an operation on a name fails; `errno` says why.
static bool fails(const char *call, unsigned traits, int directory, const char *name) {
  char place[PATH_MAX];
  int error = errno;
  struct fault fault = {0, 0, false};
  if (fault_place_of_name(directory, name, place)) fault = fault_strike(call, traits | fault_names, place, 0);
  errno = fault.error ? fault.error : error;
  return fault.error != 0;
}

// MARK: - Opening

static int begin(int directory, const char *name, int flags, mode_t mode) {
  bool creates = flags & O_CREAT;
  unsigned traits = fault_interruptible | (creates ? fault_takes_room : 0);
  if (fails(creates ? "create" : "open", traits, directory, name)) return -1;
  if (flags & O_TRUNC) fault_give_room(directory, name);
  return BEHIND(openat)(directory, name, flags, mode);
}

#define MODE(flags)                       \
  mode_t mode = 0;                        \
  if (flags & (O_CREAT | __O_TMPFILE)) {  \
    va_list rest;                         \
    va_start(rest, flags);                \
    mode = (mode_t)va_arg(rest, int);     \
    va_end(rest);                         \
  }

int open(const char *name, int flags, ...) {
  MODE(flags)
  return begin(AT_FDCWD, name, flags, mode);
}

int open64(const char *name, int flags, ...) {
  MODE(flags)
  return begin(AT_FDCWD, name, flags, mode);
}

int openat(int directory, const char *name, int flags, ...) {
  MODE(flags)
  return begin(directory, name, flags, mode);
}

int openat64(int directory, const char *name, int flags, ...) {
  MODE(flags)
  return begin(directory, name, flags, mode);
}

int mkstemp(char *pattern) {
  return fails("mkstemp", fault_takes_room, AT_FDCWD, pattern) ? -1 : BEHIND(mkstemp)(pattern);
}

DIR *opendir(const char *name) { return fails("opendir", 0, AT_FDCWD, name) ? NULL : BEHIND(opendir)(name); }

FILE *fopen(const char *name, const char *mode) {
  return fails("fopen", 0, AT_FDCWD, name) ? NULL : BEHIND(fopen)(name, mode);
}

// MARK: - Making, removing, renaming

int mkdir(const char *name, mode_t mode) {
  return fails("mkdir", fault_takes_room, AT_FDCWD, name) ? -1 : BEHIND(mkdir)(name, mode);
}

int mkdirat(int directory, const char *name, mode_t mode) {
  return fails("mkdir", fault_takes_room, directory, name) ? -1 : BEHIND(mkdirat)(directory, name, mode);
}

int rmdir(const char *name) { return fails("rmdir", 0, AT_FDCWD, name) ? -1 : BEHIND(rmdir)(name); }

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }

int unlinkat(int directory, const char *name, int flags) {
  if (fails("unlink", 0, directory, name)) return -1;
  fault_give_room(directory, name);
  return BEHIND(unlinkat)(directory, name, flags);
}

int rename(const char *old, const char *new) { return renameat(AT_FDCWD, old, AT_FDCWD, new); }

int renameat(int old_directory, const char *old, int new_directory, const char *new) {
  if (fails("rename", fault_takes_room, old_directory, old)) return -1;
  fault_give_room(new_directory, new);
  return BEHIND(renameat)(old_directory, old, new_directory, new);
}

// MARK: - Looking up

int fstatat(int directory, const char *restrict name, struct stat *restrict info, int flags) {
  return fails("stat", 0, directory, name) ? -1 : BEHIND(fstatat)(directory, name, info, flags);
}

int stat(const char *restrict name, struct stat *restrict info) { return fstatat(AT_FDCWD, name, info, 0); }
int stat64(const char *restrict name, struct stat64 *restrict info) { return stat(name, (struct stat *)info); }
int lstat(const char *restrict name, struct stat *restrict info) {
  return fstatat(AT_FDCWD, name, info, AT_SYMLINK_NOFOLLOW);
}
int lstat64(const char *restrict name, struct stat64 *restrict info) { return lstat(name, (struct stat *)info); }

int access(const char *name, int mode) {
  return fails("access", 0, AT_FDCWD, name) ? -1 : BEHIND(access)(name, mode);
}

ssize_t readlink(const char *restrict name, char *restrict room, size_t length) {
  return readlinkat(AT_FDCWD, name, room, length);
}

ssize_t readlinkat(int directory, const char *restrict name, char *restrict room, size_t length) {
  return fails("readlink", 0, directory, name) ? -1 : BEHIND(readlinkat)(directory, name, room, length);
}
