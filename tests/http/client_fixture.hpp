// What the client's tests share: the table of runtimes, waiting for the other side, and errors as
// values.
#pragma once

#include <atomic>
#include <exception>
#include <filesystem>
#include <format>
#include <fstream>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

#include <skein/async/asio_runtime.hpp>
#include <skein/async/offload.hpp>
#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/async/spawn.hpp>
#include <skein/async/time.hpp>
#include <skein/http/client.hpp>
#include <skein/testing/model_server.hpp>

#include "http/raw_server.hpp"

namespace skein::http::test {

using namespace std::chrono_literals;

// No proxy of the machine that runs the test, and nothing that waits for minutes.
inline client_options options_for_test() {
  client_options o;
  o.proxy = "";
  o.timeouts = {.connect = 20s, .first_byte = 20s, .idle = 20s, .total = 60s};
  return o;
}

inline std::string chat_url(const testing::model_server& s) {
  return s.url() + "/chat/completions";
}
inline request chat_request(const testing::model_server& s) {
  return {
      .url = chat_url(s),
      .headers = {{"Content-Type", "application/json"}},
      .body = R"({"model":"scripted","stream":true,"messages":[{"role":"user","content":"hi"}]})"};
}

// type() and text of what a piece of work throws; empty when it does not.
struct thrown {
  std::string type;
  std::string text;
};
template <class T>
thrown to_thrown(const std::expected<T, std::exception_ptr>& result) {
  if (result) return {};
  try {
    std::rethrow_exception(result.error());
  } catch (const error& e) {
    return {e.type(), e.what()};
  } catch (const cancelled& e) {
    return {"cancelled", e.what()};
  }
}

// Text in a file as long as this lives.
class temporary_file {
 public:
  explicit temporary_file(const std::string& text) {
    static std::atomic<int> next = 0;
    path_ =
        std::filesystem::temp_directory_path() / std::format("skein-http-{}-{}", getpid(), next++);
    std::ofstream(path_) << text;
  }
  ~temporary_file() { std::filesystem::remove(path_); }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// Status, then the whole body.
inline task<std::string> fetch(client& c, request r) {
  auto x = c.send(std::move(r));
  co_await x.head();
  co_return co_await read_all(x);
}
inline task<thrown> failing_fetch(client& c, request r) {
  co_return to_thrown(co_await as_result(fetch(c, std::move(r))));
}

class Client : public ::testing::TestWithParam<unsigned> {
 protected:
  template <class T>
  T run(task<T> work) {
    return sync_wait(rt, std::move(work));
  }
  // Lets another thread wait for the server, so that this runtime goes on.
  task<bool> seen(std::function<bool()> fn) {
    co_return co_await offload(pool, [fn = std::move(fn)] { return fn(); });
  }

  asio_runtime rt{GetParam()};
  thread_pool pool{1};
};

inline auto each_runtime() { return ::testing::Values(1U, 4U); }
inline std::string runtime_name(const ::testing::TestParamInfo<unsigned>& info) {
  return info.param == 1 ? "OneThread" : "FourThreads";
}

// For one file's suite.
#define SKEIN_HTTP_SUITE(name)   \
  class name : public Client {}; \
  INSTANTIATE_TEST_SUITE_P(Runtimes, name, each_runtime(), runtime_name)

}  // namespace skein::http::test
