#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/providers/ollama.hpp>

#include "core/ascii.hpp"
#include "providers/common/client_state.hpp"
#include "providers/ollama/chat.hpp"

namespace skein::ollama {

namespace {

constexpr const char* key_variable = "OLLAMA_API_KEY";

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

bool is_ollama_com(std::string_view host) {
  const auto lower = skein::detail::lower(host);
  return lower == "ollama.com" || lower.ends_with(".ollama.com");
}

}  // namespace

std::string detail::url_of_host(std::string_view host) {
  std::string_view rest = skein::detail::trimmed(host, " \t\r\n\"'");
  std::string_view scheme = "http";
  std::string_view port = "11434";
  if (const auto at = rest.find("://"); at != std::string_view::npos) {
    scheme = rest.substr(0, at);
    rest.remove_prefix(at + 3);
    if (scheme == "http") port = "80";
    if (scheme == "https") port = "443";
  } else if (rest == "ollama.com") {
    scheme = "https";
    port = "443";
  }
  const auto slash = std::min(rest.find('/'), rest.size());
  const std::string_view path = rest.substr(slash);
  std::string_view name = rest.substr(0, slash);
  const auto credentials = name.substr(0, name.rfind('@') + 1);
  name.remove_prefix(credentials.size());
  // An IPv6 address without brackets has no port.
  const auto colon = name.rfind(':');
  const bool address = std::ranges::count(name, ':') > 1 && !name.starts_with('[');
  if (!address && colon != std::string_view::npos && !name.ends_with(']')) {
    if (is_port(name.substr(colon + 1))) port = name.substr(colon + 1);
    name = name.substr(0, colon);
  }
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (name.empty() || name == "0.0.0.0") name = "127.0.0.1";
  if (name == "::") name = "::1";
  std::string url(scheme);
  url += "://";
  url += credentials;
  url += name.contains(':') ? "[" + std::string(name) + "]" : std::string(name);
  url += ":";
  url += port;
  url += path;
  return url;
}

struct client::state : providers::client_state<client_options> {
  using client_state::client_state;
};

client::client(client_options options) : state_(std::make_unique<state>(std::move(options))) {
  auto& o = state_->options;
  providers::default_from(o.api_key, key_variable);
  providers::default_from(o.base_url, "OLLAMA_HOST");
  state_->server = providers::endpoint_of(detail::url_of_host(o.base_url), "ollama", "OLLAMA_HOST",
                                          "http://127.0.0.1:11434");
}

client::~client() = default;

client_info client::info() const { return state_->info("ollama"); }

std::size_t client::open_exchanges() const { return state_->own.open_exchanges(); }
std::size_t client::open_connections() const { return state_->own.open_connections(); }

skein::stream<chat_update> client::open(const chat_request& request, const chat_options& options) {
  const auto& o = state_->options;
  const auto& model = providers::model_of(options.model, o.model, "ollama", "qwen3");
  if (o.api_key.empty() && is_ollama_com(state_->server.host)) {
    throw usage_error(
        "ollama: no API key for ollama.com: set OLLAMA_API_KEY or client_options::api_key");
  }
  auto plan = state_->plan("/api/chat", providers::bearer(o.api_key), options, model,
                           providers::framing::lines);
  plan->request.body = detail::request_body(request, options, model, o.keep_alive);
  plan->key_variable = key_variable;
  plan->decoder = std::make_unique<detail::stream_decoder>();
  return providers::exchange(std::move(plan), state_->transport());
}

}  // namespace skein::ollama
