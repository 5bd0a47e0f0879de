// OpenAI's chat completions, and every server that is compatible with them.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <skein/chat/client.hpp>
#include <skein/core/secret.hpp>
#include <skein/http/client.hpp>
#include <skein/http/transport.hpp>
#include <skein/providers/openai_servers.hpp>

namespace skein::openai {

// Azure OpenAI. Without `api_version`, its v1 API: {base_url}/openai/v1. With one, chat completions
// go to {base_url}/openai/deployments/{deployment}/chat/completions?api-version=..., responses to
// {base_url}/openai/responses?api-version=...; a base URL that ends with /openai/v1 stays that.
struct azure_options {
  std::string deployment = {};   // else the model
  std::string api_version = {};  // e.g. 2024-10-21
  // Of Microsoft Entra ID: sent as the bearer token, and no key. Else from AZURE_OPENAI_AD_TOKEN if
  // there is no key either.
  secret<std::string> token = {};
};

struct client_options {
  std::string model = {};  // e.g. gpt-5-mini; options of a request may name another
  // One of `servers`, or of your own. If set, key and base URL are else from it, and the variables
  // below are not read. Unset: OpenAI, or one that is known by the host of the base URL.
  std::optional<openai::server> server = {};
  // Else from OPENAI_API_KEY; may stay empty for servers that want none.
  secret<std::string> api_key = {};
  std::string base_url = {};  // else from OPENAI_BASE_URL, else https://api.openai.com/v1
  // If set: the key is else from AZURE_OPENAI_API_KEY and sent as `api-key`, and the base URL is
  // the resource, e.g. https://NAME.openai.azure.com, else from AZURE_OPENAI_ENDPOINT.
  std::optional<azure_options> azure = {};
  std::string organization = {};           // else from OPENAI_ORG_ID
  std::string project = {};                // else from OPENAI_PROJECT_ID
  http::header_list headers = {};          // with every request
  http::client_options http = {};          // of the client that it makes
  http::transport* transport = nullptr;    // used instead, if set; must outlive the client
  std::size_t max_error_body = 64 * 1024;  // kept of an error's body
};

// Spans: those of chat_client::stream; provider `openai`, `azure.ai.openai` or the server's; server
// address and port of the base URL.
// Errors: usage_error at the request if OpenAI, Azure or a known server on the net is asked without
// a key, and for options that chat completions cannot express; provider_error with status, code,
// retry_after, request_id and body; transport_error and protocol_error of the HTTP client;
// protocol_error `stream_cut` and `malformed`.
class client final : public chat_client {
 public:
  // Throws usage_error for a base URL that is none.
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

}  // namespace skein::openai
