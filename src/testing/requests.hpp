// What scripts look at in a request, which is what chat completions says in one. Anything malformed
// counts as absent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>

namespace skein::testing {

// Null if there is none.
[[nodiscard]] const json::value* member(const json::value& in, std::string_view name);
[[nodiscard]] std::string_view string_in(const json::value& in, std::string_view name);
[[nodiscard]] const json::array& array_in(const json::value& in, std::string_view name);
[[nodiscard]] std::string_view model_in(const json::value& request);
[[nodiscard]] const json::array& messages_in(const json::value& request);
[[nodiscard]] std::string_view role_of(const json::value& message);
// A string, or the text parts of an array, joined.
[[nodiscard]] std::string text_of(const json::value& message);
[[nodiscard]] std::string last_user_text(const json::value& request);
[[nodiscard]] std::string system_text(const json::value& request);
[[nodiscard]] std::size_t assistant_messages(const json::value& request);
[[nodiscard]] std::size_t assistant_messages_since_user(const json::value& request);
[[nodiscard]] bool tool_result_since_user(const json::value& request);
[[nodiscard]] bool any_tool_offered(const json::value& request);
[[nodiscard]] bool tool_offered(const json::value& request, std::string_view name);

// A request of another protocol as chat completions would say it.
class chat_form {
 public:
  // What an assistant says in a row, its calls included, is one message.
  void say(std::string_view role, std::string_view text);
  void call(std::string_view id, std::string_view name, std::string_view arguments);
  void result(std::string_view id, std::string_view text);
  void offer(std::string_view tool);
  [[nodiscard]] json::value take(std::string_view model, bool stream) &&;

 private:
  json::object& assistant();

  json::array messages_;
  json::array tools_;
};

}  // namespace skein::testing
