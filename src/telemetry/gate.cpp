#include "telemetry/gate.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/sdk/logs/multi_log_record_processor.h>
#include <opentelemetry/sdk/logs/recordable.h>
#include <opentelemetry/sdk/trace/multi_span_processor.h>
#include <opentelemetry/sdk/trace/recordable.h>

#include <skein/telemetry/semconv.hpp>

#include "telemetry/nostd.hpp"

namespace skein::telemetry {

namespace common = opentelemetry::common;
namespace nostd = opentelemetry::nostd;
namespace sdk = opentelemetry::sdk;
namespace trace = opentelemetry::trace;

namespace {

std::int64_t integer_of(const common::AttributeValue& v) {
  if (const auto* n = nostd::get_if<std::int64_t>(&v)) return *n;
  if (const auto* n = nostd::get_if<std::int32_t>(&v)) return *n;
  if (const auto* n = nostd::get_if<std::uint32_t>(&v)) return *n;
  return 0;
}

std::string_view text_of(const common::AttributeValue& v) {
  if (const auto* text = nostd::get_if<nostd::string_view>(&v)) return std_view(*text);
  if (const auto* c = nostd::get_if<const char*>(&v)) return *c;
  return {};
}

template <class Key, class Id>
Key key_of(const Id& id) {
  Key key{};
  static_assert(sizeof(key) == Id::kSize);
  std::memcpy(&key, id.Id().data(), sizeof(key));
  return key;
}

// Passes on what the limits admit, and notes what tail sampling asks.
class gated_span final : public sdk::trace::Recordable {
 public:
  enum class notes : std::uint8_t { none, taken };
  gated_span(std::unique_ptr<sdk::trace::Recordable> to, const span_limits& limits, notes n)
      : to_(std::move(to)), limits_(limits), notes_(n) {}

  void SetIdentity(const trace::SpanContext& self, trace::SpanId parent) noexcept override {
    facts_.trace = key_of<span_facts::trace_key>(self.trace_id());
    facts_.span = key_of<span_facts::span_key>(self.span_id());
    facts_.parent = key_of<span_facts::span_key>(parent);
    to_->SetIdentity(self, parent);
  }
  void SetAttribute(nostd::string_view key, const common::AttributeValue& v) noexcept override {
    if (!filter_.admits(std_view(key), limits_.attributes)) return;
    if (notes_ == notes::taken) note(std_view(key), v);
    attribute_filter::shortened(v, limits_.attributes, [&](const common::AttributeValue& some) {
      to_->SetAttribute(key, some);
    });
  }
  void AddEvent(nostd::string_view name, common::SystemTimestamp when,
                const common::KeyValueIterable& with) noexcept override {
    if (events_++ >= limits_.events) return;
    to_->AddEvent(name, when, limited(with, limits_.attributes_per_event));
  }
  void AddLink(const trace::SpanContext& other,
               const common::KeyValueIterable& with) noexcept override {
    if (links_++ >= limits_.links) return;
    to_->AddLink(other, limited(with, limits_.attributes_per_link));
  }
  void SetStatus(trace::StatusCode code, nostd::string_view about) noexcept override {
    facts_.failed = code == trace::StatusCode::kError;
    to_->SetStatus(code, about);
  }
  void SetName(nostd::string_view name) noexcept override {
    if (notes_ == notes::taken) facts_.name.assign(name.data(), name.size());
    to_->SetName(name);
  }
  void SetTraceFlags(trace::TraceFlags flags) noexcept override { to_->SetTraceFlags(flags); }
  void SetSpanKind(trace::SpanKind kind) noexcept override { to_->SetSpanKind(kind); }
  void SetResource(const sdk::resource::Resource& r) noexcept override { to_->SetResource(r); }
  void SetStartTime(common::SystemTimestamp when) noexcept override {
    facts_.start = when.time_since_epoch().count();
    to_->SetStartTime(when);
  }
  void SetDuration(std::chrono::nanoseconds d) noexcept override {
    facts_.duration = d.count();
    to_->SetDuration(d);
  }
  void SetInstrumentationScope(
      const sdk::instrumentationscope::InstrumentationScope& scope) noexcept override {
    to_->SetInstrumentationScope(scope);
  }
  explicit operator sdk::trace::SpanData*() const override {
    return static_cast<sdk::trace::SpanData*>(*to_);
  }

