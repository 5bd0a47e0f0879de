// Anthropic's Messages API, and every server that speaks it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <skein/chat/client.hpp>
#include <skein/core/secret.hpp>
#include <skein/http/client.hpp>
#include <skein/http/transport.hpp>

namespace skein::anthropic {

// Sent where the options name none, since the API requires one.
inline constexpr std::int64_t default_max_tokens = 16384;

enum class cache_ttl : std::uint8_t { five_minutes, one_hour };

// Up to where the provider keeps a request in its cache, and for how long; unset: not there. The
// API takes no longer time after a shorter one, in this order (Prompt caching, Mixing TTLs).
struct cache_points {
  std::optional<cache_ttl> tools = {};
  std::optional<cache_ttl> system = {};
  std::optional<cache_ttl> history = {};  // the end of the messages, whatever they grow to
};

struct client_options {
  std::string model = {};  // e.g. claude-sonnet-4-5; options of a request may name another
  secret<std::string> api_key = {};  // sent as x-api-key; see `auth_token`
  // Sent as a bearer token. If neither of the two is set, both are read, from ANTHROPIC_API_KEY and
  // ANTHROPIC_AUTH_TOKEN; both may stay empty for servers that want none.
  secret<std::string> auth_token = {};
  std::string base_url = {};       // else from ANTHROPIC_BASE_URL, else https://api.anthropic.com
  cache_points cache = {};         // of every request
  http::header_list headers = {};  // with every request, e.g. anthropic-beta
  http::client_options http = {};  // of the client that it makes
  http::transport* transport = nullptr;    // used instead, if set; must outlive the client
  std::size_t max_error_body = 64 * 1024;  // kept of an error's body
};

// Spans: those of chat_client::stream; provider `anthropic`, server address and port of the base
// URL. Errors: provider_error with status, code, retry_after, request_id and body; transport_error
// and protocol_error of the HTTP client; protocol_error `stream_cut` and `malformed`; usage_error
// for a missing key and for what the API cannot express (docs/providers/anthropic.md).
class client final : public chat_client {
 public:
  // Throws usage_error for a base URL that is none, and for cache points in the wrong order.
  explicit client(client_options options = {});
  ~client() override;

  [[nodiscard]] client_info info() const override;
  [[nodiscard]] std::vector<std::string> not_enforced(const json::value& schema) const override;
  // Exchanges and connections that are open now, of the HTTP client that it made.
  [[nodiscard]] std::size_t open_exchanges() const;
  [[nodiscard]] std::size_t open_connections() const;

 protected:
  skein::stream<chat_update> open(const chat_request& request,
                                  const chat_options& options) override;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace skein::anthropic
