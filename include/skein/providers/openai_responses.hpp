// OpenAI's responses: reasoning that is kept from request to request, tools that OpenAI runs,
// stored and background answers.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <skein/chat/client.hpp>
#include <skein/providers/openai.hpp>

namespace skein::openai {

// POST /responses, with the same options as the client of chat completions.
//
// chat_options that only this client has: `previous_response_id` (the server knows what came
// before; `messages` holds what follows it), `background` (the answer goes on without a listener,
// and its `continuation` is set), `continuation_token` (takes such an answer up again from its
// beginning, by GET; without streaming once, as it is now). Tools that OpenAI runs itself go into
// extra_body["tools"]; what they bring comes as raw_part and is sent back.
//
// Spans: as of `client`, with openai.api.type `responses`.
// Errors: as of `client`; protocol_error `not_ready` for a whole answer that is still being made,
// with its token in the text.
class responses_client final : public chat_client {
 public:
  // Throws usage_error for a base URL that is none.
  explicit responses_client(client_options options = {});
  ~responses_client() override;

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
