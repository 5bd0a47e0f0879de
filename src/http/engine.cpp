#include "http/engine.hpp"

#include <algorithm>
#include <format>
#include <set>
#include <utility>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include "http/failure.hpp"
#include "http/transfer.hpp"
#include "platform/descriptor.hpp"

namespace skein::http::detail {

namespace asio = boost::asio;

// The engines whose Asio objects lie on one io_context. Shared with them, since either may go
// first.
class teardown_list {
 public:
  void add(std::shared_ptr<engine> e) {
    std::lock_guard lock(mutex_);
    engines_.insert(std::move(e));
  }
  void remove(const std::shared_ptr<engine>& e) noexcept {
    std::lock_guard lock(mutex_);
    engines_.erase(e);
  }
  void close_all() noexcept {
    std::unique_lock lock(mutex_);
    auto engines = std::move(engines_);
    lock.unlock();
    for (const auto& e : engines) e->close(engine::ending::runtime_gone);
  }

 private:
  std::mutex mutex_;
  std::set<std::shared_ptr<engine>> engines_;
};

namespace {

class teardown final : public asio::execution_context::service {
 public:
  using key_type = teardown;
  static inline asio::execution_context::id id;
  explicit teardown(asio::execution_context& c) : service(c) {}
  const std::shared_ptr<teardown_list> list = std::make_shared<teardown_list>();

 private:
  void shutdown() override { list->close_all(); }
};

CURLM* make_multi() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* multi = ready == CURLE_OK ? curl_multi_init() : nullptr;
  if (multi == nullptr) throw transport_error("http client: libcurl could not be started");
  return multi;
}

}  // namespace

struct engine::watch {
  watch(const asio::any_io_executor& executor, curl_socket_t s) : fd(s), descriptor(executor) {}
  curl_socket_t fd;
  asio::posix::stream_descriptor descriptor;
  int wanted = 0;   // CURL_POLL_IN and CURL_POLL_OUT, which are bits
  int pending = 0;  // of these, what Asio waits for
};

std::shared_ptr<engine> engine::make(runtime& rt, const client_options& options) {
  auto e = std::make_shared<engine>(rt, options);
  // Services are shut down in the reverse order of their making: ours after those it needs.
  asio::posix::stream_descriptor first(e->executor_);
  e->teardown_ = asio::use_service<teardown>(e->executor_.context()).list;
  e->teardown_->add(e);
  return e;
}

engine::engine(runtime& rt, const client_options& options)
    : runtime_(&rt), executor_(rt.executor()), multi_(make_multi()) {
  timer_.emplace(executor_);
  resumes_inline_ = executor_.target<asio::io_context::executor_type>() != nullptr;
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &engine::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &engine::on_timeout);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options.pooled_connections));
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS,
                    static_cast<long>(options.max_connections_per_host));
}

engine::~engine() {
  if (multi_ != nullptr) curl_multi_cleanup(multi_);
}

void engine::close(ending why) noexcept {
  {
    std::lock_guard lock(mutex_);
    if (!closed()) {
      const auto still = transfers_;
      for (auto* t : still) t->abandon(why);
      left_.clear();
      curl_multi_cleanup(std::exchange(multi_, nullptr));
      watches_.clear();
      timer_.reset();
      closed_.store(true, std::memory_order_release);
    }
  }
  // Not before the Asio objects are gone, which the io_context waits for by finding us there.
  if (why == ending::client_gone) teardown_->remove(shared_from_this());
}

void engine::add(transfer& t) {
  if (auto code = curl_multi_add_handle(multi_, t.easy()); code != CURLM_OK) {
    throw transport_error(std::format("http client: {}", curl_multi_strerror(code)));
  }
  transfers_.push_back(&t);
}

void engine::remove(transfer& t) noexcept {
  curl_multi_remove_handle(multi_, t.easy());
  std::erase(transfers_, &t);
  std::erase(unwatchable_, &t);
}

void engine::collect() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto code = message->data.result;
    transfer::of(message->easy_handle)->finished(code);
  }
  while (!unwatchable_.empty()) {
    auto* t = unwatchable_.back();
    t->fail(failure_of(CURLE_RECV_ERROR, t->where(), "the system cannot watch one more socket"));
  }
}

void engine::left(curl_off_t connection) {
  if (connection >= 0) left_.push_back(connection);
}

void engine::settle() {
  settling_ = true;
  while (!left_.empty()) {
    const auto connection = left_.back();
    left_.pop_back();
    const auto sharing = std::ranges::find(transfers_, connection, &transfer::connection);
    if (sharing == transfers_.end()) continue;
    (*sharing)->go_on(clock::now());
    int running = 0;
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    collect();
  }
  settling_ = false;
}

