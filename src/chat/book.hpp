// How requests come into the ledger of the run that they belong to: a run puts its book into the
// context of what it starts, and whatever asks a model looks there. So a request is booked where
// its span is, whatever thread or strand it is on.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <skein/async/runtime.hpp>
#include <skein/async/strand.hpp>
#include <skein/chat/ledger.hpp>
#include <skein/chat/request.hpp>
#include <skein/telemetry/operation.hpp>

namespace skein::detail {

// Of text alone: instructions, messages and tools. Media are not counted.
[[nodiscard]] std::uint64_t bytes_of(const chat_request& request) noexcept;

class run_book;
// A place in a context where requests are booked: a run, or a tool of a run.
class scope;
using scope_ptr = std::shared_ptr<scope>;

// One request. Written by its own stream, read by any thread.
class open_call {
 public:
  struct asked {
    model_operation operation = model_operation::chat;
    std::string provider = {};
    std::string model = {};
    std::uint64_t bytes = 0;
    price_table prices = {};
  };
  // In the ledger of the run around, if there is one.
  open_call(const context& where, asked what);
  open_call(const open_call&) = delete;
  open_call& operator=(const open_call&) = delete;
  ~open_call();

  void sent() noexcept;
  // For each piece of an answer, so it must cost next to nothing.
  void arrived(std::size_t bytes) noexcept {
    bytes_.store(bytes_.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  }
  void reported(const usage& u) noexcept;
  void answered_by(const std::string& model);
  // The terminal event came: a count that was reported is the last one.
  void finished() noexcept;
  // The provider did not begin to answer, so that nothing was used.
  void refused() noexcept;
  // `said`: what its span says.
  void close(telemetry::outcome how, const usage& said) noexcept;
  [[nodiscard]] model_call read() const;

 private:
  friend class run_book;
  struct line;
  scope_ptr in_;
  std::shared_ptr<line> line_;
  std::atomic<std::uint64_t>& bytes_;
};

// Of an agent, from its call until its span ends. Move-only. May end after what it was called in: a
// tool may leave a run behind.
class open_run {
 public:
  // A line in the ledger of the run around, if there is one.
  open_run(const context& where, std::string agent);

  // `c` with this run in it.
  [[nodiscard]] context inside(const context& c) const;
  [[nodiscard]] const std::shared_ptr<run_book>& book() const noexcept { return book_; }
  // When the span is about to end, which says that the agent's own requests used this much.
  void check(const usage& said) const noexcept;

 private:
  std::shared_ptr<run_book> book_;
  scope_ptr scope_;
};

// Of a tool of the run in `where`, while its span is open.
class open_tool {
 public:
  open_tool(const context& where, std::string_view name);
  open_tool(const open_tool&) = delete;
  open_tool& operator=(const open_tool&) = delete;
  ~open_tool() { close(); }

  [[nodiscard]] context inside(const context& c) const;
  void close() noexcept;

 private:
  scope_ptr scope_;
  scope_ptr around_;
};

// What asking again has taken of a run so far, of all its requests together.
struct retries_taken {
  std::mutex mutex;
  std::size_t count = 0;
  runtime::duration waited{};
};
// Of the run in `where`; null outside of one.
[[nodiscard]] std::shared_ptr<retries_taken> retries_in(const context& where);

// So far. Any thread.
[[nodiscard]] ledger read(const run_book& book);

}  // namespace skein::detail
