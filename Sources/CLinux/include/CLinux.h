#pragma once
// What `import Glibc` does not show: eventfd and the thread's name.
int clinux_eventfd(void);
void clinux_eventfd_signal(int fd);
void clinux_eventfd_drain(int fd);
void clinux_thread_name(const char *name);
