#include "providers/openai/connection.hpp"

#include <format>
#include <utility>

#include <skein/core/error.hpp>

#include "providers/openai/chat_completions.hpp"

namespace skein::openai::detail {

namespace {

client_options with_environment(client_options o) {
  if (o.azure) {
    providers::default_from(o.base_url, "AZURE_OPENAI_ENDPOINT");
    if (o.azure->token.empty()) providers::default_from(o.api_key, "AZURE_OPENAI_API_KEY");
    if (o.api_key.empty()) providers::default_from(o.azure->token, "AZURE_OPENAI_AD_TOKEN");
    return o;
  }
  if (o.server) {
    providers::default_from(o.api_key, o.server->key_variable);
    if (o.base_url.empty()) o.base_url = o.server->base_url;
    return o;
  }
  providers::default_from(o.api_key, "OPENAI_API_KEY");
  providers::default_from(o.base_url, "OPENAI_BASE_URL");
  providers::default_from(o.organization, "OPENAI_ORG_ID");
  providers::default_from(o.project, "OPENAI_PROJECT_ID");
  if (o.base_url.empty()) o.base_url = "https://api.openai.com/v1";
  return o;
}

const char* key_variable(const client_options& o) {
  if (o.server && !o.azure) return o.server->key_variable;
  return o.azure ? "AZURE_OPENAI_API_KEY" : "OPENAI_API_KEY";
}

// For messages.
std::string_view who(const client_options& o) {
  return o.server && !o.azure ? o.server->name : "openai";
}

}  // namespace

connection::connection(client_options options) : state_(with_environment(std::move(options))) {
  state_.server =
      state_.options.azure
          ? providers::endpoint_of(state_.options.base_url, "openai", "AZURE_OPENAI_ENDPOINT",
                                   "https://NAME.openai.azure.com")
          : providers::endpoint_of(state_.options.base_url, who(state_.options), "OPENAI_BASE_URL",
                                   "https://api.openai.com/v1");
}

dialect connection::speaks() const {
  if (state_.options.azure) return azure_dialect;
  return state_.options.server ? state_.options.server->speaks : dialect_of(state_.server.host);
}

bool connection::wants_key() const {
  if (state_.options.azure || is_own_host(state_.server.host)) return true;
  const auto& o = state_.options;
  return o.server && o.base_url == o.server->base_url && o.base_url.starts_with("https:");
}

client_info connection::info(std::string_view api) const {
  std::string_view provider = state_.options.server ? state_.options.server->provider : "openai";
  if (state_.options.azure) provider = "azure.ai.openai";
  auto about = state_.info(provider);
  about.api = api;
  about.schemas = speaks().schemas;
  return about;
}

const std::string& connection::model(const chat_options& options) const {
  const bool deployed = state_.options.azure && !state_.options.azure->deployment.empty();
  return providers::model_of(
      options.model, deployed ? state_.options.azure->deployment : state_.options.model,
      who(state_.options), state_.options.server ? state_.options.server->example : "gpt-5-mini");
}

std::string connection::url(std::string_view base, std::string_view path,
                            const std::string& model) const {
  std::string url(base);
  if (state_.options.azure) {
    const auto& version = state_.options.azure->api_version;
    const bool v1 = url.ends_with("/openai/v1");
    if (!v1) url += "/openai";
    if (!v1 && version.empty()) url += "/v1";
    const bool of_deployment = path.starts_with("/chat/") || path == "/embeddings";
    if (!v1 && !version.empty() && of_deployment) url += "/deployments/" + model;
    url += path;
    if (!version.empty()) {
      url += path.contains('?') ? "&api-version=" : "?api-version=";
      url += version;
    }
    return url;
  }
  return url.append(path);
}

http::header_list connection::key() const {
  const auto& o = state_.options;
  if (!o.azure) return providers::bearer(o.api_key);
  if (!o.azure->token.empty()) return providers::bearer(o.azure->token);
  if (o.api_key.empty()) return {};
  return {{"api-key", o.api_key.reveal()}};
}

std::unique_ptr<providers::exchange_plan> connection::plan(std::string_view path,
                                                           const chat_options& options,
                                                           const std::string& model) const {
  const auto& o = state_.options;
  auto ours = key();
  if (!o.organization.empty()) ours.emplace_back("OpenAI-Organization", o.organization);
  if (!o.project.empty()) ours.emplace_back("OpenAI-Project", o.project);
  auto plan = state_.plan(path, ours, options, model, providers::framing::server_sent_events);
  const auto& headers = plan->request.headers;
  if (wants_key() && !http::find_header(headers, "Authorization") &&
      !http::find_header(headers, "api-key")) {
    throw usage_error(std::format("{}: no key for {}; set {} or client_options::api_key", who(o),
                                  state_.server.host, key_variable(o)));
  }
  plan->request.url = url(state_.server.url, path, model);
  plan->shown_url = url(state_.server.shown, path, model);
  plan->key_variable = key_variable(o);
  return plan;
}

}  // namespace skein::openai::detail
