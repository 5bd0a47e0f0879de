#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <sstream>

#include "chat_completions.hpp"
#include "error_text.hpp"

namespace skein::openai::detail {

namespace {

using std::chrono::milliseconds;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// A number of `unit`s, at most a year.
std::optional<milliseconds> amount(std::string_view text, double unit_in_ms) {
  text = trimmed(text);
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  constexpr double year_in_ms = 366.0 * 24 * 3600 * 1000;
  if (!std::isfinite(number) || number < 0) return std::nullopt;
  return milliseconds(
      static_cast<milliseconds::rep>(std::ceil(std::min(number * unit_in_ms, year_in_ms))));
}

// RFC 9110, section 5.6.7, in the only form that may be sent.
std::optional<milliseconds> until_date(std::string_view text,
                                       std::chrono::system_clock::time_point now) {
  std::istringstream in{std::string(trimmed(text))};
  in.imbue(std::locale::classic());
  std::chrono::sys_seconds date;
  in >> std::chrono::parse("%a, %d %b %Y %H:%M:%S GMT", date);
  if (in.fail()) return std::nullopt;
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(date - now));
}

// A duration as Go prints it: 1h2m3.5s, 20ms.
std::optional<milliseconds> go_duration(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return std::nullopt;
  struct unit {
    std::string_view name;
    double ms;
  };
  static constexpr std::array units = {unit{"ms", 1}, unit{"h", 3600e3}, unit{"m", 60e3},
                                       unit{"s", 1e3}};
  milliseconds sum{0};
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::string_view rest = text.substr(digits);
    const auto* const found =
        std::ranges::find_if(units, [&](const unit& u) { return rest.starts_with(u.name); });
    if (found == units.end()) return std::nullopt;
    const auto part = amount(text.substr(0, digits), found->ms);
    if (!part) return std::nullopt;
    sum += *part;
    text = rest.substr(found->name.size());
  }
  return sum;
}

std::string cure(const http_failure& answer, const error_text& said,
                 std::optional<milliseconds> delay) {
  switch (answer.status) {
    case 400:
    case 422:
      if (said.code == "context_length_exceeded") {
        return "Send less history, or use a model with a larger context.";
      }
      return {};
    case 401:
      return "Set OPENAI_API_KEY, or the client's api_key, to a key of this server.";
    case 402:
      return "Add credit to the account.";
    case 403:
      return "The key may not do this: check its project, permissions and region.";
    case 404:
      return "Check the model name" +
             (answer.model.empty() ? std::string() : " '" + std::string(answer.model) + "'") +
             " and the base URL.";
    case 413:
      return "Send less history or smaller media.";
    case 429:
      if (said.code == "insufficient_quota") return "Add credit to the account.";
      if (delay) return "Wait " + std::to_string(delay->count()) + " ms, then try again.";
      return "Wait, then try again; send fewer requests at a time.";
    default:
      break;
  }
  if (answer.status >= 500 || answer.status == 408) return "The server failed: try again later.";
  return {};
}

}  // namespace

std::optional<milliseconds> retry_delay(const retry_headers& headers,
                                        std::chrono::system_clock::time_point now) {
  if (auto delay = amount(headers.retry_after_ms, 1)) return delay;
  if (auto delay = amount(headers.retry_after, 1000)) return delay;
  if (auto delay = until_date(headers.retry_after, now)) return delay;
  std::optional<milliseconds> longest;
  const auto used_up = [&](std::string_view remaining, std::string_view reset) {
    if (trimmed(remaining) != "0") return;
    if (auto delay = go_duration(reset)) longest = std::max(longest, delay);
  };
  used_up(headers.remaining_requests, headers.reset_requests);
  used_up(headers.remaining_tokens, headers.reset_tokens);
  return longest;
}

provider_error error_from(http_failure answer) {
  boost::system::error_code not_json;
  const json::value body =
      json::parse(answer.body, not_json, {},
                  {.max_depth = 64, .allow_invalid_utf8 = true, .allow_invalid_utf16 = true});
  error_text said;
  if (!not_json) said = read_error_body(body);
  if (said.message.empty()) said.message = answer.body;
  const auto delay = retry_delay(answer.headers, answer.now);

  std::string text = "HTTP " + std::to_string(answer.status);
  if (!answer.url.empty()) text += " from " + std::string(answer.url);
  if (!said.code.empty()) text += " (" + one_line(said.code, 60) + ")";
  const std::string message = one_line(said.message, 400);
  if (!message.empty()) text += ": " + message;
  if (const std::string advice = cure(answer, said, delay); !advice.empty()) {
    text += text.ends_with('.') ? " " : ". ";
    text += advice;
  }
  return provider_error(text, {.status = answer.status,
                               .code = std::move(said.code),
                               .retry_after = delay,
                               .body = std::move(answer.body)});
}

}  // namespace skein::openai::detail
