#include "providers/common/event_json.hpp"

namespace skein::providers {

namespace {

boost::json::parse_options lenient() {
  boost::json::parse_options options;
  options.numbers = boost::json::number_precision::precise;
  options.max_depth = 64;
  options.allow_invalid_utf8 = true;
  options.allow_invalid_utf16 = true;
  options.allow_infinity_and_nan = true;
  return options;
}

}  // namespace

event_memory::event_memory()
    : resource_(value_memory_.data(), value_memory_.size()),
      parser_({}, lenient(), parse_memory_.data(), parse_memory_.size()) {
  parser_.reset(&resource_);
}

std::expected<json::value, protocol_error> event_memory::parse(std::string_view provider,
                                                               std::string_view text) {
  boost::system::error_code error;
  const std::size_t offset = parser_.write(text.data(), text.size(), error);
  if (error) {
    return std::unexpected(protocol_error(
        std::string(provider) + ": the server sent something that is not JSON (at byte " +
            std::to_string(offset) + " of " + std::to_string(text.size()) + ": " + error.message() +
            "). Try again; if it stays, check the base URL",
        "malformed"));
  }
  return parser_.release();
}

}  // namespace skein::providers
