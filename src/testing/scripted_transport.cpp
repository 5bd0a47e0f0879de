#include <algorithm>
#include <string>
#include <utility>

#include <skein/async/time.hpp>
#include <skein/core/error.hpp>
#include <skein/testing/openai_bytes.hpp>
#include <skein/testing/scripted_transport.hpp>

#include "testing/protocol.hpp"

namespace skein::testing {

struct scripted_transport::state {
  responder answer;
  wire_options how;
  std::size_t open = 0;
  std::size_t begun = 0;
  std::size_t bytes = 0;
};

scripted_transport::scripted_transport(responder answer, wire_options how)
    : state_(std::make_shared<state>(std::move(answer), how)) {}
scripted_transport::~scripted_transport() = default;

std::size_t scripted_transport::open_exchanges() const noexcept { return state_->open; }
std::size_t scripted_transport::exchanges() const noexcept { return state_->begun; }
std::size_t scripted_transport::bytes() const noexcept { return state_->bytes; }

skein::stream<std::string_view> scripted_transport::send(http::request r,
                                                         http::response_head& head) {
  return play(state_, std::move(r), head);
}

skein::stream<std::string_view> scripted_transport::play(std::shared_ptr<state> s, http::request r,
                                                         http::response_head& head) {
  struct counted {
    state& s;
    explicit counted(state& of) : s(of) { ++s.open, ++s.begun; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --s.open; }
  } open_while_here(*s);

  const auto path = std::string_view(r.url).substr(0, r.url.find_first_of("?#"));
  const auto* spoken = protocol_at(path);
  if (!spoken) throw usage_error("scripted_transport: no protocol is spoken at " + r.url);
  const auto request = spoken->chat_form(json::parse(r.body), path);
  const auto turn = s->answer(request);
  const auto failure = http_error(turn);
  co_await sleep_for(s->how.latency);
  head.status = failure ? failure->status : 200;
  const bool streamed = !failure && wants_stream(request);
  head.headers = {
      {"Content-Type", std::string(streamed ? spoken->stream_type : "application/json")}};
  if (turn.fault && turn.fault->kind == fault_kind::rate_limited) {
    head.headers.emplace_back("Retry-After", std::to_string(turn.fault->retry_after.count()));
  }
  co_yield std::string_view();

  const auto body = body_of(*spoken, request, turn);
  for (std::size_t at = 0; at < body.size();) {
    co_await sleep_for(s->how.latency);
    const std::size_t size =
        s->how.piece != 0 ? s->how.piece : 1 + runtime::current()->random() % 64;
    const auto left = s->how.break_after - std::min(s->bytes, s->how.break_after);
    const auto piece = std::string_view(body).substr(at, std::min(size, left));
    s->bytes += piece.size();
    at += piece.size();
    if (!piece.empty()) co_yield piece;
    if (s->bytes >= s->how.break_after) {
      throw transport_error("the connection was closed in the midst of the answer",
                            "connection_closed");
    }
  }
}

}  // namespace skein::testing
