// Media by URL for models that take bytes only, or whose servers cannot reach what the URL names.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <skein/chat/client.hpp>
#include <skein/http/fetch.hpp>

namespace skein {

// A layer that fetches the http and https URIs of media parts and sends their bytes, with the media
// type that their server says. Without it nothing is fetched here: a URI goes to the provider as it
// is. Other URIs (gs:, data:, names of files at a provider) are left alone.
//
// What may be reached, how much and how long is http::fetcher's to say; what it throws is thrown at
// the first pull, before the model is asked. What was fetched is kept, up to 64 MiB, as long as the
// layer lives, so that a conversation sends the same bytes each time. It makes no span.
class fetched_media final : public chat_layer {
 public:
  // `inner` must outlive this.
  explicit fetched_media(chat_client& inner, http::fetch_options options = {})
      : chat_layer(inner), fetcher_(std::move(options)) {}

 protected:
  skein::stream<chat_update> around(chat_request request, chat_options options) override;

 private:
  using kept = std::shared_ptr<const http::fetched>;
  task<kept> get(std::string uri);

  http::fetcher fetcher_;
  std::mutex mutex_;
  std::map<std::string, kept> kept_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace skein
