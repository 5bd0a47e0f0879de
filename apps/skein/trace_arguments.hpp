// What the command line says about traces.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <skein/trace/store.hpp>

namespace CLI {
class App;
}

namespace skein::cli {

struct trace_arguments {
  enum class verb : std::uint8_t {
    collect,
    ls,
    show,
    tree,
    sql,
    export_spans,
    import_spans,
    stats,
    diff,
    check,
    rm
  };
  verb what = verb::ls;
  bool json = false;
  std::string store = {};                 // a file; empty: where it is by default
  std::string file = {};                  // read instead of a store; "-": standard input
  std::vector<std::string> targets = {};  // traces, files, "-"
  trace::retention keep = {};

  // collect
  std::string host = "127.0.0.1";
  std::uint16_t port = 4318;
  // ls
  std::size_t limit = 20;
  std::string conversation = {};
  bool failed = false;
  // tree
  bool no_times = false;
  // show, export: histories by reference in full
  bool expand = false;
  bool no_expand = false;
  // sql
  std::string query = {};
  // check
  enum class format : std::uint8_t { text, json, sarif, junit } form = format::text;
  bool content_allowed = false;
  bool all_spans = false;
  std::vector<std::string> rules = {};
  bool list_rules = false;
  std::chrono::milliseconds tolerance{1};
  // rm
  std::uint32_t older_than_days = 0;
};

// Adds `trace` and its commands.
void add_trace(CLI::App& app, trace_arguments& to);

}  // namespace skein::cli
