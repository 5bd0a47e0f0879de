#include "providers/openai/reasoning_form.hpp"

#include "providers/common/opaque.hpp"

namespace skein::openai::detail {

using namespace providers;

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
  return opaque_of(tag, std::move(form));
}

std::optional<reasoning_form> reasoning_form::parse(std::string_view opaque) {
  const auto form = opaque_for(tag, opaque);
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
