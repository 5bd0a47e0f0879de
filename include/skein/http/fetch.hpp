// Getting what a URL names, when the URL comes from somebody else: a user, a model, a page. Such a
// URL may name a server that only this machine can reach; fetching it would hand out what that one
// says. So only public addresses are connected to, redirects are looked at one by one, and time,
// size and kind of what comes are bounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <skein/async/task.hpp>
#include <skein/core/error.hpp>
#include <skein/http/client.hpp>

namespace skein::http {

struct fetch_options {
  std::size_t max_bytes = std::size_t{20} << 20;
  std::chrono::milliseconds time{30'000};  // of all, redirects included
  std::size_t redirects = 3;
  // Of a Content-Type, without its parameters; `image/*` stands for every image.
  std::vector<std::string> media_types = {"image/*", "audio/*", "video/*", "application/pdf"};
  // Addresses beside the public ones, e.g. 10.0.0.7.
  std::vector<std::string> also_reachable = {};
  std::string ca_file = {};  // as of client_options
};

struct fetched {
  std::string url;         // the last one
  std::string media_type;  // in lower case, without parameters
  std::string bytes;
};

// What was not fetched, though there may be something. type() is the code: `url_refused`,
// `address_refused`, `redirect_refused`, `status_refused`, `media_type_refused`, `too_large`.
class fetch_error : public error {
 public:
  fetch_error(const std::string& message, std::string code)
      : error(message), code_(std::move(code)) {}
  [[nodiscard]] std::string type() const override { return code_; }

 private:
  std::string code_;
};

// Sends no cookies, no credentials and nothing of an earlier answer. Any thread.
class fetcher {
 public:
  explicit fetcher(fetch_options options = {});

  // GET, over http or https. A redirect from https to http is refused. Throws fetch_error, and
  // transport_error as http::exchange does, `timeout` after options.time. The fetcher must outlive
  // the task.
  [[nodiscard]] task<fetched> get(std::string url);

 private:
  task<fetched> follow(std::string url);
  fetch_options options_;
  client client_;
};

}  // namespace skein::http
