// What is kept of an operation until it ends, for its metrics and its log records.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <opentelemetry/common/attribute_value.h>
#include <opentelemetry/logs/logger_provider.h>
#include <opentelemetry/nostd/shared_ptr.h>
#include <opentelemetry/trace/span_context.h>

#include <skein/telemetry/conventions.hpp>
#include <skein/telemetry/operation.hpp>

#include "telemetry/instruments.hpp"

namespace skein::telemetry {

class operation::account {
 public:
  using clock = std::chrono::steady_clock;
  // Null if nobody takes metrics or log records.
  [[nodiscard]] static std::unique_ptr<account> open(const semconv::span_type& what, dialect d);

  account(const semconv::span_type& what, dialect d, instruments::lease metrics,
          opentelemetry::nostd::shared_ptr<opentelemetry::logs::LoggerProvider> logs)
      : what_(what), dialect_(d), metrics_(std::move(metrics)), logs_(std::move(logs)) {}

  [[nodiscard]] bool measures() const noexcept { return metrics_.in != nullptr; }
  [[nodiscard]] bool tells() const noexcept { return logs_.get() != nullptr; }
  [[nodiscard]] clock::time_point started() const noexcept { return started_; }

  void keep(std::string_view key, const opentelemetry::common::AttributeValue& value);
  void measure(const semconv::metric& m, double value, std::string_view detail);
  void exception(std::string_view type, std::string_view message, capture content,
                 const opentelemetry::trace::SpanContext& span) const;
  void close(outcome o, clock::time_point now, const context& where,
             const opentelemetry::trace::SpanContext& span);

 private:
  using owned_value =
      std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;
  struct measurement {
    const semconv::metric* which;
    double value;
    std::string_view detail;
  };
  void record_metrics(outcome o, double seconds, const context& where);
  void tell_details(outcome o, const opentelemetry::trace::SpanContext& span);

  const semconv::span_type& what_;
  dialect dialect_;
  instruments::lease metrics_;
  opentelemetry::nostd::shared_ptr<opentelemetry::logs::LoggerProvider> logs_;
  clock::time_point started_ = clock::now();
  std::vector<std::pair<std::string_view, owned_value>> kept_;  // keys are the table's
  std::vector<measurement> measured_;
};

// Emits a log record by the table: its name, its severity, the span it belongs to.
void emit_event(opentelemetry::logs::LoggerProvider& to, const semconv::event& what,
                const opentelemetry::trace::SpanContext& span, const attribute_list& attributes);

}  // namespace skein::telemetry
