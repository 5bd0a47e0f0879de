#include "providers/common/opaque.hpp"

#include <utility>

#include "providers/common/json_text.hpp"

namespace skein::providers {

std::string opaque_of(std::string_view protocol, json::value value) {
  std::string out;
  append_value(out, json::object{{protocol, std::move(value)}});
  return out;
}

std::optional<json::object> opaque_for(std::string_view protocol, std::string_view opaque) {
  const std::string begin = "{\"" + std::string(protocol) + "\":";
  if (!opaque.starts_with(begin)) return std::nullopt;
  boost::system::error_code error;
  json::value whole = json::parse(opaque, error, {}, {.max_depth = 64, .allow_invalid_utf8 = true});
  auto* held = error ? nullptr : whole.get_object().at(protocol).if_object();
  return held ? std::optional(std::move(*held)) : std::nullopt;
}

}  // namespace skein::providers
