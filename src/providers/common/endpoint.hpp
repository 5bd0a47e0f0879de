// Where a provider's server is, and what a client takes from the environment.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <skein/chat/client.hpp>
#include <skein/core/secret.hpp>

namespace skein::providers {

// The variable's value if `to` is empty.
void default_from(std::string& to, const char* variable);
void default_from(secret<std::string>& to, const char* variable);

struct endpoint {
  std::string url;    // the base URL without slashes at its end
  std::string shown;  // the same without credentials and query, for messages
  std::string host;
  std::uint16_t port = 0;
};

// Throws usage_error, which names `provider`, `variable` and an example, if it is not http or
// https.
[[nodiscard]] endpoint endpoint_of(std::string base_url, std::string_view provider,
                                   std::string_view variable, std::string_view example);

// The model of the request, else of the client. Throws usage_error if there is none.
[[nodiscard]] const std::string& model_of(const std::string& requested, const std::string& own,
                                          std::string_view provider, std::string_view example);

}  // namespace skein::providers
