// Google's Gemini models, through the Gemini API (generativelanguage.googleapis.com).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <skein/chat/client.hpp>
#include <skein/core/secret.hpp>
#include <skein/http/client.hpp>
#include <skein/http/transport.hpp>

namespace skein::gemini {

struct client_options {
  std::string model = {};  // e.g. gemini-3-flash; options of a request may name another
  // Else from GEMINI_API_KEY, else from GOOGLE_API_KEY; may stay empty for other servers.
  secret<std::string> api_key = {};
  // Else from GEMINI_BASE_URL, else from GOOGLE_GEMINI_BASE_URL, else Google's own. A version at
  // its end (/v1beta, /v1) is used; without one, /v1beta is.
  std::string base_url = {};
  http::header_list headers = {};          // with every request
  http::client_options http = {};          // of the client that it makes
  http::transport* transport = nullptr;    // used instead, if set; must outlive the client
  std::size_t max_error_body = 64 * 1024;  // kept of an error's body
};

// Spans: those of chat_client::stream; provider `gcp.gemini`, server address and port of the base
// URL. Errors: provider_error with status, code, retry_after, request_id and body; transport_error
// and protocol_error of the HTTP client; protocol_error `stream_cut` and `malformed`. usage_error
// from stream() without a model, without a key for Google's own server, and for an option that the
// protocol cannot express and that would change the answer.
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

}  // namespace skein::gemini
