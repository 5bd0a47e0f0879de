// What Skein's own processors let OpenTelemetry write spans into.
#pragma once

#include <memory>
#include <utility>

#include <opentelemetry/sdk/trace/recordable.h>
#include <opentelemetry/sdk/trace/span_data.h>

#include <skein/telemetry/span_record.hpp>

namespace skein::telemetry {

// SpanData, which cannot be derived from, and the one thing it lacks.
class recorder final : public opentelemetry::sdk::trace::Recordable {
 public:
  void set_remote_parent(bool remote) noexcept { parent_is_remote_ = remote; }
  [[nodiscard]] span_record record() const {
    auto r = to_record(data_);
    r.parent_is_remote = parent_is_remote_;
    return r;
  }

  void SetIdentity(const opentelemetry::trace::SpanContext& context,
                   opentelemetry::trace::SpanId parent) noexcept override {
    data_.SetIdentity(context, parent);
  }
  void SetAttribute(opentelemetry::nostd::string_view key,
                    const opentelemetry::common::AttributeValue& value) noexcept override {
    data_.SetAttribute(key, value);
  }
  void AddEvent(opentelemetry::nostd::string_view name, opentelemetry::common::SystemTimestamp time,
                const opentelemetry::common::KeyValueIterable& attributes) noexcept override {
    data_.AddEvent(name, time, attributes);
  }
  void AddLink(const opentelemetry::trace::SpanContext& context,
               const opentelemetry::common::KeyValueIterable& attributes) noexcept override {
    data_.AddLink(context, attributes);
  }
  void SetStatus(opentelemetry::trace::StatusCode code,
                 opentelemetry::nostd::string_view description) noexcept override {
    data_.SetStatus(code, description);
  }
  void SetName(opentelemetry::nostd::string_view name) noexcept override { data_.SetName(name); }
  void SetTraceFlags(opentelemetry::trace::TraceFlags flags) noexcept override {
    data_.SetTraceFlags(flags);
  }
  void SetSpanKind(opentelemetry::trace::SpanKind kind) noexcept override {
    data_.SetSpanKind(kind);
  }
  void SetResource(const opentelemetry::sdk::resource::Resource& resource) noexcept override {
    data_.SetResource(resource);
  }
  void SetStartTime(opentelemetry::common::SystemTimestamp time) noexcept override {
    data_.SetStartTime(time);
  }
  void SetDuration(std::chrono::nanoseconds duration) noexcept override {
    data_.SetDuration(duration);
  }
  void SetInstrumentationScope(const opentelemetry::sdk::instrumentationscope::InstrumentationScope&
                                   scope) noexcept override {
    data_.SetInstrumentationScope(scope);
  }

 private:
  opentelemetry::sdk::trace::SpanData data_;
  bool parent_is_remote_ = false;
};

}  // namespace skein::telemetry
