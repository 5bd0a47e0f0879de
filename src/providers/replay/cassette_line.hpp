// One line of a cassette. Which kind it is, its members tell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <skein/json/value.hpp>

namespace skein::replay::detail {

struct error_member {
  std::string kind;
  std::string code;
  std::string message;
};

struct cassette_line {
  std::optional<std::int64_t> cassette = {};
  std::optional<std::int64_t> exchange = {};
  std::optional<double> ms = {};
  std::optional<std::string> method = {};
  std::optional<std::string> url = {};
  std::optional<int> status = {};
  std::optional<std::string> http = {};
  std::optional<std::vector<std::string>> headers = {};
  std::optional<json::value> json = {};
  std::optional<std::string> text = {};
  std::optional<std::string> base64 = {};
  std::optional<std::string> end = {};
  std::optional<error_member> error = {};
};

}  // namespace skein::replay::detail
