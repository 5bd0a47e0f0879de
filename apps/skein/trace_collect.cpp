#include <csignal>
#include <cstdio>
#include <format>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <skein/json/text.hpp>
#include <skein/trace/collector.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "screen.hpp"
#include "trace_source.hpp"

namespace skein::cli {

int collect_traces(const trace_arguments& a) {
  boost::asio::io_context waiting;
  boost::asio::signal_set signals(waiting, SIGINT, SIGTERM);
  signals.async_wait([](boost::system::error_code, int) {});
  auto path = store_path(a);
  trace::collector collector(trace::store(path, {.keep = a.keep}),
                             {.address = a.host, .port = a.port});
  auto say = [&](const std::string& text, const json::object& as_json) {
    auto line = (a.json ? json::write_text(as_json) : text) + '\n';
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
  };
  say(std::format("collecting into {} on {}", path, collector.url()),
      {{"url", collector.url()}, {"store", path}});
  waiting.run();
  auto seen = collector.counters();
  auto text = std::format("stored {} spans", seen.spans);
  if (seen.points != 0) text += std::format(" and {} points of metrics", seen.points);
  text += std::format(" of {} requests", seen.requests);
  if (seen.log_records != 0) text += std::format(", dropped {} log records", seen.log_records);
  if (seen.refused != 0) text += std::format(", refused {} requests", seen.refused);
  if (seen.rejected != 0)
    text += std::format(", rejected {} damaged spans or points", seen.rejected);
  say(text, {{"requests", seen.requests},
             {"spans", seen.spans},
             {"points", seen.points},
             {"log_records_dropped", seen.log_records},
             {"rejected", seen.rejected},
             {"refused", seen.refused}});
  if (seen.last_failure.empty()) return exit_ok;
  print_error(seen.last_failure);
  return exit_failed;
}

}  // namespace skein::cli
