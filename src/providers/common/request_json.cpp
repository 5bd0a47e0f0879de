#include "providers/common/request_json.hpp"

#include <array>
#include <format>

#include <skein/core/error.hpp>
#include <skein/json/base64.hpp>
#include <skein/json/text.hpp>

namespace skein::providers {

void merge(json::object& into, const json::object& from) {
  for (const auto& [key, value] : from) {
    auto* old = into.if_contains(key);
    if (old && old->is_object() && value.is_object()) {
      merge(old->get_object(), value.get_object());
    } else {
      into.insert_or_assign(key, value);
    }
  }
}

void function_members(request_writer& out, const tool_definition& tool, std::string_view schema) {
  out.string_member("name", tool.name);
  if (!tool.description.empty()) out.string_member("description", tool.description);
  out.value_member(schema, tool.parameters);
}

const json::object* raw_object(const part& p, std::string_view provider) {
  const auto* raw = std::get_if<raw_part>(&p);
  return raw && raw->provider == provider ? raw->value.if_object() : nullptr;
}

std::string uri_of(const media_part& m, std::string_view fallback_type) {
  if (m.bytes.empty()) return m.uri;
  std::string uri = "data:";
  uri += m.media_type.empty() ? fallback_type : m.media_type;
  uri += ";base64,";
  json::append_base64(uri, m.bytes);
  return uri;
}

std::optional<inline_data> inline_data_of(std::string_view uri) {
  constexpr std::string_view scheme = "data:";
  constexpr std::string_view mark = ";base64,";
  const auto at = uri.find(mark);
  if (!uri.starts_with(scheme) || at == std::string_view::npos) return std::nullopt;
  return inline_data{.type = uri.substr(scheme.size(), at - scheme.size()),
                     .base64 = uri.substr(at + mark.size())};
}

std::string object_arguments(const std::string& written) {
  if (written.find_first_not_of(" \t\r\n") == std::string::npos) return "{}";
  boost::system::error_code error;
  std::array<unsigned char, 1024> memory;
  boost::json::monotonic_resource resource(memory.data(), memory.size());
  const json::value parsed =
      json::parse(written, error, &resource, {.max_depth = 64, .allow_invalid_utf8 = true});
  if (!error && parsed.is_object()) return json::valid_utf8(written);
  std::string marked = "{\"invalid_json\":";
  json::detail::append_string(marked, written);
  marked.push_back('}');
  return marked;
}

void refuse_stored_answers(const chat_options& options, std::string_view provider) {
  const auto refuse = [&](std::string_view option) {
    throw usage_error(
        std::format("{}: this protocol has no place for chat_options::{}; leave it out, or use a "
                    "client that has it, such as openai::responses_client",
                    provider, option));
  };
  if (!options.previous_response_id.empty()) refuse("previous_response_id");
  if (options.background.value_or(false)) refuse("background");
  if (!options.continuation_token.empty()) refuse("continuation_token");
}

}  // namespace skein::providers
