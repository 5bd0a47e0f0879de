#include <algorithm>
#include <format>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/providers/anthropic.hpp>
#include <skein/providers/gemini.hpp>
#include <skein/providers/ollama.hpp>
#include <skein/providers/openai.hpp>
#include <skein/providers/openai_responses.hpp>

#include "providers/named/provider_table.hpp"
#include "providers/ollama/chat.hpp"

namespace skein::providers {

namespace {

constexpr model_listing openai_listing{
    .path = "/models", .key_header = "authorization", .array = "data", .id = "id"};

constexpr model_listing anthropic_listing{.path = "/v1/models?limit=1000",
                                          .key_header = "x-api-key",
                                          .array = "data",
                                          .id = "id",
                                          .other_key_header = "authorization",
                                          .extra_header = "anthropic-version",
                                          .extra_value = "2023-06-01",
                                          .page_parameter = "after_id",
                                          .next = "last_id",
                                          .more = "has_more"};

std::string gemini_base(std::string_view url) {
  const bool has_version = url.ends_with("/v1beta") || url.ends_with("/v1");
  return std::string(url) + (has_version ? "" : "/v1beta");
}

constexpr model_listing gemini_listing{.path = "/models?pageSize=1000",
                                       .key_header = "x-goog-api-key",
                                       .array = "models",
                                       .id = "name",
                                       .prefix = "models/",
                                       .page_parameter = "pageToken",
                                       .next = "nextPageToken",
                                       .base_of = gemini_base};

constexpr model_listing ollama_listing{.path = "/api/tags",
                                       .key_header = "authorization",
                                       .array = "models",
                                       .id = "name",
                                       .base_of = ollama::detail::url_of_host};

template <class Options>
Options options_of(std::string model, named_options&& o) {
  Options options;
  options.model = std::move(model);
  options.api_key = std::move(o.api_key);
  options.base_url = std::move(o.base_url);
  options.http = std::move(o.http);
  options.transport = o.transport;
  return options;
}

template <class Client, class Options>
std::unique_ptr<chat_client> make_named(const named_provider&, std::string model, named_options o) {
  return std::make_unique<Client>(options_of<Options>(std::move(model), std::move(o)));
}

const openai::server& server_of(std::string_view name) {
  const auto known = std::ranges::find(openai::known_servers(), name, &openai::server::name);
  return known == openai::known_servers().end() ? openai::servers::compatible : *known;
}

std::unique_ptr<chat_client> make_compatible(const named_provider& p, std::string model,
                                             named_options o) {
  auto options = options_of<openai::client_options>(std::move(model), std::move(o));
  options.server = server_of(p.name);
  return std::make_unique<openai::client>(std::move(options));
}

named_provider row_of(const openai::server& s) {
  return {.name = s.name,
          .example = s.example,
          .base_url = s.base_url,
          .urls = {},
          .keys = {s.key_variable},
          .make = make_compatible,
          .listing = openai_listing};
}

std::vector<named_provider> all_rows() {
  std::vector<named_provider> rows = {
      {.name = "openai",
       .example = "gpt-5-mini",
       .base_url = "https://api.openai.com/v1",
       .urls = {"OPENAI_BASE_URL"},
       .keys = {"OPENAI_API_KEY"},
       .make = make_named<openai::client, openai::client_options>,
       .listing = openai_listing},
      {.name = "openai-responses",
       .example = "gpt-5-mini",
       .base_url = "https://api.openai.com/v1",
       .urls = {"OPENAI_BASE_URL"},
       .keys = {"OPENAI_API_KEY"},
       .make = make_named<openai::responses_client, openai::client_options>,
       .listing = openai_listing},
      {.name = "anthropic",
       .example = "claude-sonnet-4-5",
       .base_url = "https://api.anthropic.com",
       .urls = {"ANTHROPIC_BASE_URL"},
       .keys = {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"},
       .make = make_named<anthropic::client, anthropic::client_options>,
       .listing = anthropic_listing},
      {.name = "gemini",
       .example = "gemini-3-flash",
       .base_url = "https://generativelanguage.googleapis.com",
       .urls = {"GEMINI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"},
       .keys = {"GEMINI_API_KEY", "GOOGLE_API_KEY"},
       .make = make_named<gemini::client, gemini::client_options>,
       .listing = gemini_listing},
      {.name = "ollama",
       .example = "qwen3",
       .base_url = "http://127.0.0.1:11434",
       .urls = {"OLLAMA_HOST"},
       .keys = {"OLLAMA_API_KEY"},
       .make = make_named<ollama::client, ollama::client_options>,
       .listing = ollama_listing},
  };
  for (const auto& s : openai::known_servers()) rows.push_back(row_of(s));
  rows.push_back(row_of(openai::servers::compatible));
  return rows;
}

}  // namespace

std::span<const named_provider> all_named_providers() {
  static const std::vector<named_provider> rows = all_rows();
  return rows;
}

const named_provider& provider_of(std::string_view name, std::string_view whole) {
  const auto rows = all_named_providers();
  const auto found = std::ranges::find(rows, name, &named_provider::name);
  if (found != rows.end()) return *found;
  std::string names;
  for (const auto& row : rows) {
    names += names.empty() ? "" : ", ";
    names += row.name;
  }
  throw usage_error(std::format(
      "'{}' names no provider: a model is written PROVIDER:MODEL, e.g. openai:gpt-5-mini, or "
      "compat:MODEL@URL for any server with OpenAI's API; the providers are {}",
      whole, names));
}

split_name split(std::string_view name) {
  split_name parts;
  auto at = name.find("@http://");
  if (at == std::string_view::npos) at = name.find("@https://");
  if (at != std::string_view::npos) {
    parts.url = name.substr(at + 1);
    name = name.substr(0, at);
  }
  const auto colon = name.find(':');
  parts.provider = name.substr(0, colon);
  if (colon != std::string_view::npos) parts.model = name.substr(colon + 1);
  return parts;
}

}  // namespace skein::providers

namespace skein {

std::unique_ptr<chat_client> client_named(std::string_view name, named_options options) {
  const auto parts = providers::split(name);
  const auto& provider = providers::provider_of(parts.provider, name);
  if (parts.model.empty()) {
    throw usage_error(std::format("'{}' names no model: write {}:MODEL, e.g. {}:{}", name,
                                  provider.name, provider.name, provider.example));
  }
  if (options.base_url.empty()) options.base_url = parts.url;
  if (options.base_url.empty() && provider.base_url.empty()) {
    throw usage_error(
        std::format("'{}' names no server: write {}:{}", name, provider.name, provider.example));
  }
  return provider.make(provider, std::string(parts.model), std::move(options));
}

std::vector<std::string_view> provider_names() {
  std::vector<std::string_view> names;
  for (const auto& row : providers::all_named_providers()) names.push_back(row.name);
  return names;
}

}  // namespace skein