  [[nodiscard]] sdk::trace::Recordable& inner() noexcept { return *to_; }
  [[nodiscard]] std::unique_ptr<sdk::trace::Recordable> take() noexcept { return std::move(to_); }
  [[nodiscard]] const span_facts& facts() const noexcept { return facts_; }
  [[nodiscard]] span_facts take_facts() noexcept { return std::move(facts_); }
  void starts_below(const trace::SpanContext& parent) { parent_ = parent; }
  [[nodiscard]] const trace::SpanContext& parent() const noexcept { return parent_; }

 private:
  [[nodiscard]] limited_attributes limited(const common::KeyValueIterable& all,
                                           std::size_t count) const {
    return {all, {.count = count, .value_length = limits_.attributes.value_length}};
  }
  void note(std::string_view key, const common::AttributeValue& v) {
    facts_.bytes += key.size() + text_of(v).size() + sizeof(v);
    if (key == semconv::usage_input_tokens || key == semconv::usage_output_tokens) {
      facts_.tokens += integer_of(v);
    } else if (key == semconv::operation_name) {
      // Agents and workflows carry the sums of these.
      const auto operation = text_of(v);
      facts_.calls_model = operation == "chat" || operation == "generate_content" ||
                           operation == "text_completion" || operation == "embeddings";
    }
  }

  std::unique_ptr<sdk::trace::Recordable> to_;
  const span_limits& limits_;
  notes notes_;
  attribute_filter filter_;
  std::size_t events_ = 0;
  std::size_t links_ = 0;
  span_facts facts_;
  trace::SpanContext parent_ = trace::SpanContext::GetInvalid();
};

class gated_log final : public sdk::logs::Recordable {
 public:
  gated_log(std::unique_ptr<sdk::logs::Recordable> to, const attribute_limits& limits)
      : to_(std::move(to)), limits_(limits) {}

  void SetAttribute(nostd::string_view key, const common::AttributeValue& v) noexcept override {
    if (!filter_.admits(std_view(key), limits_)) return;
    attribute_filter::shortened(
        v, limits_, [&](const common::AttributeValue& some) { to_->SetAttribute(key, some); });
  }
  void SetTimestamp(common::SystemTimestamp when) noexcept override { to_->SetTimestamp(when); }
  void SetObservedTimestamp(common::SystemTimestamp when) noexcept override {
    to_->SetObservedTimestamp(when);
  }
  void SetSeverity(opentelemetry::logs::Severity s) noexcept override { to_->SetSeverity(s); }
  void SetBody(const common::AttributeValue& body) noexcept override { to_->SetBody(body); }
  void SetEventId(std::int64_t id, nostd::string_view name) noexcept override {
    to_->SetEventId(id, name);
  }
  void SetTraceId(const trace::TraceId& id) noexcept override { to_->SetTraceId(id); }
  void SetSpanId(const trace::SpanId& id) noexcept override { to_->SetSpanId(id); }
  void SetTraceFlags(const trace::TraceFlags& flags) noexcept override {
    to_->SetTraceFlags(flags);
  }
  void SetResource(const sdk::resource::Resource& r) noexcept override { to_->SetResource(r); }
  void SetInstrumentationScope(
      const sdk::instrumentationscope::InstrumentationScope& scope) noexcept override {
    to_->SetInstrumentationScope(scope);
  }
  [[nodiscard]] std::unique_ptr<sdk::logs::Recordable> take() noexcept { return std::move(to_); }

