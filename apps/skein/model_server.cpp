#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <format>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <skein/core/error.hpp>
#include <skein/testing/model_server.hpp>
#include <skein/testing/script.hpp>

#include "commands.hpp"
#include "exit_code.hpp"

namespace skein::cli {

namespace {

testing::responder script_from(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file || file.bad()) {
    throw usage_error(std::format("--script {}: cannot be read: {}", path, std::strerror(errno)));
  }
  try {
    return testing::rules(testing::parse_rules(text));
  } catch (const schema_error& e) {
    throw usage_error(std::format("--script {}: {}", path, e.what()));
  }
}

testing::responder answers_for(const server_arguments& arguments) {
  auto answer = !arguments.script.empty() ? script_from(arguments.script)
                : arguments.benchmark     ? testing::benchmark_script()
                                          : testing::demo_script();
  if (!arguments.fault) return answer;
  return [answer = std::move(answer), fault = *arguments.fault](const json::value& request) {
    auto turn = answer(request);
    turn.fault = fault;
    return turn;
  };
}

}  // namespace

int serve_model(const server_arguments& arguments) {
  boost::asio::io_context waiting;
  boost::asio::signal_set signals(waiting, SIGINT, SIGTERM);
  signals.async_wait([](boost::system::error_code, int) {});
  testing::model_server server(answers_for(arguments),
                               {.address = arguments.host, .port = arguments.port});
  auto line = std::format("model server on {}\n", server.url());
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
  waiting.run();
  auto seen = server.counters();
  line = std::format("served {} request{}\n", seen.requests, seen.requests == 1 ? "" : "s");
  std::fputs(line.c_str(), stdout);
  return exit_ok;
}

}  // namespace skein::cli
