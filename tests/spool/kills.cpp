// Processes that are killed, with SIGKILL, at every step of an export: what they said they ended
// arrives, and is there once.
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <format>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <skein/trace/collector.hpp>
#include <skein/trace/otlp.hpp>
#include <skein/trace/store.hpp>

#include "telemetry/collector.hpp"
#include "trace/support.hpp"

extern char** environ;

namespace skein::test {
namespace {

class child {
 public:
  explicit child(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), SPOOL_CHILD);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    std::vector<char*> raw;
    for (auto& a : arguments) raw.push_back(a.data());
    raw.push_back(nullptr);
    const int failed = posix_spawn(&pid_, SPOOL_CHILD, &actions, nullptr, raw.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output_ = ends[0];
    if (failed != 0) throw std::runtime_error("no child");
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    if (output_ >= 0) {
      kill();
      finish();
    }
  }

  void kill() const { ::kill(pid_, SIGKILL); }
  // Empty at the end.
  std::string line() {
    std::string out;
    char c = 0;
    while (read(output_, &c, 1) == 1) {
      if (c == '\n') return out;
      out += c;
    }
    return {};
  }
  // What it says until it is gone, and whether it was killed.
  struct result {
    std::set<std::string> ended;
    long points = 0;
    bool killed = false;
    int exit_code = -1;
  };
  result finish() {
    result r;
    for (auto l = line(); !l.empty(); l = line()) {
      if (l.starts_with("points ")) {
        r.points = std::stol(l.substr(7));
      } else {
        r.ended.insert(l);
      }
    }
    close(output_);
    output_ = -1;
    int status = 0;
    waitpid(pid_, &status, 0);
    r.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (WIFEXITED(status)) r.exit_code = WEXITSTATUS(status);
    return r;
  }

 private:
  pid_t pid_ = 0;
  int output_ = -1;
};

class SpoolKills : public ::testing::Test {
 protected:
  SpoolKills()
      : collector_(std::make_unique<trace::collector>(trace::store(store_path_), options_)) {}

