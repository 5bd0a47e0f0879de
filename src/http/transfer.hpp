// One exchange: its curl handle, its clock, and what has arrived and not yet been taken.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include <skein/http/client.hpp>

#include "http/engine.hpp"

namespace skein::http::detail {

// What a client is, shared with its exchanges.
struct client_state {
  explicit client_state(client_options o) : options(std::move(o)) {}
  const client_options options;
  std::mutex mutex;
  bool closed = false;
  std::vector<std::shared_ptr<engine>> engines;

  [[nodiscard]] std::shared_ptr<engine> engine_for(runtime& rt);
  void close() noexcept;
};

// A request's address as curl understands it.
class target {
 public:
  explicit target(const std::string& url);  // throws usage_error
  [[nodiscard]] CURLU* url() const noexcept { return url_.get(); }
  [[nodiscard]] const std::string& where() const noexcept { return where_; }  // host:port
  [[nodiscard]] bool secure() const noexcept { return secure_; }

 private:
  struct free_url {
    void operator()(CURLU* u) const noexcept { curl_url_cleanup(u); }
  };
  std::unique_ptr<CURLU, free_url> url_;
  std::string where_;
  bool secure_ = false;
};

// Lives where its exchange keeps it. Once started, everything is guarded by the engine's lock.
class transfer {
 public:
  using clock = engine::clock;

  transfer(std::shared_ptr<client_state> client, request r);  // throws usage_error
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;
  ~transfer() { close(); }
  [[nodiscard]] static transfer* of(CURL* easy) noexcept;

  // Without the lock: for the exchange and its waits.
  [[nodiscard]] bool started() const noexcept { return engine_ != nullptr; }
  void start_on(runtime& rt);
  // Registers the wait, or false if there is nothing to wait for.
  template <class Arm>
  [[nodiscard]] bool wait(exchange_wait& w, Arm arm);
  void leave(exchange_wait& w) noexcept;
  [[nodiscard]] const response_head& head();
  [[nodiscard]] std::optional<std::string_view> take();
  void close() noexcept;

  // Under the lock: for the engine.
  [[nodiscard]] CURL* easy() const noexcept { return easy_.get(); }
  [[nodiscard]] const std::string& where() const noexcept { return target_.where(); }
  [[nodiscard]] clock::time_point deadline() const noexcept;
  [[nodiscard]] curl_off_t connection() const noexcept;
  // Lets curl read again.
  void go_on(clock::time_point now);
  // True once before a timeout strikes: what lies ready in the socket may still be read.
  [[nodiscard]] bool last_look() noexcept { return !std::exchange(looked_, true); }
  void time_out();
  void finished(CURLcode code);
  void fail(std::exception_ptr why);
  void abandon(engine::ending why) noexcept;

 private:
  enum class phase : std::uint8_t { queued, connecting, asked, answering };
  struct free_easy {
    void operator()(CURL* e) const noexcept { curl_easy_cleanup(e); }
  };
  struct free_list {
    void operator()(curl_slist* l) const noexcept { curl_slist_free_all(l); }
  };

  void set_up();
  void set_method();
  void set_headers();
  void enter(phase p, clock::time_point now);
  void touch(clock::time_point now) noexcept;
  void connecting();
  [[nodiscard]] curl_socket_t open_socket(const curl_sockaddr& to) noexcept;
  [[nodiscard]] bool on_header(std::string_view line);
  [[nodiscard]] std::size_t on_body(std::string_view piece);
  void header_line(std::string_view line);
  void status_line(std::string_view line);
  [[nodiscard]] std::exception_ptr lateness() const;
  void refuse(std::exception_ptr why);
  void release_easy() noexcept;
  [[nodiscard]] bool ready(exchange_wait::until u) const noexcept;
  void wake();
  void throw_failure() const;

  std::shared_ptr<client_state> client_;
  request request_;
  target target_;
  std::shared_ptr<engine> engine_;
  std::unique_ptr<CURL, free_easy> easy_;
  std::unique_ptr<curl_slist, free_list> header_lines_;
  std::array<char, CURL_ERROR_SIZE> said_{};

  phase phase_ = phase::queued;
  clock::time_point started_{};
  clock::time_point since_{};
  bool looked_ = false;
  bool paused_ = false;
  std::string refused_;  // an address that may not be reached

  response_head head_;
  bool head_done_ = false;
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  std::string arriving_;
  std::string handed_out_;

  bool active_ = false;  // curl works on it
  bool ended_ = false;
  bool closed_ = false;
  std::exception_ptr failure_;
  exchange_wait* waiter_ = nullptr;
};

template <class Arm>
bool transfer::wait(exchange_wait& w, Arm arm) {
  auto lock = engine_->lock();
  if (waiter_ != nullptr) throw usage_error(where() + ": two coroutines wait for one exchange");
  if (ready(w.what())) return false;
  arm();
  waiter_ = &w;
  return true;
}

}  // namespace skein::http::detail
