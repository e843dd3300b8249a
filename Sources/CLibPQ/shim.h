#pragma once
// PostgreSQL's client library, and the readiness calls of Linux that drive its sockets. Glibc's module does not
// export epoll to Swift.
#include <libpq-fe.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <poll.h>
#include <unistd.h>
