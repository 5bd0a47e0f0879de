#include <utility>

#include <skein/providers/openai.hpp>

#include "providers/openai/chat_completions.hpp"
#include "providers/openai/connection.hpp"
#include "providers/openai/strict_schema.hpp"

namespace skein::openai {

struct client::state : detail::connection {
  using connection::connection;
};

client::client(client_options options) : state_(std::make_unique<state>(std::move(options))) {}

client::~client() = default;

client_info client::info() const { return state_->info("chat_completions"); }

std::vector<std::string> client::not_enforced(const json::value& schema) const {
  return detail::not_strict(schema, state_->speaks().strict);
}

std::size_t client::open_exchanges() const { return state_->http().open_exchanges(); }
std::size_t client::open_connections() const { return state_->http().open_connections(); }

skein::stream<chat_update> client::open(const chat_request& request, const chat_options& options) {
  auto& server = *state_;
  const auto& model = server.model(options);
  auto plan = server.plan("/chat/completions", options, model);
  plan->request.body = detail::request_body(request, options, model, server.speaks());
  plan->decoder = std::make_unique<detail::stream_decoder>();
  return providers::exchange(std::move(plan), server.transport());
}

}  // namespace skein::openai
