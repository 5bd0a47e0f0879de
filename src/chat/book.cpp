#include "chat/book.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include <opentelemetry/nostd/shared_ptr.h>
#include <opentelemetry/trace/default_span.h>

#include <skein/telemetry/law.hpp>

#include "telemetry/nostd.hpp"

namespace skein::detail {

namespace trace = opentelemetry::trace;
namespace nostd = opentelemetry::nostd;

namespace {

constexpr std::string_view key = "skein.run";
constexpr std::uint64_t bytes_per_token = 4;

std::int64_t tokens_of(std::uint64_t bytes) noexcept {
  return static_cast<std::int64_t>((bytes + bytes_per_token - 1) / bytes_per_token);
}

std::uint64_t bytes_of(const part& p) noexcept {
  return std::visit(
      []<class Part>(const Part& of) -> std::uint64_t {
        if constexpr (std::is_same_v<Part, text_part> || std::is_same_v<Part, reasoning_part>) {
          return of.text.size();
        } else if constexpr (std::is_same_v<Part, tool_call_part>) {
          return of.name.size() + of.arguments.size();
        } else if constexpr (std::is_same_v<Part, tool_result_part>) {
          return of.content.size();
        } else {
          return 0;
        }
      },
      p);
}

}  // namespace

std::uint64_t bytes_of(const chat_request& request) noexcept {
  std::uint64_t sum = request.instructions.size() + request.tools.bytes();
  for (const auto& m : request.messages) {
    for (const auto& p : m.parts) sum += bytes_of(p);
  }
  return sum;
}

// A context carries a few types of values only. A span that does nothing is one that it owns.
class scope final : public trace::DefaultSpan, public std::enable_shared_from_this<scope> {
 public:
  scope(std::shared_ptr<run_book> b, std::string_view of_tool)
      : DefaultSpan(trace::SpanContext::GetInvalid()), book(std::move(b)), tool(of_tool) {}

  const std::shared_ptr<run_book> book;
  const std::string tool;            // empty: the run itself
  std::atomic<std::size_t> open{0};  // spans directly below that have not ended
};

namespace {

context with(const context& c, const scope_ptr& s) {
  return context(c).SetValue(telemetry::view(key),
                             nostd::shared_ptr<trace::Span>(std::shared_ptr<trace::Span>(s)));
}

void one_less(scope_ptr& around) noexcept {
  if (auto s = std::exchange(around, nullptr)) s->open.fetch_sub(1, std::memory_order_release);
}

}  // namespace

struct open_call::line {
  mutable std::mutex mutex;
  model_call call;
  const std::uint64_t asked_bytes;
  const price_table prices;
  const std::chrono::sys_days day =
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const std::string asked_model;
  std::atomic<std::uint64_t> bytes{0};
  std::uint64_t bytes_at_report = 0;
  bool sent = false;
  bool refused = false;
  bool finished = false;

  line(asked what, std::string tool)
      : call{.operation = what.operation,
             .provider = std::move(what.provider),
             .model = what.model,
             .tool = std::move(tool)},
        asked_bytes(what.bytes),
        prices(std::move(what.prices)),
        asked_model(std::move(what.model)) {}

  [[nodiscard]] model_call read() const {
    std::lock_guard lock(mutex);
    auto c = call;
    c.bytes = bytes.load(std::memory_order_relaxed);
    c.estimated = estimate(c);
    c.cost = cost(c);
    return c;
  }

 private:
  [[nodiscard]] token_estimate estimate(const model_call& c) const noexcept {
    if (!sent || refused) return {};
    token_estimate e;
    if (!c.usage.input) e.input = tokens_of(asked_bytes);
    const bool is_last = c.usage.output && (finished || bytes_at_report == c.bytes);
    if (!is_last) {
      e.output = std::max<std::int64_t>(0, tokens_of(c.bytes) - c.usage.output.value_or(0));
    }
    return e;
  }
  [[nodiscard]] std::optional<usd> cost(const model_call& c) const noexcept {
    auto all = c.usage;
    all.input = c.usage.input.value_or(0) + c.estimated.input;
    all.output = c.usage.output.value_or(0) + c.estimated.output;
    if (all.total() == 0) return usd();
    const auto* p = prices.find(c.provider, c.model, day);
    if (p == nullptr) p = prices.find(c.provider, asked_model, day);
    return p != nullptr ? cost_of(all, *p) : std::nullopt;
  }
};

class run_book {
 public:
  explicit run_book(std::string agent) : agent_(std::move(agent)) {}

