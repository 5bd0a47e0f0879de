#include "reasoning_form.hpp"

#include "json_text.hpp"

namespace skein::openai::detail {

namespace {
constexpr std::string_view tag = "openai_reasoning";
}

std::string reasoning_form::text() const {
  json::object form;
  if (details.empty()) {
    form["key"] = key;
  } else {
    form["details"] = details;
  }
  std::string out;
  append_value(out, json::object{{tag, std::move(form)}});
  return out;
}

std::optional<reasoning_form> reasoning_form::parse(std::string_view opaque) {
  if (!opaque.starts_with("{\"openai_reasoning\":")) return std::nullopt;
  boost::system::error_code error;
  const json::value value =
      json::parse(opaque, error, {}, {.max_depth = 64, .allow_invalid_utf8 = true});
  if (error) return std::nullopt;
  const auto* form = value.get_object().at(tag).if_object();
  if (!form) return std::nullopt;
  reasoning_form result;
  if (const auto* key = form->if_contains("key"); key && key->is_string()) {
    result.key = key->get_string();
    if (result.key != reasoning_content_key && result.key != reasoning_key) result.key.clear();
  }
  if (const auto* details = form->if_contains("details"); details && details->is_array()) {
    result.details = details->get_array();
  }
  return result;
}

}  // namespace skein::openai::detail
