#include "providers/common/endpoint.hpp"

#include <cstdlib>
#include <format>
#include <utility>

#include <boost/url/parse.hpp>

#include <skein/core/error.hpp>

namespace skein::providers {

void default_from(std::string& to, const char* variable) {
  if (!to.empty()) return;
  if (const char* value = std::getenv(variable)) to = value;
}
void default_from(secret<std::string>& to, const char* variable) {
  if (!to.empty()) return;
  if (const char* value = std::getenv(variable)) to = value;
}

endpoint endpoint_of(std::string base_url, std::string_view provider, std::string_view variable,
                     std::string_view example) {
  while (base_url.ends_with('/')) base_url.pop_back();
  auto url = boost::urls::parse_uri(base_url);
  if (!url || (url->scheme() != "http" && url->scheme() != "https") || url->host().empty()) {
    throw usage_error(std::format(
        "{}: the base URL '{}' is not an http or https URL; set {} or client_options::base_url, "
        "e.g. {}",
        provider, base_url, variable, example));
  }
  endpoint e;
  e.url = std::move(base_url);
  e.host = url->host();
  e.port = url->has_port() ? url->port_number() : url->scheme() == "https" ? 443 : 80;
  e.shown =
      std::format("{}://{}{}", std::string(url->scheme()),
                  std::string(url->encoded_host_and_port()), std::string(url->encoded_path()));
  return e;
}

const std::string& model_of(const std::string& requested, const std::string& own,
                            std::string_view provider, std::string_view example) {
  const auto& model = requested.empty() ? own : requested;
  if (model.empty()) {
    throw usage_error(
        std::format("{}: no model named; set client_options::model or chat_options::model, e.g. {}",
                    provider, example));
  }
  return model;
}

}  // namespace skein::providers
