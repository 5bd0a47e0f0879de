// A collector that takes everything, in a process of its own, so that its time is not ours.
#pragma once

#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

class sink {
 public:
  sink() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
        ::listen(listener, 16) != 0 ||
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
      std::abort();
    }
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (true) serve(::accept(listener, nullptr, nullptr));
    }
    ::close(listener);
  }
  sink(const sink&) = delete;
  sink& operator=(const sink&) = delete;
  ~sink() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  // Without the heap: only this thread came through the fork.
  static void serve(int connection) {
    static char buffer[1 << 20];
    std::size_t have = 0;
    while (true) {
      const auto n = ::read(connection, buffer + have, sizeof buffer - 1 - have);
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
      buffer[have] = 0;
      const char* end = std::strstr(buffer, "\r\n\r\n");
      const char* length = ::strcasestr(buffer, "content-length:");
      if (end == nullptr || length == nullptr) continue;
      std::size_t left = std::strtoul(length + 15, nullptr, 10);
      const auto head = static_cast<std::size_t>(end - buffer) + 4;
      left -= have - head;
      while (left > 0) {
        const auto more = ::read(connection, buffer, left < sizeof buffer ? left : sizeof buffer);
        if (more <= 0) break;
        left -= static_cast<std::size_t>(more);
      }
      have = 0;
      constexpr char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
      if (::write(connection, answer, sizeof answer - 1) < 0) break;
    }
    ::close(connection);
  }

  std::string url_;
  pid_t child_ = 0;
};

}  // namespace bench
