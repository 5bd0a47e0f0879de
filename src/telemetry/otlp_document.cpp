#include "telemetry/otlp_document.hpp"

#include <cmath>

namespace skein::telemetry {

json::value int64_text(std::int64_t v) { return {std::to_string(v)}; }

json::value double_value(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d > 0 ? "Infinity" : "-Infinity";
  return d;
}

namespace {

json::value any_value(const json::value& v) {
  json::object out;
  switch (v.kind()) {
    case boost::json::kind::null:
      break;
    case boost::json::kind::bool_:
      out["boolValue"] = v;
      break;
    case boost::json::kind::int64:
      out["intValue"] = int64_text(v.get_int64());
      break;
    case boost::json::kind::uint64:
      out["doubleValue"] = static_cast<double>(v.get_uint64());
      break;
    case boost::json::kind::double_:
      out["doubleValue"] = double_value(v.get_double());
      break;
    case boost::json::kind::string:
      out["stringValue"] = v;
      break;
    case boost::json::kind::array: {
      json::array values;
      for (const auto& e : v.get_array()) values.push_back(any_value(e));
      out["arrayValue"] = json::object{{"values", std::move(values)}};
      break;
    }
    case boost::json::kind::object:
      out["kvlistValue"] = json::object{{"values", key_values(v.get_object())}};
      break;
  }
  return out;
}

}  // namespace

json::array key_values(const json::object& attributes) {
  json::array out;
  out.reserve(attributes.size());
  for (const auto& a : attributes) {
    out.push_back(json::object{{"key", a.key()}, {"value", any_value(a.value())}});
  }
  return out;
}

std::size_t length_of_value(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && (depth == 0 || --depth == 0)) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace skein::telemetry
