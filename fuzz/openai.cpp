// Chat completions: whatever a server streams, the decoder ends in exactly one way, the updates are
// well formed, and what was understood can be sent back as valid JSON. A body that is cut is never
// complete unless its terminal event came.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <skein/http/sse.hpp>

#include "providers/openai/chat_completions.hpp"

namespace {

using namespace skein;
using openai::detail::stream_decoder;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const std::vector<chat_update>& updates, bool complete) {
  chat_accumulator sum;
  std::vector<std::string> ids;
  for (const auto& u : updates) {
    require(!sum.finished());
    if (const auto* call = std::get_if<tool_call_delta>(&u)) {
      require(call->call < 100000);
      if (!call->id.empty()) {
        require(std::ranges::find(ids, call->id) == ids.end());
        ids.push_back(call->id);
      }
    }
    if (const auto* text = std::get_if<text_delta>(&u)) require(!text->text.empty());
    sum.add(u);
  }
  require(sum.finished() == complete);
  require(sum.response().tool_calls().size() == ids.size());
  const std::string body = openai::detail::request_body({.messages = {sum.response().message}}, {},
                                                        "m", openai::detail::compatible_dialect);
  boost::system::error_code error;
  (void)json::parse(body, error, {}, {.max_depth = 200});
  require(!error);
}

bool stream(std::string_view bytes) {
  http::sse_decoder events;
  stream_decoder decoder;
  std::vector<chat_update> updates;
  bool failed = false;
  events.feed(bytes);
  while (auto e = events.next()) {
    if (!decoder.event(e->data, updates)) failed = true;
  }
  if (auto e = events.finish()) {
    if (!decoder.unterminated_event(e->data, updates)) failed = true;
  }
  const bool complete = decoder.finish(updates).has_value();
  require(!(failed && complete));
  check(updates, complete);
  return complete;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  stream_decoder whole;
  std::vector<chat_update> updates;
  const bool answered = whole.whole(bytes, updates).has_value();
  check(updates, answered);
  if (!stream(bytes)) return 0;
  const std::string_view cut = bytes.substr(0, size / 2);
  const auto has = [&](std::string_view text) { return cut.find(text) != std::string_view::npos; };
  // A backslash can hide the key.
  if (stream(cut)) require(has("finish_reason") || has("[DONE]") || has("\\"));
  return 0;
}
