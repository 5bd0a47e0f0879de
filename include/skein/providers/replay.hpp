// Record and replay: what a model's server was asked and what it said, in a file that people can
// read, and the same again without server, key or network.
//
//   replay::recorder recording(transport, "weather.cassette");
//   openai::client model({.model = "gpt-5-mini", .transport = &recording});
//
//   replay::player recorded("weather.cassette");
//   openai::client model({.model = "gpt-5-mini", .transport = &recorded});
//
// A cassette is UTF-8 text, one JSON value to a line. After {"cassette":1} come, for each exchange,
// its request, the head of the answer, a line for each piece of the body, and how it ended:
//
//   {"exchange":1,"method":"POST","url":"https://host/path","headers":["Name: value"],"json":{...}}
//   {"ms":310.2,"status":200,"http":"2","headers":["Content-Type: text/event-stream"]}
//   {"ms":310.9,"text":"data: ..."}
//   {"ms":612,"end":"complete"}
//
// A body is under `json` if it is a JSON object or array (of a request only), under `text` if it is
// UTF-8, else under `base64`. `ms` are milliseconds since the request was sent, to the microsecond.
// `end` is `complete`, `failed` with the `error`, or `left`: its consumer went away. What a crash
// cut off counts as `left`.
//
// Secrets are not in it: of requests and answers alike, headers whose name speaks of keys, tokens,
// authorization, passwords or cookies are left out, as are the credentials of a URL and its
// parameters of such names. A value so left out that has at least 16 bytes is overwritten with `*`
// wherever else it occurs. Bodies are otherwise kept as they are: prompts, answers and what the
// program put into them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <skein/async/stream.hpp>
#include <skein/core/error.hpp>
#include <skein/http/transport.hpp>

namespace skein::replay {

// The first place where a run is not the recorded one. What was recorded, and what the run does,
// are excerpts for people to read.
struct difference {
  std::string where;  // e.g. $.messages[1].content, url, header Accept, byte 17
  std::string recorded;
  std::string now;
};

class mismatch : public error {
 public:
  mismatch(const std::string& message, difference what)
      : error(message), difference_(std::move(what)) {}
  [[nodiscard]] std::string type() const override { return "replay_mismatch"; }
  [[nodiscard]] const replay::difference& difference() const noexcept { return difference_; }

 private:
  replay::difference difference_;
};

// Sends through another transport, and appends each exchange to the file when it has ended, however
// it ended. Any thread.
class recorder final : public http::transport {
 public:
  // Replaces the file. `through` must outlive this and its streams. Throws usage_error if the file
  // cannot be written.
  recorder(http::transport& through, const std::filesystem::path& file);
  ~recorder() override;

  // As that of `through`. Throws `error` if an earlier exchange could not be written.
  [[nodiscard]] skein::stream<std::string_view> send(http::request r,
                                                     http::response_head& head) override;

  // Throws `error` if an exchange that has ended could not be written.
  void check() const;

 private:
  class machine;
  http::transport& through_;
  std::shared_ptr<machine> machine_;
};

// Answers as recorded: the same pieces, at the same times of the runtime's clock after the request,
// with the same end. Of exchanges whose request is this one, the earliest that was not used yet
// answers; so exchanges that ran side by side may come in any order. Any thread.
//
// Requests are the same if method, URL and headers are, without what a cassette leaves out, and if
// their bodies are the same JSON value or the same bytes. Headers that say who asks make no
// difference: user-agent, openai-organization, openai-project, traceparent, tracestate, baggage.
class player final : public http::transport {
 public:
  // Throws usage_error for a file that cannot be read, schema_error with file and line for one that
  // is no cassette.
  explicit player(const std::filesystem::path& file);
  ~player() override;

  // The first pull throws `mismatch` if nothing like it is left in the cassette: it names the first
  // difference from the earliest exchange that was not used. Where the recorded consumer left, one
  // that waits on gets a `mismatch`, a second later.
  [[nodiscard]] skein::stream<std::string_view> send(http::request r,
                                                     http::response_head& head) override;

  [[nodiscard]] std::size_t unused() const;
  // Throws `mismatch` if an exchange was not used.
  void expect_all_used() const;

 private:
  class machine;
  std::shared_ptr<machine> machine_;
};

}  // namespace skein::replay
