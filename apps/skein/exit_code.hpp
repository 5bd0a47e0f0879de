// What the program's exit codes mean; docs/cli.md has the table.
#pragma once

namespace skein::cli {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;         // the run failed, or something was found
inline constexpr int exit_usage = 2;          // the command line or its environment makes no sense
inline constexpr int exit_interrupted = 130;  // by SIGINT or SIGTERM

}  // namespace skein::cli
