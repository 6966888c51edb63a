// Operations on open files: reading, writing, syncing, examining.

#define _GNU_SOURCE
#include "Fault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef O_DIRECT
#error "this library is for Linux"
#endif

// How many bytes a shortened transfer moves: past the page cache whole blocks only, and never none.
static size_t legal(int descriptor, size_t wanted, size_t length) {
  if (wanted == length) return length;
  int flags = fcntl(descriptor, F_GETFL);
  if (flags >= 0 && flags & O_DIRECT) wanted = wanted / 4096 * 4096;
  return wanted > 0 ? wanted : length;
}

static bool strikes(const char *call, unsigned traits, int descriptor, size_t length, struct fault *fault) {
  char place[PATH_MAX];
  int error = errno;
  *fault = (struct fault){0, length, false};
  bool ours = fault_place_of_file(descriptor, place);
  if (ours) *fault = fault_strike(call, traits, place, length);
  errno = fault->error ? fault->error : error;
  if (!fault->error) fault->length = legal(descriptor, fault->length, length);
  return ours;
}

// MARK: - Reading

ssize_t read(int descriptor, void *room, size_t length) {
  struct fault fault;
  strikes("read", fault_shortens | fault_interruptible, descriptor, length, &fault);
  return fault.error ? -1 : BEHIND(read)(descriptor, room, fault.length);
}

ssize_t pread(int descriptor, void *room, size_t length, off_t offset) {
  struct fault fault;
  strikes("pread", fault_shortens | fault_interruptible, descriptor, length, &fault);
  return fault.error ? -1 : BEHIND(pread)(descriptor, room, fault.length, offset);
}

ssize_t pread64(int descriptor, void *room, size_t length, off_t offset) {
  return pread(descriptor, room, length, offset);
}

// MARK: - Writing

// Writes at an offset, or at the file's position where `offset` is negative.
static ssize_t put(const char *call, int descriptor, const void *bytes, size_t length, off_t offset) {
  struct fault fault;
  unsigned traits = fault_writes | fault_shortens | fault_takes_room | fault_interruptible;
  bool ours = strikes(call, traits, descriptor, length, &fault);
  if (fault.error) return -1;
  size_t moved = fault.length;
  if (ours && fault_room() >= 0) {
    off_t start = offset < 0 ? lseek(descriptor, 0, SEEK_CUR) : offset;
    moved = fault_take_room(descriptor, start + (off_t)moved, moved);
    if (moved == 0 && length > 0) {
      errno = ENOSPC;
      return -1;
    }
  }
  ssize_t result =
    offset < 0 ? BEHIND(write)(descriptor, bytes, moved) : BEHIND(pwrite)(descriptor, bytes, moved, offset);
  if (fault.dies) fault_die();
  return result;
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
  return put("write", descriptor, bytes, length, -1);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
  return put("pwrite", descriptor, bytes, length, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off_t offset) {
  return put("pwrite", descriptor, bytes, length, offset);
}

// MARK: - Syncing and examining

int fsync(int descriptor) {
  struct fault fault;
  strikes("fsync", fault_takes_room | fault_interruptible, descriptor, 0, &fault);
  return fault.error ? -1 : BEHIND(fsync)(descriptor);
}

// Not called interruptible: SQLite, which cannot be mended here, takes an interrupted one for a failing disk.
int fdatasync(int descriptor) {
  struct fault fault;
  strikes("fdatasync", fault_takes_room, descriptor, 0, &fault);
  return fault.error ? -1 : BEHIND(fdatasync)(descriptor);
}

// Cannot fail; it is counted so that the process can die before it.
void sync(void) {
  fault_strike("sync", 0, "everything", 0);
  BEHIND(sync)();
}

int fstat(int descriptor, struct stat *info) {
  struct fault fault;
  strikes("fstat", 0, descriptor, 0, &fault);
  return fault.error ? -1 : BEHIND(fstat)(descriptor, info);
}

int fstat64(int descriptor, struct stat64 *info) { return fstat(descriptor, (struct stat *)info); }
