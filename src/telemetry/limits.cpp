#include "telemetry/limits.hpp"

#include <algorithm>
#include <functional>

#include "telemetry/nostd.hpp"

namespace skein::telemetry {

namespace common = opentelemetry::common;
namespace nostd = opentelemetry::nostd;

namespace {

void read(const environment& env, std::initializer_list<const char*> names, std::size_t& to) {
  for (const char* name : names) {
    if (auto n = env.integer(name, 0)) to = static_cast<std::size_t>(*n);
  }
}

}  // namespace

span_limits span_limits_from(const environment& env) {
  span_limits l;
  read(env, {"OTEL_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"}, l.attributes.count);
  read(env, {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"},
       l.attributes.value_length);
  read(env, {"OTEL_SPAN_EVENT_COUNT_LIMIT"}, l.events);
  read(env, {"OTEL_SPAN_LINK_COUNT_LIMIT"}, l.links);
  read(env, {"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"}, l.attributes_per_event);
  read(env, {"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"}, l.attributes_per_link);
  return l;
}

attribute_limits log_limits_from(const environment& env) {
  attribute_limits l;
  read(env, {"OTEL_ATTRIBUTE_COUNT_LIMIT", "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT"}, l.count);
  read(env, {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT"},
       l.value_length);
  return l;
}

bool attribute_filter::admits(std::string_view key, const attribute_limits& limits) {
  const auto hash = std::hash<std::string_view>()(key);
  if (std::ranges::find(keys_, hash) != keys_.end()) return true;
  if (keys_.size() >= limits.count) return false;
  keys_.push_back(hash);
  return true;
}

std::string_view first_characters(std::string_view text, std::size_t length) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (starts && characters++ == length) return text.substr(0, i);
  }
  return text;
}

attribute_filter::shortening::shortening(const common::AttributeValue& from, std::size_t length)
    : value(from) {
  if (const auto* text = nostd::get_if<nostd::string_view>(&from)) {
    const auto s = first_characters(std_view(*text), length);
    value = nostd::string_view(s.data(), s.size());
  } else if (const auto* c = nostd::get_if<const char*>(&from)) {
    const auto s = first_characters(*c, length);
    value = nostd::string_view(s.data(), s.size());
  } else if (const auto* all = nostd::get_if<nostd::span<const nostd::string_view>>(&from)) {
    for (const auto& each : *all) {
      const auto s = first_characters(std_view(each), length);
      texts.emplace_back(s.data(), s.size());
    }
    value = nostd::span<const nostd::string_view>(texts.data(), texts.size());
  }
}

bool limited_attributes::ForEachKeyValue(
    nostd::function_ref<bool(nostd::string_view, common::AttributeValue)> callback) const noexcept {
  std::size_t n = 0;
  return all_.ForEachKeyValue([&](nostd::string_view key, common::AttributeValue value) {
    if (n++ >= limits_.count) return true;
    bool more = true;
    attribute_filter::shortened(value, limits_,
                                [&](const common::AttributeValue& v) { more = callback(key, v); });
    return more;
  });
}

std::size_t limited_attributes::size() const noexcept {
  return std::min(all_.size(), limits_.count);
}

}  // namespace skein::telemetry
