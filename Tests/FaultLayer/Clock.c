// The clock of the day, which may be set forward or back while programs run, and the sleep of the machine, which the clock
// for measuring counts. That clock is left alone when somebody sets a machine's clock.

#define _GNU_SOURCE
#include "Fault.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = (int)syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += fault_clock_offset();
  if (result == 0 && clock == CLOCK_BOOTTIME) time->tv_sec += fault_slept();
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec time;
  int result = clock_gettime(CLOCK_REALTIME, &time);
  if (result == 0) *now = (struct timeval){time.tv_sec, time.tv_nsec / 1000};
  return result;
}

time_t time(time_t *result) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  if (result) *result = time.tv_sec;
  return time.tv_sec;
}

static int compare(const struct timespec *one, const struct timespec *other) {
  if (one->tv_sec != other->tv_sec) return one->tv_sec < other->tv_sec ? -1 : 1;
  return (one->tv_nsec > other->tv_nsec) - (one->tv_nsec < other->tv_nsec);
}

// A wait until a time of day is as long as the clock, set meanwhile, makes it. A wait by the clock for measuring has a time
// that is far in the past of the other one, and is left alone.
int pthread_cond_timedwait(
  pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, const struct timespec *restrict end) {
  if (end->tv_sec < 1000000000) return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, end);
  for (;;) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (compare(&now, end) >= 0) return ETIMEDOUT;
    clock_gettime(CLOCK_MONOTONIC, &now);
    now.tv_nsec += 10000000;
    if (now.tv_nsec >= 1000000000) now = (struct timespec){now.tv_sec + 1, now.tv_nsec - 1000000000};
    int result = pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, &now);
    if (result != ETIMEDOUT) return result;
  }
}
