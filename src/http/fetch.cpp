#include <algorithm>
#include <format>
#include <memory>
#include <optional>
#include <string_view>

#include <curl/curl.h>

#include <skein/async/cancel.hpp>
#include <skein/async/result.hpp>
#include <skein/async/time.hpp>
#include <skein/http/fetch.hpp>

#include "core/ascii.hpp"

namespace skein::http {

namespace {

// Absolute, seen from `base`; nothing if it is none of http or https.
std::optional<std::string> resolved(const std::string& base, const std::string& url) {
  struct free_handle {
    void operator()(CURLU* u) const noexcept { curl_url_cleanup(u); }
  };
  const std::unique_ptr<CURLU, free_handle> handle(curl_url());
  auto put = [&](const std::string& part) {
    return curl_url_set(handle.get(), CURLUPART_URL, part.c_str(), 0) == CURLUE_OK;
  };
  if ((!base.empty() && !put(base)) || !put(url)) return std::nullopt;
  // What a redirect says of users is not sent on.
  curl_url_set(handle.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(handle.get(), CURLUPART_PASSWORD, nullptr, 0);
  curl_url_set(handle.get(), CURLUPART_FRAGMENT, nullptr, 0);
  char* text = nullptr;
  if (curl_url_get(handle.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) return std::nullopt;
  std::string whole(text);
  curl_free(text);
  if (!whole.starts_with("http://") && !whole.starts_with("https://")) return std::nullopt;
  return whole;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string media_type_of(const response_head& head) {
  const auto type = head.header("content-type").value_or("");
  return skein::detail::lower(skein::detail::trimmed(type.substr(0, type.find(';'))));
}

bool is_allowed(std::string_view type, const std::vector<std::string>& allowed) {
  return !type.empty() && std::ranges::any_of(allowed, [&](std::string_view each) {
    return each.ends_with("/*") ? type.starts_with(each.substr(0, each.size() - 1)) : type == each;
  });
}

client_options client_for_strangers(const fetch_options& o) {
  return {.limits = {.body_bytes = o.max_bytes},
          .timeouts = {.total = o.time},
          .ca_file = o.ca_file,
          .reach = reach::public_addresses,
          .also_reachable = o.also_reachable};
}

}  // namespace

fetcher::fetcher(fetch_options options)
    : options_(std::move(options)), client_(client_for_strangers(options_)) {}

task<fetched> fetcher::get(std::string url) {
  const auto shown = url.substr(0, url.find_first_of("?#"));
  auto got = co_await as_result(with_deadline(options_.time, follow(std::move(url))));
  if (got) co_return *std::move(got);
  try {
    std::rethrow_exception(got.error());
  } catch (const cancelled&) {
    // Ours, unless somebody around has stopped this.
    const auto scope = current_cancellation();
    if (scope && scope->stop_requested()) throw;
    throw transport_error(
        std::format("{}: it was not there within {} ms", shown, options_.time.count()), "timeout");
  } catch (const transport_error& e) {
    if (e.type() == "address_refused") throw fetch_error(e.what(), e.type());
    throw;
  } catch (const protocol_error& e) {
    if (e.type() == "limit_exceeded") throw fetch_error(e.what(), "too_large");
    throw;
  }
}

task<fetched> fetcher::follow(std::string from) {
  auto url = resolved({}, from);
  if (!url) throw fetch_error("only http and https URLs are fetched", "url_refused");
  for (std::size_t redirects = 0;; ++redirects) {
    auto exchange = client_.send({.method = "GET", .url = *url});
    const auto& head = co_await exchange.head();
    if (!is_redirect(head.status)) {
      if (head.status != 200) {
        throw fetch_error(std::format("{}: the server answered with status {}", *url, head.status),
                          "status_refused");
      }
      auto type = media_type_of(head);
      if (!is_allowed(type, options_.media_types)) {
        throw fetch_error(
            std::format("{}: the media type '{}' is not among those allowed", *url, type),
            "media_type_refused");
      }
      auto bytes = co_await read_all(exchange, options_.max_bytes);
      co_return fetched{std::move(*url), std::move(type), std::move(bytes)};
    }
    if (redirects == options_.redirects) {
      throw fetch_error(std::format("{}: more than {} redirects", *url, options_.redirects),
                        "redirect_refused");
    }
    auto next = resolved(*url, std::string(head.header("location").value_or("")));
    if (!next || (url->starts_with("https:") && !next->starts_with("https:"))) {
      throw fetch_error(std::format("{}: a redirect that leads nowhere, or away from https", *url),
                        "redirect_refused");
    }
    url = std::move(next);
  }
}

}  // namespace skein::http
