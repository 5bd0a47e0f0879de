// An operation is a span that its owner cannot get wrong: explicit parent, ended exactly once, with
// an outcome, when its owner goes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <opentelemetry/common/attribute_value.h>
#include <opentelemetry/trace/span.h>

#include <skein/async/strand.hpp>
#include <skein/core/secret.hpp>
#include <skein/json/value.hpp>
#include <skein/telemetry/content.hpp>
#include <skein/telemetry/conventions.hpp>
#include <skein/telemetry/dialect.hpp>

namespace skein::telemetry {

// `ok` and `error` are the span's status (unset and Error); the others leave it unset and are
// recorded as `skein.outcome`.
enum class outcome : std::uint8_t { ok, error, cancelled, deadline, abandoned };
[[nodiscard]] std::string_view name_of(outcome o) noexcept;

// Attributes to start a span with. Keys and string values are borrowed until the span has started.
using attribute_list = std::vector<
    std::pair<opentelemetry::nostd::string_view, opentelemetry::common::AttributeValue>>;

// A name for an exception that is the same on every span and metric: `error::type()`, else the C++
// type.
[[nodiscard]] std::string error_type_of(const std::exception_ptr& failure) noexcept;

// Nothing here throws: a telemetry failure never fails a run, and is only reported to
// OpenTelemetry's own log. Used by one thread at a time. Move-only; a moved-from operation is
// ended.
class operation {
 public:
  enum class kind : std::uint8_t { internal, client };

  operation() noexcept;
  // Starts the span, a child of the span in `parent`, or a root if there is none. Never looks at
  // the ambient context. Nothing where telemetry is off (switch.hpp).
  operation(std::string_view name, kind k, const context& parent,
            const attribute_list& attributes) noexcept;
  // The same for an operation of the conventions: besides the span, when it ends, however it ends,
  // its duration and what was measured go to the global meter provider, whether or not the span is
  // sampled, and its log records to the global logger provider. Without providers this costs
  // looking for them.
  operation(const semconv::span_type& what, std::string_view name, const context& parent,
            const attribute_list& attributes, dialect d = {}) noexcept;
  operation(operation&& other) noexcept;
  operation& operator=(operation&& other) noexcept;
  // Not ended yet: the owner went away, which is outcome_of_leaving(). Keep it in the body of a
  // coroutine: parameters die after the scopes of their body, which know the reason.
  ~operation();

  // The parent context with this span in it: what belongs to the operation runs in here.
  [[nodiscard]] const context& inside() const noexcept { return inside_; }
  // False when nobody will see what is set or measured: skip what is costly to compute.
  [[nodiscard]] bool recording() const noexcept { return recording_ || account_ != nullptr; }
  // Whether content under this policy will be seen: by a span, a log record or a store.
  [[nodiscard]] bool wants(const content_policy& policy) const noexcept;
  // Whether somebody takes metrics.
  [[nodiscard]] bool measures() const noexcept;
  [[nodiscard]] dialect speaks() const noexcept { return dialect_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  // Its span's identifiers; not valid if there is none.
  [[nodiscard]] opentelemetry::trace::SpanContext identity() const noexcept;

  void set(std::string_view key, const opentelemetry::common::AttributeValue& value) noexcept;
  // Content, to where the policy lets it and in the form that it gives. A string becomes the
  // attribute as it is, all else as JSON text.
  void set(std::string_view key, content<json::value> value, const content_policy& policy) noexcept;
  void rename(std::string_view name) noexcept;
  // Recorded when the operation ends, with its attributes, if the dialect has this metric. `detail`
  // is the value of the metric's own attribute, if it has one.
  void measure(const semconv::metric& m, double value, std::string_view detail = {}) noexcept;

  // What the exception says is content, recorded only when captured. `recorded`: a child's span
  // carries the exception event already. The operation of a client emits a log record too.
  enum class event : std::uint8_t { record, recorded };
  void fail(const std::exception_ptr& failure, const content_policy& policy,
            event e = event::record) noexcept;
  // A failure that is a value, such as a tool's.
  void fail(std::string_view type, content<std::string_view> message,
            const content_policy& policy) noexcept;
  // Once: ending it again changes nothing, and counts as a violation (law.hpp).
  void end(outcome o) noexcept;

 private:
  class account;
  void start(std::string_view name, kind k, const context& parent,
             const attribute_list& attributes);
  void start_as(const semconv::span_type& what, std::string_view name, const context& parent,
                const attribute_list& attributes);
  [[nodiscard]] bool ended_before() const noexcept;
  void set_on_span(std::string_view key, const opentelemetry::common::AttributeValue& value);
  void set_content(std::string_view key, json::value value, const content_policy& policy);
  // Nothing if there is no room left.
  std::optional<std::string> fitted(json::value value, const content_rules& rules);
  void failed(std::string_view type, std::string_view message, const content_policy& policy,
              event e);

  opentelemetry::nostd::shared_ptr<opentelemetry::trace::Span> span_;
  context inside_;
  std::unique_ptr<account> account_;  // null if nobody takes metrics or log records
  std::size_t content_bytes_ = 0;     // recorded
  std::size_t cut_bytes_ = 0;         // of content, left out
  dialect dialect_;
  bool recording_ = false;  // the span
  bool ended_ = true;
};

// The outcome that an exception stands for.
[[nodiscard]] outcome outcome_of(const std::exception_ptr& failure) noexcept;
// Of what is destroyed here before it has ended: `cancelled` or `deadline` if the strand was
// stopped with that reason, else `abandoned`.
[[nodiscard]] outcome outcome_of_leaving() noexcept;

}  // namespace skein::telemetry
