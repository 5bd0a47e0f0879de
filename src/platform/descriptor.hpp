// What the operating system does with a descriptor beside Asio.
#pragma once

#include <fcntl.h>
#include <unistd.h>

namespace skein::platform {

inline void close_descriptor(int fd) noexcept { ::close(fd); }
// Children of this process do not inherit it.
inline void keep_from_children(int fd) noexcept { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

}  // namespace skein::platform
