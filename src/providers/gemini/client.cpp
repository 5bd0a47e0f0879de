#include <utility>

#include <skein/core/error.hpp>
#include <skein/providers/gemini.hpp>

#include "core/ascii.hpp"
#include "providers/common/client_state.hpp"
#include "providers/gemini/generate_content.hpp"
#include "providers/gemini/output_schema.hpp"

namespace skein::gemini {

namespace {

constexpr const char* key_variable = "GEMINI_API_KEY";
constexpr const char* default_url = "https://generativelanguage.googleapis.com";

bool ends_with_version(std::string_view url) {
  const auto segment = url.substr(url.rfind('/') + 1);
  return segment.size() >= 2 && segment[0] == 'v' && segment[1] >= '1' && segment[1] <= '9';
}

// A name such as models/x or tunedModels/x is whole.
std::string model_path(std::string_view model) {
  static constexpr std::string_view hex = "0123456789ABCDEF";
  std::string path = model.contains('/') ? "/" : "/models/";
  for (const char c : model) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/@").contains(c);
    if (plain) {
      path.push_back(c);
    } else {
      path += {'%', hex[byte >> 4U], hex[byte & 0xFU]};
    }
  }
  return path;
}

}  // namespace

struct client::state : providers::client_state<client_options> {
  using client_state::client_state;
};

client::client(client_options options) : state_(std::make_unique<state>(std::move(options))) {
  auto& o = state_->options;
  providers::default_from(o.api_key, key_variable);
  providers::default_from(o.api_key, "GOOGLE_API_KEY");
  providers::default_from(o.base_url, "GEMINI_BASE_URL");
  providers::default_from(o.base_url, "GOOGLE_GEMINI_BASE_URL");
  if (o.base_url.empty()) o.base_url = default_url;
  auto& server = state_->server;
  server = providers::endpoint_of(o.base_url, "gemini", "GEMINI_BASE_URL", default_url);
  if (!ends_with_version(server.url)) {
    server.url += "/v1beta";
    server.shown += "/v1beta";
  }
}

client::~client() = default;

client_info client::info() const {
  auto about = state_->info("gcp.gemini");
  about.schemas = detail::is_before_gemini_3(about.model) ? schema_formats::taken_without_tools
                                                          : schema_formats::taken;
  return about;
}

std::vector<std::string> client::not_enforced(const json::value& schema) const {
  return detail::ignored_in(schema);
}

std::size_t client::open_exchanges() const { return state_->own.open_exchanges(); }
std::size_t client::open_connections() const { return state_->own.open_connections(); }

skein::stream<chat_update> client::open(const chat_request& request, const chat_options& options) {
  const auto& o = state_->options;
  const auto& model = providers::model_of(options.model, o.model, "gemini", "gemini-3-flash");
  if (o.api_key.empty() && skein::detail::lower(state_->server.host).ends_with("googleapis.com")) {
    throw usage_error(
        "gemini: no API key: set GEMINI_API_KEY (or GOOGLE_API_KEY), or client_options::api_key");
  }
  const std::string path =
      model_path(model) + (options.streaming ? ":streamGenerateContent" : ":generateContent");
  http::header_list key;
  if (!o.api_key.empty()) key.emplace_back("x-goog-api-key", o.api_key.reveal());
  auto plan = state_->plan(path, key, options, model, providers::framing::server_sent_events);
  if (options.streaming) plan->request.url += "?alt=sse";
  plan->request.body = detail::request_body(request, options, model);
  plan->key_variable = key_variable;
  plan->decoder = std::make_unique<detail::stream_decoder>();
  return providers::exchange(std::move(plan), state_->transport());
}

}  // namespace skein::gemini
