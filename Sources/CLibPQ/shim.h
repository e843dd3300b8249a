#pragma once
// PostgreSQL's client library, and the readiness calls of Linux that drive its sockets. Glibc's module does not
// export epoll to Swift.
#include <libpq-fe.h>
#include <sys/eventfd.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <poll.h>
#include <unistd.h>

/// A descriptor that becomes readable when `eventfd_write` is called; -1 with errno set when there is none to be had.
static inline int holdfast_wake_up_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
