#include <algorithm>
#include <chrono>
#include <format>
#include <utility>

#include <skein/testing/script.hpp>

#include "testing/requests.hpp"

namespace skein::testing {
namespace {

scripted_turn refusal(std::string message, std::string code) {
  return {.error = api_error{.status = 400,
                             .message = std::move(message),
                             .type = "invalid_request_error",
                             .code = std::move(code)}};
}

bool holds(const rule& rule, const json::value& request) {
  if (rule.model && *rule.model != model_in(request)) return false;
  if (rule.tool && !tool_offered(request, *rule.tool)) return false;
  if (rule.turn && *rule.turn != assistant_messages(request)) return false;
  if (rule.has_tool_result && *rule.has_tool_result != tool_result_since_user(request))
    return false;
  if (rule.user_message && !last_user_text(request).contains(*rule.user_message)) return false;
  return !rule.system_message || system_text(request).contains(*rule.system_message);
}

}  // namespace

responder turns(std::vector<scripted_turn> list) {
  return [list = std::move(list)](const json::value& request) {
    const auto turn = assistant_messages(request);
    if (turn < list.size()) return list[turn];
    return refusal(
        std::format("The script has {} turns, and this request asks for turn {} (it holds {} "
                    "assistant messages). Add a turn to the script.",
                    list.size(), turn, turn),
        "script_over");
  };
}

responder rules(std::vector<rule> list) {
  return [list = std::move(list)](const json::value& request) {
    const auto found = std::ranges::find_if(list, [&](const rule& r) { return holds(r, request); });
    if (found != list.end()) return found->answer;
    return refusal(
        std::format("None of the script's {} rules matches this request; its last user message "
                    "is \"{}\". Add a rule for it.",
                    list.size(), last_user_text(request).substr(0, 200)),
        "no_rule");
  };
}

responder demo_script() {
  return [](const json::value& request) -> scripted_turn {
    if (system_text(request).contains("stylist")) {
      return {
          .chunks = {"A wool coat ", "over a light sweater, ", "waterproof boots ",
                     "and an umbrella ", "you do not mind losing."},
          .usage{.input = 58, .output = 32, .cache_read = {}, .cache_write = {}, .reasoning = {}}};
    }
    const std::vector<scripted_turn> stages{
        {.calls = {{"call_weather", "get_weather", R"({"city":"Oslo"})"},
                   {"call_add", "add", R"({"a":17,"b":25})"}},
         .usage{.input = 96, .output = 41, .cache_read = {}, .cache_write = {}, .reasoning = {}}},
        {.calls = {{"call_stylist", "ask_stylist",
                    R"({"task":"What should I wear on a cold, wet day in Oslo?"})"},
                   {"call_now", "now", "{}"}},
         .usage{.input = 168, .output = 37, .cache_read = 64, .cache_write = {}, .reasoning = {}}}};
    for (auto stage = assistant_messages_since_user(request); stage < stages.size(); ++stage) {
      auto turn = stages[stage];
      std::erase_if(turn.calls,
                    [&](const scripted_call& call) { return !tool_offered(request, call.name); });
      if (!turn.calls.empty()) return turn;
    }
    return {
        .chunks = {"For Oslo tomorrow: ", "a wool coat ", "over a light sweater, ",
                   "waterproof boots, ", "and an umbrella ", "you do not ", "mind losing. ", "And ",
                   "17 + 25 ", "is ", "42", "."},
        .usage{.input = 231, .output = 52, .cache_read = 128, .cache_write = {}, .reasoning = {}}};
  };
}

namespace {

struct benchmark_model {
  std::size_t chunks = 10;
  std::chrono::milliseconds interval{0};
  bool tool = false;
};

benchmark_model benchmark_model_named(std::string_view name) {
  auto number = [&](std::size_t& value) {
    const auto length = std::min(name.find_first_not_of("0123456789"), name.size());
    if (length == 0 || length > 9) return false;
    value = 0;
    for (const char digit : name.substr(0, length)) {
      value = value * 10 + static_cast<std::size_t>(digit - '0');
    }
    name.remove_prefix(length);
    return true;
  };
  auto skip = [&](std::string_view word) {
    if (!name.starts_with(word)) return false;
    name.remove_prefix(word.size());
    return true;
  };
  std::size_t chunks = 0;
  std::size_t milliseconds = 0;
  if (!skip("b-") || !number(chunks) || !skip("-") || !number(milliseconds)) return {};
  return {chunks, std::chrono::milliseconds{milliseconds}, skip("-tool")};
}

}  // namespace

responder benchmark_script() {
  return [](const json::value& request) {
    const auto model = benchmark_model_named(model_in(request));
    const auto tokens = static_cast<std::int64_t>(model.chunks);
    scripted_turn turn{
        .usage{.input = 10, .output = tokens, .cache_read = {}, .cache_write = {}, .reasoning = {}},
        .events_per_write = model.interval.count() == 0 ? 16U : 1U,
        .first_delay = model.interval,
        .chunk_delay = model.interval,
        .id = "chatcmpl-1"};
    const auto& messages = messages_in(request);
    const bool answers_tool = !messages.empty() && role_of(messages.back()) == "tool";
    if (model.tool && any_tool_offered(request) && !answers_tool) {
      turn.calls = {{"call_1", "get_weather", R"({"city":"Paris"})"}};
      turn.chunk_size = 4;
      turn.usage.output = 5;
    } else {
      turn.chunks.assign(model.chunks, " token");
    }
    return turn;
  };
}

}  // namespace skein::testing
