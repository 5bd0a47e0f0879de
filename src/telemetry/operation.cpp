#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <optional>
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
#include <skein/json/text.hpp>
#include <skein/telemetry/law.hpp>
#include <skein/telemetry/operation.hpp>
#include <skein/telemetry/switch.hpp>

#include "telemetry/account.hpp"
#include "telemetry/backends.hpp"
#include "telemetry/guarded.hpp"
#include "telemetry/nostd.hpp"
#include "telemetry/shape.hpp"

namespace skein::telemetry {

namespace trace = opentelemetry::trace;
namespace common = opentelemetry::common;
namespace nostd = opentelemetry::nostd;

namespace {

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

bool off(const context& parent) noexcept { return !enabled() || is_untraced(parent); }

// One moment on both clocks. A thread that is stopped between the readings would move its span
// against all others, so they are taken again if much time lies between them.
struct moment {
  std::chrono::steady_clock::time_point steady;
  std::chrono::system_clock::time_point system;
};
moment now_on(std::chrono::steady_clock::time_point steady) {
  using std::chrono::steady_clock;
  for (int i = 0; i < 4; ++i) {
    const auto before = steady_clock::now();
    const auto system = std::chrono::system_clock::now();
    const auto after = steady_clock::now();
    if (after - before < std::chrono::microseconds(20) || i == 3) {
      return {steady, system - std::chrono::duration_cast<std::chrono::system_clock::duration>(
                                   before - steady)};
    }
  }
  return {steady, std::chrono::system_clock::now()};
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
  if (off(parent)) return;
  guarded([&] { start(name, k, parent, attributes); });
}

operation::operation(const semconv::span_type& what, std::string_view name, const context& parent,
                     const attribute_list& attributes, dialect d) noexcept
    : inside_(parent), dialect_(d) {
  if (off(parent)) return;
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
  // With metrics, the span lasts as long as they say.
  const auto begun = now_on(account_ ? account_->started() : std::chrono::steady_clock::now());
  options.start_system_time = common::SystemTimestamp(begun.system);
  options.start_steady_time = common::SteadyTimestamp(begun.steady);
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
      content_bytes_(other.content_bytes_),
      cut_bytes_(other.cut_bytes_),
      dialect_(other.dialect_),
      recording_(std::exchange(other.recording_, false)),
      ended_(std::exchange(other.ended_, true)) {}

operation& operation::operator=(operation&& other) noexcept {
  if (this == &other) return *this;
  if (!ended_) end(outcome::abandoned);
  span_ = std::move(other.span_);
  inside_ = other.inside_;
  account_ = std::move(other.account_);
  content_bytes_ = other.content_bytes_;
  cut_bytes_ = other.cut_bytes_;
  dialect_ = other.dialect_;
  recording_ = std::exchange(other.recording_, false);
  ended_ = std::exchange(other.ended_, true);
  return *this;
}

outcome outcome_of_leaving() noexcept {
  auto* s = strand::active();
  auto* c = s != nullptr ? s->cancellation() : nullptr;
  if (c == nullptr || !c->stop_requested()) return outcome::abandoned;
  return c->reason() == cancel_reason::deadline ? outcome::deadline : outcome::cancelled;
}

operation::~operation() {
  if (!ended_) end(outcome_of_leaving());
}

// A moved-from operation has no span.
bool operation::ended_before() const noexcept {
  if (!ended_) return false;
  if (span_.get() != nullptr) violated(law::closure, "an operation was ended twice");
  return true;
}

bool operation::wants(const content_policy& policy) const noexcept {
  if (ended_) return false;
  const auto where = policy.where();
  return (recording_ && include(where, capture::spans)) ||
         (account_ && account_->tells() && include(where, capture::events)) ||
         policy.rules().store != nullptr;
}

trace::SpanContext operation::identity() const noexcept {
  return span_ ? span_->GetContext() : trace::SpanContext::GetInvalid();
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

void operation::set(std::string_view key, content<json::value> value,
                    const content_policy& policy) noexcept {
  if (!wants(policy)) return;
  guarded([&] { set_content(key, std::move(value).reveal(), policy); });
}

void operation::set_content(std::string_view key, json::value value, const content_policy& policy) {
  const auto& rules = policy.rules();
  if (rules.redact) rules.redact(key, value);
  if (auto reference = reference_of(key); rules.store != nullptr && !reference.empty()) {
    auto where = rules.store->put(key, attribute_text(value));
    if (!where.empty()) set(reference, view(where));
  }
  const bool on_span = recording_ && include(policy.where(), capture::spans);
  const bool in_log = account_ && include(policy.where(), capture::events);
  if (!on_span && !in_log) return;
  const auto text = fitted(std::move(value), rules);
  if (!text) return;
  if (in_log) account_->keep(key, view(*text));
  if (on_span) set_on_span(key, view(*text));
}

std::optional<std::string> operation::fitted(json::value value, const content_rules& rules) {
  const auto left = rules.max_span_bytes - std::min(content_bytes_, rules.max_span_bytes);
  const auto cut_before = cut_bytes_;
  auto text = attribute_text_within(std::min(rules.max_attribute_bytes, left), std::move(value),
                                    cut_bytes_);
  content_bytes_ += text.size();
  if (cut_bytes_ != cut_before) {
    set(semconv::content_cut_bytes, static_cast<std::int64_t>(cut_bytes_));
    if (text.empty()) return std::nullopt;
  }
  return text;
}

void operation::rename(std::string_view name) noexcept {
  if (!recording_) return;
  guarded([&] { span_->UpdateName(view(name)); });
}

void operation::measure(const semconv::metric& m, double value, std::string_view detail) noexcept {
  if (!account_) return;
  guarded([&] { account_->measure(m, value, detail); });
}

void operation::failed(std::string_view type, std::string_view message,
                       const content_policy& policy, event e) {
  set(semconv::error_type, view(type));
  std::string said;
  if (policy.where() != capture::off && !message.empty()) {
    json::value text(json::valid_utf8(message));
    guarded([&] {
      if (policy.rules().redact) policy.rules().redact(semconv::exception_message, text);
      said = fitted(std::move(text), policy.rules()).value_or("");
    });
  }
  if (account_ && e == event::record) {
    account_->exception(type, said, policy.where(), span_->GetContext());
  }
  if (!recording_) return;
  if (!include(policy.where(), capture::spans)) said.clear();
  if (e == event::record) {
    attribute_list attributes{{view(semconv::exception_type), view(type)}};
    if (!said.empty()) attributes.emplace_back(view(semconv::exception_message), view(said));
    span_->AddEvent("exception", common::KeyValueIterableView<attribute_list>(attributes));
  }
  span_->SetStatus(trace::StatusCode::kError, view(said));
}

void operation::fail(const std::exception_ptr& failure, const content_policy& policy,
                     event e) noexcept {
  if (ended_before()) return;
  auto o = outcome_of(failure);
  if (o != outcome::error) return end(o);
  if (recording()) {
    guarded([&] {
      auto d = describe(failure);
      failed(d.type, d.message, policy, e);
    });
  }
  end(outcome::error);
}

void operation::fail(std::string_view type, content<std::string_view> message,
                     const content_policy& policy) noexcept {
  if (ended_before()) return;
  if (recording()) guarded([&] { failed(type, message.reveal(), policy, event::record); });
  end(outcome::error);
}

void operation::end(outcome o) noexcept {
  if (ended_before()) return;
  ended_ = true;
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
