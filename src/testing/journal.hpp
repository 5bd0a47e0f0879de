// What a model_server remembers for tests. Written by the server's thread, read by any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include <skein/testing/model_server.hpp>

namespace skein::testing {

class journal {
 public:
  explicit journal(std::size_t keep) : keep_(keep) {}

  std::size_t connection_opened() {
    return change([&] {
      const auto id = ++counters_.accepted_connections;
      ++counters_.open_connections;
      connections_[id].id = id;
      return id;
    });
  }
  void connection_closed(std::size_t id) {
    change([&] {
      --counters_.open_connections;
      unblock(connections_[id]);
      connections_[id].open = false;
      closed_.push_back(id);
      if (closed_.size() <= keep_) return;
      connections_.erase(closed_.front());
      closed_.pop_front();
    });
  }
  // The exchange is in progress from here on.
  void request_received(recorded_request request) {
    change([&] {
      ++counters_.requests;
      ++counters_.open_exchanges;
      ++connections_[request.connection].requests;
      requests_.push_back(std::move(request));
      if (requests_.size() > keep_) requests_.pop_front();
    });
  }
  void exchange_completed() {
    change([&] { ++counters_.completed_exchanges, --counters_.open_exchanges; });
  }
  void exchange_broken() {
    change([&] { ++counters_.broken_exchanges, --counters_.open_exchanges; });
  }
  void bytes_sent(std::size_t connection, std::size_t bytes) {
    change([&] {
      counters_.bytes_sent += bytes;
      connections_[connection].bytes_sent += bytes;
    });
  }
  void events_sent(std::size_t events) {
    change([&] { counters_.events_sent += events; });
  }
  void blocked(std::size_t connection) {
    change([&] {
      if (std::exchange(connections_[connection].blocked, true)) return;
      ++counters_.blocked_connections;
    });
  }
  void unblocked(std::size_t connection) {
    change([&] { unblock(connections_[connection]); });
  }

  [[nodiscard]] std::vector<recorded_request> requests() const {
    const std::lock_guard lock(mutex_);
    return {requests_.begin(), requests_.end()};
  }
  [[nodiscard]] std::vector<recorded_connection> connections() const {
    const std::lock_guard lock(mutex_);
    std::vector<recorded_connection> all;
    all.reserve(connections_.size());
    for (const auto& [id, connection] : connections_) all.push_back(connection);
    return all;
  }
  [[nodiscard]] server_counters counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }
  bool wait_for(const std::function<bool(const server_counters&)>& condition,
                std::chrono::milliseconds timeout) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [&] { return condition(counters_); });
  }

 private:
  template <class F>
  std::invoke_result_t<F> change(F f) {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();  // whoever waits sees the change when the lock is free
    return f();
  }
  void unblock(recorded_connection& connection) {
    if (std::exchange(connection.blocked, false)) --counters_.blocked_connections;
  }

  const std::size_t keep_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  server_counters counters_;
  std::deque<recorded_request> requests_;
  std::map<std::size_t, recorded_connection> connections_;
  std::deque<std::size_t> closed_;
};

}  // namespace skein::testing