  void add(std::shared_ptr<open_call::line> call) {
    std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
  }
  void add(std::shared_ptr<run_book> inner) {
    std::lock_guard lock(mutex_);
    agents_.push_back(std::move(inner));
  }
  // What the span of one of the agent's own requests says: a second count beside the lines.
  void said(const usage& u) noexcept {
    std::lock_guard lock(mutex_);
    said_ += u;
  }
  [[nodiscard]] usage said() const noexcept {
    std::lock_guard lock(mutex_);
    return said_;
  }
  [[nodiscard]] retries_taken& retries() noexcept { return retries_; }
  [[nodiscard]] ledger read() const {
    ledger out{.agent = agent_};
    std::vector<std::shared_ptr<run_book>> inner;
    {
      std::lock_guard lock(mutex_);
      out.calls.reserve(calls_.size());
      for (const auto& c : calls_) out.calls.push_back(c->read());
      inner = agents_;
    }
    out.agents.reserve(inner.size());
    for (const auto& b : inner) out.agents.push_back(b->read());
    return out;
  }

 private:
  mutable std::mutex mutex_;
  const std::string agent_;
  std::vector<std::shared_ptr<open_call::line>> calls_;
  std::vector<std::shared_ptr<run_book>> agents_;
  usage said_;
  retries_taken retries_;
};

ledger read(const run_book& book) { return book.read(); }

namespace {

// Only `with` writes under this key.
scope_ptr scope_in(const context& c) {
  auto value = c.GetValue(telemetry::view(key));
  const auto* found = nostd::get_if<nostd::shared_ptr<trace::Span>>(&value);
  if (found == nullptr || found->get() == nullptr) return nullptr;
  return static_cast<scope*>(found->get())->shared_from_this();
}

scope_ptr begin_in(const context& c) {
  auto s = scope_in(c);
  if (s) s->open.fetch_add(1, std::memory_order_relaxed);
  return s;
}

}  // namespace

std::shared_ptr<retries_taken> retries_in(const context& where) {
  auto s = scope_in(where);
  if (!s) return nullptr;
  auto& taken = s->book->retries();
  return {s->book, &taken};
}

// ---- a request

open_call::open_call(const context& where, asked what)
    : in_(begin_in(where)),
      line_(std::make_shared<line>(std::move(what), in_ ? in_->tool : std::string())),
      bytes_(line_->bytes) {
  if (in_) in_->book->add(line_);
}

open_call::~open_call() { one_less(in_); }

void open_call::sent() noexcept {
  std::lock_guard lock(line_->mutex);
  line_->sent = true;
}

void open_call::reported(const usage& u) noexcept {
  std::lock_guard lock(line_->mutex);
  line_->call.usage = u;
  line_->bytes_at_report = bytes_.load(std::memory_order_relaxed);
}

void open_call::answered_by(const std::string& model) {
  std::lock_guard lock(line_->mutex);
  if (!model.empty()) line_->call.model = model;
}

void open_call::finished() noexcept {
  std::lock_guard lock(line_->mutex);
  line_->finished = true;
}

void open_call::refused() noexcept {
  std::lock_guard lock(line_->mutex);
  line_->refused = true;
}

void open_call::close(telemetry::outcome how, const usage& said) noexcept {
  {
    std::lock_guard lock(line_->mutex);
    line_->call.end = how;
  }
  const bool own = in_ && in_->tool.empty() && line_->call.operation == model_operation::chat;
  if (own) in_->book->said(said);
  one_less(in_);
}

model_call open_call::read() const { return line_->read(); }

// ---- a run

open_run::open_run(const context& where, std::string agent)
    : book_(std::make_shared<run_book>(std::move(agent))),
      scope_(std::make_shared<scope>(book_, std::string_view())) {
  if (auto around = scope_in(where)) around->book->add(book_);
}

context open_run::inside(const context& c) const { return with(c, scope_); }

void open_run::check(const usage& said) const noexcept {
  if (scope_->open.load(std::memory_order_acquire) != 0) {
    telemetry::violated(telemetry::law::closure, "an agent ended before what it had started");
  } else if (book_->said() != said) {
    telemetry::violated(telemetry::law::conservation,
                        "an agent has not used what its requests have used");
  }
}

// ---- a tool

open_tool::open_tool(const context& where, std::string_view name) : around_(begin_in(where)) {
  if (around_) scope_ = std::make_shared<scope>(around_->book, name);
}

context open_tool::inside(const context& c) const { return scope_ ? with(c, scope_) : c; }

void open_tool::close() noexcept {
  if (around_ && scope_->open.load(std::memory_order_acquire) != 0) {
    telemetry::violated(telemetry::law::closure, "a tool ended before what it had started");
  }
  one_less(around_);
}

}  // namespace skein::detail
