// A span in the form in which it is sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/container/small_vector.hpp>
#include <opentelemetry/sdk/trace/recordable.h>

namespace skein::otlp {

// Attributes of a span, event or link, each a KeyValue in a field of its own. A later value of the
// same key replaces the earlier one.
class attribute_bytes {
 public:
  // Of which field of the message around them.
  explicit attribute_bytes(std::uint32_t field) noexcept : field_(field) {}
  void set(std::string_view key, const opentelemetry::common::AttributeValue& value);
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  struct entry {
    std::uint32_t begin, key, key_size, end;
  };
  std::uint32_t field_;
  std::string bytes_;
  boost::container::small_vector<entry, 16> entries_;
};

// Written in Protobuf (opentelemetry-proto, trace/v1/trace.proto) as it is said, so that an export
// only joins pieces.
class span_bytes final : public opentelemetry::sdk::trace::Recordable {
 public:
  // Appends the Span message, of this size.
  void append_to(std::string& out) const;
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] const opentelemetry::sdk::resource::Resource* resource() const noexcept {
    return resource_;
  }
  [[nodiscard]] const opentelemetry::sdk::instrumentationscope::InstrumentationScope* scope()
      const noexcept {
    return scope_;
  }
  void set_remote_parent(bool remote) noexcept { parent_is_remote_ = remote; }

  void SetIdentity(const opentelemetry::trace::SpanContext& context,
                   opentelemetry::trace::SpanId parent) noexcept override;
  void SetAttribute(opentelemetry::nostd::string_view key,
                    const opentelemetry::common::AttributeValue& value) noexcept override;
  void AddEvent(opentelemetry::nostd::string_view name, opentelemetry::common::SystemTimestamp time,
                const opentelemetry::common::KeyValueIterable& attributes) noexcept override;
  void AddLink(const opentelemetry::trace::SpanContext& context,
               const opentelemetry::common::KeyValueIterable& attributes) noexcept override;
  void SetStatus(opentelemetry::trace::StatusCode code,
                 opentelemetry::nostd::string_view description) noexcept override;
  void SetName(opentelemetry::nostd::string_view name) noexcept override;
  void SetTraceFlags(opentelemetry::trace::TraceFlags flags) noexcept override {
    flags_ = flags.flags();
  }
  void SetSpanKind(opentelemetry::trace::SpanKind kind) noexcept override { kind_ = kind; }
  void SetResource(const opentelemetry::sdk::resource::Resource& resource) noexcept override {
    resource_ = &resource;
  }
  void SetStartTime(opentelemetry::common::SystemTimestamp time) noexcept override {
    start_ = static_cast<std::uint64_t>(time.time_since_epoch().count());
  }
  void SetDuration(std::chrono::nanoseconds duration) noexcept override {
    duration_ = static_cast<std::uint64_t>(duration.count());
  }
  void SetInstrumentationScope(const opentelemetry::sdk::instrumentationscope::InstrumentationScope&
                                   scope) noexcept override {
    scope_ = &scope;
  }

 private:
  [[nodiscard]] std::size_t status_size() const noexcept;

  opentelemetry::trace::TraceId trace_id_;
  opentelemetry::trace::SpanId span_id_;
  opentelemetry::trace::SpanId parent_id_;
  attribute_bytes attributes_;
  std::string others_;  // state, events and links
  std::string name_;
  std::string status_text_;
  std::uint64_t start_ = 0;
  std::uint64_t duration_ = 0;
  const opentelemetry::sdk::resource::Resource* resource_ = nullptr;
  const opentelemetry::sdk::instrumentationscope::InstrumentationScope* scope_ = nullptr;
  opentelemetry::trace::SpanKind kind_ = opentelemetry::trace::SpanKind::kInternal;
  opentelemetry::trace::StatusCode status_ = opentelemetry::trace::StatusCode::kUnset;
  std::uint8_t flags_ = 0;
  bool parent_is_remote_ = false;

 public:
  span_bytes();
};

// The fields of a ResourceSpans or ResourceLogs, and of a ScopeSpans or ScopeLogs, without what is
// below. Field numbers are the same for both signals.
[[nodiscard]] std::string resource_fields(const opentelemetry::sdk::resource::Resource* resource);
[[nodiscard]] std::string scope_fields(
    const opentelemetry::sdk::instrumentationscope::InstrumentationScope* scope);

// An ExportTraceServiceRequest of these, grouped by resource and scope, instead of what was in
// `out`.
void write_request(std::string& out, std::vector<const span_bytes*> spans);

}  // namespace skein::otlp
