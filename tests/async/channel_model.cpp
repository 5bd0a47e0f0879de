// The channel against a model of it, over a thousand random programs.
#include <algorithm>
#include <deque>
#include <format>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/channel.hpp>

#include "async/awaitables.hpp"
#include "async/probes.hpp"
#include "async/runtimes.hpp"

namespace skein::test {
namespace {

// How each operation stands: "" while it waits.
using outcomes = std::vector<std::string>;

class model {
 public:
  explicit model(std::size_t capacity) : capacity_(capacity) {}

  outcomes ends;

  void send(int v) {
    auto id = begin();
    if (closed_) {
      ends[id] = "closed";
    } else if (!receivers_.empty()) {
      ends[receivers_.front()] = std::to_string(v);
      receivers_.pop_front();
      ends[id] = "sent";
    } else if (queue_.size() < capacity_) {
      queue_.push_back(v);
      ends[id] = "sent";
    } else {
      senders_.emplace_back(id, v);
    }
  }
  void receive() {
    auto id = begin();
    if (!queue_.empty()) {
      ends[id] = std::to_string(queue_.front());
      queue_.pop_front();
      if (!senders_.empty()) queue_.push_back(next_sender());
    } else if (!senders_.empty()) {
      ends[id] = std::to_string(next_sender());
    } else if (closed_) {
      ends[id] = "end";
    } else {
      receivers_.push_back(id);
    }
  }
  void close() {
    for (auto id : std::exchange(receivers_, {})) ends[id] = "end";
    for (auto& s : std::exchange(senders_, {})) ends[s.first] = "closed";
    closed_ = true;
  }
  void stop(std::size_t id, std::string how) {
    if (!ends[id].empty()) return;
    ends[id] = std::move(how);
    std::erase(receivers_, id);
    std::erase_if(senders_, [&](auto& s) { return s.first == id; });
  }
  [[nodiscard]] std::size_t size() const { return queue_.size(); }

 private:
  std::size_t begin() {
    ends.emplace_back();
    return ends.size() - 1;
  }
  int next_sender() {
    auto [id, v] = senders_.front();
    senders_.pop_front();
    ends[id] = "sent";
    return v;
  }
  std::size_t capacity_;
  std::deque<int> queue_;
  std::deque<std::size_t> receivers_;
  std::deque<std::pair<std::size_t, int>> senders_;
  bool closed_ = false;
};

class real {
 public:
  real(std::size_t capacity, std::uint64_t seed) : rt_(seed), channel_(capacity) {}

  [[nodiscard]] const outcomes& ends() const { return ends_; }
  void send(int v) {
    start([](real& r, std::size_t id, int value) -> task<> {
      r.ends_[id] = co_await r.channel_.send(value) ? "sent" : "closed";
    }(*this, begin(), v));
  }
  void receive() {
    start([](real& r, std::size_t id) -> task<> {
      auto v = co_await r.channel_.receive();
      r.ends_[id] = v ? std::to_string(*v) : "end";
    }(*this, begin()));
  }
  void close() { channel_.close(); }
  void stop(std::size_t id, std::string how) {
    if (!ends_[id].empty()) return;
    if (how == "destroyed") {
      jobs_[id].reset();
    } else {
      jobs_[id]->cancel();
    }
    ends_[id] = std::move(how);
  }
  void settle() { rt_.run(); }
  [[nodiscard]] std::size_t size() const { return channel_.size(); }

 private:
  std::size_t begin() {
    ends_.emplace_back();
    return ends_.size() - 1;
  }
  void start(task<> work) { jobs_.emplace_back(spawn(rt_, std::move(work))); }

  simulated_runtime rt_;
  channel<int> channel_;
  outcomes ends_;
  std::vector<std::optional<job<>>> jobs_;
};

TEST(ChannelModel, EveryOperationEndsAsTheModelSays) {
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    std::mt19937_64 random(seed);
    auto below = [&](std::uint64_t n) { return random() % n; };
    auto capacity = below(4);
    model want(capacity);
    real got(capacity, seed);
    std::string program = std::format("seed {}, capacity {}:", seed, capacity);
    auto each = [&](std::string name, auto op) {
      program += " " + name;
      op(want);
      op(got);
      got.settle();
    };
    for (int i = 0; i < 60; ++i) {
      auto choice = below(100);
      if (choice < 42) {
        each(std::format("send({})", i), [&](auto& c) { c.send(i); });
      } else if (choice < 84) {
        each("receive", [&](auto& c) { c.receive(); });
      } else if (choice < 98 && !want.ends.empty()) {
        auto id = below(want.ends.size());
        std::string how = choice % 2 == 0 ? "cancelled" : "destroyed";
        each(std::format("{}({})", how, id), [&](auto& c) { c.stop(id, how); });
      } else if (choice == 99 && below(3) == 0) {
        each("close", [&](auto& c) { c.close(); });
      }
      ASSERT_EQ(got.ends(), want.ends) << program;
      ASSERT_EQ(got.size(), want.size()) << program;
    }
  }
}

// Producers, consumers and stops all under way at once. Whatever the order: what a consumer gets
// was sent by one who knows it, once, and a producer's items arrive in its order.
TEST(ChannelModel, ConcurrentProgramsConserveItems) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE(std::format("seed {}", seed));
    simulated_runtime rt(seed);
    std::mt19937_64 random(seed);
    channel<std::pair<int, int>> c(random() % 4);
    std::vector<std::pair<int, int>> sent;
    std::vector<std::pair<int, int>> received;
    auto produce = [&](int me) -> task<> {
      for (int i = 0; i < 10; ++i) {
        if (co_await c.send({me, i})) sent.emplace_back(me, i);
        if (random() % 3 == 0) co_await hop();
      }
    };
    auto consume = [&]() -> task<> {
      while (auto v = co_await c.receive()) {
        received.push_back(*v);
        if (random() % 3 == 0) co_await hop();
      }
    };
    std::vector<job<>> jobs;
    for (int p = 0; p < 4; ++p) jobs.push_back(spawn(rt, produce(p)));
    for (int k = 0; k < 3; ++k) jobs.push_back(spawn(rt, consume()));
    for (int i = 0; i < 40; ++i) {
      rt.run(random() % 8);
      if (random() % 8 == 0) jobs[random() % 6].cancel();  // one consumer remains
    }
    rt.run();
    c.close();
    rt.run();
    auto in_order = received;
    std::ranges::sort(sent);
    std::ranges::sort(received);
    ASSERT_EQ(received, sent);
    EXPECT_EQ(c.size(), 0U);
    EXPECT_TRUE(jobs.back().done());
    jobs.clear();
    expect_idle(rt);
  }
}

}  // namespace
}  // namespace skein::test
