#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include <skein/async/run.hpp>

#include "commands.hpp"
#include "conversation.hpp"
#include "exit_code.hpp"

namespace skein::cli {

namespace {

std::string prompt_from(const run_arguments& arguments) {
  auto prompt = arguments.prompt;
  if (prompt == "-") {
    prompt.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  if (prompt.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw usage_error("the prompt is empty; write one, or pipe one into skein run -");
  }
  return prompt;
}

}  // namespace

int run(const run_arguments& arguments) {
  conversation with(arguments.model);
  auto code = skein::run(with.ask(prompt_from(arguments), nullptr));
  if (code == exit_interrupted) std::fputs("interrupted\n", stderr);
  if (code == exit_ok) with.check_cassette();
  return code;
}

}  // namespace skein::cli
