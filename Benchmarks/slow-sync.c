/* Makes a disk slower: every fdatasync and fsync of the process takes SYNC_MICROSECONDS longer. Preloaded by
   with-cluster.sh, because a fast disk hides what the number of commits costs on the disks that most servers have. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int slowly(const char *name, int file) {
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *wait = getenv("SYNC_MICROSECONDS");
    struct timespec time = {0, wait ? atol(wait) * 1000 : 0};
    nanosleep(&time, NULL);
    return next(file);
}

int fdatasync(int file) { return slowly("fdatasync", file); }
int fsync(int file) { return slowly("fsync", file); }
