#include <cctype>
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
#include <skein/telemetry/semconv.hpp>

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
  bool on = value == "span_only" || value == "span_and_event" || value == "true";
  return on ? capture::on : capture::off;
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

operation::operation(std::string_view name, kind k, const context& parent,
                     const attribute_list& attributes) noexcept
    : inside_(parent) {
  guarded([&] {
    auto tracer = trace::Provider::GetTracerProvider()->GetTracer(
        view(semconv::scope_name), view(version), view(semconv::schema_url));
    trace::StartSpanOptions options;
    options.kind = k == kind::client ? trace::SpanKind::kClient : trace::SpanKind::kInternal;
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
  });
}

operation::operation(operation&& other) noexcept
    : span_(std::move(other.span_)),
      inside_(other.inside_),
      recording_(std::exchange(other.recording_, false)),
      ended_(std::exchange(other.ended_, true)) {}

operation& operation::operator=(operation&& other) noexcept {
  if (this == &other) return *this;
  if (!ended_) end(outcome::abandoned);
  span_ = std::move(other.span_);
  inside_ = other.inside_;
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

void operation::set(std::string_view key, const common::AttributeValue& value) noexcept {
  if (!recording_) return;
  guarded([&] { span_->SetAttribute(view(key), value); });
}

void operation::rename(std::string_view name) noexcept {
  if (!recording_) return;
  guarded([&] { span_->UpdateName(view(name)); });
}

void operation::add_exception(std::string_view type, std::string_view message,
                              capture content) noexcept {
  guarded([&] {
    attribute_list attributes{{view(semconv::exception_type), view(type)}};
    if (content == capture::on)
      attributes.emplace_back(view(semconv::exception_message), view(message));
    span_->AddEvent("exception", common::KeyValueIterableView<attribute_list>(attributes));
  });
}

void operation::fail(const std::exception_ptr& failure, capture content, event e) noexcept {
  if (ended_) return;
  auto o = outcome_of(failure);
  if (o != outcome::error) return end(o);
  if (recording_) {
    guarded([&] {
      auto d = describe(failure);
      set(semconv::error_type, view(d.type));
      if (e == event::record) add_exception(d.type, d.message, content);
      span_->SetStatus(trace::StatusCode::kError, view(content == capture::on ? d.message : ""));
    });
  }
  end(outcome::error);
}

void operation::fail(std::string_view type, std::string_view message, capture content) noexcept {
  if (ended_) return;
  if (recording_) {
    guarded([&] {
      set(semconv::error_type, view(type));
      add_exception(type, message, content);
      span_->SetStatus(trace::StatusCode::kError, view(content == capture::on ? message : ""));
    });
  }
  end(outcome::error);
}

void operation::end(outcome o) noexcept {
  if (std::exchange(ended_, true)) return;
  if (o != outcome::ok && o != outcome::error) set(semconv::outcome, view(name_of(o)));
  guarded([&] { span_->End(); });
  recording_ = false;
}

}  // namespace skein::telemetry
