#include <algorithm>
#include <mutex>
#include <utility>

#include <opentelemetry/sdk/trace/tracer_provider.h>
#include <opentelemetry/trace/provider.h>

#include <skein/telemetry/ledger.hpp>

#include "telemetry/recorder.hpp"

namespace skein::telemetry {

namespace sdk = opentelemetry::sdk;
namespace trace = opentelemetry::trace;

struct span_ledger::book {
  std::mutex mutex;
  std::size_t started = 0;
  std::vector<span_record> ended;
  std::vector<span_record> open;
  std::vector<std::string> ended_twice;
};

class span_ledger::bookkeeper final : public sdk::trace::SpanProcessor {
 public:
  explicit bookkeeper(std::shared_ptr<book> b) : book_(std::move(b)) {}

  std::unique_ptr<sdk::trace::Recordable> MakeRecordable() noexcept override {
    return std::make_unique<recorder>();
  }
  void OnStart(sdk::trace::Recordable& span, const trace::SpanContext& parent) noexcept override {
    auto& r = static_cast<recorder&>(span);
    r.set_remote_parent(parent.IsRemote());
    auto record = r.record();
    std::lock_guard lock(book_->mutex);
    ++book_->started;
    book_->open.push_back(std::move(record));
  }
  void OnEnd(std::unique_ptr<sdk::trace::Recordable>&& span) noexcept override {
    auto record = static_cast<recorder&>(*span).record();
    std::lock_guard lock(book_->mutex);
    auto is_it = [&](const span_record& o) {
      return o.span_id == record.span_id && o.trace_id == record.trace_id;
    };
    auto found = std::ranges::find_if(book_->open, is_it);
    if (found == book_->open.end()) {
      book_->ended_twice.push_back(record.name);
    } else {
      book_->open.erase(found);
    }
    book_->ended.push_back(std::move(record));
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override { return true; }

 private:
  std::shared_ptr<book> book_;
};

span_ledger::span_ledger() : book_(std::make_shared<book>()) {}

std::unique_ptr<sdk::trace::SpanProcessor> span_ledger::processor() const {
  return std::make_unique<bookkeeper>(book_);
}

std::size_t span_ledger::started() const {
  std::lock_guard lock(book_->mutex);
  return book_->started;
}

std::size_t span_ledger::ended() const {
  std::lock_guard lock(book_->mutex);
  return book_->ended.size();
}

std::vector<span_record> span_ledger::records() const {
  std::lock_guard lock(book_->mutex);
  return book_->ended;
}

std::vector<span_record> span_ledger::open() const {
  std::lock_guard lock(book_->mutex);
  return book_->open;
}

std::vector<std::string> span_ledger::ended_twice() const {
  std::lock_guard lock(book_->mutex);
  return book_->ended_twice;
}

void span_ledger::clear() {
  std::lock_guard lock(book_->mutex);
  book_->started = 0;
  book_->ended.clear();
  book_->open.clear();
  book_->ended_twice.clear();
}

scoped_provider::scoped_provider(const span_ledger& ledger)
    : previous_(trace::Provider::GetTracerProvider()) {
  trace::Provider::SetTracerProvider(opentelemetry::nostd::shared_ptr<trace::TracerProvider>(
      new sdk::trace::TracerProvider(ledger.processor())));
}

scoped_provider::~scoped_provider() { trace::Provider::SetTracerProvider(previous_); }

}  // namespace skein::telemetry
