// Log records as plain values. opentelemetry-cpp 1.19's own keep pointers to what they were given.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <opentelemetry/common/attribute_value.h>
#include <opentelemetry/nostd/span.h>
#include <opentelemetry/sdk/logs/recordable.h>
#include <opentelemetry/trace/span_id.h>
#include <opentelemetry/trace/trace_flags.h>
#include <opentelemetry/trace/trace_id.h>

#include <skein/json/text.hpp>

namespace skein::telemetry {

struct log_record {
  std::string name = {};      // event.name
  std::string trace_id = {};  // lower-case hex
  std::string span_id = {};
  std::int64_t time = 0;  // nanoseconds since the Unix epoch
  int severity = 0;       // 5 is DEBUG, 13 is WARN
  std::uint8_t flags = 0;
  json::value body = {};
  json::object attributes = {};
};

class log_recorder final : public opentelemetry::sdk::logs::Recordable {
 public:
  [[nodiscard]] const log_record& record() const noexcept { return record_; }
  // The provider's, as long as it lives.
  [[nodiscard]] const opentelemetry::sdk::resource::Resource* resource() const noexcept {
    return resource_;
  }
  [[nodiscard]] const opentelemetry::sdk::instrumentationscope::InstrumentationScope* scope()
      const noexcept {
    return scope_;
  }

  void SetTimestamp(opentelemetry::common::SystemTimestamp t) noexcept override {
    record_.time = t.time_since_epoch().count();
  }
  void SetObservedTimestamp(opentelemetry::common::SystemTimestamp) noexcept override {}
  void SetSeverity(opentelemetry::logs::Severity s) noexcept override {
    record_.severity = static_cast<int>(s);
  }
  void SetBody(const opentelemetry::common::AttributeValue& v) noexcept override {
    record_.body = to_json(v);
  }
  void SetAttribute(opentelemetry::nostd::string_view key,
                    const opentelemetry::common::AttributeValue& v) noexcept override {
    std::string_view name(key.data(), key.size());
    auto value = to_json(v);
    if (name == "event.name" && value.is_string()) record_.name = value.as_string();
    record_.attributes[name] = std::move(value);
  }
  void SetEventId(std::int64_t, opentelemetry::nostd::string_view) noexcept override {}
  void SetTraceId(const opentelemetry::trace::TraceId& id) noexcept override {
    std::array<char, 32> hex{};
    id.ToLowerBase16(hex);
    record_.trace_id.assign(hex.data(), hex.size());
  }
  void SetSpanId(const opentelemetry::trace::SpanId& id) noexcept override {
    std::array<char, 16> hex{};
    id.ToLowerBase16(hex);
    record_.span_id.assign(hex.data(), hex.size());
  }
  void SetTraceFlags(const opentelemetry::trace::TraceFlags& f) noexcept override {
    record_.flags = f.flags();
  }
  void SetResource(const opentelemetry::sdk::resource::Resource& r) noexcept override {
    resource_ = &r;
  }
  void SetInstrumentationScope(const opentelemetry::sdk::instrumentationscope::InstrumentationScope&
                                   scope) noexcept override {
    scope_ = &scope;
  }

 private:
  static json::value to_json(const opentelemetry::common::AttributeValue& v) {
    return opentelemetry::nostd::visit([](const auto& one) { return one_to_json(one); }, v);
  }
  template <class T>
  static json::value one_to_json(const T& v) {
    if constexpr (std::is_same_v<T, const char*>) {
      return json::string(json::valid_utf8(v));
    } else if constexpr (std::is_same_v<T, opentelemetry::nostd::string_view>) {
      return json::string(json::valid_utf8(std::string_view(v.data(), v.size())));
    } else if constexpr (std::is_arithmetic_v<T>) {
      return v;
    } else {
      json::array all;
      for (const auto& each : v) all.push_back(one_to_json(each));
      return all;
    }
  }
  log_record record_;
  const opentelemetry::sdk::resource::Resource* resource_ = nullptr;
  const opentelemetry::sdk::instrumentationscope::InstrumentationScope* scope_ = nullptr;
};

}  // namespace skein::telemetry
