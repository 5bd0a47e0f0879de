// The file: exchanges as values, as lines of text, and without their secrets.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <skein/http/message.hpp>
#include <skein/json/value.hpp>

namespace skein::replay::detail {

using since_sent = std::chrono::microseconds;

struct body_piece {
  since_sent at;
  std::string bytes;
};

struct recorded_error {
  std::string kind;  // the class
  std::string code;
  std::string message;
};

enum class ending : std::uint8_t { complete, failed, left };

struct recorded_exchange {
  std::int64_t number = 0;  // by the order of sending, from 1
  http::request request = {};
  since_sent head_at{};
  std::optional<http::response_head> head = {};
  std::vector<body_piece> pieces = {};
  since_sent end_at{};
  ending end = ending::left;
  recorded_error error = {};
  std::size_t line = 0;  // of the file, from 1
};

inline constexpr std::string_view first_line = "{\"cassette\":1}\n";
[[nodiscard]] std::string lines_of(const recorded_exchange& e);
// In order of their numbers. Throws schema_error, which names `file` and the line.
[[nodiscard]] std::vector<recorded_exchange> cassette_of(std::string_view text, std::string file);
// Throws usage_error and schema_error as replay::player does.
[[nodiscard]] std::vector<recorded_exchange> read_cassette(const std::filesystem::path& file);

// The JSON object or array that a request's body is, if it is one.
[[nodiscard]] std::optional<json::value> json_body(std::string_view body);

// What one request carries of secrets, to be kept out of everything that is written of it.
class secrets {
 public:
  explicit secrets(const http::request& r);

  // Without secret headers and parameters, and with every mention of their values overwritten.
  [[nodiscard]] http::request without(http::request r) const;
  void remove_from(recorded_exchange& e) const;

 private:
  void hide(std::string& text) const;
  void hide(http::header_list& headers) const;
  void add(std::string_view value);
  std::vector<std::string> values_;
};

}  // namespace skein::replay::detail
