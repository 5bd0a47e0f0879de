#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <format>
#include <utility>

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <skein/async/stream.hpp>
#include <skein/core/error.hpp>
#include <skein/json/value.hpp>
#include <skein/providers/models.hpp>

#include "providers/common/endpoint.hpp"
#include "providers/common/event_json.hpp"
#include "providers/common/http_failure.hpp"
#include "providers/named/provider_table.hpp"

namespace skein {

namespace {

using providers::model_listing;
using providers::named_provider;

bool is_set(const char* variable) {
  const char* value = variable ? std::getenv(variable) : nullptr;
  return value && *value;
}

bool any_set(const providers::variables& names) { return std::ranges::any_of(names, is_set); }

const char* first_set(const providers::variables& names) {
  return is_set(names[0]) || !is_set(names[1]) ? names[0] : names[1];
}

template <class Text>
void take(Text& to, const providers::variables& from) {
  if (const char* variable = first_set(from)) providers::default_from(to, variable);
}

// That which `key` goes into.
std::string_view key_header(const named_provider& p, const secret<std::string>& given) {
  const bool other = given.empty() && first_set(p.keys) == p.keys[1];
  return other && !p.listing.other_key_header.empty() ? p.listing.other_key_header
                                                      : p.listing.key_header;
}

void add_headers(const named_provider& p, secret<std::string> key, http::header_list& headers) {
  headers.emplace_back("Accept", "application/json");
  const auto name = key_header(p, key);
  take(key, p.keys);
  if (!key.empty()) {
    headers.emplace_back(name, (name == "authorization" ? "Bearer " : "") + key.reveal());
  }
  if (!p.listing.extra_header.empty()) {
    headers.emplace_back(p.listing.extra_header, p.listing.extra_value);
  }
}

constexpr std::size_t most_pages = 100;

struct models_page {
  std::vector<std::string> ids = {};
  std::string next = {};  // what asks for the next one, for a URL
};

// What was asked of a server, for messages.
struct asked_for_models {
  const named_provider& provider;
  std::string_view shown_url;
};

std::string next_page(const model_listing& listing, const json::object& answer) {
  if (listing.page_parameter.empty()) return {};
  const auto* more = listing.more.empty() ? nullptr : answer.if_contains(listing.more);
  if (!listing.more.empty() && (!more || *more != true)) return {};
  const auto token = providers::string_at(answer, listing.next);
  if (token.empty()) return {};
  return std::format("&{}={}", listing.page_parameter,
                     boost::urls::encode(token, boost::urls::unreserved_chars));
}

models_page page_in(const asked_for_models& asked, std::string_view body) {
  const auto& p = asked.provider;
  boost::system::error_code no_json;
  const json::value value = json::parse(body, no_json);
  const auto* object = no_json ? nullptr : value.if_object();
  const auto* models = object ? providers::array_at(*object, p.listing.array) : nullptr;
  if (!models) {
    throw protocol_error(std::format("{}: the answer of {}{} is no list of models. Check the base "
                                     "URL: it goes up to what stands before {}",
                                     p.name, asked.shown_url, p.listing.path, p.listing.path),
                         "malformed");
  }
  models_page page;
  for (const auto& model : *models) {
    const auto* fields = model.if_object();
    auto id = fields ? providers::string_at(*fields, p.listing.id) : std::string_view();
    if (id.starts_with(p.listing.prefix)) id.remove_prefix(p.listing.prefix.size());
    if (!id.empty()) page.ids.emplace_back(id);
  }
  page.next = next_page(p.listing, *object);
  return page;
}

task<models_page> ask_for_page(asked_for_models asked, http::request request,
                               http::transport& transport) {
  http::response_head head;
  auto pieces = transport.send(std::move(request), head);
  constexpr std::size_t most = std::size_t{16} << 20U;
  std::string body;
  while (auto* piece = co_await pieces.next()) {
    body.append(piece->substr(0, most - body.size()));
  }
  if (head.status < 200 || head.status >= 300) {
    const auto url = std::string(asked.shown_url) + std::string(asked.provider.listing.path);
    throw providers::error_from(
        {.status = head.status,
         .body = std::move(body),
         .url = url,
         .key_variable = asked.provider.keys[0],
         .headers = providers::answer_headers_of(head, std::chrono::system_clock::now())});
  }
  co_return page_in(asked, body);
}

}  // namespace

task<std::vector<std::string>> list_models(std::string provider, named_options options) {
  const auto parts = providers::split(provider);
  const auto& p = providers::provider_of(parts.provider, provider);
  if (options.base_url.empty()) options.base_url = parts.url;
  take(options.base_url, p.urls);
  const bool at_home = options.base_url.empty() || options.base_url == p.base_url;
  if (options.base_url.empty()) options.base_url = p.base_url;
  if (p.listing.base_of) options.base_url = p.listing.base_of(options.base_url);
  const auto server = providers::endpoint_of(
      options.base_url, p.name, p.urls[0] ? p.urls[0] : "@URL after the provider",
      p.base_url.empty() ? "http://127.0.0.1:8080/v1" : p.base_url);
  if (at_home && p.wants_key() && options.api_key.empty() && !any_set(p.keys)) {
    throw usage_error(std::format("{}: no key; export {}=...", p.name, p.keys[0]));
  }

  http::client own(options.http);
  http::client_transport own_transport(own);
  http::transport& transport = options.transport ? *options.transport : own_transport;
  http::request request{.method = "GET", .url = server.url + std::string(p.listing.path)};
  add_headers(p, std::move(options.api_key), request.headers);
  std::vector<std::string> names;
  std::string next;
  std::size_t pages = 0;
  do {
    if (pages++ == most_pages) {
      throw protocol_error(std::format("{}: {}{} has no end after {} pages", p.name, server.shown,
                                       p.listing.path, most_pages),
                           "limit_exceeded");
    }
    auto this_page = request;
    this_page.url += next;
    auto page = co_await ask_for_page({p, server.shown}, std::move(this_page), transport);
    for (const auto& id : page.ids) {
      names.push_back(
          std::format("{}:{}{}{}", p.name, id, parts.url.empty() ? "" : "@", parts.url));
    }
    next = std::move(page.next);
  } while (!next.empty());
  std::ranges::sort(names);
  co_return names;
}

std::vector<provider_access> access_to_providers() {
  std::vector<provider_access> all;
  std::string_view before;
  for (const auto& p : providers::all_named_providers()) {
    if (p.base_url.empty() || p.base_url == std::exchange(before, p.base_url)) continue;
    key_state key = key_state::not_wanted;
    if (p.wants_key() && !any_set(p.urls)) {
      key = any_set(p.keys) ? key_state::set : key_state::missing;
    }
    all.push_back({p.name, p.keys[0], key});
  }
  return all;
}

}  // namespace skein
