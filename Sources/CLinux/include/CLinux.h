#pragma once
// What `import Glibc` does not show: eventfd, the thread's name, and a pipe that other programs do not inherit.
int clinux_eventfd(void);
void clinux_eventfd_signal(int fd);
void clinux_eventfd_drain(int fd);
void clinux_thread_name(const char *name);
int clinux_pipe(int ends[2]);
/// What the linker noted about this executable (`--package-metadata`, https://systemd.io/ELF_PACKAGE_METADATA): JSON with an end of string, or NULL.
const char *clinux_package_metadata(void);
