#include <algorithm>
#include <array>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/providers/anthropic.hpp>

#include "core/ascii.hpp"
#include "providers/anthropic/messages.hpp"
#include "providers/anthropic/output_schema.hpp"
#include "providers/common/client_state.hpp"

namespace skein::anthropic {

struct client::state : providers::client_state<client_options> {
  using client_state::client_state;
};

namespace {

constexpr const char* key_variable = "ANTHROPIC_API_KEY";
constexpr std::string_view own_host = "api.anthropic.com";
constexpr const char* own_url = "https://api.anthropic.com";

void check_order(const cache_points& cache) {
  bool short_before = false;
  for (const auto& point : std::array{cache.tools, cache.system, cache.history}) {
    if (point == cache_ttl::one_hour && short_before) {
      throw usage_error(
          "anthropic: client_options::cache: an hour after five minutes, which the API refuses; "
          "the order is tools, system, history");
    }
    short_before = short_before || point == cache_ttl::five_minutes;
  }
}

bool names_a_key(const http::header_list& headers) {
  return std::ranges::any_of(headers, [](const auto& header) {
    const auto name = skein::detail::lower(header.first);
    return name == "x-api-key" || name == "authorization";
  });
}

}  // namespace

client::client(client_options options) : state_(std::make_unique<state>(std::move(options))) {
  auto& o = state_->options;
  check_order(o.cache);
  if (o.api_key.empty() && o.auth_token.empty()) {
    providers::default_from(o.api_key, key_variable);
    providers::default_from(o.auth_token, "ANTHROPIC_AUTH_TOKEN");
  }
  providers::default_from(o.base_url, "ANTHROPIC_BASE_URL");
  if (o.base_url.empty()) o.base_url = own_url;
  state_->server = providers::endpoint_of(o.base_url, "anthropic", "ANTHROPIC_BASE_URL", own_url);
}

client::~client() = default;

client_info client::info() const { return state_->info("anthropic"); }

std::vector<std::string> client::not_enforced(const json::value& schema) const {
  return detail::lower_schema(schema).dropped;
}

std::size_t client::open_exchanges() const { return state_->own.open_exchanges(); }
std::size_t client::open_connections() const { return state_->own.open_connections(); }

skein::stream<chat_update> client::open(const chat_request& request, const chat_options& options) {
  const auto& o = state_->options;
  const auto& model = providers::model_of(options.model, o.model, "anthropic", "claude-sonnet-4-5");
  http::header_list ours = {{"anthropic-version", "2023-06-01"}};
  if (!o.api_key.empty()) ours.emplace_back("x-api-key", o.api_key.reveal());
  if (!o.auth_token.empty()) ours.emplace_back("Authorization", "Bearer " + o.auth_token.reveal());
  auto plan =
      state_->plan("/v1/messages", ours, options, model, providers::framing::server_sent_events);
  if (state_->server.host == own_host && !names_a_key(plan->request.headers)) {
    throw usage_error(
        "anthropic: no key for https://api.anthropic.com; set ANTHROPIC_API_KEY, or the client's "
        "api_key or auth_token");
  }
  plan->request.body = detail::request_body(request, options, model, o.cache);
  plan->key_variable = key_variable;
  plan->decoder = std::make_unique<detail::messages_decoder>();
  return providers::exchange(std::move(plan), state_->transport());
}

}  // namespace skein::anthropic
