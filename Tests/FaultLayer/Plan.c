// The plan: which operation is disturbed, and how.
//
// NOTEFERRY_FAULT_PLAN is a list, separated by commas; N counts from 1, over the operations that it can happen to:
//
//   kill@N           the process is killed before the operation, as by kill -9
//   torn@N           a write moves half of its bytes, then the process is killed; other operations as kill
//   fail:ERROR@N     the operation fails: EIO, ENOSPC, EDQUOT, EACCES, EROFS, ENOENT, EINTR, ESTALE
//   fail:ERROR@N+    it and every later one
//   storm@N          from N on every second interruptible operation fails with EINTR
//   short@N          a read or write moves half of its bytes, and says so
//   delay:MS@N       the operation begins later
//   space:BYTES@N    from operation N on so much room is left on the disk; what needs more fails with ENOSPC
//   clock:SECONDS@N  from operation N on the clock of the day is wrong by so much
//
// NOTEFERRY_FAULT_CONTROL names a file of three 64-bit numbers that a test changes while programs run, for several programs
// at once: by how many seconds the clock of the day is wrong, how many seconds the machine has slept, and the room that is
// left on the disk plus 1 (0: no limit). They add to what the plan says; a room of the file goes before one of the plan.
//
// NOTEFERRY_FAULT_LOG names a file to which a line is added for each operation: its traits, the call, its size, its
// place. The file's lines are in the order of the numbers.

#define _GNU_SOURCE
#include "Fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct item {
  char action[8];
  long long value;
  long at;
  bool lasts;
  unsigned trait;
  long seen;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct item items[8];
static int item_count;
static long operations;
static long long room = -1, clock_offset;
static int log_file = -1;
static const volatile long long *control;

static const struct {
  const char *name;
  int number;
  unsigned trait;
} errors[] = {
  {"EIO", EIO, fault_any},        {"ESTALE", ESTALE, fault_any},          {"ENOSPC", ENOSPC, fault_takes_room},
  {"EACCES", EACCES, fault_names}, {"EDQUOT", EDQUOT, fault_takes_room},  {"EROFS", EROFS, fault_takes_room},
  {"ENOENT", ENOENT, fault_names}, {"EINTR", EINTR, fault_interruptible},
};

static void refuse(const char *word) {
  dprintf(2, "fault layer: what is %s?\n", word);
  _exit(99);
}

// One item of the plan: ACTION[:VALUE][@N[+]].
static void add(char *word) {
  if (item_count == (int)(sizeof items / sizeof *items)) refuse(word);
  struct item *item = &items[item_count++];
  char *number = strchr(word, '@');
  if (number) *number++ = 0;
  char *value = strchr(word, ':');
  if (value) *value++ = 0;
  item->at = number ? strtol(number, NULL, 10) : 1;
  item->lasts = number && strchr(number, '+');
  item->trait = fault_any;
  snprintf(item->action, sizeof item->action, "%s", word);
  if (!strcmp(word, "fail") && value) {
    for (size_t index = 0; index < sizeof errors / sizeof *errors; index++) {
      if (strcmp(value, errors[index].name)) continue;
      item->value = errors[index].number;
      item->trait = errors[index].trait;
    }
    if (!item->value) refuse(value);
  } else if (!strcmp(word, "storm")) {
    item->trait = fault_interruptible;
  } else if (!strcmp(word, "short")) {
    item->trait = fault_shortens;
  } else if ((!strcmp(word, "delay") || !strcmp(word, "clock") || !strcmp(word, "space")) && value) {
    item->value = strtoll(value, NULL, 10);
  } else if (strcmp(word, "kill") && strcmp(word, "torn")) {
    refuse(word);
  }
}

// The numbers of the file, shared with whoever changes them.
static void share(const char *path) {
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  void *place = file < 0 ? MAP_FAILED : mmap(NULL, 3 * sizeof *control, PROT_READ, MAP_SHARED, file, 0);
  if (place == MAP_FAILED) refuse(path);
  control = place;
  syscall(SYS_close, file);
}

static void begin(void) {
  char *plan = getenv("NOTEFERRY_FAULT_PLAN"), *rest = plan ? strdup(plan) : NULL, *word;
  while ((word = strsep(&rest, ","))) {
    if (*word) add(word);
  }
  const char *shared = getenv("NOTEFERRY_FAULT_CONTROL");
  if (shared) share(shared);
  const char *log = getenv("NOTEFERRY_FAULT_LOG");
  if (log) log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void report(const char *call, unsigned traits, const char *place, size_t size) {
  char line[4400];
  int length = snprintf(
    line, sizeof line, "%c%c%c%c%c %s %zu %s\n", traits & fault_writes ? 'w' : '-',
    traits & fault_shortens ? 's' : '-', traits & fault_takes_room ? 'r' : '-', traits & fault_interruptible ? 'i' : '-',
    traits & fault_names ? 'n' : '-', call, size, place);
  if (length > (int)sizeof line) length = sizeof line;
  if (syscall(SYS_write, log_file, line, length) < 0) _exit(99);
}

struct fault fault_strike(const char *call, unsigned traits, const char *place, size_t size) {
  pthread_once(&once, begin);
  struct fault fault = {0, size, false};
  long long wait = 0;
  bool kills = false;
  traits |= fault_any;
  if (size > 1 && traits & fault_shortens) traits |= fault_shortens;
  else traits &= ~(unsigned)fault_shortens;
  pthread_mutex_lock(&mutex);
  operations++;
  if (log_file >= 0) report(call, traits, place, size);
  for (struct item *item = items; item < items + item_count; item++) {
    if (!(item->trait & traits)) continue;
    item->seen++;
    if (!strcmp(item->action, "storm")) {
      if (item->seen >= item->at && (item->seen - item->at) % 2 == 0) fault.error = EINTR;
      continue;
    }
    if (item->lasts ? item->seen < item->at : item->seen != item->at) continue;
    if (!strcmp(item->action, "kill")) kills = true;
    if (!strcmp(item->action, "torn")) traits & fault_writes && size > 1 ? (fault.dies = true) : (kills = true);
    if (!strcmp(item->action, "fail")) fault.error = (int)item->value;
    if (!strcmp(item->action, "short") || fault.dies) fault.length = size / 2;
    if (!strcmp(item->action, "delay")) wait = item->value;
    if (!strcmp(item->action, "space")) __atomic_store_n(&room, item->value, __ATOMIC_RELAXED);
    if (!strcmp(item->action, "clock")) __atomic_store_n(&clock_offset, item->value, __ATOMIC_RELAXED);
  }
  // Nobody else may go on: the n-th operation is the last one.
  if (kills) fault_die();
  pthread_mutex_unlock(&mutex);
  if (wait > 0) {
    struct timespec time = {wait / 1000, wait % 1000 * 1000000};
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL);
  }
  return fault;
}

// One of the shared numbers; 0 without a file.
static long long shared(int number) {
  pthread_once(&once, begin);
  return control ? control[number] : 0;
}

long long fault_room(void) {
  long long limit = shared(2);
  return limit > 0 ? limit - 1 : __atomic_load_n(&room, __ATOMIC_RELAXED);
}

long long fault_clock_offset(void) { return shared(0) + __atomic_load_n(&clock_offset, __ATOMIC_RELAXED); }

long long fault_slept(void) { return shared(1); }

void fault_die(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

void *fault_behind(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  if (!function) refuse(name);
  return function;
}
