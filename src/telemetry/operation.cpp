#include <cctype>
#include <chrono>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <string>
#include <typeinfo>

#include <opentelemetry/common/key_value_iterable_view.h>
#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/trace/context.h>
#include <opentelemetry/trace/provider.h>
#include <opentelemetry/trace/span_startoptions.h>
#include <opentelemetry/trace/tracer.h>

#include <skein/core/error.hpp>
#include <skein/core/version.hpp>
#include <skein/telemetry/operation.hpp>

#include "telemetry/account.hpp"
#include "telemetry/backends.hpp"

namespace skein::telemetry {

namespace trace = opentelemetry::trace;
namespace common = opentelemetry::common;
namespace nostd = opentelemetry::nostd;

namespace {

nostd::string_view view(std::string_view s) noexcept { return {s.data(), s.size()}; }

// Runs what must not fail the run. OpenTelemetry promises not to throw; allocation and
// user-supplied processors do not.
template <class F>
void guarded(F&& f) noexcept {
  try {
    f();
  } catch (const std::exception& e) {
    OTEL_INTERNAL_LOG_ERROR("[Skein] telemetry failed: " << e.what());
  } catch (...) {
    OTEL_INTERNAL_LOG_ERROR("[Skein] telemetry failed");
  }
}

std::string demangled(const std::type_info& type) {
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 && name ? std::string(name.get()) : std::string(type.name());
}

struct description {
  std::string type = "_OTHER";
  std::string message;
};
description describe(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    return {e.type(), e.what()};
  } catch (const std::exception& e) {
    return {demangled(typeid(e)), e.what()};
  } catch (...) {
    auto* type = abi::__cxa_current_exception_type();
    return {type != nullptr ? demangled(*type) : "_OTHER", ""};
  }
}

}  // namespace

std::string_view name_of(outcome o) noexcept {
  switch (o) {
    case outcome::ok:
      return "ok";
    case outcome::error:
      return "error";
    case outcome::cancelled:
      return "cancelled";
    case outcome::deadline:
      return "deadline";
    case outcome::abandoned:
      return "abandoned";
  }
  return "ok";
}

capture capture_from_environment() {
  const char* set = std::getenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT");
  std::string value = set != nullptr ? set : "";
  for (auto& c : value) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (value == "span_only") return capture::spans;
  if (value == "event_only") return capture::events;
  return value == "span_and_event" || value == "true" ? capture::on : capture::off;
}

std::string error_type_of(const std::exception_ptr& failure) noexcept {
  std::string type;
  guarded([&] { type = describe(failure).type; });
  return type;
}

outcome outcome_of(const std::exception_ptr& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const cancelled& c) {
    return c.reason() == cancel_reason::deadline ? outcome::deadline : outcome::cancelled;
  } catch (...) {
    return outcome::error;
  }
}

operation::operation() noexcept = default;

operation::operation(std::string_view name, kind k, const context& parent,
                     const attribute_list& attributes) noexcept
    : inside_(parent) {
  guarded([&] { start(name, k, parent, attributes); });
}

operation::operation(const semconv::span_type& what, std::string_view name, const context& parent,
                     const attribute_list& attributes, dialect d) noexcept
    : inside_(parent), dialect_(d) {
  guarded([&] { start_as(what, name, parent, attributes); });
}

void operation::start_as(const semconv::span_type& what, std::string_view name,
                         const context& parent, const attribute_list& attributes) {
  account_ = account::open(what, dialect_);
  if (account_) {
    for (const auto& [key, value] : attributes) {
      account_->keep(std::string_view(key.data(), key.size()), value);
    }
  }
  auto k = what.is == semconv::span_type::kind::client ? kind::client : kind::internal;
  if (dialect_.also_for == backends::none) {
    start(name, k, parent, attributes);
  } else {
    start(name, k, parent, with_backends(what, attributes, dialect_.also_for));
  }
}

void operation::start(std::string_view name, kind k, const context& parent,
                      const attribute_list& attributes) {
  auto tracer = trace::Provider::GetTracerProvider()->GetTracer(
      view(semconv::scope_name), view(version), view(semconv::schema_url));
  trace::StartSpanOptions options;
  options.kind = k == kind::client ? trace::SpanKind::kClient : trace::SpanKind::kInternal;
  if (account_) {  // the span lasts as long as the metrics say
    options.start_system_time = common::SystemTimestamp(std::chrono::system_clock::now());
    options.start_steady_time = common::SteadyTimestamp(account_->started());
  }
  // Without a valid span in it, a context makes StartSpan fall back to the ambient one.
  if (trace::GetSpan(parent)->GetContext().IsValid()) {
    options.parent = parent;
  } else {
    options.parent = context(parent).SetValue(trace::kIsRootSpanKey, true);
  }
  span_ = tracer->StartSpan(view(name), common::KeyValueIterableView<attribute_list>(attributes),
                            trace::NullSpanContext(), options);
  recording_ = span_->IsRecording();
  ended_ = false;
  if (span_->GetContext().IsValid()) {
    context child(parent);
    inside_ = child.SetValue(trace::kSpanKey, span_);
  }
}

