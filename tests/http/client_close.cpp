// Cancelled, dropped with its coroutine or closed from outside, at every stage: the connection is
// gone at once, and nothing of the exchange is left.
#include <format>

#include <boost/asio/io_context.hpp>

#include "http/client_fixture.hpp"

namespace skein::http::test {
namespace {

// A port whose queue of connections is full, so that connecting takes forever.
class full_port {
 public:
  full_port() : acceptor_(io_) {
    acceptor_.open(tcp::v4());
    acceptor_.bind({boost::asio::ip::address_v4::loopback(), 0});
    acceptor_.listen(0);
    // Begun and never waited for: the queue takes one, and the rest of the world knocks in vain.
    for (auto& s : fillers_) s.async_connect(acceptor_.local_endpoint(), [](auto) {});
  }
  [[nodiscard]] std::string url() const {
    return std::format("http://127.0.0.1:{}/", acceptor_.local_endpoint().port());
  }

 private:
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  tcp::socket fillers_[3]{tcp::socket(io_), tcp::socket(io_), tcp::socket(io_)};
};

enum class stage : std::uint8_t { connecting, handshake, head, body, backlog };
enum class end : std::uint8_t { cancel, drop, deadline };

struct stop_case {
  stage where;
  end how;
  unsigned threads;
};

std::string name_of(const ::testing::TestParamInfo<stop_case>& info) {
  constexpr const char* stages[] = {"Connecting", "Handshake", "Head", "Body", "Backlog"};
  constexpr const char* ends[] = {"Cancelled", "Dropped", "Deadline"};
  return std::format("{}{}On{}", stages[static_cast<int>(info.param.where)],
                     ends[static_cast<int>(info.param.how)], info.param.threads);
}

class ClientClose : public ::testing::TestWithParam<stop_case> {
 protected:
  // The server's side of each stage; `reached_` once the client has nothing to do but wait.
  void serve(peer& p) {
    switch (GetParam().where) {
      case stage::connecting:
      case stage::handshake:
        break;
      case stage::head:
        server_.take_request(p);
        break;
      case stage::body:
      case stage::backlog:
        server_.take_request(p);
        p.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nfirst");
        if (GetParam().where == stage::backlog) {
          while (p.write(std::string(100'000, 'x'))) {}
        }
        break;
    }
    p.until_closed();
  }
  std::string url() const {
    if (GetParam().where == stage::connecting) return full_.url();
    auto u = server_.url();
    if (GetParam().where == stage::handshake) u.insert(4, "s");
    return u;
  }
  bool reached() {
    switch (GetParam().where) {
      case stage::connecting:
        return true;
      case stage::handshake:
        return server_.wait_for([](const auto& n) { return n.accepted == 1; });
      default:
        return server_.wait_for([](const auto& n) { return n.requests == 1; });
    }
  }
  // As far as the stage allows, then for ever.
  task<> work() {
    auto x = client_.send({.url = url()});
    co_await x.head();
    EXPECT_GE(GetParam().where, stage::body);
    EXPECT_TRUE((co_await x.next()).has_value());
    if (GetParam().where == stage::backlog) co_await sleep_for(1h);
    while (co_await x.next()) {}
    ADD_FAILURE() << "the body ended";
  }
  void expect_nothing_left() {
    EXPECT_EQ(client_.open_exchanges(), 0U);
    EXPECT_EQ(client_.open_connections(), 0U);
  }

  full_port full_;
  raw_server server_{[this](peer& p) { serve(p); }};
  client client_{options_for_test()};
  thread_pool pool_{1};
  asio_runtime rt_{GetParam().threads};
};

TEST_P(ClientClose, LeavesNothing) {
  auto driver = [&]() -> task<> {
    if (GetParam().how == end::deadline) {
      auto r = to_thrown(co_await as_result(with_deadline(100ms, work())));
      EXPECT_EQ(r.type, "cancelled");
      EXPECT_EQ(r.text, "deadline passed");
      expect_nothing_left();
      co_return;
    }
    auto j = spawn(rt_, work());
    EXPECT_TRUE(co_await offload(pool_, [&] { return reached(); }));
    co_await sleep_for(10ms);  // for the client's side of the stage; any moment must do
    if (GetParam().how == end::cancel) {
      j.cancel();
      auto wait = [](job<>& waited) -> task<> { co_await waited; };
      EXPECT_EQ(to_thrown(co_await as_result(wait(j))).type, "cancelled");
    } else {
      auto dropped = std::move(j);
    }
    expect_nothing_left();
  };
  sync_wait(rt_, driver());
  EXPECT_TRUE(server_.wait_for([](const auto& n) { return n.open == 0; }));
}

std::vector<stop_case> all_cases() {
  std::vector<stop_case> all;
  for (auto s : {stage::connecting, stage::handshake, stage::head, stage::body, stage::backlog}) {
    for (auto e : {end::cancel, end::drop, end::deadline}) {
      for (unsigned n : {1U, 4U}) all.push_back({s, e, n});
    }
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(Stages, ClientClose, ::testing::ValuesIn(all_cases()), name_of);

SKEIN_HTTP_SUITE(ClientClosed);

TEST_P(ClientClosed, AWaitAfterCloseIsAnError) {
  raw_server server([&](peer& p) {
    p.request();
    p.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab");
    p.until_closed();
  });
  client c(options_for_test());
  auto wait = [](exchange& x) -> task<> { co_await x.next(); };
  auto work = [&]() -> task<> {
    auto x = c.send({.url = server.url()});
    co_await x.head();
    x.close();
    EXPECT_EQ(c.open_connections(), 0U);
    EXPECT_EQ(to_thrown(co_await as_result(wait(x))).type, "usage_error");
    auto unstarted = c.send({.url = server.url()});
    unstarted.close();
    EXPECT_EQ(to_thrown(co_await as_result(wait(unstarted))).type, "usage_error");
    auto moved = std::move(x);
    EXPECT_EQ(to_thrown(co_await as_result(wait(x))).type, "usage_error");
  };
  run(work());
}

TEST_P(ClientClosed, DroppedAfterTheEndTheConnectionIsKept) {
  raw_server server([&](peer& p) {
    while (!p.request().empty()) p.write(answer("abc"));
  });
  client c(options_for_test());
  auto work = [&]() -> task<> {
    for (int i = 0; i < 2; ++i) {
      auto x = c.send({.url = server.url()});
      EXPECT_EQ(co_await read_all(x), "abc");
    }
  };
  run(work());
  EXPECT_EQ(server.counts().accepted, 1U);
}

TEST_P(ClientClosed, ManyDroppedInMidStreamFromAnotherThread) {
  testing::model_server server([](const auto&) {
    return testing::scripted_turn{.chunks = std::vector<std::string>(300, "abc"),
                                  .chunk_delay = 1ms};
  });
  client c(options_for_test());
  auto pull = [&]() -> task<> {
    auto x = c.send(chat_request(server));
    while (co_await x.next()) {}
  };
  auto work = [&]() -> task<> {
    for (int round = 0; round < 5; ++round) {
      std::vector<job<>> jobs;
      for (int i = 0; i < 10; ++i) jobs.push_back(spawn(*runtime::current(), pull()));
      co_await sleep_for(5ms * round);
      co_await offload(pool, [&] { jobs.clear(); });
      EXPECT_EQ(c.open_exchanges(), 0U);
      EXPECT_EQ(c.open_connections(), 0U);
    }
  };
  run(work());
  EXPECT_TRUE(server.wait_for_open_connections(0, 10s));
}

}  // namespace
}  // namespace skein::http::test
