#include <format>
#include <utility>

#include <skein/providers/openai_responses.hpp>

#include "providers/openai/connection.hpp"
#include "providers/openai/responses.hpp"
#include "providers/openai/strict_schema.hpp"

namespace skein::openai {

struct responses_client::state : detail::connection {
  using connection::connection;
};

responses_client::responses_client(client_options options)
    : state_(std::make_unique<state>(std::move(options))) {}

responses_client::~responses_client() = default;

client_info responses_client::info() const {
  auto about = state_->info("responses");
  about.schemas = schema_formats::taken;
  return about;
}

std::vector<std::string> responses_client::not_enforced(const json::value& schema) const {
  return detail::not_strict(schema, state_->speaks().strict);
}

std::size_t responses_client::open_exchanges() const { return state_->http().open_exchanges(); }
std::size_t responses_client::open_connections() const { return state_->http().open_connections(); }

skein::stream<chat_update> responses_client::open(const chat_request& request,
                                                  const chat_options& options) {
  auto& server = *state_;
  const auto& model = server.model(options);
  std::unique_ptr<providers::exchange_plan> plan;
  if (options.continuation_token.empty()) {
    plan = server.plan("/responses", options, model);
    plan->request.body = detail::responses_body(request, options, model, server.speaks().strict);
  } else {
    const auto from = detail::continuation::parse(options.continuation_token);
    const std::string path =
        options.streaming
            ? std::format("/responses/{}?stream=true&starting_after={}", from.id, from.after)
            : "/responses/" + from.id;
    plan = server.plan(path, options, model);
    plan->request.method = "GET";
  }
  plan->decoder = std::make_unique<detail::responses_decoder>();
  return providers::exchange(std::move(plan), server.transport());
}

}  // namespace skein::openai