  child start(const std::string& url, const std::string& run, int spans,
              std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{url, spool_, run, std::to_string(spans)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return child(std::move(arguments));
  }
  void remember(const child::result& r) {
    ended_.insert(r.ended.begin(), r.ended.end());
    if (r.killed) ++kills_;
  }
  // Until nobody has left anything.
  void drain() {
    auto r = start(collector_->url(), "drain", 0).finish();
    EXPECT_EQ(r.exit_code, 0);
  }
  // Everybody is gone and everything was sent: what is in the store?
  void compare(const char* what) {
    drain();
    const auto received = collector_->counters().spans;
    collector_.reset();
    trace::store stored(store_path_, {.mode = trace::access::read});
    std::map<std::string, std::int64_t> times;
    for (const auto& row : stored.query("SELECT name, count(*) FROM spans GROUP BY name").rows) {
      times[std::string(row[0].as_string())] = row[1].as_int64();
    }
    std::size_t lost = 0;
    std::size_t twice = 0;
    for (const auto& name : ended_) lost += times.contains(name) ? 0U : 1U;
    std::int64_t all = 0;
    for (const auto& [name, n] : times) {
      twice += n > 1 ? 1U : 0U;
      all += n;
    }
    std::cout << std::format(
        "[  spool   ] {}: {} kills, {} spans ended, {} lost, {} twice in the store; {} were sent "
        "again and ignored\n",
        what, kills_, ended_.size(), lost, twice,
        static_cast<std::int64_t>(received) + elsewhere_ - all);
    EXPECT_EQ(lost, 0U);
    EXPECT_EQ(twice, 0U);
    EXPECT_GT(kills_, 0);
  }

  temporary_folder folder_;
  std::string spool_ = folder_.file("spool.db");
  std::string store_path_ = folder_.file("traces.db");
  trace::collector_options options_{.port = 0};
  std::unique_ptr<trace::collector> collector_;
  std::set<std::string> ended_;
  int kills_ = 0;
  std::int64_t elsewhere_ = 0;  // received by another collector than collector_
};

// One more step is survived each time, and whoever comes next finds what the last one left.
TEST_F(SpoolKills, AtEveryStep) {
  long at = 1;
  for (bool killed = true; killed && at < 2000; ++at) {
    auto r =
        start(collector_->url(), std::format("at{}", at), 5, {"at", std::to_string(at)}).finish();
    remember(r);
    killed = r.killed;
    if (!killed) {
      EXPECT_EQ(r.exit_code, 0);
      EXPECT_LT(r.points, at);
    }
  }
  EXPECT_GT(at, 20);
  compare("at every step");
}

TEST_F(SpoolKills, AtEveryStepOfAFreshFile) {
  long at = 1;
  for (bool killed = true; killed && at < 2000; ++at) {
    spool_ = folder_.file("spool.db") + std::to_string(at);
    auto r =
        start(collector_->url(), std::format("new{}", at), 5, {"at", std::to_string(at)}).finish();
    remember(r);
    killed = r.killed;
    drain();
  }
  EXPECT_GT(at, 20);
  compare("at every step of a fresh file");
}

TEST_F(SpoolKills, AfterAnyNumberOfSpans) {
  std::mt19937 random(20261);
  for (int i = 0; i < 40; ++i) {
    const auto after = std::uniform_int_distribution(0, 120)(random);
    remember(
        start(collector_->url(), std::format("n{}", i), 200, {"reported", std::to_string(after)})
            .finish());
  }
  compare("after a random number of spans");
}

// From outside, at whatever it is doing.
TEST_F(SpoolKills, FromOutside) {
  std::mt19937 random(20262);
  for (int i = 0; i < 40; ++i) {
    auto c = start(collector_->url(), std::format("o{}", i), 100'000);
    const auto after = std::uniform_int_distribution(1, 150)(random);
    std::set<std::string> before;
    for (int n = 0; n < after; ++n) before.insert(c.line());
    c.kill();
    auto r = c.finish();
    r.ended.merge(before);
    remember(r);
  }
  compare("from outside");
}

TEST_F(SpoolKills, ByTheCollectorAtEachMomentOfARequest) {
  enum class moment : std::uint8_t { accepted, read, stored };
  for (auto when : {moment::accepted, moment::read, moment::stored}) {
    for (int i = 0; i < 5; ++i) {
      std::atomic<const child*> victim = nullptr;
      auto run = std::format("m{}{}", static_cast<int>(when), i);
      auto kill = [&] {
        while (victim == nullptr) std::this_thread::yield();
        victim.load()->kill();
      };
      if (when == moment::accepted) {
        asio::io_context io;
        tcp::acceptor acceptor(io, any_local_port());
        auto c =
            start("http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()), run, 20);
        tcp::socket socket(io);
        acceptor.accept(socket);
        c.kill();
        remember(c.finish());
        continue;
      }
      trace::store into(store_path_);
      answering_collector killer([&](const answering_collector::request& got) {
        if (when == moment::stored) {
          auto spans = trace::read_protobuf(got.body);
          if (spans) {
            into.insert(spans->spans);
            elsewhere_ += static_cast<std::int64_t>(spans->spans.size());
          }
        }
        kill();
        return answering_collector::answer();
      });
      auto c = start(killer.url(), run, 20);
      victim = &c;
      remember(c.finish());
    }
  }
  EXPECT_EQ(kills_, 15);
  compare("by the collector");
}

// Several at once have the same spool. Whoever is left over is found.
TEST_F(SpoolKills, AmongOthers) {
  std::mt19937 random(20263);
  for (int i = 0; i < 8; ++i) {
    std::vector<std::unique_ptr<child>> all;
    for (int n = 0; n < 4; ++n) {
      const auto after = std::uniform_int_distribution(1, 60)(random);
      all.push_back(std::make_unique<child>(
          std::vector<std::string>{collector_->url(), spool_, std::format("c{}x{}", i, n), "60",
                                   "reported", n == 3 ? "1000" : std::to_string(after)}));
    }
    for (auto& c : all) remember(c->finish());
  }
  EXPECT_TRUE(std::filesystem::exists(spool_ + "~1"));
  compare("four at once");
}

}  // namespace
}  // namespace skein::test
