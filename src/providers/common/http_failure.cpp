#include "providers/common/http_failure.hpp"

#include <algorithm>

#include "providers/common/error_text.hpp"
#include "providers/common/event_json.hpp"
#include "providers/common/rate_limit_headers.hpp"
#include "providers/common/times.hpp"

namespace skein::providers {

namespace {

using std::chrono::milliseconds;

// Google says it in the body: google.rpc.RetryInfo.
std::optional<milliseconds> delay_in(const json::value& body) {
  if (const auto* array = body.if_array(); array && !array->empty())
    return delay_in(array->front());
  const auto* members = body.if_object();
  const auto* error = members ? object_at(*members, "error") : nullptr;
  const auto* details = error ? array_at(*error, "details") : nullptr;
  if (!details) return std::nullopt;
  for (const auto& detail : *details) {
    const auto* info = detail.if_object();
    if (!info) continue;
    if (auto delay = go_duration(string_at(*info, "retryDelay"))) return delay;
  }
  return std::nullopt;
}

// The words of Ollama, in whatever protocol it was asked.
bool is_not_pulled(const error_text& said) {
  return said.code.empty() && said.message.starts_with("model ") &&
         said.message.contains(" not found");
}

std::string cure(const http_failure& answer, const error_text& said,
                 std::optional<milliseconds> delay) {
  std::string set_key = "Set " + std::string(answer.key_variable) +
                        ", or the client's api_key, to a key of this server.";
  switch (answer.status) {
    case 400:
    case 422:
      if (said.code == "context_length_exceeded") {
        return "Send less history, or use a model with a larger context.";
      }
      return said.code == "API_KEY_INVALID" ? set_key : std::string();
    case 401:
      return set_key;
    case 402:
      return "Add credit to the account.";
    case 403:
      return "The key may not do this: check its project, permissions and region.";
    case 404:
      if (is_not_pulled(said)) {
        return "Pull it with `ollama pull " + std::string(answer.model) +
               "`, or check the model name and the base URL.";
      }
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

std::string_view request_id_of(const http::response_head& head) {
  for (const auto* name : {"x-request-id", "request-id", "apim-request-id", "x-goog-request-id",
                           "mistral-correlation-id"}) {
    if (const auto id = head.header(name).value_or(std::string_view()); !id.empty()) return id;
  }
  return {};
}

// Ends the line; gives what the error is to keep.
std::string add_request_id(std::string& text, std::string_view said) {
  std::string id = one_line(said, 100);
  if (!id.empty()) text += (text.ends_with('.') ? " Request " : ". Request ") + id + ".";
  return id;
}

}  // namespace

answer_headers answer_headers_of(const http::response_head& head,
                                 std::chrono::system_clock::time_point now) {
  auto get = [&](std::string_view name) { return head.header(name).value_or(std::string_view()); };
  answer_headers found{.retry_after_ms = get("retry-after-ms"),
                       .retry_after = get("retry-after"),
                       .limits = rate_limits_of(head, now),
                       .now = now};
  found.request_id = request_id_of(head);
  return found;
}

std::optional<milliseconds> retry_delay(const answer_headers& headers) {
  if (auto delay = amount_of_time(headers.retry_after_ms, milliseconds(1))) return delay;
  if (auto delay = amount_of_time(headers.retry_after, std::chrono::seconds(1))) return delay;
  if (const auto date = http_date(headers.retry_after)) {
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*date - headers.now));
  }
  std::optional<milliseconds> longest;
  const auto& limits = headers.limits;
  if (limits.requests_left == 0) longest = std::max(longest, limits.requests_reset);
  if (limits.tokens_left == 0) longest = std::max(longest, limits.tokens_reset);
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
  auto delay = retry_delay(answer.headers);
  if (!delay && !not_json) delay = delay_in(body);

  std::string text = "HTTP " + std::to_string(answer.status);
  if (!answer.url.empty()) text += " from " + std::string(answer.url);
  if (!said.code.empty()) text += " (" + one_line(said.code, 60) + ")";
  const std::string message = one_line(said.message, 400);
  if (!message.empty()) text += ": " + message;
  if (const std::string advice = cure(answer, said, delay); !advice.empty()) {
    text += text.ends_with('.') ? " " : ". ";
    text += advice;
  }
  // Anthropic has it in the body as well, whatever a gateway did to the headers.
  std::string id(answer.headers.request_id);
  if (const auto* members = not_json ? nullptr : body.if_object(); members && id.empty()) {
    id = string_at(*members, "request_id");
  }
  id = add_request_id(text, id);
  return provider_error(text, {.status = answer.status,
                               .code = std::move(said.code),
                               .retry_after = delay,
                               .body = std::move(answer.body),
                               .request_id = std::move(id)});
}

provider_error of_request(provider_error said, const http::response_head& head) {
  if (!said.request_id().empty()) return said;
  std::string text = said.what();
  std::string id = add_request_id(text, request_id_of(head));
  return provider_error(text, {.status = said.status(),
                               .code = said.code(),
                               .retry_after = said.retry_after(),
                               .body = said.body(),
                               .request_id = std::move(id)});
}

}  // namespace skein::providers
