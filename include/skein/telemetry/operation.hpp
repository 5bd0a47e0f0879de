// An operation is a span that its owner cannot get wrong: explicit parent, ended exactly once, with
// an outcome, when its owner goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <opentelemetry/common/attribute_value.h>
#include <opentelemetry/trace/span.h>

#include <skein/async/strand.hpp>

namespace skein::telemetry {

// `ok` and `error` are the span's status (unset and Error); the others leave it unset and are
// recorded as `skein.outcome`.
enum class outcome : std::uint8_t { ok, error, cancelled, deadline, abandoned };
[[nodiscard]] std::string_view name_of(outcome o) noexcept;

// Whether messages, arguments, results and exception texts may be recorded. Off unless the
// environment variable OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is SPAN_ONLY,
// SPAN_AND_EVENT or true, or the program says so.
enum class capture : std::uint8_t { off, on };
[[nodiscard]] capture capture_from_environment();

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

  operation() noexcept = default;
  // Starts the span, a child of the span in `parent`, or a root if there is none. Never looks at
  // the ambient context.
  operation(std::string_view name, kind k, const context& parent,
            const attribute_list& attributes) noexcept;
  operation(operation&& other) noexcept;
  operation& operator=(operation&& other) noexcept;
  // Not ended yet: the owner went away. `cancelled` or `deadline` if the strand here was stopped
  // with that reason, else `abandoned`. Keep it in the body of a coroutine: parameters die after
  // the scopes of their body, which know the reason.
  ~operation();

  // The parent context with this span in it: what belongs to the operation runs in here.
  [[nodiscard]] const context& inside() const noexcept { return inside_; }
  // False when nobody will see the span: skip what is costly to compute.
  [[nodiscard]] bool recording() const noexcept { return recording_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }

  void set(std::string_view key, const opentelemetry::common::AttributeValue& value) noexcept;
  void rename(std::string_view name) noexcept;

  // What the exception says is content, recorded only when captured. `recorded`: a child's span
  // carries the exception event already.
  enum class event : std::uint8_t { record, recorded };
  void fail(const std::exception_ptr& failure, capture content, event e = event::record) noexcept;
  // A failure that is a value, such as a tool's.
  void fail(std::string_view type, std::string_view message, capture content) noexcept;
  void end(outcome o) noexcept;

 private:
  void add_exception(std::string_view type, std::string_view message, capture content) noexcept;
  opentelemetry::nostd::shared_ptr<opentelemetry::trace::Span> span_;
  context inside_;
  bool recording_ = false;
  bool ended_ = true;
};

// The outcome that an exception stands for.
[[nodiscard]] outcome outcome_of(const std::exception_ptr& failure) noexcept;

}  // namespace skein::telemetry
