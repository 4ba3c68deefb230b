#define _GNU_SOURCE 1
#include "CLinux.h"
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
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

static int find_metadata(struct dl_phdr_info *program, size_t size, void *found) {
    (void)size;
    for (int i = 0; i < program->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &program->dlpi_phdr[i];
        if (header->p_type != PT_NOTE || header->p_align > 4) continue;
        const char *note = (const char *)(program->dlpi_addr + header->p_vaddr), *end = note + header->p_memsz;
        while (end - note >= (ptrdiff_t)sizeof(ElfW(Nhdr))) {
            const ElfW(Nhdr) *head = (const ElfW(Nhdr) *)note;
            size_t name = (head->n_namesz + 3u) & ~3u, text = (head->n_descsz + 3u) & ~3u;
            if (name + text > (size_t)(end - note) - sizeof *head) break;
            const char *json = note + sizeof *head + name;
            if (head->n_type == 0xcafe1a7e && head->n_namesz == 4 && memcmp(note + sizeof *head, "FDO", 4) == 0 && head->n_descsz > 0
                && json[head->n_descsz - 1] == 0) {
                *(const char **)found = json;
                return 1;
            }
            note = json + text;
        }
    }
    return 1; // the first is the executable; libraries have notes of their own
}

const char *clinux_package_metadata(void) {
    const char *found = NULL;
    dl_iterate_phdr(find_metadata, &found);
    return found;
}
