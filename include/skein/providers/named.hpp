// A model by its name in one string, as a command line or a configuration has it:
// `anthropic:claude-sonnet-4-5`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <skein/chat/client.hpp>
#include <skein/core/secret.hpp>
#include <skein/http/client.hpp>
#include <skein/http/transport.hpp>

namespace skein {

struct named_options {
  secret<std::string> api_key = {};      // else from the provider's variable
  std::string base_url = {};             // else from the name, else as the provider's client says
  http::client_options http = {};        // of the client that it makes
  http::transport* transport = nullptr;  // used instead, if set; must outlive the client
};

// `PROVIDER:MODEL`, or `PROVIDER:MODEL@URL` for a server at another base URL, which begins with
// http:// or https://. The providers are those of provider_names(); docs/providers.md lists them
// with their variables. `compat` is any server with OpenAI's chat completions and needs the URL.
//
// Throws usage_error for a name that is none, and lists the providers that there are; for a base
// URL that is none. A key that is missing shows at the first request.
[[nodiscard]] std::unique_ptr<chat_client> client_named(std::string_view name,
                                                        named_options options = {});

// What may stand before the colon. Of static duration.
[[nodiscard]] std::vector<std::string_view> provider_names();

}  // namespace skein
