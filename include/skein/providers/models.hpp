// Which models a provider offers, by its own listing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <skein/async/task.hpp>
#include <skein/providers/named.hpp>

namespace skein {

// Their names as client_named takes them, sorted, of all pages (at most 100, else a protocol_error
// `limit_exceeded`). `provider` is PROVIDER or PROVIDER@URL; it and `options` are as of
// client_named, but for the model.
//
// Throws usage_error for a provider that is none, and for a missing key; provider_error for an HTTP
// status of an error (401 says which variable holds the wrong key); transport_error as the HTTP
// client; protocol_error `malformed` for an answer that is no listing, as a wrong URL gives it.
[[nodiscard]] task<std::vector<std::string>> list_models(std::string provider,
                                                         named_options options = {});

// Whether list_models could ask without further options: the variable of its key is set, or none
// is wanted, since it is on this machine or the variable of its URL names another server.
enum class key_state : unsigned char { set, missing, not_wanted };
struct provider_access {
  std::string_view provider;
  std::string_view key_variable;
  key_state key;
};
// Of all providers but `compat`, in the order of provider_names(); of several that have the same
// models only the first.
[[nodiscard]] std::vector<provider_access> access_to_providers();

}  // namespace skein
