// One client on one runtime: a curl multi handle whose sockets and timer are Asio's.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <curl/curl.h>

#include <skein/async/detail/root.hpp>
#include <skein/http/client.hpp>

namespace skein::http::detail {

class transfer;
class teardown_list;

// Curl is called under the lock only, from whatever thread: socket and timer handlers, waiting
// coroutines, and whoever drops an exchange, which so takes effect at once. Nothing of anybody
// else's runs under it: coroutines are only made ready.
//
// Handlers share in the engine, so it may outlive its client and its io_context. Whichever of them
// goes first closes it; from then on it holds neither curl's objects nor Asio's.
class engine : public std::enable_shared_from_this<engine> {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr clock::time_point never = clock::time_point::max();
  enum class ending : std::uint8_t { client_gone, runtime_gone };

  [[nodiscard]] static std::shared_ptr<engine> make(runtime& rt, const client_options& options);
  engine(runtime& rt, const client_options& options);
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  ~engine();

  void close(ending why) noexcept;
  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
  // Whether coroutines on `rt` may wait here. Without the lock.
  [[nodiscard]] bool serves(const runtime& rt) const noexcept {
    return runtime_ == &rt && !closed();
  }

  [[nodiscard]] std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

  // Under the lock, from here on.
  void add(transfer& t);
  void remove(transfer& t) noexcept;
  // Takes what curl has finished. After every call into curl that may have run a transfer.
  void collect();
  // `connection` has been left in the midst of a response, see settle().
  void left(curl_off_t connection);
  // Finishes what was left: libcurl up to 8.14 only queues the reset of an HTTP/2 stream until its
  // connection is used again. Under the lock, but not inside of another call into curl.
  void settle();
  [[nodiscard]] bool settling() const noexcept { return settling_; }
  // Deadlines are looked at no later than then.
  void look_at(clock::time_point when) { next_deadline_ = std::min(next_deadline_, when), arm(); }
  // When the handler that runs now began.
  [[nodiscard]] clock::time_point tick() const noexcept { return tick_; }
  // Makes a root ready that was claimed.
  void wake(skein::detail::root& r);
  // An empty one, with the room that it was given back with. Buffers that grew anew for each
  // exchange would be pages that the system takes back and gives again.
  [[nodiscard]] std::string buffer() noexcept;
  void give_back(std::string buffer) noexcept;
  void socket_opened() noexcept { ++sockets_; }
  void socket_closed(curl_socket_t fd) noexcept;

  [[nodiscard]] std::size_t transfers() const noexcept { return transfers_.size(); }
  [[nodiscard]] std::size_t sockets() const noexcept { return sockets_; }

 private:
  struct watch;

  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void*) noexcept;
  static int on_timeout(CURLM*, long ms, void* self) noexcept;
  void want(CURL* easy, curl_socket_t fd, int what);
  void forget(curl_socket_t fd) noexcept;
  void listen(const std::shared_ptr<watch>& w);
  void ready(const std::shared_ptr<watch>& w, int direction);
  void arm();
  void look_at_clock();
  void run_curl_timers();
  void sweep();
  template <class Act>
  void handle(Act act);

  std::mutex mutex_;
  std::atomic<bool> closed_{false};
  runtime* runtime_;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<teardown_list> teardown_;
  CURLM* multi_ = nullptr;
  std::unordered_map<curl_socket_t, std::shared_ptr<watch>> watches_;
  std::vector<transfer*> transfers_;
  std::vector<transfer*> unwatchable_;
  std::vector<curl_off_t> left_;
  bool settling_ = false;
  std::size_t sockets_ = 0;
  std::array<std::string, 2> spare_buffers_;  // as many as one exchange has

  std::optional<boost::asio::steady_timer> timer_;
  clock::time_point armed_at_ = never;
  clock::time_point curl_due_ = never;
  clock::time_point next_deadline_ = never;
  clock::time_point tick_{};

  // The first coroutine that a handler wakes goes on within it, where the runtime allows that.
  bool resumes_inline_ = false;
  bool handling_ = false;
  boost::intrusive_ptr<skein::detail::root> next_up_;
};

}  // namespace skein::http::detail
