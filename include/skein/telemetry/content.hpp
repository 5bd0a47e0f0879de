// Content: whether messages, arguments, results and exception texts may be recorded, where, and in
// which form.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>

namespace skein::telemetry {

// Where content may be recorded: on spans, in log records (`events`), or on both. From
// OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: off unless it is SPAN_ONLY, EVENT_ONLY,
// SPAN_AND_EVENT or true, or the program says so.
enum class capture : std::uint8_t { off = 0, spans = 1, events = 2, on = 3 };
[[nodiscard]] constexpr bool include(capture some, capture one) noexcept {
  return (static_cast<unsigned>(some) & static_cast<unsigned>(one)) != 0;
}
[[nodiscard]] capture capture_from_environment();

// Keeps content apart from the spans, which say where it is: <key>_ref, for the messages,
// instructions and tool definitions of a request to a model. Giving one is consent: it gets content
// with capture off and for spans that are not sampled too.
class content_store {
 public:
  content_store() = default;
  content_store(const content_store&) = delete;
  content_store& operator=(const content_store&) = delete;
  virtual ~content_store() = default;
  // Where `text`, the JSON of the attribute `key`, will be found; empty if it cannot be taken. Does
  // not wait. Any thread.
  [[nodiscard]] virtual std::string put(std::string_view key, std::string text) noexcept = 0;
  // Waits until all that was taken is there. False if it is not by then, or was lost.
  virtual bool flush(std::chrono::milliseconds deadline) noexcept = 0;
};

// Files in a directory, for its owner only, written by a thread of the store: named by the SHA-256
// of what is in them, so that what repeats is there once, and complete as soon as they have their
// name. At most
// `max_waiting` wait to be written; more are dropped, and reported to OpenTelemetry's log. Throws
// usage_error if the directory cannot be made. Its destructor writes what waits.
[[nodiscard]] std::shared_ptr<content_store> content_directory(const std::filesystem::path& path,
                                                               std::size_t max_waiting = 20);

// How much of a conversation a request's span repeats. By reference, gen_ai.input.messages holds
// only what came since an earlier span, which skein.history.after names (trace and span identifier,
// joined by `-`) and whose messages, skein.history.omitted of them, come before: bytes grow with
// the turns, not with their square. `skein trace` puts them together again. Across traces, the
// earlier span may be of an earlier run of the same session; with tail sampling that counts as
// within_trace, for that run may not have been kept.
enum class history : std::uint8_t { whole, within_trace, across_traces };

// The form that content is recorded in. From the environment, once for the program:
// SKEIN_TELEMETRY_HISTORY (`whole`, `trace`, `session`), SKEIN_TELEMETRY_CONTENT_BYTES (of an
// attribute; the span may have four times that), OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK
// (`upload`) with OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH and _UPLOAD_MAX_QUEUE_SIZE.
struct content_rules {
  // Sees each piece before anything else does, and may change it: JSON as by the conventions;
  // results and exception texts are strings. `key` is the attribute's. On whichever thread records;
  // if it throws, the piece is not recorded.
  std::function<void(std::string_view key, json::value& value)> redact = {};
  // Beyond these the longest texts are cut, then the oldest messages, with a mark that says how
  // much and the SHA-256 of what was there; what is left is JSON still. skein.content.cut_bytes is
  // the sum. A store gets everything.
  std::size_t max_attribute_bytes = std::size_t{64} * 1024;
  std::size_t max_span_bytes = std::size_t{256} * 1024;
  telemetry::history history = telemetry::history::across_traces;
  std::shared_ptr<content_store> store = {};
};

// Both of it. A value; copies share the rules.
class content_policy {
 public:
  // With the rules of the environment.
  content_policy(capture where = capture::off);  // NOLINT(google-explicit-constructor)
  content_policy(capture where, content_rules rules);

  [[nodiscard]] capture where() const noexcept { return where_; }
  [[nodiscard]] const content_rules& rules() const noexcept { return *rules_; }

 private:
  capture where_;
  std::shared_ptr<const content_rules> rules_;
};
[[nodiscard]] content_policy content_policy_from_environment();

}  // namespace skein::telemetry
