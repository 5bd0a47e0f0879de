#include <chrono>
#include <exception>
#include <format>
#include <fstream>
#include <mutex>
#include <utility>

#include <skein/async/runtime.hpp>
#include <skein/providers/replay.hpp>

#include "providers/replay/cassette.hpp"

namespace skein::replay {

class recorder::machine {
 public:
  explicit machine(const std::filesystem::path& file)
      : file_(file.string()), out_(file, std::ios::binary | std::ios::trunc) {
    out_ << detail::first_line << std::flush;
    if (!out_) {
      throw usage_error(
          std::format("replay: {} cannot be written; name a file in a folder that exists", file_));
    }
  }

  std::int64_t next_number() {
    std::lock_guard lock(mutex_);
    return ++exchanges_;
  }
  void append(detail::recorded_exchange& e, const detail::secrets& without) noexcept {
    std::lock_guard lock(mutex_);
    try {
      without.remove_from(e);
      out_ << detail::lines_of(e) << std::flush;
    } catch (const std::exception&) {
      out_.setstate(std::ios::badbit);
    }
  }
  void check() const {
    std::lock_guard lock(mutex_);
    if (!out_) {
      throw error(std::format(
          "replay: not every exchange could be written to {}; is the disk full?", file_));
    }
  }

  static skein::stream<std::string_view> record(std::shared_ptr<machine> m,
                                                http::transport& through, http::request r,
                                                http::response_head& head);

 private:
  mutable std::mutex mutex_;
  std::string file_;
  std::ofstream out_;
  std::int64_t exchanges_ = 0;
};

namespace {

detail::recorded_error described(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const transport_error& e) {
    return {"transport_error", e.type(), e.what()};
  } catch (const protocol_error& e) {
    return {"protocol_error", e.type(), e.what()};
  } catch (const usage_error& e) {
    return {"usage_error", e.type(), e.what()};
  } catch (const std::exception& e) {
    return {"error", "error", e.what()};
  }
}

// One exchange as far as it has come. Written when it goes, if not before.
template <class Machine>
class exchange_in_progress {
 public:
  exchange_in_progress(Machine& to, const http::request& r)
      : to_(to), secrets_(r), sent_(runtime::current()->now()) {
    e_.number = to.next_number();
    e_.request = r;
  }
  exchange_in_progress(const exchange_in_progress&) = delete;
  exchange_in_progress& operator=(const exchange_in_progress&) = delete;
  ~exchange_in_progress() { write(); }

  void arrived(const http::response_head& head, std::string_view piece) {
    const auto now = stamp();
    if (!e_.head) {
      e_.head = head;
      e_.head_at = now;
    }
    if (!piece.empty()) e_.pieces.push_back({now, std::string(piece)});
  }
  void end(detail::ending how, detail::recorded_error why = {}) {
    stamp();
    e_.end = how;
    e_.error = std::move(why);
    write();
  }

 private:
  detail::since_sent stamp() {
    e_.end_at = std::chrono::floor<detail::since_sent>(runtime::current()->now() - sent_);
    return e_.end_at;
  }
  void write() noexcept {
    if (std::exchange(written_, true)) return;
    to_.append(e_, secrets_);
  }
  Machine& to_;
  detail::secrets secrets_;
  runtime::time_point sent_;
  detail::recorded_exchange e_;
  bool written_ = false;
};

}  // namespace

skein::stream<std::string_view> recorder::machine::record(std::shared_ptr<machine> m,
                                                          http::transport& through, http::request r,
                                                          http::response_head& head) {
  m->check();
  exchange_in_progress exchange(*m, r);
  auto pieces = through.send(std::move(r), head);
  try {
    while (auto* piece = co_await pieces.next()) {
      exchange.arrived(head, *piece);
      co_yield *piece;
    }
  } catch (const cancelled&) {
    exchange.end(detail::ending::left);
    throw;
  } catch (const std::exception&) {
    exchange.end(detail::ending::failed, described(std::current_exception()));
    throw;
  }
  exchange.end(detail::ending::complete);
}

recorder::recorder(http::transport& through, const std::filesystem::path& file)
    : through_(through), machine_(std::make_shared<machine>(file)) {}
recorder::~recorder() = default;

void recorder::check() const { machine_->check(); }

skein::stream<std::string_view> recorder::send(http::request r, http::response_head& head) {
  return machine::record(machine_, through_, std::move(r), head);
}

}  // namespace skein::replay
