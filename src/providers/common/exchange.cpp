#include "providers/common/exchange.hpp"

#include <chrono>
#include <expected>
#include <format>
#include <optional>
#include <utility>
#include <variant>

#include <skein/async/time.hpp>
#include <skein/http/sse.hpp>

#include "providers/common/http_failure.hpp"
#include "providers/common/line_decoder.hpp"
#include "providers/common/rate_limit_headers.hpp"

namespace skein::providers {

namespace {

// Both framings by the same words.
class events {
 public:
  explicit events(framing f) {
    if (f == framing::lines) lines_.emplace();
  }
  struct event {
    std::string_view name;
    std::string_view data;
  };
  void feed(std::string_view bytes) { lines_ ? lines_->feed(bytes) : sse_.feed(bytes); }
  std::optional<event> next() {
    if (lines_) return of_line(lines_->next());
    return of_event(sse_.next());
  }
  std::optional<event> finish() {
    if (lines_) return of_line(lines_->finish());
    return of_event(sse_.finish());
  }
  // Empty, or which limit was passed.
  [[nodiscard]] std::string_view passed_limit() const {
    if (lines_) return lines_->too_long() ? "line" : std::string_view();
    return sse_.error() == http::sse_error::none ? std::string_view() : name_of(sse_.error());
  }

 private:
  static std::optional<event> of_line(std::optional<std::string_view> line) {
    if (!line) return std::nullopt;
    return event{{}, *line};
  }
  template <class Event>
  static std::optional<event> of_event(const Event& e) {
    if (!e) return std::nullopt;
    return event{e->type, e->data};
  }
  http::sse_decoder sse_;
  std::optional<line_decoder> lines_;
};

// After what was read before the failure has been passed on.
void check(std::expected<void, failure> result, const http::response_head& head) {
  if (result) return;
  if (auto* e = std::get_if<provider_error>(&result.error())) {
    throw of_request(std::move(*e), head);
  }
  throw_failure(std::move(result.error()));
}

// Reads on to the regular end of a body whose meaning is complete, so that its connection can be
// used again; gives up soon, and the connection with it.
task<> drain(skein::stream<std::string_view>& pieces) {
  constexpr std::size_t most = 64 * 1024;
  std::size_t read = 0;
  while (auto* piece = co_await pieces.next()) {
    read += piece->size();
    if (read > most) co_return;
  }
}

// With the first update that names the answer goes what its head says of limits.
void add_limits(updates& found, rate_limits& said) {
  if (said.empty()) return;
  for (auto& u : found) {
    if (auto* started = std::get_if<response_started>(&u)) {
      started->limits = std::exchange(said, {});
      return;
    }
  }
}

bool is_whole(const http::response_head& head, const exchange_plan& plan) {
  const auto type = head.header("content-type").value_or("");
  if (type.starts_with("text/event-stream") || type.starts_with("application/x-ndjson")) {
    return false;
  }
  return !plan.streaming || type.starts_with("application/json");
}

}  // namespace

stream<chat_update> exchange(std::unique_ptr<exchange_plan> plan, http::transport& transport) {
  using state = answer_decoder::state;
  http::response_head head;
  auto pieces = transport.send(std::move(plan->request), head);
  updates found;
  auto& decoder = *plan->decoder;
  auto* piece = co_await pieces.next();

  if (head.status < 200 || head.status >= 300) {
    std::string body;
    for (; piece != nullptr && body.size() < plan->max_error_body; piece = co_await pieces.next()) {
      body.append(piece->substr(0, plan->max_error_body - body.size()));
    }
    throw error_from({.status = head.status,
                      .body = std::move(body),
                      .url = plan->shown_url,
                      .model = plan->model,
                      .key_variable = plan->key_variable,
                      .headers = answer_headers_of(head, std::chrono::system_clock::now())});
  }

  auto limits = rate_limits_of(head, std::chrono::system_clock::now());
  if (is_whole(head, *plan)) {
    std::string body;
    for (; piece != nullptr; piece = co_await pieces.next()) body.append(*piece);
    auto read = decoder.whole(body, found);
    add_limits(found, limits);
    for (auto& u : found) co_yield u;
    check(std::move(read), head);
    co_return;
  }

  events in(plan->frames);
  for (; piece != nullptr; piece = co_await pieces.next()) {
    in.feed(*piece);
    while (auto event = in.next()) {
      auto read = decoder.event(event->name, event->data, found);
      add_limits(found, limits);
      for (auto& u : found) co_yield u;
      check(std::move(read), head);
      found.clear();
      if (decoder.status() == state::finished) break;
    }
    if (const auto limit = in.passed_limit(); !limit.empty()) {
      throw protocol_error(std::format("{}: the event stream of {} passed a limit ({})",
                                       plan->model, plan->shown_url, limit),
                           "limit_exceeded");
    }
    if (decoder.status() == state::finished) break;
  }
  if (decoder.status() == state::finished) {
    try {
      co_await with_deadline(std::chrono::milliseconds(100), drain(pieces));
    } catch (const std::exception&) {
      // The answer is whole. If the run was stopped meanwhile, its next wait says so.
    }
    co_return;
  }
  std::expected<void, failure> read;
  if (auto last = in.finish()) read = decoder.unterminated_event(last->name, last->data, found);
  if (read) read = decoder.finish(found);
  for (auto& u : found) co_yield u;
  check(std::move(read), head);
}

}  // namespace skein::providers
