// What must hold of any provider's decoder for every input: it ends in exactly one way, the updates
// are well formed, what was understood can be sent back as valid JSON, and a body that is cut is
// never complete unless its end came.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <skein/chat/update.hpp>
#include <skein/http/sse.hpp>
#include <skein/json/value.hpp>

#include "providers/common/line_decoder.hpp"
#include "require.hpp"

namespace skein::fuzz {

inline std::string_view name_in(const http::sse_event_view& e) { return e.type; }
inline std::string_view data_in(const http::sse_event_view& e) { return e.data; }
inline std::string_view name_in(std::string_view) { return {}; }
inline std::string_view data_in(std::string_view line) { return line; }

template <class BodyOf>
void check(const std::vector<chat_update>& updates, bool complete, BodyOf body_of) {
  chat_accumulator sum;
  std::vector<std::string> ids;
  for (const auto& u : updates) {
    require(!sum.finished());
    if (const auto* call = std::get_if<tool_call_delta>(&u)) {
      require(call->call < 100000);
      if (!call->id.empty()) {
        require(!std::ranges::contains(ids, call->id));
        ids.push_back(call->id);
      }
    }
    if (const auto* text = std::get_if<text_delta>(&u)) require(!text->text.empty());
    sum.add(u);
  }
  require(sum.finished() == complete);
  require(sum.response().tool_calls().size() == ids.size());
  boost::system::error_code error;
  (void)json::parse(body_of(sum.response().message), error, {}, {.max_depth = 200});
  require(!error);
}

// Is the answer complete?
template <class Decoder, class Events, class BodyOf>
bool check_stream(std::string_view bytes, BodyOf body_of) {
  Events events;
  Decoder decoder;
  std::vector<chat_update> updates;
  bool failed = false;
  events.feed(bytes);
  while (auto e = events.next()) {
    if (!decoder.event(name_in(*e), data_in(*e), updates)) failed = true;
  }
  if (auto e = events.finish()) {
    if (!decoder.unterminated_event(name_in(*e), data_in(*e), updates)) failed = true;
  }
  const bool complete = decoder.finish(updates).has_value();
  require(!(failed && complete));
  check(updates, complete, body_of);
  return complete;
}

// The input as a whole answer, as a stream and as half of one. `body_of` is the request body of a
// conversation of one message; `ends` are the words one of which stands in every complete stream.
template <class Decoder, class Events = http::sse_decoder, class BodyOf>
int check_decoder(const std::uint8_t* data, std::size_t size, BodyOf body_of,
                  std::initializer_list<std::string_view> ends) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Decoder decoder;
  std::vector<chat_update> updates;
  const bool complete = decoder.whole(bytes, updates).has_value();
  check(updates, complete, body_of);
  if (!check_stream<Decoder, Events>(bytes, body_of)) return 0;
  const std::string_view half = bytes.substr(0, size / 2);
  if (check_stream<Decoder, Events>(half, body_of)) {
    const auto stands = [&](std::string_view word) { return half.contains(word); };
    // A backslash can hide the word.
    require(std::ranges::any_of(ends, stands) || half.contains('\\'));
  }
  return 0;
}

}  // namespace skein::fuzz