void engine::wake(skein::detail::root& r) {
  if (handling_ && resumes_inline_ && !next_up_) {
    next_up_.reset(&r);
  } else {
    r.resume_later();
  }
}

std::string engine::buffer() noexcept {
  return std::exchange(*std::ranges::max_element(spare_buffers_, {}, &std::string::capacity), {});
}

void engine::give_back(std::string buffer) noexcept {
  constexpr std::size_t most = std::size_t{512} << 10;
  auto& least = *std::ranges::min_element(spare_buffers_, {}, &std::string::capacity);
  if (buffer.capacity() <= least.capacity() || buffer.capacity() > most) return;
  buffer.clear();
  least = std::move(buffer);
}

void engine::socket_closed(curl_socket_t fd) noexcept {
  forget(fd);
  --sockets_;
  platform::close_descriptor(fd);
}

int engine::on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void*) noexcept {
  auto& e = *static_cast<engine*>(self);
  if (what == CURL_POLL_REMOVE) {
    e.forget(fd);
  } else {
    e.want(easy, fd, what);
  }
  return 0;
}

void engine::want(CURL* easy, curl_socket_t fd, int what) {
  auto& w = watches_[fd];
  if (!w) {
    auto made = std::make_shared<watch>(executor_, fd);
    boost::system::error_code ec;
    made->descriptor.assign(fd, ec);
    if (ec) {
      watches_.erase(fd);
      if (auto* t = transfer::of(easy)) unwatchable_.push_back(t);
      return;
    }
    w = std::move(made);
  }
  w->wanted = what;
  listen(w);
}

void engine::forget(curl_socket_t fd) noexcept {
  auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  found->second->wanted = 0;
  found->second->descriptor.release();  // the descriptor is curl's
  watches_.erase(found);
}

void engine::listen(const std::shared_ptr<watch>& w) {
  using direction = asio::posix::stream_descriptor::wait_type;
  for (auto [bit, type] : {std::pair(CURL_POLL_IN, direction::wait_read),
                           std::pair(CURL_POLL_OUT, direction::wait_write)}) {
    if ((w->wanted & ~w->pending & bit) == 0) continue;
    w->pending |= bit;
    w->descriptor.async_wait(type, [self = shared_from_this(), w, bit](boost::system::error_code) {
      self->ready(w, bit);
    });
  }
}

// Everything that happens in a handler of this engine.
template <class Act>
void engine::handle(Act act) {
  boost::intrusive_ptr<skein::detail::root> next;
  {
    std::lock_guard lock(mutex_);
    if (closed()) return;
    tick_ = clock::now();
    handling_ = true;
    act();
    settle();
    handling_ = false;
    next = std::move(next_up_);
  }
  if (next) next->resume();
}

void engine::ready(const std::shared_ptr<watch>& w, int direction) {
  handle([&] {
    w->pending &= ~direction;
    if ((w->wanted & direction) == 0) return;
    int running = 0;
    curl_multi_socket_action(
        multi_, w->fd, direction == CURL_POLL_IN ? CURL_CSELECT_IN : CURL_CSELECT_OUT, &running);
    collect();
    listen(w);
  });
}

// Mostly curl asks for no time at all, which the system's timer makes 50 us or more.
int engine::on_timeout(CURLM*, long ms, void* self) noexcept {
  auto& e = *static_cast<engine*>(self);
  if (ms == 0) {
    e.curl_due_ = never;
    asio::post(e.executor_, [self = e.shared_from_this()] {
      self->handle([&] {
        self->run_curl_timers();
        self->arm();
      });
    });
  } else {
    e.curl_due_ = ms < 0 ? never : clock::now() + std::chrono::milliseconds(ms);
    e.arm();
  }
  return 0;
}

// A timer that is set already and fires early is left alone: deadlines mostly move away.
void engine::arm() {
  const auto due = std::min(curl_due_, next_deadline_);
  if (due >= armed_at_ || !timer_) return;
  armed_at_ = due;
  timer_->expires_at(due);
  timer_->async_wait([self = shared_from_this()](boost::system::error_code ec) {
    if (!ec) self->handle([&] { self->look_at_clock(); });
  });
}

void engine::look_at_clock() {
  armed_at_ = never;
  if (curl_due_ <= tick_) run_curl_timers();
  if (next_deadline_ <= tick_) sweep();
  arm();
}

void engine::run_curl_timers() {
  curl_due_ = never;
  int running = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  collect();
}

void engine::sweep() {
  next_deadline_ = never;
  std::vector<transfer*> late;
  for (auto* t : transfers_) {
    const auto due = t->deadline();
    if (due > tick_) {
      next_deadline_ = std::min(next_deadline_, due);
    } else if (t->last_look()) {
      next_deadline_ = tick_;
    } else {
      late.push_back(t);
    }
  }
  for (auto* t : late) t->time_out();
}

}  // namespace skein::http::detail
