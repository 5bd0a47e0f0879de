#include "providers/common/json_exchange.hpp"

#include <algorithm>
#include <chrono>
#include <format>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/json/text.hpp>

#include "providers/common/http_failure.hpp"

namespace skein::providers {

task<json::object> ask_for_json(std::unique_ptr<exchange_plan> plan, http::transport& transport) {
  http::response_head head;
  auto pieces = transport.send(std::move(plan->request), head);
  auto* piece = co_await pieces.next();
  const bool failed = head.status < 200 || head.status >= 300;
  std::string body;
  for (; piece != nullptr; piece = co_await pieces.next()) {
    body.append(*piece);
    if (failed && body.size() > plan->max_error_body) break;
  }
  if (failed) {
    body.resize(std::min(body.size(), plan->max_error_body));
    throw error_from({.status = head.status,
                      .body = std::move(body),
                      .url = plan->shown_url,
                      .model = plan->model,
                      .key_variable = plan->key_variable,
                      .headers = answer_headers_of(head, std::chrono::system_clock::now())});
  }
  auto value = json::parse_text(body);
  if (!value || !value->is_object()) {
    throw protocol_error(
        std::format("{}: the answer of {} is no JSON object: {}", plan->model, plan->shown_url,
                    value ? "another JSON value" : value.error().message),
        "malformed");
  }
  co_return std::move(value->get_object());
}

}  // namespace skein::providers
