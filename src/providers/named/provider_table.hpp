// All providers that have a name: how a client is made, and how their models are listed.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <skein/providers/named.hpp>

namespace skein::providers {

// The first of them that is set counts; null: there is none.
using variables = std::array<const char*, 2>;

struct model_listing {
  std::string_view path;                   // after the base URL
  std::string_view key_header;             // `authorization` gets a bearer token
  std::string_view array;                  // the member that holds the models
  std::string_view id;                     // the member of a model that names it
  std::string_view prefix = {};            // before the id, not part of it
  std::string_view other_key_header = {};  // of the second variable, if it is another
  std::string_view extra_header = {};
  std::string_view extra_value = {};
  // What asks for the next page, whose value is the answer's member `next`; empty: there is none.
  std::string_view page_parameter = {};
  std::string_view next = {};
  std::string_view more = {};  // the member that says whether there is one, if any does
  std::string (*base_of)(std::string_view url) = nullptr;  // where `path` begins; null: at the URL
};

struct named_provider {
  std::string_view name;
  std::string_view example;
  std::string_view base_url;  // empty: the name must say it
  variables urls;
  variables keys;
  std::unique_ptr<chat_client> (*make)(const named_provider&, std::string model, named_options);
  model_listing listing;

  // Those on this machine mostly want no key.
  [[nodiscard]] bool wants_key() const { return base_url.starts_with("https:"); }
};

[[nodiscard]] std::span<const named_provider> all_named_providers();

// Throws usage_error that says which there are. `whole` is the name as it was given.
[[nodiscard]] const named_provider& provider_of(std::string_view name, std::string_view whole);

struct split_name {
  std::string_view provider;
  std::string_view model;
  std::string_view url;
};
// `PROVIDER[:MODEL][@URL]`.
[[nodiscard]] split_name split(std::string_view name);

}  // namespace skein::providers
