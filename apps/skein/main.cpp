#include <cstdio>
#include <exception>
#include <variant>

#include <skein/core/error.hpp>

#include "arguments.hpp"
#include "commands.hpp"
#include "exit_code.hpp"
#include "screen.hpp"

namespace skein::cli {
namespace {

struct carry_out {
  int operator()(int code) const { return code; }
  int operator()(const command& what) const { return std::visit(*this, what); }
  int operator()(const demo_arguments& a) const { return demo(a); }
  int operator()(const run_arguments& a) const { return run(a); }
  int operator()(const chat_arguments& a) const { return chat(a); }
  int operator()(const models_arguments& a) const { return list_models(a); }
  int operator()(const server_arguments& a) const { return serve_model(a); }
  int operator()(const trace_arguments& a) const { return trace_command(a); }
};

int run_program(int argc, const char* const* argv) {
  try {
    int code = std::visit(carry_out(), parse_arguments(argc, argv));
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    print_error("standard output could not be written; is its disk full?");
    return exit_failed;
  } catch (const usage_error& e) {
    print_error(e.what());
    return exit_usage;
  } catch (const schema_error& e) {
    print_error(e.what());
    return exit_usage;
  } catch (const std::exception& e) {
    print_error(e.what());
    return exit_failed;
  }
}

}  // namespace
}  // namespace skein::cli

int main(int argc, char** argv) { return skein::cli::run_program(argc, argv); }
