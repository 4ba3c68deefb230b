#define _GNU_SOURCE 1
#include "CLinux.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int clinux_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

// A counter that is already full wakes the reader all the same, so a failed write loses nothing.
void clinux_eventfd_signal(int fd) {
    uint64_t one = 1;
    ssize_t written = write(fd, &one, sizeof one);
    (void)written;
}

void clinux_eventfd_drain(int fd) {
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got;
}

// Linux allows 15 characters; pthread_setname_np refuses more.
void clinux_thread_name(const char *name) {
    char shortened[16] = {0};
    for (int i = 0; i < 15 && name[i]; i++) shortened[i] = name[i];
    pthread_setname_np(pthread_self(), shortened);
}

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
