#include <algorithm>
#include <array>
#include <utility>

#include "core/ascii.hpp"
#include "providers/replay/cassette.hpp"

namespace skein::replay::detail {

namespace {

// Shorter ones are placeholders for servers that want no key, and words like any other.
constexpr std::size_t least_secret = 16;

bool names_a_secret(std::string_view name) {
  static constexpr std::array parts{"auth",   "key",        "token",     "secret", "password",
                                    "cookie", "credential", "signature", "session"};
  const auto lower = skein::detail::lower(name);
  if (lower.find("ratelimit") != std::string::npos) return false;  // ...-remaining-tokens
  return lower == "sig" || lower == "code" || std::ranges::any_of(parts, [&](const char* part) {
           return lower.find(part) != std::string::npos;
         });
}

void remove_secret_headers(http::header_list& headers) {
  std::erase_if(headers, [](const auto& header) { return names_a_secret(header.first); });
}

struct url_parts {
  std::string_view scheme;       // with ://
  std::string_view credentials;  // without @
  std::string_view place;        // host, port and path
  std::vector<std::string_view> parameters;
};

url_parts parts_of(std::string_view url) {
  url_parts parts;
  url = url.substr(0, url.find('#'));
  if (const auto at = url.find("://"); at != std::string_view::npos) {
    parts.scheme = url.substr(0, at + 3);
    url.remove_prefix(at + 3);
  }
  if (const auto at = url.substr(0, url.find_first_of("/?")).rfind('@');
      at != std::string_view::npos) {
    parts.credentials = url.substr(0, at);
    url.remove_prefix(at + 1);
  }
  const auto query = url.find('?');
  parts.place = url.substr(0, query);
  if (query == std::string_view::npos) return parts;
  url.remove_prefix(query + 1);
  while (true) {
    const auto end = url.find('&');
    parts.parameters.push_back(url.substr(0, end));
    if (end == std::string_view::npos) return parts;
    url.remove_prefix(end + 1);
  }
}

std::string_view parameter_name(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

std::string public_url(std::string_view url) {
  const auto parts = parts_of(url);
  std::string out(parts.scheme);
  out += parts.place;
  char before = '?';
  for (const auto& parameter : parts.parameters) {
    if (names_a_secret(parameter_name(parameter))) continue;
    out += std::exchange(before, '&');
    out += parameter;
  }
  return out;
}

}  // namespace

secrets::secrets(const http::request& r) {
  for (const auto& [name, value] : r.headers) {
    if (!names_a_secret(name)) continue;
    add(value);
    if (const auto space = value.find(' '); space != std::string::npos) {
      add(std::string_view(value).substr(space + 1));  // after the scheme, e.g. Bearer
    }
  }
  const auto parts = parts_of(r.url);
  add(parts.credentials);
  if (const auto colon = parts.credentials.find(':'); colon != std::string_view::npos) {
    add(parts.credentials.substr(colon + 1));
  }
  for (const auto& parameter : parts.parameters) {
    const auto name = parameter_name(parameter);
    if (names_a_secret(name) && name.size() < parameter.size()) {
      add(parameter.substr(name.size() + 1));
    }
  }
}

void secrets::add(std::string_view value) {
  if (value.size() >= least_secret) values_.emplace_back(value);
}

// Of the same length, so that pieces and lengths stay as they are.
void secrets::hide(std::string& text) const {
  for (const auto& value : values_) {
    for (auto at = text.find(value); at != std::string::npos; at = text.find(value, at)) {
      std::ranges::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at),
                          static_cast<std::ptrdiff_t>(value.size()), '*');
    }
  }
}

void secrets::hide(http::header_list& headers) const {
  remove_secret_headers(headers);
  for (auto& header : headers) hide(header.second);
}

http::request secrets::without(http::request r) const {
  r.url = public_url(r.url);
  hide(r.url);
  hide(r.headers);
  hide(r.body);
  return r;
}

void secrets::remove_from(recorded_exchange& e) const {
  e.request = without(std::move(e.request));
  hide(e.error.message);
  if (e.head) hide(e.head->headers);
  if (values_.empty()) return;
  std::string all;
  for (const auto& piece : e.pieces) all += piece.bytes;
  hide(all);  // a secret may lie across pieces
  std::size_t from = 0;
  for (auto& piece : e.pieces) {
    piece.bytes.assign(all, from, piece.bytes.size());
    from += piece.bytes.size();
  }
}

}  // namespace skein::replay::detail
