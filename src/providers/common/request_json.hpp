// What the encoders of requests have in common.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <skein/chat/message.hpp>
#include <skein/chat/request.hpp>
#include <skein/json/value.hpp>

#include "json/text_writer.hpp"

namespace skein::providers {

using request_writer = json::detail::text_writer;

// Sets the member if the option says anything.
template <class Value>
void set(json::object& body, std::string_view name, const std::optional<Value>& option) {
  if (option) body[name] = *option;
}
inline void set(json::object& body, std::string_view name, const std::string& option) {
  if (!option.empty()) body[name] = option;
}
inline void set(json::object& body, std::string_view name, const std::vector<std::string>& option) {
  if (!option.empty()) body[name] = json::array(option.begin(), option.end());
}
template <class Value>
void set(json::object& body, std::string_view name, const std::map<std::string, Value>& option) {
  if (option.empty()) return;
  auto& members = body[name].emplace_object();
  for (const auto& [key, value] : option) members[key] = value;
}

// Objects member by member; everything else replaces.
void merge(json::object& into, const json::object& from);

// Name, description and schema, into the object that is open.
void function_members(request_writer& out, const tool_definition& tool, std::string_view schema);

// A raw part of that provider, if it is an object; else null.
[[nodiscard]] const json::object* raw_object(const part& p, std::string_view provider);

// Its URI, or data:<type>;base64,... of its bytes.
[[nodiscard]] std::string uri_of(const media_part& m, std::string_view fallback_type);

// What stands in a data:<type>;base64,<data>; nothing for another URI.
struct inline_data {
  std::string_view type;
  std::string_view base64;
};
[[nodiscard]] std::optional<inline_data> inline_data_of(std::string_view uri);

// JSON text of an object, for providers that parse what the model wrote: {} for blank text, and
// {"invalid_json":"<text>"} for what is no object. Valid UTF-8.
[[nodiscard]] std::string object_arguments(const std::string& written);

// For protocols without stored or background answers: throws usage_error that names the option.
void refuse_stored_answers(const chat_options& options, std::string_view provider);

}  // namespace skein::providers