 private:
  std::unique_ptr<sdk::logs::Recordable> to_;
  const attribute_limits& limits_;
  attribute_filter filter_;
};

class log_gate final : public sdk::logs::LogRecordProcessor {
 public:
  log_gate(std::unique_ptr<sdk::logs::LogRecordProcessor> to, const attribute_limits& limits)
      : to_(std::move(to)), limits_(limits) {}
  std::unique_ptr<sdk::logs::Recordable> MakeRecordable() noexcept override {
    return std::make_unique<gated_log>(to_->MakeRecordable(), limits_);
  }
  void OnEmit(std::unique_ptr<sdk::logs::Recordable>&& record) noexcept override {
    to_->OnEmit(static_cast<gated_log&>(*record).take());
  }
  bool ForceFlush(std::chrono::microseconds timeout) noexcept override {
    return to_->ForceFlush(timeout);
  }
  bool Shutdown(std::chrono::microseconds timeout) noexcept override {
    return to_->Shutdown(timeout);
  }

 private:
  std::unique_ptr<sdk::logs::LogRecordProcessor> to_;
  attribute_limits limits_;
};

}  // namespace

span_gate::span_gate(std::vector<processor_ptr> to, const span_limits& limits,
                     const std::optional<tail_sampling>& tail)
    : limits_(limits), tail_(tail ? std::make_unique<tail_buffer>(*tail) : nullptr) {
  if (to.size() == 1) {
    to_ = std::move(to.front());
  } else {
    to_ = std::make_unique<sdk::trace::MultiSpanProcessor>(std::move(to));
  }
}
span_gate::~span_gate() = default;

std::unique_ptr<sdk::trace::Recordable> span_gate::MakeRecordable() noexcept {
  auto inner = to_->MakeRecordable();
  if (!inner) return nullptr;
  return std::make_unique<gated_span>(std::move(inner), limits_,
                                      tail_ ? gated_span::notes::taken : gated_span::notes::none);
}

void span_gate::OnStart(sdk::trace::Recordable& span, const trace::SpanContext& parent) noexcept {
  auto& gated = static_cast<gated_span&>(span);
  if (!tail_) return to_->OnStart(gated.inner(), parent);
  gated.starts_below(parent);
  tail_->started(gated.facts().trace);
}

void span_gate::OnEnd(std::unique_ptr<sdk::trace::Recordable>&& span) noexcept {
  auto& gated = static_cast<gated_span&>(*span);
  if (!tail_) return to_->OnEnd(gated.take());
  try {
    pass(tail_->ended(gated.take_facts(), std::move(span)));
  } catch (const std::exception& e) {
    OTEL_INTERNAL_LOG_ERROR("[Skein] a span is lost: " << e.what());
  }
}

// Nobody hears of a span that is not kept: it starts for the exporters when it is.
void span_gate::pass(std::vector<tail_buffer::span_ptr> spans) {
  for (auto& each : spans) {
    auto& gated = static_cast<gated_span&>(*each);
    to_->OnStart(gated.inner(), gated.parent());
    to_->OnEnd(gated.take());
  }
}

void span_gate::finish() noexcept {
  if (!tail_) return;
  try {
    pass(tail_->finish());
  } catch (const std::exception& e) {
    OTEL_INTERNAL_LOG_ERROR("[Skein] spans are lost: " << e.what());
  }
}

std::size_t span_gate::take_unsampled() { return tail_ ? tail_->take_dropped() : 0; }

bool span_gate::ForceFlush(std::chrono::microseconds timeout) noexcept {
  return to_->ForceFlush(timeout);
}
bool span_gate::Shutdown(std::chrono::microseconds timeout) noexcept {
  finish();
  return to_->Shutdown(timeout);
}

std::unique_ptr<sdk::logs::LogRecordProcessor> make_log_gate(
    std::vector<std::unique_ptr<sdk::logs::LogRecordProcessor>> to,
    const attribute_limits& limits) {
  auto all = to.size() == 1 ? std::move(to.front())
                            : std::make_unique<sdk::logs::MultiLogRecordProcessor>(std::move(to));
  return std::make_unique<log_gate>(std::move(all), limits);
}

}  // namespace skein::telemetry
