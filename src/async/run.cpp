#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>

#include <skein/async/run.hpp>
#include <skein/async/time.hpp>

namespace skein {

namespace {
task<int> always_zero(task<> work) {
  co_await std::move(work);
  co_return 0;
}
}  // namespace

int run(task<int> work) {
  asio_runtime rt;
  cancel_source interrupted;
  boost::asio::signal_set signals(rt.executor(), SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code ec, int) {
    if (ec) return;
    interrupted.cancel();
    signals.clear();  // the next one has the system's default effect
  });
  try {
    return sync_wait(rt, with_cancel(interrupted, std::move(work)));
  } catch (const cancelled& e) {
    if (interrupted.cancel_requested()) return 130;
    std::fputs(("error: " + std::string(e.what()) + "\n").c_str(), stderr);
  } catch (const std::exception& e) {
    std::fputs(("error: " + std::string(e.what()) + "\n").c_str(), stderr);
  }
  return 1;
}

int run(task<> work) { return run(always_zero(std::move(work))); }

}  // namespace skein
