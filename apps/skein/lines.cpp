#include "lines.hpp"

#include <array>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/system/system_error.hpp>

#include <skein/async/asio.hpp>

namespace skein::cli {

task<> line_reader::readable() {
  auto& from = input_.descriptor();
  try {
    co_await from.async_wait(boost::asio::posix::stream_descriptor::wait_read, awaiting);
  } catch (const boost::system::system_error& e) {
    if (e.code() != boost::asio::error::operation_not_supported) throw;
  }
}

task<std::optional<std::string>> line_reader::next() {
  while (true) {
    if (auto end = waiting_.find('\n'); end != std::string::npos) {
      auto line = waiting_.substr(0, end);
      waiting_.erase(0, end + 1);
      if (line.ends_with('\r')) line.pop_back();
      co_return line;
    }
    if (ended_) {
      if (waiting_.empty()) co_return std::nullopt;
      co_return std::exchange(waiting_, {});
    }
    co_await readable();
    std::array<char, 4096> piece;
    boost::system::error_code failed;
    auto n = input_.descriptor().read_some(boost::asio::buffer(piece), failed);
    if (failed == boost::asio::error::eof) {
      ended_ = true;
    } else if (failed) {
      throw boost::system::system_error(failed, "standard input");
    } else {
      waiting_.append(piece.data(), n);
    }
  }
}

}  // namespace skein::cli
