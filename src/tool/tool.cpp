#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

#include <skein/core/error.hpp>
#include <skein/json/text.hpp>
#include <skein/telemetry/operation.hpp>
#include <skein/tool/tool.hpp>

namespace skein {
namespace {

constexpr std::size_t name_limit = 64;

// OpenAI's and Anthropic's rule for function names, the strictest of the providers'.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_limit && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

bool describes_object(const json::value& schema) {
  const json::object* members = schema.if_object();
  if (members == nullptr) return false;
  const json::value* type = members->if_contains("type");
  return type == nullptr || *type == json::value("object");
}

std::string in_utf8(std::string_view before, std::string_view text) {
  return std::string(before).append(json::valid_utf8(text));
}

tool_failure invalid_arguments(std::string reason) {
  return {.kind = "invalid_arguments",
          .message = reason,
          .for_model = in_utf8("Error: Argument parsing failed: ", reason + '.')};
}

std::string message_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "threw " + telemetry::error_type_of(std::current_exception());
  }
}

tool_failure invalid_arguments(const json::mismatch& found) {
  return invalid_arguments(found.path + ": " + found.message);
}

// A reading hook or a default constructor of the user's threw.
tool_failure failed_to_read(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const schema_error& e) {
    return invalid_arguments(e.what());
  } catch (...) {
    const auto other = std::current_exception();
    return {.kind = telemetry::error_type_of(other),
            .message = message_of(other),
            .for_model = "Error: Argument parsing failed."};
  }
}

// Models write no arguments in all of these ways.
std::string_view or_no_arguments(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blank);
  if (first == text.npos) return "{}";
  const std::string_view trimmed = text.substr(first, text.find_last_not_of(blank) - first + 1);
  return trimmed == "null" ? "{}" : text;
}

bool stopped_here() {
  const auto scope = current_cancellation();
  return scope && scope->stop_requested();
}

task<tool_result> call_to_the_end(tool one, std::string arguments, tool_context ctx) {
  auto bound = one.bind(arguments);
  if (!bound) co_return failed_result(std::move(bound).error());
  auto events = std::move(*bound).run(std::move(ctx));
  // The result is the last event; pulling once more would be a cancellation point that can lose it.
  while (auto* event = co_await events.next()) {
    if (auto* last = std::get_if<tool_result>(event)) co_return std::move(*last);
  }
  std::unreachable();
}

}  // namespace

tool_result tool_detail::failed_with(const std::exception_ptr& failure) {
  tool_failure described{.kind = telemetry::error_type_of(failure),
                         .message = {},
                         .for_model = "Error: Function failed."};
  try {
    std::rethrow_exception(failure);
  } catch (const cancelled& e) {
    if (stopped_here()) throw;
    const bool late = e.reason() == cancel_reason::deadline;
    described = {
        .kind = late ? "deadline" : "cancelled",
        .message = e.what(),
        .for_model = late ? "Error: Function timed out." : "Error: Function was cancelled."};
  } catch (const tool_error& e) {
    described.message = e.what();
    described.for_model = in_utf8("Error: ", e.what());
  } catch (const arguments_error& e) {
    described = invalid_arguments(e.what());
  } catch (...) {
    described.message = message_of(std::current_exception());
  }
  return failed_result(std::move(described));
}

stream<tool_event> bound_call::run(tool_context ctx) && {
  if (!run_) throw usage_error("tool \"" + name_ + "\": a bound call runs once; bind() it again");
  ctx.name_ = name_;
  // Moved from, so that what the call owned is gone with its stream.
  return std::exchange(run_, {})(std::move(ctx));
}

tool::tool(body made) {
  const tool_definition& definition = made.definition;
  if (!is_name(definition.name)) {
    throw usage_error("tool name \"" + definition.name +
                      "\": providers take 1 to 64 of the characters A-Z a-z 0-9 _ -");
  }
  if (!describes_object(definition.parameters)) {
    throw usage_error(
        "tool \"" + definition.name +
        "\": its schema must be that of an object, {\"type\": \"object\", ...}, since "
        "arguments have names");
  }
  body_ = std::make_shared<const body>(std::move(made));
}

std::expected<bound_call, tool_failure> tool::bind(std::string_view arguments) const {
  if (declared_only()) {
    throw usage_error(
        "tool \"" + name() +
        "\" is only declared: hand its call back to the caller instead of running it");
  }
  const auto parsed = json::parse_text(or_no_arguments(arguments));
  if (!parsed) {
    return std::unexpected(invalid_arguments("malformed JSON at byte " +
                                             std::to_string(parsed.error().offset) + ": " +
                                             parsed.error().message));
  }
  try {
    if (const auto object = json::detail::read_object({}, *parsed); !object) {
      return std::unexpected(invalid_arguments(object.error()));
    }
    auto run = body_->bind(*parsed);
    if (!run) return std::unexpected(invalid_arguments(run.error()));
    return bound_call(name(), *std::move(run));
  } catch (...) {
    return std::unexpected(failed_to_read(std::current_exception()));
  }
}

bound_call tool::begin(std::shared_ptr<arguments_pipe> arguments) const {
  if (!begins_early()) {
    throw usage_error("tool \"" + name() +
                      "\" takes its arguments whole: bind() them, or let it take an arriving<T>");
  }
  return bound_call(name(), body_->begin(std::move(arguments)));
}

task<tool_result> tool::call(std::string arguments, tool_context ctx) const {
  return call_to_the_end(*this, std::move(arguments), std::move(ctx));
}

tool tool_declared(std::string name, std::string description, json::value schema) {
  return tool(tool::body{{std::move(name), std::move(description), std::move(schema)}, {}, {}});
}

}  // namespace skein
