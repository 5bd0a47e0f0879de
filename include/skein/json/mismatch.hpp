// Why a JSON value does not fit a C++ type.
#pragma once

#include <expected>
#include <string>

namespace skein::json {

// `path` leads to the place: `$`, `$.days`, `$.items[2].name`, `$["a b"]`. `message` says what was
// expected and what was found; of the value found it quotes at most 40 bytes, since values are
// content.
struct mismatch {
  std::string path;
  std::string message;
  friend bool operator==(const mismatch&, const mismatch&) = default;
};

using read_outcome = std::expected<void, mismatch>;

}  // namespace skein::json
