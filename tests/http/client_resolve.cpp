// A name that takes forever to resolve holds up nobody: neither who gives up, nor anybody else.
#include <condition_variable>
#include <dlfcn.h>
#include <mutex>
#include <netdb.h>
#include <string_view>

#include "http/client_fixture.hpp"

namespace skein::http::test {
namespace {

constexpr std::string_view slow_host = "slow.example";

struct gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::size_t inside = 0;
  std::size_t passed = 0;

  void pass() {
    std::unique_lock lock(mutex);
    ++inside;
    changed.notify_all();
    changed.wait(lock, [&] { return open; });
    ++passed;
    changed.notify_all();
  }
  bool wait_inside(std::size_t n) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 10s, [&] { return inside >= n; });
  }
  void let_all_out() {
    std::unique_lock lock(mutex);
    open = true;
    changed.notify_all();
    changed.wait(lock, [&] { return passed == inside; });
    open = false;
    inside = passed = 0;
  }
};
gate resolver;

}  // namespace
}  // namespace skein::http::test

// Goes before the C library's: what libcurl calls on a thread of its own.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  using namespace skein::http::test;
  if (node != nullptr && node == slow_host) {
    resolver.pass();
    return EAI_NONAME;
  }
  static const auto next =
      reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(node, service, hints, result);
}

namespace skein::http::test {
namespace {

class ClientResolve : public Client {
 protected:
  ~ClientResolve() override { resolver.let_all_out(); }
  static request slow() { return {.url = "http://slow.example/"}; }
  client c{options_for_test()};
};
INSTANTIATE_TEST_SUITE_P(Runtimes, ClientResolve, each_runtime(), runtime_name);

TEST_P(ClientResolve, CancelledOrDropped) {
  auto wait = [](job<thrown>& j) -> task<thrown> { co_return co_await j; };
  auto work = [&]() -> task<> {
    auto cancelled = spawn(*runtime::current(), failing_fetch(c, slow()));
    {
      auto dropped = spawn(*runtime::current(), failing_fetch(c, slow()));
      EXPECT_TRUE(co_await seen([] { return resolver.wait_inside(2); }));
    }
    EXPECT_EQ(c.open_exchanges(), 1U);
    cancelled.cancel();
    EXPECT_EQ((co_await wait(cancelled)).type, "cancelled");
    EXPECT_EQ(c.open_exchanges(), 0U);
  };
  run(work());
}

TEST_P(ClientResolve, TimedOut) {
  auto o = options_for_test();
  o.timeouts.connect = 80ms;
  client brief(o);
  EXPECT_EQ(run(failing_fetch(brief, slow())).type, "timeout_connect");
}

TEST_P(ClientResolve, BesideAnother) {
  raw_server server([](peer& p) {
    p.request();
    p.write(answer("ok"));
  });
  auto work = [&]() -> task<> {
    auto j = spawn(*runtime::current(), failing_fetch(c, slow()));
    EXPECT_TRUE(co_await seen([] { return resolver.wait_inside(1); }));
    EXPECT_EQ(co_await fetch(c, {.url = server.url()}), "ok");
  };
  run(work());
}

}  // namespace
}  // namespace skein::http::test
