// What a run of the demo came to, whether it is as it must be, and how it is told.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <skein/agent/agent.hpp>
#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/operation.hpp>
#include <skein/telemetry/span_record.hpp>

#include "arguments.hpp"

namespace skein::cli {

struct demo_result {
  std::string text = {};
  std::optional<agent_response> response = {};  // if there was one to be had after its end
  telemetry::outcome outcome = telemetry::outcome::ok;
  std::exception_ptr failure = {};  // with outcome::error
  std::size_t updates = 0;
};

// What the spans, and the result beside them, have against the laws. Empty: all is right.
[[nodiscard]] std::vector<std::string> problems_of(const demo_arguments& arguments,
                                                   const demo_result& result,
                                                   const telemetry::span_ledger& ledger);

struct export_result {
  std::size_t delivered = 0;
  std::string failure = {};  // empty: all were delivered
};

struct demo_report {
  const demo_arguments& arguments;
  const demo_result& result;
  const std::vector<telemetry::span_record>& spans;
  const std::vector<std::string>& problems;
  const std::optional<export_result>& exported;  // nothing if the spans go nowhere else
};
// Where the arguments send the spans.
[[nodiscard]] const std::string& destination_of(const demo_arguments& arguments);
// For people: the tree and a few lines. As JSON: one object in one line.
[[nodiscard]] std::string to_text(const demo_report& report);
[[nodiscard]] std::string to_json(const demo_report& report);

}  // namespace skein::cli
