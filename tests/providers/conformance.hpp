// What every protocol has to do, as a table of protocols by cases. conformance.cpp runs it,
// docs/providers.md shows it.
//
// A pair of protocol and case is either a file, conformance/<protocol>/<case>.sse or .ndjson, or
// is declared in `lacks`. The cases `text` and `tool_one` have the whole answer as <case>.json too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <skein/chat/request.hpp>
#include <skein/chat/update.hpp>

#include "codec.hpp"
#include "providers/common/decoder.hpp"
#include "providers/common/exchange.hpp"

namespace skein::providers::conformance {

enum class ends : std::uint8_t { finished, with_an_error_of_the_provider };

struct expected_call {
  std::string name;
  std::string arguments;  // compared as JSON values if it is JSON, else as text; {} may be empty
};

// What a fixture adds up to.
struct meaning {
  std::optional<std::string> text = "";  // nothing: any
  std::optional<std::string> reasoning = "";
  std::vector<expected_call> calls = {};
  std::string refusal = {};                  // the message of an error_part `refusal`
  std::optional<finish_reason> finish = {};  // nothing: any, since it is evidence only
  skein::usage usage = {};                   // counts that are set here
  std::size_t raw_updates = 0;               // at least
  conformance::ends ends = ends::finished;
};

struct test_case {
  std::string_view name;  // of the files
  std::string_view about;
  meaning means;
  bool also_whole = false;  // there is a whole answer beside the stream
};
[[nodiscard]] std::span<const test_case> cases();

// A case that a protocol cannot say, and why.
struct lack {
  std::string_view of;
  std::string_view reason;
};

// A case that a protocol says in another way.
struct variant {
  std::string_view of;
  std::string_view how;
  meaning instead;
};

struct protocol {
  std::string_view name;  // of the folder
  std::string_view title;
  framing frames = framing::server_sent_events;
  std::unique_ptr<answer_decoder> (*decoder)();
  std::string (*request_body)(const chat_request&);
  // How many bytes of a streamed body make the answer complete, found by reading the text; npos if
  // it never is.
  std::size_t (*end_of_answer)(std::string_view body);
  // What a request must contain that follows `reasoning_tool`, since the provider asks for it.
  std::string_view replayed_reasoning = {};
  std::vector<lack> lacks = {};
  std::vector<variant> variants = {};
};
[[nodiscard]] std::span<const protocol> protocols();

[[nodiscard]] inline std::filesystem::path folder_of(const protocol& p) {
  return test::tests_of_providers() / "conformance" / p.name;
}
[[nodiscard]] inline std::filesystem::path stream_of(const protocol& p, const test_case& c) {
  const char* type = p.frames == framing::lines ? ".ndjson" : ".sse";
  return folder_of(p) / (std::string(c.name) + type);
}
[[nodiscard]] inline std::filesystem::path whole_of(const protocol& p, const test_case& c) {
  return folder_of(p) / (std::string(c.name) + ".json");
}
[[nodiscard]] inline const lack* lack_of(const protocol& p, const test_case& c) {
  const auto found = std::ranges::find(p.lacks, c.name, &lack::of);
  return found == p.lacks.end() ? nullptr : &*found;
}
[[nodiscard]] inline const variant* variant_of(const protocol& p, const test_case& c) {
  const auto found = std::ranges::find(p.variants, c.name, &variant::of);
  return found == p.variants.end() ? nullptr : &*found;
}

}  // namespace skein::providers::conformance
