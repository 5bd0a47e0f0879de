// SIGINT and SIGTERM for a program that goes on after one.
#pragma once

#include <csignal>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>

#include <skein/async/cancel.hpp>
#include <skein/async/runtime.hpp>

namespace skein::cli {

// Belongs to a runtime with one thread.
class interrupts {
 public:
  explicit interrupts(runtime& rt) : signals_(rt.executor(), SIGINT, SIGTERM) { wait(); }

  // The next signal cancels `what`; one more, when that did not help, ends the program at once.
  void will_cancel(cancel_source what) { target_ = std::move(what); }
  // By SIGTERM: there is nothing to go on with.
  [[nodiscard]] bool terminated() const noexcept { return terminated_; }

 private:
  void wait() {
    signals_.async_wait([this](boost::system::error_code error, int signal) {
      if (error) return;
      if (target_.cancel_requested()) {
        signals_.clear();
        std::raise(signal);
      }
      terminated_ = terminated_ || signal == SIGTERM;
      target_.cancel();
      wait();
    });
  }

  boost::asio::signal_set signals_;
  cancel_source target_;
  bool terminated_ = false;
};

}  // namespace skein::cli
