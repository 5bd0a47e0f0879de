// OpenAI's chat completions, and every server that is compatible with them.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include <skein/chat/client.hpp>
#include <skein/core/secret.hpp>
#include <skein/http/client.hpp>
#include <skein/http/transport.hpp>

namespace skein::openai {

struct client_options {
  std::string model = {};  // e.g. gpt-5-mini; options of a request may name another
  // Else from OPENAI_API_KEY; may stay empty for servers that want none.
  secret<std::string> api_key = {};
  std::string base_url = {};       // else from OPENAI_BASE_URL, else https://api.openai.com/v1
  std::string organization = {};   // else from OPENAI_ORG_ID
  std::string project = {};        // else from OPENAI_PROJECT_ID
  http::header_list headers = {};  // with every request
  http::client_options http = {};  // of the client that it makes
  http::transport* transport = nullptr;    // used instead, if set; must outlive the client
  std::size_t max_error_body = 64 * 1024;  // kept of an error's body
};

// Spans: those of chat_client::stream; provider `openai`, server address and port of the base URL.
// Errors: provider_error with status, code, retry_after and body; transport_error and
// protocol_error of the HTTP client; protocol_error `stream_cut` and `malformed`.
class client final : public chat_client {
 public:
  // Throws usage_error for a base URL that is none.
  explicit client(client_options options = {});
  ~client() override;

  [[nodiscard]] client_info info() const override;
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
