// SPDX-License-Identifier: Apache-2.0
// Preloaded into a program: lets the n-th call of one kind fail that the program makes from main()
// on. HOLDFAST_BREAK is KIND:N:ERRNO:ALL with KIND files, folders (syncs of them) or memory; with
// ALL = 1 every later call fails as well, as on a disk that stays full. Calls are counted on
// regular files only, so that the words about it still arrive. The file HOLDFAST_BROKEN appears
// once something has failed.
//
// KIND each: at each N-th allocation a twin of the process goes on in which it fails, so that all
// of them are tried for the price of what is left of the run, not of a run each. The twin shares
// what is open with its process, so this ends with the first file that is opened for writing,
// locks aside. HOLDFAST_TALK is IN,OUT: what became of a twin is told on OUT as "NUMBER STATUS",
// as waitpid has it, and the run goes on once a byte came on IN. "NUMBER end" is the last line.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind { nothing, files, folders, memory, each };

static enum kind kind = nothing;
static long strikes_at;
static int error_number;
static int all;
static const char* mark;
static atomic_long calls;
static atomic_int armed;
static int talk_in = -1;
static int talk_out = -1;

static int fails(enum kind what) {
  if (!atomic_load(&armed) || what != kind)
    return 0;
  const long call = atomic_fetch_add(&calls, 1) + 1;
  if (call != strikes_at && !(all && call > strikes_at))
    return 0;
  if (call == strikes_at && mark) {
    // Past all that is replaced here.
    const long file = syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT, 0666);
    if (file >= 0)
      syscall(SYS_close, file);
  }
  errno = error_number;
  return 1;
}

static void tell(long number, const char* how) {
  char line[64];
  const int size = snprintf(line, sizeof line, "%ld %s\n", number, how);
  char answer;
  if (write(talk_out, line, (size_t)size) != size || read(talk_in, &answer, 1) != 1)
    _exit(99);
}

/// Whether this is the twin in which the allocation fails.
static int twin_fails(void) {
  if (kind != each || !atomic_load(&armed) || getpid() != gettid())
    return 0;
  const long call = atomic_fetch_add(&calls, 1) + 1;
  if (call % strikes_at != 0)
    return 0;
  atomic_store(&armed, 0);
  const pid_t twin = fork();
  if (twin == 0) {
    kind = memory;
    strikes_at = call;
    atomic_store(&armed, all);
    errno = error_number;
    return 1;
  }
  int status = -1;
  if (twin > 0)
    waitpid(twin, &status, 0);
  char word[16];
  snprintf(word, sizeof word, "%d", status);
  tell(call, word);
  atomic_store(&armed, 1);
  return 0;
}

static int allocation_fails(void) { return fails(memory) || twin_fails(); }

/// From here on twins would write into each other's files.
static void no_more_twins(const char* path) {
  const char* name = strrchr(path, '/');
  if (kind != each || strncmp(name ? name + 1 : path, ".lock", 5) == 0)
    return;
  kind = nothing;
  tell(atomic_load(&calls), "end");
}

static int is_folder(int handle) {
  struct stat status;
  return fstat(handle, &status) == 0 && S_ISDIR(status.st_mode);
}

static int is_file(int handle) {
  struct stat status;
  return fstat(handle, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

#define REAL(result, name, ...) ((result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

static int (*real_main)(int, char**, char**);

static int from_main(int argc, char** argv, char** environment) {
  const char* how = getenv("HOLDFAST_BREAK");
  char word[16] = "";
  mark = getenv("HOLDFAST_BROKEN");
  if (how && sscanf(how, "%15[a-z]:%ld:%d:%d", word, &strikes_at, &error_number, &all) == 4)
    kind = strcmp(word, "files") == 0     ? files
           : strcmp(word, "folders") == 0 ? folders
           : strcmp(word, "each") == 0    ? each
                                          : memory;
  const char* talk = getenv("HOLDFAST_TALK");
  if (kind == each && (!talk || sscanf(talk, "%d,%d", &talk_in, &talk_out) != 2))
    kind = nothing;
  atomic_store(&armed, 1);
  const int status = real_main(argc, argv, environment);
  atomic_store(&armed, 0);
  return status;
}

int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void* stack_end) {
  real_main = main;
  return REAL(int, __libc_start_main, int (*)(int, char**, char**), int, char**, void (*)(void),
              void (*)(void), void (*)(void),
              void*)(from_main, argc, argv, init, fini, rtld_fini, stack_end);
}

static int open_with(int folder, const char* path, int flags, va_list rest) {
  const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  if ((flags & O_ACCMODE) != O_RDONLY)
    no_more_twins(path);
  if ((flags & O_ACCMODE) != O_RDONLY && fails(files))
    return -1;
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define OPEN(name)                                             \
  int name(const char* path, int flags, ...) {                 \
    va_list rest;                                              \
    va_start(rest, flags);                                     \
    const int handle = open_with(AT_FDCWD, path, flags, rest); \
    va_end(rest);                                              \
    return handle;                                             \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                         \
  int name(int folder, const char* path, int flags, ...) {   \
    va_list rest;                                            \
    va_start(rest, flags);                                   \
    const int handle = open_with(folder, path, flags, rest); \
    va_end(rest);                                            \
    return handle;                                           \
  }
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int handle, const void* data, size_t size) {
  if (kind == files && is_file(handle) && fails(files))
    return -1;
  return syscall(SYS_write, handle, data, size);
}

int fsync(int handle) {
  if (fails(files) || (kind == folders && is_folder(handle) && fails(folders)))
    return -1;
  return (int)syscall(SYS_fsync, handle);
}

int rename(const char* from, const char* to) {
  if (fails(files))
    return -1;
  return REAL(int, rename, const char*, const char*)(from, to);
}

int mkdir(const char* path, mode_t mode) {
  if (fails(files))
    return -1;
  return REAL(int, mkdir, const char*, mode_t)(path, mode);
}

// The C library's own, under the names by which its allocator may be called past these.
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) { return allocation_fails() ? NULL : __libc_malloc(size); }

void* calloc(size_t count, size_t size) {
  return allocation_fails() ? NULL : __libc_calloc(count, size);
}

void* realloc(void* old, size_t size) { return allocation_fails() ? NULL : __libc_realloc(old, size); }

void* aligned_alloc(size_t alignment, size_t size) {
  return allocation_fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void** out, size_t alignment, size_t size) {
  if (allocation_fails())
    return ENOMEM;
  *out = __libc_memalign(alignment, size);
  return *out ? 0 : ENOMEM;
}
