// Not asking who has not answered for a while: a layer that refuses at once what would fail late.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <skein/chat/client.hpp>
#include <skein/chat/retry.hpp>
#include <skein/core/error.hpp>

namespace skein {

struct circuit_policy {
  // Opens when this many requests have failed within the window, one after another.
  std::size_t failures = 5;
  runtime::duration window = std::chrono::seconds(60);
  // Then nobody is let through for this long; after it, one at a time, until one succeeds.
  runtime::duration open_for = std::chrono::seconds(30);
  // What counts. Instead of: transient. A success ends the row of failures.
  std::function<bool(const request_failure&)> counts = {};
};

// The circuit is open: nothing was sent.
class circuit_open : public error {
 public:
  circuit_open(const std::string& message, runtime::time_point next_probe,
               std::chrono::milliseconds probe_in)
      : error(message), next_probe_(next_probe), probe_in_(probe_in) {}
  [[nodiscard]] std::string type() const override { return "circuit_open"; }
  // When a request may be let through again, on the runtime's clock. Now, if one is on its way.
  [[nodiscard]] runtime::time_point next_probe() const noexcept { return next_probe_; }
  // From when this was thrown, rounded up.
  [[nodiscard]] std::chrono::milliseconds probe_in() const noexcept { return probe_in_; }

 private:
  runtime::time_point next_probe_;
  std::chrono::milliseconds probe_in_;
};

// Counts the failures of all requests through it. A request that is stopped or dropped says nothing
// of the provider; if it was the probe, the next one is. Each change of state is an event
// `skein.circuit` on the span around the request that made it, with the state (open, half_open,
// closed); so is a refusal (refused), with the time until the next probe in seconds.
class circuit_breaker final : public chat_layer {
 public:
  explicit circuit_breaker(chat_client& inner, circuit_policy policy = {});
  ~circuit_breaker() override;

  enum class state : std::uint8_t { closed, open, half_open };
  // Open until a probe is let through, half open until that has ended. Any thread.
  [[nodiscard]] state now() const;

 protected:
  skein::stream<chat_update> around(chat_request request, chat_options options) override;

 private:
  struct counts;
  class passage;
  circuit_policy policy_;
  std::unique_ptr<counts> counts_;
};

}  // namespace skein
