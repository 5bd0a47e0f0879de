// Asking again, or asking somebody else, when a model does not answer. Layers: they lie between an
// agent and the spans of the requests, of which each gets its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <skein/async/time.hpp>
#include <skein/chat/client.hpp>

namespace skein {

// How far a request came before it failed: what asking again may repeat.
enum class request_progress : std::uint8_t {
  not_sent,  // nobody has seen it: the connection was refused, or never came to be
  refused,   // the provider answered that it does not: the model has not run
  unknown,   // sent, and then silence or a broken connection: the model may have run, and cost
  begun,     // the answer has begun, without content yet: the model has run, and cost
  answering  // a part of the answer has reached whoever asked
};

// A failure and what is known of it.
struct request_failure {
  request_progress progress = request_progress::unknown;
  std::string type = {};  // error::type()
  int status = 0;         // of HTTP, if there was one
  std::optional<std::chrono::milliseconds> retry_after = {};
  // Whether it may go away by itself: a busy or broken server, a connection. Not so a wrong key, a
  // wrong request, or a used-up quota.
  bool transient = false;
};
// Of a request of which nothing has been passed on.
[[nodiscard]] request_failure failure_of(const std::exception_ptr& failure);

// What a failure means that comes after a part of the answer has been passed on.
enum class after_content : std::uint8_t {
  fail,     // it is the caller's: nothing is ever said twice
  restart,  // asked again: a response_started with `restarted` voids what was said, just before the
            // new answer's first update
};

struct retry_policy {
  std::size_t attempts = 3;  // of one request, with the first one
  // Of all requests of a run (a request outside of a run is one of its own): how often one is asked
  // again, and how long all waits are together.
  std::size_t retries_per_run = 16;
  std::optional<runtime::duration> waiting_per_run = {};
  // The n-th wait is at most first_wait * 2^(n-1), at least half of it, by chance, so that those
  // who were refused together do not come back together; longer if the provider says so.
  runtime::duration first_wait = std::chrono::milliseconds(500);
  // A provider that says to wait for longer than this is not waited for.
  runtime::duration longest_wait = std::chrono::seconds(30);
  // Instead of: transient.
  std::function<bool(const request_failure&)> again = {};
  skein::after_content after_content = skein::after_content::fail;
};

// Asks again. Each wait is an event `skein.retry` on the span around (the agent's), with the
// failure's type, the number of the attempt, the wait in seconds and how far the request had come.
class retrying final : public chat_layer {
 public:
  explicit retrying(chat_client& inner, retry_policy policy = {})
      : chat_layer(inner), policy_(std::move(policy)) {}

 protected:
  skein::stream<chat_update> around(chat_request request, chat_options options) override;

 private:
  retry_policy policy_;
};

struct fallback_policy {
  // How long one may take until its first content, before the next is asked; none: as long as it
  // takes. The last one has all the time there is.
  std::optional<runtime::duration> first_content = {};
  // Instead of: any failure, but for mistakes of this program.
  std::function<bool(const request_failure&)> next = {};
  // Whether an answer that ended well will do; if not, the next is asked. Answers are held back
  // until they are whole, so this costs the stream.
  std::function<bool(const chat_response&)> good_enough = {};
  // With `restart`, the next is asked after a part of an answer has been passed on, too.
  skein::after_content after_content = skein::after_content::fail;
};

// Asks the first client, and the others in order while that does not answer. Gives itself out as
// the first. A model that the options name is asked of the first one only. Each change is an event
// `skein.fallback` on the span around, with the reason, how far the request had come if it failed,
// and the provider and model that come next.
class fallback final : public chat_layer {
 public:
  fallback(chat_client& first, std::vector<chat_client*> others, fallback_policy policy = {});

 protected:
  skein::stream<chat_update> around(chat_request request, chat_options options) override;

 private:
  std::vector<chat_client*> all_;
  fallback_policy policy_;
};

}  // namespace skein
