// What the command line says, as plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <skein/testing/scripted_turn.hpp>

#include "trace_arguments.hpp"

namespace skein::cli {

struct demo_arguments {
  bool json = false;
  bool blocking = false;
  bool capture = false;
  std::optional<std::size_t> abandon_after = {};
  std::optional<std::size_t> cancel_after = {};
  std::optional<std::chrono::milliseconds> deadline = {};
  std::optional<testing::fault> fault = {};
  std::string otlp_url = {};
  std::string otlp_protocol = "http";
  std::string trace = {};  // store, a file, or nothing
};

// Which model, and how to ask it: what `run` and `chat` have in common.
struct model_arguments {
  std::string model = "openai:gpt-5-mini";
  std::string base_url = {};
  std::string system = {};
  bool no_stream = false;
  bool demo_tools = false;
  std::string trace = {};   // tree, json, store, a file, or nothing
  std::string record = {};  // a file
  std::string replay = {};  // a file
  std::optional<std::int64_t> max_tokens = {};
  std::optional<double> temperature = {};
};

struct run_arguments {
  std::string prompt = {};  // "-": standard input
  model_arguments model = {};
};

struct chat_arguments {
  model_arguments model = {};
};

struct models_arguments {
  std::vector<std::string> providers = {};  // empty: all that may answer
  bool json = false;
};

struct server_arguments {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string script = {};  // a file
  bool benchmark = false;
  std::optional<testing::fault> fault = {};
};

using command = std::variant<demo_arguments, run_arguments, chat_arguments, models_arguments,
                             server_arguments, trace_arguments>;

// Either what to do, or, where everything is said already, the exit code.
[[nodiscard]] std::variant<command, int> parse_arguments(int argc, const char* const* argv);

}  // namespace skein::cli
