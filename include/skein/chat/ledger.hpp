// What a run asked of models: request by request, with what each used and cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <skein/chat/cost.hpp>
#include <skein/chat/usage.hpp>
#include <skein/telemetry/operation.hpp>

namespace skein {

// Tokens counted here, beyond those that a provider reported: one for every four bytes of UTF-8,
// rounded up. docs/usage.md has the rule.
struct token_estimate {
  std::int64_t input = 0;
  std::int64_t output = 0;

  [[nodiscard]] std::int64_t total() const noexcept { return input + output; }
  token_estimate& operator+=(const token_estimate& other) noexcept {
    input += other.input;
    output += other.output;
    return *this;
  }
  friend bool operator==(const token_estimate&, const token_estimate&) = default;
};

enum class model_operation : std::uint8_t { chat, embeddings };

// One request to a model: one `chat` span, or one `embeddings` span.
struct model_call {
  model_operation operation = model_operation::chat;
  std::string provider = {};
  std::string model = {};         // the one that answered, else the one that was asked for
  std::string tool = {};          // the tool whose code asked; empty: the agent did
  skein::usage usage = {};        // as the provider reported it
  token_estimate estimated = {};  // beyond it; nothing is estimated of what was refused
  std::uint64_t bytes = 0;        // arrived: text, reasoning and tool calls
  std::optional<telemetry::outcome> end = {};  // nothing: it has not ended yet
  std::optional<usd> cost = {};                // of both; nothing: not known

  [[nodiscard]] std::int64_t tokens() const noexcept { return usage.total() + estimated.total(); }
  friend bool operator==(const model_call&, const model_call&) = default;
};

// A sum over requests.
struct usage_sum {
  std::size_t calls = 0;
  skein::usage usage = {};
  token_estimate estimated = {};
  std::uint64_t bytes = 0;
  usd known_cost = {};
  std::size_t unpriced = 0;  // requests whose cost is not known

  // Nothing if a part of it is not known.
  [[nodiscard]] std::optional<usd> cost() const noexcept {
    return unpriced == 0 ? std::optional(known_cost) : std::nullopt;
  }
  [[nodiscard]] std::int64_t tokens() const noexcept { return usage.total() + estimated.total(); }
  usage_sum& operator+=(const model_call& call) noexcept;
  usage_sum& operator+=(const usage_sum& other) noexcept;
  friend bool operator==(const usage_sum&, const usage_sum&) = default;
};

struct ledger {
  std::string agent = {};
  // All of them, in the order in which they were asked: failed, stopped and dropped ones, and those
  // that a layer of the client asked again.
  std::vector<model_call> calls = {};
  std::vector<ledger> agents = {};  // of the agents that ran inside this run, in order

  // What the agent itself asked of chat models, with the layers of its client: what its span says.
  // Not what the code of its tools asked, and no embeddings.
  [[nodiscard]] usage_sum own() const noexcept;
  // Everything.
  [[nodiscard]] usage_sum total() const noexcept;
  friend bool operator==(const ledger&, const ledger&) = default;
};

}  // namespace skein
