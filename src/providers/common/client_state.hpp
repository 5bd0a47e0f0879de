// What the client of one server is made of.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <skein/chat/client.hpp>
#include <skein/chat/request.hpp>
#include <skein/core/secret.hpp>
#include <skein/http/client.hpp>

#include "providers/common/endpoint.hpp"
#include "providers/common/exchange.hpp"

namespace skein::providers {

// The header that carries a key, if there is one.
[[nodiscard]] inline http::header_list bearer(const secret<std::string>& key) {
  if (key.empty()) return {};
  return {{"Authorization", "Bearer " + key.reveal()}};
}

template <class Options>
struct client_state {
  Options options;
  endpoint server = {};
  http::client own;
  http::client_transport own_transport{own};

  explicit client_state(Options o) : options(std::move(o)), own(options.http) {}
  client_state(const client_state&) = delete;
  client_state& operator=(const client_state&) = delete;

  [[nodiscard]] http::transport& transport() {
    return options.transport != nullptr ? *options.transport : own_transport;
  }
  [[nodiscard]] client_info info(std::string_view provider) const {
    return {.provider = std::string(provider),
            .model = options.model,
            .server_address = server.host,
            .server_port = server.port};
  }

  // A POST of JSON to `path`, which begins with a slash, but for body and decoder. `ours` are the
  // headers that the provider wants; after them come the client's and the request's.
  [[nodiscard]] std::unique_ptr<exchange_plan> plan(std::string_view path,
                                                    const http::header_list& ours,
                                                    const chat_options& asked,
                                                    const std::string& model,
                                                    framing frames) const {
    auto plan = std::make_unique<exchange_plan>();
    const std::string_view streamed =
        frames == framing::lines ? "application/x-ndjson" : "text/event-stream";
    plan->request.url.append(server.url).append(path);
    auto& headers = plan->request.headers;
    headers = {{"Content-Type", "application/json"},
               {"Accept", std::string(asked.streaming ? streamed : "application/json")}};
    for (const auto* more : {&ours, &options.headers, &asked.extra_headers}) {
      headers.insert(headers.end(), more->begin(), more->end());
    }
    plan->shown_url.append(server.shown).append(path);
    plan->model = model;
    plan->max_error_body = options.max_error_body;
    plan->streaming = asked.streaming;
    plan->frames = frames;
    return plan;
  }
};

}  // namespace skein::providers
