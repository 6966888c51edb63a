#include <sqlite3.h>

// sqlite3_db_config takes variable arguments, which Swift cannot pass.
static inline int noteferry_sqlite3_switch(sqlite3 *connection, int option, int value) {
  return sqlite3_db_config(connection, option, value, (int *)0);
}

// The salts of a write-ahead log come from SQLite's generator; with a seed a made-up store has the same bytes each time.
static inline void noteferry_sqlite3_seed(sqlite3 *connection, int seed) {
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, connection);
}
