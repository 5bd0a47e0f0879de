// Models that Ollama runs, on this machine or another, through its own protocol (/api/chat).
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <skein/chat/client.hpp>
#include <skein/core/secret.hpp>
#include <skein/http/client.hpp>
#include <skein/http/transport.hpp>

namespace skein::ollama {

struct client_options {
  std::string model = {};  // e.g. qwen3; options of a request may name another
  // A host, host:port or URL; else from OLLAMA_HOST, else http://127.0.0.1:11434.
  std::string base_url = {};
  secret<std::string> api_key = {};  // else from OLLAMA_API_KEY; only ollama.com wants one
  // How long the model stays loaded after a request: 5m, 1h30m, or seconds; 0 is not at all, -1 is
  // for ever. Empty: the server's default.
  std::string keep_alive = {};
  http::header_list headers = {};          // with every request
  http::client_options http = {};          // of the client that it makes
  http::transport* transport = nullptr;    // used instead, if set; must outlive the client
  std::size_t max_error_body = 64 * 1024;  // kept of an error's body
};

// Spans: those of chat_client::stream; provider `ollama`, server address and port of the base URL.
// Errors: provider_error with status, code, retry_after, request_id and body; transport_error and
// protocol_error of the HTTP client; protocol_error `stream_cut` and `malformed`. usage_error from
// stream() without a model, without a key for ollama.com, and for an option or part that the
// protocol cannot express and that would change the answer.
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

}  // namespace skein::ollama
