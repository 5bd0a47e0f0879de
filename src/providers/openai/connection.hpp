// How OpenAI's two protocols reach their server, OpenAI's own, Azure's or another.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <skein/providers/openai.hpp>

#include "providers/common/client_state.hpp"

namespace skein::openai::detail {

class connection {
 public:
  // What `options` leaves open is taken from the environment. Throws usage_error for a base URL
  // that is none.
  explicit connection(client_options options);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  [[nodiscard]] client_info info(std::string_view api) const;
  // Of chat completions there.
  [[nodiscard]] dialect speaks() const;
  // What a body calls the model: at Azure, a deployment. Throws usage_error if there is none.
  [[nodiscard]] const std::string& model(const chat_options& options) const;
  // Of one request, but for decoder and body. `path` begins with a slash and may have a query.
  // Throws usage_error for a key that is missing.
  [[nodiscard]] std::unique_ptr<providers::exchange_plan> plan(std::string_view path,
                                                               const chat_options& options,
                                                               const std::string& model) const;
  [[nodiscard]] http::transport& transport() { return state_.transport(); }
  [[nodiscard]] const http::client& http() const noexcept { return state_.own; }

 private:
  // Whether nothing is answered without one.
  [[nodiscard]] bool wants_key() const;
  [[nodiscard]] std::string url(std::string_view base, std::string_view path,
                                const std::string& model) const;
  [[nodiscard]] http::header_list key() const;

  providers::client_state<client_options> state_;
};

}  // namespace skein::openai::detail
