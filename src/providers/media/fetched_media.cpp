#include <utility>
#include <variant>

#include <skein/providers/media.hpp>

#include "core/ascii.hpp"

namespace skein {

namespace {

constexpr std::size_t most_kept = std::size_t{64} << 20U;

bool is_fetched(const media_part& media) {
  const auto scheme = skein::detail::lower(media.uri.substr(0, media.uri.find(':')));
  return scheme == "http" || scheme == "https";
}

}  // namespace

task<fetched_media::kept> fetched_media::get(std::string uri) {
  {
    std::lock_guard lock(mutex_);
    if (auto found = kept_.find(uri); found != kept_.end()) co_return found->second;
  }
  auto media = std::make_shared<const http::fetched>(co_await fetcher_.get(uri));
  std::lock_guard lock(mutex_);
  // Of two that came at once, all get the first.
  if (auto found = kept_.find(uri); found != kept_.end()) co_return found->second;
  if (media->bytes.size() <= most_kept - kept_bytes_) {
    kept_bytes_ += media->bytes.size();
    kept_.emplace(std::move(uri), media);
  }
  co_return media;
}

skein::stream<chat_update> fetched_media::around(chat_request request, chat_options options) {
  for (auto& message : request.messages) {
    for (auto& each : message.parts) {
      auto* media = std::get_if<media_part>(&each);
      if (media == nullptr || !is_fetched(*media)) continue;
      const auto got = co_await get(media->uri);
      media->uri.clear();
      media->bytes = got->bytes;
      media->media_type = got->media_type;
    }
  }
  auto answer = inner().stream(request, options);
  while (auto* update = co_await answer.next()) co_yield *update;
}

}  // namespace skein
