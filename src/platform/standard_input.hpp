// Standard input for an event loop.
#pragma once

#include <unistd.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace skein::platform {

// Wait for it to be readable before each read: then neither blocks, and the file stays in blocking
// mode, which a terminal shares with standard output. Waiting on a plain file fails with
// operation_not_supported: it is always readable. Not closed at the end.
class standard_input {
 public:
  explicit standard_input(const boost::asio::any_io_executor& executor)
      : descriptor_(executor, STDIN_FILENO) {}
  standard_input(const standard_input&) = delete;
  standard_input& operator=(const standard_input&) = delete;
  ~standard_input() { descriptor_.release(); }

  [[nodiscard]] boost::asio::posix::stream_descriptor& descriptor() noexcept { return descriptor_; }

 private:
  boost::asio::posix::stream_descriptor descriptor_;
};

}  // namespace skein::platform
