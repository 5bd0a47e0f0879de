// Attribute values that opentelemetry-cpp owns, as JSON.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <skein/json/text.hpp>
#include <skein/json/value.hpp>

namespace skein::telemetry {

// For nostd::visit.
struct owned_to_value {
  json::value operator()(bool v) const { return v; }
  json::value operator()(double v) const { return v; }
  json::value operator()(const std::string& v) const { return {json::valid_utf8(v)}; }
  template <std::integral I>
  json::value operator()(I v) const {
    if (std::in_range<std::int64_t>(v)) return static_cast<std::int64_t>(v);
    return static_cast<std::uint64_t>(v);
  }
  template <class T>
  json::value operator()(const std::vector<T>& all) const {
    json::array out;
    out.reserve(all.size());
    for (const T& v : all) out.push_back((*this)(v));
    return out;
  }
};

}  // namespace skein::telemetry
