#pragma once
// What `import Glibc` does not show: eventfd and the thread's name.
int csystem_eventfd(void);
void csystem_eventfd_signal(int fd);
void csystem_eventfd_drain(int fd);
void csystem_thread_name(const char *name);
