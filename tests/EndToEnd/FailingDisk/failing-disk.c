/* Makes one chosen call of the C library fail, of those that change files below one folder. Preloaded into a gateway (LD_PRELOAD);
 * which call fails stands in a file that both share, so that one process serves for many calls.
 *
 *   FAILING_DISK_FOLDER   the folder, without a slash at its end
 *   FAILING_DISK_CONTROL  a file of at least sizeof(struct control) bytes
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct control {
    _Atomic uint64_t calls;   /* counted below the folder while it is armed */
    _Atomic uint64_t fail_at; /* the call that fails, from 1; 0: none, and nothing is counted */
    _Atomic uint64_t fail_to; /* the last call that fails */
    _Atomic uint64_t error;   /* its errno */
    _Atomic uint64_t hits;    /* calls that failed so far */
    char last[88];            /* the last one that failed, for people */
};

static struct control *control;
static char folder[4096];
static size_t folder_length;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("FAILING_DISK_CONTROL");
    const char *below = getenv("FAILING_DISK_FOLDER");
    if (!path || !below || strlen(below) >= sizeof folder) return;
    strcpy(folder, below);
    folder_length = strlen(below);
    int (*real_open)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    int file = real_open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) control = memory;
    close(file);
}

static int is_below(const char *path) {
    return path && strncmp(path, folder, folder_length) == 0 && (path[folder_length] == '/' || path[folder_length] == 0);
}

static int is_armed(void) { return control && atomic_load(&control->fail_at) != 0; }

/* Whether this call is to fail; errno is set then. */
static int fails(const char *name, const char *path) {
    uint64_t call = atomic_fetch_add(&control->calls, 1) + 1;
    if (call < atomic_load(&control->fail_at) || call > atomic_load(&control->fail_to)) return 0;
    const char *end = strrchr(path, '/');
    snprintf(control->last, sizeof control->last, "%s %.60s", name, end ? end + 1 : path);
    atomic_fetch_add(&control->hits, 1);
    errno = (int)atomic_load(&control->error);
    return 1;
}

static int fails_path(const char *name, const char *path) { return is_armed() && is_below(path) && fails(name, path); }

static int fails_file(const char *name, int file) {
    if (!is_armed()) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path) && fails(name, path);
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); } \
        return fails_path("open", path) ? -1 : real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) { \
        REAL(name); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); } \
        return fails_path("openat", path) ? -1 : real(at, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int file, const void *bytes, size_t count) { REAL(write); return fails_file("write", file) ? -1 : real(file, bytes, count); }
ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) { REAL(pwrite); return fails_file("pwrite", file) ? -1 : real(file, bytes, count, at); }
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) { REAL(pwrite64); return fails_file("pwrite", file) ? -1 : real(file, bytes, count, at); }
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) { REAL(pwritev); return fails_file("pwritev", file) ? -1 : real(file, parts, count, at); }
ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t at) { REAL(pwritev64); return fails_file("pwritev", file) ? -1 : real(file, parts, count, at); }
int fsync(int file) { REAL(fsync); return fails_file("fsync", file) ? -1 : real(file); }
int fdatasync(int file) { REAL(fdatasync); return fails_file("fdatasync", file) ? -1 : real(file); }
int ftruncate(int file, off_t length) { REAL(ftruncate); return fails_file("ftruncate", file) ? -1 : real(file, length); }
int ftruncate64(int file, off64_t length) { REAL(ftruncate64); return fails_file("ftruncate", file) ? -1 : real(file, length); }
int fallocate(int file, int mode, off_t at, off_t length) { REAL(fallocate); return fails_file("fallocate", file) ? -1 : real(file, mode, at, length); }
int fallocate64(int file, int mode, off64_t at, off64_t length) { REAL(fallocate64); return fails_file("fallocate", file) ? -1 : real(file, mode, at, length); }
int rename(const char *from, const char *to) { REAL(rename); return fails_path("rename", to) ? -1 : real(from, to); }
int link(const char *from, const char *to) { REAL(link); return fails_path("link", to) ? -1 : real(from, to); }
int unlink(const char *path) { REAL(unlink); return fails_path("unlink", path) ? -1 : real(path); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); return fails_path("mkdir", path) ? -1 : real(path, mode); }
