#include "testing/requests.hpp"

#include <algorithm>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>

namespace skein::testing {

const json::value* member(const json::value& in, std::string_view name) {
  const auto* object = in.if_object();
  return object ? object->if_contains(name) : nullptr;
}

std::string_view string_in(const json::value& in, std::string_view name) {
  const auto* found = member(in, name);
  return found && found->is_string() ? std::string_view{found->get_string()} : std::string_view{};
}

const json::array& array_in(const json::value& in, std::string_view name) {
  static const json::array none;
  const auto* found = member(in, name);
  return found && found->is_array() ? found->get_array() : none;
}

namespace {

auto since_user(const json::value& request) {
  const auto& messages = messages_in(request);
  const auto user = std::ranges::find_last_if(
      messages, [](const json::value& message) { return role_of(message) == "user"; });
  return std::ranges::subrange(user.empty() ? messages.begin() : user.begin(), messages.end());
}

}  // namespace

std::string_view model_in(const json::value& request) { return string_in(request, "model"); }

const json::array& messages_in(const json::value& request) { return array_in(request, "messages"); }

std::string_view role_of(const json::value& message) { return string_in(message, "role"); }

std::string text_of(const json::value& message) {
  std::string text{string_in(message, "content")};
  for (const auto& part : array_in(message, "content")) text += string_in(part, "text");
  return text;
}

std::string last_user_text(const json::value& request) {
  for (const auto& message : messages_in(request) | std::views::reverse) {
    if (role_of(message) == "user") return text_of(message);
  }
  return {};
}

std::string system_text(const json::value& request) {
  std::string text;
  for (const auto& message : messages_in(request)) {
    if (role_of(message) != "system" && role_of(message) != "developer") continue;
    if (!text.empty()) text += '\n';
    text += text_of(message);
  }
  return text;
}

std::size_t assistant_messages(const json::value& request) {
  return static_cast<std::size_t>(std::ranges::count(messages_in(request), "assistant", role_of));
}

std::size_t assistant_messages_since_user(const json::value& request) {
  return static_cast<std::size_t>(std::ranges::count(since_user(request), "assistant", role_of));
}

bool tool_result_since_user(const json::value& request) {
  return std::ranges::contains(since_user(request), "tool", role_of);
}

bool any_tool_offered(const json::value& request) { return !array_in(request, "tools").empty(); }

bool tool_offered(const json::value& request, std::string_view name) {
  return std::ranges::any_of(array_in(request, "tools"), [&](const json::value& tool) {
    const auto* function = member(tool, "function");
    return function && string_in(*function, "name") == name;
  });
}

json::object& chat_form::assistant() {
  if (messages_.empty() || role_of(messages_.back()) != "assistant") {
    messages_.push_back(json::object{{"role", "assistant"}, {"content", ""}});
  }
  return messages_.back().get_object();
}

void chat_form::say(std::string_view role, std::string_view text) {
  if (role == "assistant") {
    assistant()["content"].get_string().append(text);
  } else {
    messages_.push_back(json::object{{"role", role}, {"content", text}});
  }
}

void chat_form::call(std::string_view id, std::string_view name, std::string_view arguments) {
  auto& calls = assistant()["tool_calls"];
  if (!calls.is_array()) calls.emplace_array();
  calls.get_array().push_back(
      json::object{{"id", id},
                   {"type", "function"},
                   {"function", json::object{{"name", name}, {"arguments", arguments}}}});
}

void chat_form::result(std::string_view id, std::string_view text) {
  messages_.push_back(json::object{{"role", "tool"}, {"tool_call_id", id}, {"content", text}});
}

void chat_form::offer(std::string_view tool) {
  tools_.push_back(json::object{{"type", "function"}, {"function", json::object{{"name", tool}}}});
}

json::value chat_form::take(std::string_view model, bool stream) && {
  json::object request{{"model", model}, {"stream", stream}, {"messages", std::move(messages_)}};
  if (!tools_.empty()) request["tools"] = std::move(tools_);
  return request;
}

}  // namespace skein::testing
