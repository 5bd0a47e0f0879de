#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cstdlib>
#include <string>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/telemetry/content.hpp>
#include <skein/telemetry/semconv.hpp>

#include "core/ascii.hpp"
#include "telemetry/shape.hpp"

namespace skein::telemetry {

namespace {

std::shared_ptr<content_store> store_from(const environment& env) {
  const char* hook = "OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK";
  const char* base = "OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH";
  auto asked = env.text(hook);
  if (!asked) return nullptr;
  if (detail::lower(*asked) != "upload") {
    env.warn(hook, *asked, "is not known; only `upload` is. Content is not stored");
    return nullptr;
  }
  auto path = env.text(base);
  if (!path) {
    env.warn(std::string(hook) + " is `upload`, but " + base +
             " names no directory. Content is not stored");
    return nullptr;
  }
  constexpr std::string_view scheme = "file://";
  if (path->starts_with(scheme)) path->erase(0, scheme.size());
  try {
    const auto waiting = env.integer("OTEL_INSTRUMENTATION_GENAI_UPLOAD_MAX_QUEUE_SIZE", 1);
    return content_directory(*path, static_cast<std::size_t>(waiting.value_or(20)));
  } catch (const error& e) {
    env.warn(base, *path, std::string(e.what()) + ". Content is not stored");
    return nullptr;
  }
}

}  // namespace

capture capture_from_environment() {
  const char* set = std::getenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT");
  const auto value = detail::lower(set != nullptr ? set : "");
  if (value == "span_only") return capture::spans;
  if (value == "event_only") return capture::events;
  return value == "span_and_event" || value == "true" ? capture::on : capture::off;
}

content_rules content_rules_from(const environment& env) {
  content_rules rules;
  const char* name = "SKEIN_TELEMETRY_HISTORY";
  if (auto form = env.text(name)) {
    const auto value = detail::lower(*form);
    if (value == "whole") {
      rules.history = history::whole;
    } else if (value == "trace") {
      rules.history = history::within_trace;
    } else if (value != "session") {
      env.warn(name, *form, "is not `whole`, `trace` or `session`; `session` holds");
    }
  }
  if (auto bytes = env.integer("SKEIN_TELEMETRY_CONTENT_BYTES", 0)) {
    rules.max_attribute_bytes = static_cast<std::size_t>(*bytes);
    rules.max_span_bytes = 4 * rules.max_attribute_bytes;
  }
  // Cut here, JSON stays JSON; the limit of an attribute would break it.
  for (const char* limit :
       {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"}) {
    if (auto bytes = env.integer(limit, 0)) {
      rules.max_attribute_bytes =
          std::min(rules.max_attribute_bytes, static_cast<std::size_t>(*bytes));
    }
  }
  rules.store = store_from(env);
  return rules;
}

content_policy::content_policy(capture where) : where_(where) {
  static const auto of_environment =
      std::make_shared<const content_rules>(content_rules_from(environment()));
  rules_ = of_environment;
}
content_policy::content_policy(capture where, content_rules rules)
    : where_(where), rules_(std::make_shared<const content_rules>(std::move(rules))) {}

content_policy content_policy_from_environment() { return {capture_from_environment()}; }

std::string_view reference_of(std::string_view key) noexcept {
  constexpr std::array stored{
      std::pair{semconv::input_messages, semconv::input_messages_ref},
      std::pair{semconv::output_messages, semconv::output_messages_ref},
      std::pair{semconv::system_instructions, semconv::system_instructions_ref},
      std::pair{semconv::tool_definitions, semconv::tool_definitions_ref}};
  const auto* found = std::ranges::find(stored, key, &decltype(stored)::value_type::first);
  return found == stored.end() ? std::string_view() : found->second;
}

namespace {
std::atomic<bool> droppable = false;
}  // namespace
void traces_may_be_dropped(bool they_may) noexcept { droppable = they_may; }
history effective(history h) noexcept {
  return h == history::across_traces && droppable ? history::within_trace : h;
}

}  // namespace skein::telemetry
