// The floor of an export: reads every row and every blob of a SQLite store once, digests every byte once in two
// workers and writes every byte once, in order, to one file that is on the disk when it ends. It checks nothing,
// keeps no structure and makes nothing that anybody could import: no export that does its work can be much faster.
//
//   floor export STORE.db OUT     read, digest, write, fsync
//   floor verify FILE             read and digest a file, in ranges, on every core
//   floor digest                  print the faster digest of this machine and both speeds
//   floor warm BYTES              take so much memory once and give it back (see Scripts/bench)
//
// Build: cc -O2 -o floor floor.c -lsqlite3 -lcrypto -lpthread
// Memory: CHUNKS buffers of 1 MiB. Every failure prints one line and ends with status 1.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 1 << 20, CHUNKS = 24, WORKERS = 2, UNIT = 4 << 20 };

static void fail(const char *what, const char *why) {
  fprintf(stderr, "floor: %s: %s\n", what, why);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// MARK: - Digests

static double speed(const EVP_MD *kind) {
  static unsigned char data[CHUNK];
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length;
  double begin = now();
  int rounds = 0;
  do {
    EVP_Digest(data, sizeof data, out, &length, kind, NULL);
    rounds++;
  } while (now() - begin < 0.003);
  return rounds * (sizeof data / 1e6) / (now() - begin);
}

static const EVP_MD *fastest(void) {
  return speed(EVP_sha256()) >= speed(EVP_sha512()) ? EVP_sha256() : EVP_sha512();
}

// MARK: - Chunks on their way

typedef struct chunk {
  struct chunk *next;
  size_t length;
  int last;    // the unit that this chunk belongs to ends with it
  int stream;  // 0: rows, 1: a blob; the units of the two may alternate in one worker
  unsigned char bytes[CHUNK];
} chunk;

typedef struct {
  pthread_t thread;
  pthread_cond_t filled;
  chunk *head, *tail;
  size_t waiting;  // bytes
  unsigned long units;
  unsigned char mix;  // so that no digest can be optimised away
} worker;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;
static worker workers[WORKERS];
static chunk *pool;
static const EVP_MD *digest;
static int finished, output;
static unsigned long long written, rows, blobs;

static chunk *take(void) {
  pthread_mutex_lock(&lock);
  while (!pool) pthread_cond_wait(&freed, &lock);
  chunk *c = pool;
  pool = c->next;
  pthread_mutex_unlock(&lock);
  c->next = NULL;
  c->length = 0;
  c->last = 0;
  c->stream = 0;
  return c;
}

static void hand(worker *w, chunk *c) {
  pthread_mutex_lock(&lock);
  if (w->tail) w->tail->next = c; else w->head = c;
  w->tail = c;
  w->waiting += c->length;
  pthread_cond_signal(&w->filled);
  pthread_mutex_unlock(&lock);
}

static void *work(void *argument) {
  worker *w = argument;
  EVP_MD_CTX *contexts[2] = {EVP_MD_CTX_new(), EVP_MD_CTX_new()};
  unsigned char out[EVP_MAX_MD_SIZE];
  int open[2] = {0, 0};
  for (;;) {
    pthread_mutex_lock(&lock);
    while (!w->head && !finished) pthread_cond_wait(&w->filled, &lock);
    chunk *c = w->head;
    if (!c) break;
    w->head = c->next;
    if (!w->head) w->tail = NULL;
    pthread_mutex_unlock(&lock);

    EVP_MD_CTX *context = contexts[c->stream];
    if (!open[c->stream]) EVP_DigestInit_ex(context, digest, NULL);
    open[c->stream] = 1;
    EVP_DigestUpdate(context, c->bytes, c->length);
    if (c->last) {
      EVP_DigestFinal_ex(context, out, NULL);
      w->mix ^= out[0];
      w->units++;
      open[c->stream] = 0;
    }

    pthread_mutex_lock(&lock);
    w->waiting -= c->length;
    c->next = pool;
    pool = c;
    pthread_cond_signal(&freed);
    pthread_mutex_unlock(&lock);
  }
  pthread_mutex_unlock(&lock);
  EVP_MD_CTX_free(contexts[0]);
  EVP_MD_CTX_free(contexts[1]);
  return NULL;
}

static worker *idler(void) {
  pthread_mutex_lock(&lock);
  worker *w = workers[0].waiting <= workers[1].waiting ? &workers[0] : &workers[1];
  pthread_mutex_unlock(&lock);
  return w;
}

static void write_all(const unsigned char *bytes, size_t length) {
  written += length;
  while (length) {
    ssize_t n = write(output, bytes, length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write", strerror(errno));
    bytes += n;
    length -= (size_t)n;
  }
}

// MARK: - Rows, gathered into units of 4 MiB, and blobs, a unit each

typedef struct {
  worker *worker;
  chunk *chunk;
  size_t unit;
} sink;

static void flush(sink *s, int last) {
  if (!s->chunk) return;
  write_all(s->chunk->bytes, s->chunk->length);
  s->chunk->last = last;
  hand(s->worker, s->chunk);
  s->chunk = NULL;
  if (last) s->unit = 0;
}

static void put(sink *s, const void *bytes, size_t length) {
  const unsigned char *from = bytes;
  while (length) {
    if (!s->chunk) {
      if (!s->unit) s->worker = idler();
      s->chunk = take();
    }
    size_t n = CHUNK - s->chunk->length;
    if (n > length) n = length;
    memcpy(s->chunk->bytes + s->chunk->length, from, n);
    s->chunk->length += n;
    s->unit += n;
    from += n;
    length -= n;
    if (s->chunk->length == CHUNK) flush(s, s->unit >= UNIT);
  }
}

static void put_column(sink *s, sqlite3_stmt *row, int column) {
  int kind = sqlite3_column_type(row, column);
  unsigned char tag = (unsigned char)kind;
  put(s, &tag, 1);
  if (kind == SQLITE_INTEGER) {
    sqlite3_int64 value = sqlite3_column_int64(row, column);
    put(s, &value, sizeof value);
  } else if (kind == SQLITE_FLOAT) {
    double value = sqlite3_column_double(row, column);
    put(s, &value, sizeof value);
  } else if (kind != SQLITE_NULL) {
    const void *bytes = sqlite3_column_blob(row, column);
    put(s, bytes, (size_t)sqlite3_column_bytes(row, column));
  }
}

static void put_blob(sqlite3 *db, sqlite3_blob **handle, const char *table, const char *column, sqlite3_int64 rowid) {
  int code = *handle ? sqlite3_blob_reopen(*handle, rowid)
                     : sqlite3_blob_open(db, "main", table, column, rowid, 0, handle);
  if (code != SQLITE_OK) fail(table, sqlite3_errmsg(db));
  int size = sqlite3_blob_bytes(*handle), at = 0;
  worker *w = idler();
  blobs++;
  while (at < size) {
    chunk *c = take();
    c->length = (size_t)(size - at < CHUNK ? size - at : CHUNK);
    if (sqlite3_blob_read(*handle, c->bytes, (int)c->length, at) != SQLITE_OK) fail(table, sqlite3_errmsg(db));
    at += (int)c->length;
    c->last = at == size;
    c->stream = 1;
    write_all(c->bytes, c->length);
    hand(w, c);
  }
}

// Reads one table. SQLite makes every value of a row before it hands out the row, so the blob is left out there and
// read through the blob interface: bounded memory, and faster than copying it out of the row.
static void read_table(sqlite3 *db, const char *table) {
  char *sql = sqlite3_mprintf("SELECT name, upper(type) = 'BLOB' FROM pragma_table_info(%Q)", table), *blob = NULL;
  sqlite3_stmt *info, *row;
  if (sqlite3_prepare_v2(db, sql, -1, &info, NULL) != SQLITE_OK) fail(table, sqlite3_errmsg(db));
  sqlite3_free(sql);
  sqlite3_str *select = sqlite3_str_new(db);
  sqlite3_str_appendall(select, "SELECT rowid");
  while (sqlite3_step(info) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(info, 0);
    if (!blob && sqlite3_column_int(info, 1)) {
      blob = strdup(name);
      sqlite3_str_appendf(select, ", iif(typeof(\"%w\") = 'blob', NULL, \"%w\")", name, name);
    } else {
      sqlite3_str_appendf(select, ", \"%w\"", name);
    }
  }
  sqlite3_finalize(info);
  // The last column says whether the blob was left out.
  if (blob) sqlite3_str_appendf(select, ", typeof(\"%w\") = 'blob'", blob);
  else sqlite3_str_appendall(select, ", 0");
  sqlite3_str_appendf(select, " FROM \"%w\" ORDER BY rowid", table);
  sql = sqlite3_str_finish(select);
  if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK) fail(table, sqlite3_errmsg(db));
  sqlite3_free(sql);

  int columns = sqlite3_column_count(row) - 1, code;
  sink s = {0};
  sqlite3_blob *handle = NULL;
  while ((code = sqlite3_step(row)) == SQLITE_ROW) {
    rows++;
    for (int i = 0; i < columns; i++) put_column(&s, row, i);
    if (sqlite3_column_int(row, columns)) put_blob(db, &handle, table, blob, sqlite3_column_int64(row, 0));
  }
  if (code != SQLITE_DONE) fail(table, sqlite3_errmsg(db));
  flush(&s, 1);
  sqlite3_blob_close(handle);
  sqlite3_finalize(row);
  free(blob);
}

static void export_store(const char *store, const char *path) {
  sqlite3 *db;
  if (sqlite3_open_v2(store, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    fail(store, sqlite3_errmsg(db));
  if (sqlite3_exec(db, "PRAGMA query_only=1; BEGIN", NULL, NULL, NULL) != SQLITE_OK) fail(store, sqlite3_errmsg(db));
  output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (output < 0) fail(path, strerror(errno));

  for (int i = 0; i < CHUNKS; i++) {
    chunk *c = malloc(sizeof *c);
    if (!c) fail("memory", "none left");
    c->next = pool;
    pool = c;
  }
  for (int i = 0; i < WORKERS; i++) {
    pthread_cond_init(&workers[i].filled, NULL);
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) fail("thread", strerror(errno));
  }

  sqlite3_stmt *tables;
  const char *list = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
  if (sqlite3_prepare_v2(db, list, -1, &tables, NULL) != SQLITE_OK) fail(store, sqlite3_errmsg(db));
  while (sqlite3_step(tables) == SQLITE_ROW) read_table(db, (const char *)sqlite3_column_text(tables, 0));
  sqlite3_finalize(tables);

  pthread_mutex_lock(&lock);
  finished = 1;
  for (int i = 0; i < WORKERS; i++) pthread_cond_signal(&workers[i].filled);
  pthread_mutex_unlock(&lock);
  unsigned long units = 0;
  unsigned mix = 0;
  for (int i = 0; i < WORKERS; i++) {
    pthread_join(workers[i].thread, NULL);
    units += workers[i].units;
    mix ^= workers[i].mix;
  }
  if (fsync(output) || close(output)) fail(path, strerror(errno));
  sqlite3_close(db);
  printf("%llu rows, %llu blobs, %llu bytes, %lu digests %s %02x\n", rows, blobs, written, units,
         EVP_MD_get0_name(digest), mix);
}

// MARK: - Verifying

typedef struct {
  pthread_t thread;
  int file;
  off_t from, to;
  unsigned char mix;
} range;

static void *verify_range(void *argument) {
  range *r = argument;
  unsigned char *buffer = malloc(CHUNK), out[EVP_MAX_MD_SIZE];
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, digest, NULL);
  for (off_t at = r->from; at < r->to;) {
    size_t want = (size_t)(r->to - at < CHUNK ? r->to - at : CHUNK);
    ssize_t n = pread(r->file, buffer, want, at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("read", n ? strerror(errno) : "the file became shorter");
    EVP_DigestUpdate(context, buffer, (size_t)n);
    at += n;
  }
  EVP_DigestFinal_ex(context, out, NULL);
  r->mix = out[0];
  EVP_MD_CTX_free(context);
  free(buffer);
  return NULL;
}

static void verify_file(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat facts;
  if (file < 0 || fstat(file, &facts)) fail(path, strerror(errno));
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (cores < 1) cores = 1;
  if (cores > 64) cores = 64;
  range ranges[64];
  unsigned mix = 0;
  for (long i = 0; i < cores; i++) {
    ranges[i] = (range){.file = file, .from = facts.st_size * i / cores, .to = facts.st_size * (i + 1) / cores};
    if (pthread_create(&ranges[i].thread, NULL, verify_range, &ranges[i])) fail("thread", strerror(errno));
  }
  for (long i = 0; i < cores; i++) {
    pthread_join(ranges[i].thread, NULL);
    mix ^= ranges[i].mix;
  }
  close(file);
  printf("%lld bytes, %ld cores, %s %02x\n", (long long)facts.st_size, cores, EVP_MD_get0_name(digest), mix);
}

// A virtual machine may hand unused memory back to its host, and taking it again costs a second a gigabyte.
static void warm(size_t length) {
  volatile char *bytes = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED) fail("memory", strerror(errno));
  for (size_t i = 0; i < length; i += 4096) bytes[i] = 1;
}

int main(int count, char **words) {
  digest = fastest();
  if (count == 4 && !strcmp(words[1], "export")) export_store(words[2], words[3]);
  else if (count == 3 && !strcmp(words[1], "verify")) verify_file(words[2]);
  else if (count == 3 && !strcmp(words[1], "warm")) warm(strtoull(words[2], NULL, 10));
  else if (count == 2 && !strcmp(words[1], "digest"))
    printf("%s (SHA-256 %.0f MB/s, SHA-512 %.0f MB/s a core)\n", EVP_MD_get0_name(digest), speed(EVP_sha256()),
           speed(EVP_sha512()));
  else {
    fprintf(stderr, "usage: floor export STORE.db OUT | floor verify FILE | floor digest | floor warm BYTES\n");
    return 64;
  }
  return 0;
}