operation::operation(operation&& other) noexcept
    : span_(std::move(other.span_)),
      inside_(other.inside_),
      account_(std::move(other.account_)),
      dialect_(other.dialect_),
      recording_(std::exchange(other.recording_, false)),
      ended_(std::exchange(other.ended_, true)) {}

operation& operation::operator=(operation&& other) noexcept {
  if (this == &other) return *this;
  if (!ended_) end(outcome::abandoned);
  span_ = std::move(other.span_);
  inside_ = other.inside_;
  account_ = std::move(other.account_);
  dialect_ = other.dialect_;
  recording_ = std::exchange(other.recording_, false);
  ended_ = std::exchange(other.ended_, true);
  return *this;
}

operation::~operation() {
  if (ended_) return;
  auto why = outcome::abandoned;
  if (auto* s = strand::active()) {
    if (auto* c = s->cancellation(); c != nullptr && c->stop_requested()) {
      why = c->reason() == cancel_reason::deadline ? outcome::deadline : outcome::cancelled;
    }
  }
  end(why);
}

bool operation::wants(capture c) const noexcept {
  return (recording_ && include(c, capture::spans)) ||
         (account_ && account_->tells() && include(c, capture::events));
}

bool operation::measures() const noexcept { return account_ && account_->measures(); }

void operation::set_on_span(std::string_view key, const common::AttributeValue& value) {
  if (!recording_) return;
  span_->SetAttribute(view(key), value);
  if (dialect_.also_for == backends::none) return;
  for_backends(key, dialect_.also_for,
               [&](std::string_view theirs) { span_->SetAttribute(view(theirs), value); });
}

void operation::set(std::string_view key, const common::AttributeValue& value) noexcept {
  if (!recording()) return;
  guarded([&] {
    if (account_) account_->keep(key, value);
    set_on_span(key, value);
  });
}

void operation::set(std::string_view key, std::string_view value, capture c) noexcept {
  if (!wants(c)) return;
  guarded([&] {
    if (account_ && include(c, capture::events)) account_->keep(key, view(value));
    if (include(c, capture::spans)) set_on_span(key, view(value));
  });
}

void operation::rename(std::string_view name) noexcept {
  if (!recording_) return;
  guarded([&] { span_->UpdateName(view(name)); });
}

void operation::measure(const semconv::metric& m, double value, std::string_view detail) noexcept {
  if (!account_) return;
  guarded([&] { account_->measure(m, value, detail); });
}

void operation::failed(std::string_view type, std::string_view message, capture content, event e) {
  set(semconv::error_type, view(type));
  if (account_ && e == event::record) {
    account_->exception(type, message, content, span_->GetContext());
  }
  if (!recording_) return;
  bool said = include(content, capture::spans);
  if (e == event::record) {
    attribute_list attributes{{view(semconv::exception_type), view(type)}};
    if (said) attributes.emplace_back(view(semconv::exception_message), view(message));
    span_->AddEvent("exception", common::KeyValueIterableView<attribute_list>(attributes));
  }
  span_->SetStatus(trace::StatusCode::kError, view(said ? message : ""));
}

void operation::fail(const std::exception_ptr& failure, capture content, event e) noexcept {
  if (ended_) return;
  auto o = outcome_of(failure);
  if (o != outcome::error) return end(o);
  if (recording()) {
    guarded([&] {
      auto d = describe(failure);
      failed(d.type, d.message, content, e);
    });
  }
  end(outcome::error);
}

void operation::fail(std::string_view type, std::string_view message, capture content) noexcept {
  if (ended_) return;
  if (recording()) guarded([&] { failed(type, message, content, event::record); });
  end(outcome::error);
}

void operation::end(outcome o) noexcept {
  if (std::exchange(ended_, true)) return;
  if (o != outcome::ok && o != outcome::error && recording_) {
    guarded([&] { set_on_span(semconv::outcome, view(name_of(o))); });
  }
  trace::EndSpanOptions options;
  if (auto kept = std::move(account_)) {
    auto now = account::clock::now();
    options.end_steady_time = common::SteadyTimestamp(now);
    guarded([&] { kept->close(o, now, inside_, span_->GetContext()); });
  }
  guarded([&] { span_->End(options); });
  recording_ = false;
}

}  // namespace skein::telemetry
