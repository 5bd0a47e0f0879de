#include <format>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/http/client.hpp>

#include "http/engine.hpp"
#include "http/transfer.hpp"

namespace skein::http {

namespace detail {

exchange_wait::~exchange_wait() {
  if (waiting_) transfer_->leave(*this);
}

bool exchange_wait::await_ready() {
  if (transfer_ == nullptr)
    throw usage_error("http: an exchange was awaited after it was moved away");
  const auto* scope = strand::active()->cancellation();
  if (scope != nullptr && scope->stop_requested()) {
    transfer_->close();
    throw cancelled(scope->reason());
  }
  transfer_->start_on(*runtime::current());
  return !transfer_->started();
}

bool exchange_wait::await_suspend(std::coroutine_handle<> h) {
  if (!transfer_->wait(*this, [&] { arm(h); })) return false;
  waiting_ = true;
  listen();
  return true;
}

transfer& exchange_wait::resumed_transfer() {
  if (waiting_) {
    resumed();
    transfer_->leave(*this);
    waiting_ = false;
    if (was_cancelled()) transfer_->close();
    throw_if_cancelled();
  }
  return *transfer_;
}

const response_head& head_wait::await_resume() { return resumed_transfer().head(); }
std::optional<std::string_view> body_wait::await_resume() { return resumed_transfer().take(); }

}  // namespace detail

exchange::exchange(std::unique_ptr<detail::transfer> t) noexcept : transfer_(std::move(t)) {}
exchange::exchange(exchange&&) noexcept = default;
exchange& exchange::operator=(exchange&&) noexcept = default;
exchange::~exchange() = default;

void exchange::close() noexcept {
  if (transfer_) transfer_->close();
}

client::client(client_options options)
    : state_(std::make_shared<detail::client_state>(std::move(options))) {}

client& client::operator=(client&& other) noexcept {
  if (this != &other) {
    if (state_) state_->close();
    state_ = std::move(other.state_);
  }
  return *this;
}

client::~client() {
  if (state_) state_->close();
}

exchange client::send(request r) {
  return exchange(std::make_unique<detail::transfer>(state_, std::move(r)));
}

const client_options& client::options() const noexcept { return state_->options; }

std::size_t client::open_exchanges() const {
  std::lock_guard lock(state_->mutex);
  std::size_t n = 0;
  for (const auto& e : state_->engines) {
    auto inside = e->lock();
    n += e->transfers();
  }
  return n;
}

std::size_t client::open_connections() const {
  std::lock_guard lock(state_->mutex);
  std::size_t n = 0;
  for (const auto& e : state_->engines) {
    auto inside = e->lock();
    n += e->sockets();
  }
  return n;
}

task<std::string> read_all(exchange& from, std::size_t limit) {
  std::string all;
  while (auto piece = co_await from.next()) {
    if (piece->size() > limit - all.size()) {
      throw protocol_error(
          std::format("http: the rest of a body is longer than the {} bytes asked for", limit),
          "limit_exceeded");
    }
    all += *piece;
  }
  co_return all;
}

}  // namespace skein::http
