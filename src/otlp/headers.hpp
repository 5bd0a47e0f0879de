// Headers for exporters that decode them once more.
#pragma once

#include <string>
#include <string_view>

namespace skein::otlp {

// opentelemetry-cpp percent-decodes header values when it sends them, wherever they come from.
inline std::string encoded_again(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '%') {
      out += "%25";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace skein::otlp
