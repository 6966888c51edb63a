// The fault layer: a library that is loaded before the C library (LD_PRELOAD) and stands between a program and the
// operating system. It counts the operations on files below NOTEFERRY_FAULT_ROOT and on pipes at standard input and
// output, and disturbs the ones that NOTEFERRY_FAULT_PLAN names. Plan.c has the words of a plan.

#ifndef NOTEFERRY_FAULT_H
#define NOTEFERRY_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// What can happen to an operation. Each disturbance counts only the operations that it can happen to.
enum {
  fault_any = 1,            // every operation has this trait
  fault_writes = 2,         // bytes go out, so they can be torn
  fault_shortens = 4,       // more than one byte is moved, so fewer may be
  fault_takes_room = 8,     // fails on a full disk
  fault_interruptible = 16, // its manual lists EINTR
  fault_names = 32,         // looks a name up, so permissions and vanished files matter
};

// What is done to an operation.
struct fault {
  int error;     // fails with this; 0: it does not fail
  size_t length; // of a transfer: so many bytes are moved
  bool dies;     // the process is killed behind it
};

// Counts an operation, writes it into the log, and waits or dies where the plan says so.
struct fault fault_strike(const char *call, unsigned traits, const char *place, size_t size);

// By how many seconds the clock of the day is wrong now.
long long fault_clock_offset(void);

// How many seconds the machine has slept.
long long fault_slept(void);

// The room that the plan leaves on the disk, in bytes; -1 without a limit.
long long fault_room(void);

// Where an operation goes, for counting; false when it is none of ours. `place` has PATH_MAX bytes.
bool fault_place_of_file(int descriptor, char *place);
bool fault_place_of_name(int directory, const char *name, char *place);

// Takes the room that bytes up to `end` of a file need. Returns how many of `length` bytes fit.
size_t fault_take_room(int descriptor, off_t end, size_t length);
// Gives the room of a file back that is about to lose its name.
void fault_give_room(int directory, const char *name);

void fault_die(void) __attribute__((noreturn));

// The function of the C library that stands behind one of ours.
#define BEHIND(name) ((__typeof__(&name))fault_behind(#name))
void *fault_behind(const char *name);

#endif
