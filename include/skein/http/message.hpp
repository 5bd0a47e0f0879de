// What goes out and what comes back, as values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skein::http {

using header_list = std::vector<std::pair<std::string, std::string>>;

// The value of the first header of that name, whatever the case of its letters.
[[nodiscard]] std::optional<std::string_view> find_header(const header_list& headers,
                                                          std::string_view name) noexcept;

struct request {
  std::string method = "POST";
  std::string url = {};      // absolute, http or https
  header_list headers = {};  // sent as they are, beside what HTTP itself needs
  std::string body = {};     // sent with its length
};

struct response_head {
  int status = 0;
  header_list headers = {};       // in order of arrival, names as received
  std::string http_version = {};  // "1.1", "2"

  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
    return find_header(headers, name);
  }
};

}  // namespace skein::http
