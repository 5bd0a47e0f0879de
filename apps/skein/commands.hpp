// The commands. Each gives the exit code; what it throws is set-up that failed.
#pragma once

#include "arguments.hpp"

namespace skein::cli {

[[nodiscard]] int demo(const demo_arguments& arguments);
[[nodiscard]] int run(const run_arguments& arguments);
[[nodiscard]] int chat(const chat_arguments& arguments);
[[nodiscard]] int list_models(const models_arguments& arguments);
[[nodiscard]] int serve_model(const server_arguments& arguments);
[[nodiscard]] int trace_command(const trace_arguments& arguments);
[[nodiscard]] int collect_traces(const trace_arguments& arguments);

}  // namespace skein::cli
