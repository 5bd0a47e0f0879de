#include "telemetry/account.hpp"

#include <algorithm>

#include <opentelemetry/logs/event_id.h>
#include <opentelemetry/logs/log_record.h>
#include <opentelemetry/logs/logger.h>
#include <opentelemetry/logs/noop.h>
#include <opentelemetry/logs/provider.h>

#include <skein/core/version.hpp>

#include "telemetry/nostd.hpp"

namespace skein::telemetry {

namespace common = opentelemetry::common;
namespace logs = opentelemetry::logs;
namespace nostd = opentelemetry::nostd;
namespace trace = opentelemetry::trace;

namespace {

// An attribute's value as its own, or nothing for kinds that no attribute of the table has.
template <class Owned>
struct owner {
  Owned& to;
  bool operator()(bool v) const { return set(v); }
  bool operator()(std::int32_t v) const { return set(std::int64_t{v}); }
  bool operator()(std::uint32_t v) const { return set(std::int64_t{v}); }
  bool operator()(std::int64_t v) const { return set(v); }
  bool operator()(std::uint64_t v) const { return set(static_cast<std::int64_t>(v)); }
  bool operator()(double v) const { return set(v); }
  bool operator()(const char* v) const { return set(std::string(v)); }
  bool operator()(nostd::string_view v) const { return set(std::string(v.data(), v.size())); }
  bool operator()(nostd::span<const nostd::string_view> v) const {
    std::vector<std::string> all;
    for (const auto& each : v) all.emplace_back(each.data(), each.size());
    return set(std::move(all));
  }
  template <class T>
  bool operator()(const T&) const {
    return false;
  }

 private:
  template <class T>
  bool set(T v) const {
    to = std::move(v);
    return true;
  }
};

// Lends kept values to OpenTelemetry for as long as it lives.
class lender {
 public:
  common::AttributeValue operator()(bool v) { return v; }
  common::AttributeValue operator()(std::int64_t v) { return v; }
  common::AttributeValue operator()(double v) { return v; }
  common::AttributeValue operator()(const std::string& v) { return view(v); }
  common::AttributeValue operator()(const std::vector<std::string>& v) {
    auto& all = lists_.emplace_back();
    for (const auto& each : v) all.push_back(view(each));
    return nostd::span<const nostd::string_view>(all.data(), all.size());
  }

 private:
  std::vector<std::vector<nostd::string_view>> lists_;
};

}  // namespace

std::unique_ptr<operation::account> operation::account::open(const semconv::span_type& what,
                                                             dialect d) {
  auto metrics = instruments::current();
  nostd::shared_ptr<logs::LoggerProvider> provider;
  if (what.is == semconv::span_type::kind::client) {
    provider = logs::Provider::GetLoggerProvider();
    if (dynamic_cast<logs::NoopLoggerProvider*>(provider.get()) != nullptr) {
      provider = nostd::shared_ptr<logs::LoggerProvider>();
    }
  }
  if (!metrics.in && provider.get() == nullptr) return nullptr;
  return std::make_unique<account>(what, d, std::move(metrics), std::move(provider));
}

void operation::account::keep(std::string_view key, const common::AttributeValue& value) {
  // Metrics carry few attributes, the details event all of them.
  auto measured = std::ranges::find(what_.measured_by, key);
  std::string_view name;
  if (measured != what_.measured_by.end()) {
    name = *measured;
  } else if (key == semconv::error_type) {
    name = semconv::error_type;
  } else if (tells()) {
    if (const auto* used = semconv::find_use(what_.uses, key)) name = used->name;
  }
  if (name.empty()) return;
  owned_value own;
  if (!nostd::visit(owner<owned_value>{own}, value)) return;
  auto old = std::ranges::find(kept_, name, &decltype(kept_)::value_type::first);
  if (old != kept_.end()) {
    old->second = std::move(own);
  } else {
    kept_.emplace_back(name, std::move(own));
  }
}

void operation::account::measure(const semconv::metric& m, double value, std::string_view detail) {
  if (measures() && include(m.in, dialect_.names)) measured_.push_back({&m, value, detail});
}

void operation::account::close(outcome o, clock::time_point now, const context& where,
                               const trace::SpanContext& span) {
  if (measures()) record_metrics(o, std::chrono::duration<double>(now - started_).count(), where);
  if (tells() && &what_ == &semconv::spans::inference) tell_details(o, span);
}

void operation::account::record_metrics(outcome o, double seconds, const context& where) {
  for (const auto& d : what_.durations) {
    if (include(d.in, dialect_.names)) measured_.push_back({d.which, seconds, {}});
  }
  lender lend;
  attribute_list with;
  with.reserve(kept_.size() + 2);
  semconv::uses last;
  for (const auto& m : measured_) {
    const auto uses = m.which->uses;
    if (uses.data() != last.data()) {  // metrics of a kind follow each other
      last = uses;
      with.clear();
      for (const auto& [key, value] : kept_) {
        if (semconv::find_use(uses, key) != nullptr) {
          with.emplace_back(view(key), std::visit(lend, value));
        }
      }
      if (o != outcome::ok && o != outcome::error &&
          semconv::find_use(uses, semconv::outcome) != nullptr) {
        with.emplace_back(view(semconv::outcome), view(name_of(o)));
      }
      if (!m.which->detail.empty()) with.emplace_back(view(m.which->detail), view(m.detail));
    } else if (!m.which->detail.empty()) {
      with.back().second = view(m.detail);
    }
    metrics_.in->record(*m.which, m.value, with, where);
  }
}

void operation::account::exception(std::string_view type, std::string_view message, capture content,
                                   const trace::SpanContext& span) const {
  if (!tells()) return;
  attribute_list with{{view(semconv::exception_type), view(type)}};
  if (include(content, capture::events) && !message.empty()) {
    with.emplace_back(view(semconv::exception_message), view(message));
  }
  emit_event(*logs_, semconv::events::exception, span, with);
}

void operation::account::tell_details(outcome o, const trace::SpanContext& span) {
  lender lend;
  attribute_list with;
  with.reserve(kept_.size() + 1);
  for (const auto& [key, value] : kept_) with.emplace_back(view(key), std::visit(lend, value));
  if (o != outcome::ok && o != outcome::error) {
    with.emplace_back(view(semconv::outcome), view(name_of(o)));
  }
  emit_event(*logs_, semconv::events::inference_details, span, with);
}

void emit_event(logs::LoggerProvider& to, const semconv::event& what,
                const trace::SpanContext& span, const attribute_list& attributes) {
  auto logger = to.GetLogger(view(semconv::scope_name), view(semconv::scope_name), view(version),
                             view(semconv::schema_url));
  auto record = logger->CreateLogRecord();
  if (!record) return;
  using severity = semconv::event::severity;
  if (what.level != severity::unspecified) {
    record->SetSeverity(what.level == severity::warn ? logs::Severity::kWarn
                                                     : logs::Severity::kDebug);
  }
  record->SetTimestamp(std::chrono::system_clock::now());
  record->SetEventId(0, view(what.name));
  // The exporters of opentelemetry-cpp 1.19 leave the event's own name out.
  record->SetAttribute(view(semconv::event_name), view(what.name));
  for (const auto& [key, value] : attributes) record->SetAttribute(key, value);
  // The logger has looked for a current span, which need not be the one that is meant.
  record->SetTraceId(span.trace_id());
  record->SetSpanId(span.span_id());
  record->SetTraceFlags(span.trace_flags());
  logger->EmitLogRecord(std::move(record));
}

}  // namespace skein::telemetry
