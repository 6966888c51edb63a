// The free-space limit: what files below the root may still grow by.

#define _GNU_SOURCE
#include "Fault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long long taken;

size_t fault_take_room(int descriptor, off_t end, size_t length) {
  struct stat info;
  if (fault_room() < 0 || BEHIND(fstat)(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) return length;
  long long growth = end - info.st_size;
  if (growth <= 0) return length;
  pthread_mutex_lock(&mutex);
  long long left = fault_room() - taken, excess = growth > left ? growth - left : 0;
  // A direct write moves whole blocks only.
  if (excess > 0) excess = (excess + 4095) / 4096 * 4096;
  if (excess > (long long)length) excess = (long long)length;
  taken += growth - excess > 0 ? growth - excess : 0;
  pthread_mutex_unlock(&mutex);
  return length - (size_t)excess;
}

static void give(long long bytes) {
  pthread_mutex_lock(&mutex);
  taken -= bytes;
  pthread_mutex_unlock(&mutex);
}

void fault_give_room(int directory, const char *name) {
  struct stat info;
  if (fault_room() < 0 || BEHIND(fstatat)(directory, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (S_ISREG(info.st_mode) && info.st_nlink == 1) give(info.st_size);
}

static int resize(const char *call, int descriptor, off_t length) {
  char place[PATH_MAX];
  struct stat info;
  if (fault_place_of_file(descriptor, place)) {
    struct fault fault = fault_strike(call, fault_takes_room | fault_interruptible, place, 0);
    if (fault.error) {
      errno = fault.error;
      return -1;
    }
    if (fault_room() >= 0 && BEHIND(fstat)(descriptor, &info) == 0) give(info.st_size - length);
  }
  return BEHIND(ftruncate)(descriptor, length);
}

int ftruncate(int descriptor, off_t length) { return resize("ftruncate", descriptor, length); }
int ftruncate64(int descriptor, off_t length) { return resize("ftruncate", descriptor, length); }

// MARK: - What is asked

static int ask(const char *call, bool ours, const char *place, int result, struct statvfs *info) {
  if (!ours) return result;
  struct fault fault = fault_strike(call, fault_names | fault_interruptible, place, 0);
  if (fault.error) {
    errno = fault.error;
    return -1;
  }
  if (result == 0 && fault_room() >= 0) {
    pthread_mutex_lock(&mutex);
    long long left = fault_room() - taken;
    pthread_mutex_unlock(&mutex);
    info->f_bavail = info->f_bfree = (fsblkcnt_t)(left > 0 ? left : 0) / info->f_frsize;
  }
  return result;
}

int statvfs(const char *path, struct statvfs *info) {
  char place[PATH_MAX];
  int result = BEHIND(statvfs)(path, info), error = errno;
  bool ours = fault_place_of_name(AT_FDCWD, path, place);
  errno = error;
  return ask("statvfs", ours, place, result, info);
}

int fstatvfs(int descriptor, struct statvfs *info) {
  char place[PATH_MAX];
  int result = BEHIND(fstatvfs)(descriptor, info), error = errno;
  bool ours = fault_place_of_file(descriptor, place);
  errno = error;
  return ask("fstatvfs", ours, place, result, info);
}
