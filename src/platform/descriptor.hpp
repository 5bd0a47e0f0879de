// What the operating system does with a descriptor beside Asio.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace skein::platform {

// As socket(2): -1 if there is none.
inline int open_socket(int family, int type, int protocol) noexcept {
  return ::socket(family, type, protocol);
}
inline void close_descriptor(int fd) noexcept { ::close(fd); }
// Children of this process do not inherit it.
inline void keep_from_children(int fd) noexcept { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

}  // namespace skein::platform
