// Asio operations as awaitables, and Asio's own coroutines in our context: over real sockets.
#include <exception>
#include <string>
#include <tuple>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <skein/async/asio.hpp>
#include <skein/async/time.hpp>
#include <skein/async/when.hpp>

#include "async/awaitables.hpp"
#include "async/probes.hpp"
#include "async/runtimes.hpp"

namespace skein::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::hours;
using std::chrono::milliseconds;

using Asio = OnEveryRuntime;

// An operation of the user's own that completes with these values, later.
template <class... Args>
auto completing_with(Args... args) {
  return asio::async_initiate<const awaiting_t, void(Args...)>(
      [](auto handler, Args... values) {
        auto executor = handler.get_executor();
        asio::post(executor, [h = std::move(handler), ... v = std::move(values)]() mutable {
          std::move(h)(std::move(v)...);
        });
      },
      awaiting, std::move(args)...);
}

TEST_P(Asio, AnOperationGivesWhatItsSignatureSays) {
  using boost::system::error_code;
  auto work = [&]() -> task<> {
    scoped s(11);
    co_await completing_with();
    co_await completing_with(error_code());
    EXPECT_EQ(co_await completing_with(7), 7);
    EXPECT_EQ(co_await completing_with(error_code(), std::string("read")), "read");
    EXPECT_EQ(co_await completing_with(std::exception_ptr(), 8), 8);
    EXPECT_EQ(co_await completing_with(1, std::string("two")), std::tuple(1, std::string("two")));
    EXPECT_EQ(co_await completing_with(error_code(), 1, 2), std::tuple(1, 2));
    EXPECT_EQ(current(), 11);
  };
  run(work());
}

TEST_P(Asio, AFailureIsThrownAsItself) {
  auto fails = [](std::exception_ptr why) -> task<> { co_await completing_with(why); };
  auto refuses = []() -> task<int> {
    co_return co_await completing_with(
        boost::system::error_code(asio::error::make_error_code(asio::error::connection_refused)),
        1);
  };
  EXPECT_EQ(run(ending_of(fails(std::make_exception_ptr(tool_error("mine"))))), "mine");
  try {
    run(refuses());
    FAIL() << "nothing was thrown";
  } catch (const boost::system::system_error& e) {
    EXPECT_EQ(e.code(), asio::error::connection_refused);
  }
}

struct echo_server {
  tcp::acceptor acceptor;
  explicit echo_server(runtime& rt)
      : acceptor(rt.executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
  task<> serve_one() {
    scoped s(20);
    auto socket = co_await acceptor.async_accept(awaiting);
    std::string in;
    while (true) {
      EXPECT_EQ(current(), 20);
      auto n = co_await asio::async_read_until(socket, asio::dynamic_buffer(in), '\n', awaiting);
      co_await asio::async_write(socket, asio::buffer(in, n), awaiting);
      bool last = in.starts_with("bye");
      in.erase(0, n);
      if (last) co_return;
    }
  }
};

task<> client(tcp::endpoint to, int context, census& members) {
  scoped s(static_cast<std::uint8_t>(context));
  auto member = members.enter(context);
  tcp::socket socket(runtime::current()->executor());
  co_await socket.async_connect(to, awaiting);
  std::string in;
  for (std::string line : {"one\n", "two\n", "bye\n"}) {
    co_await asio::async_write(socket, asio::buffer(line), awaiting);
    EXPECT_EQ(current(), context);
    auto n = co_await asio::async_read_until(socket, asio::dynamic_buffer(in), '\n', awaiting);
    EXPECT_EQ(in.substr(0, n), line);
    EXPECT_EQ(current(), context);
    in.erase(0, n);
  }
}

TEST_P(Asio, TwoEndsOfASocketEachInItsContext) {
  census members;
  echo_server server(*rt);
  auto work = [&]() -> task<> {
    co_await when_all(server.serve_one(), client(server.acceptor.local_endpoint(), 21, members));
  };
  run(work());
  EXPECT_EQ(members.alive(), 0);
  EXPECT_EQ(members.astray(), 0);
}

// A composed operation has several handlers; none may touch the buffers of a frame that is gone.
TEST_P(Asio, ACancelledOperationHasStoppedWhenItsAwaiterGoesOn) {
  echo_server server(*rt);
  auto silent = [&](tcp::endpoint to) -> task<> {
    tcp::socket socket(runtime::current()->executor());
    co_await socket.async_connect(to, awaiting);
    std::string in;
    co_await asio::async_read_until(socket, asio::dynamic_buffer(in), '\n', awaiting);
  };
  auto work = [&]() -> task<> {
    auto accepted = server.acceptor.async_accept(awaiting);
    auto reading =
        spawn(*rt, with_deadline(milliseconds(20), silent(server.acceptor.local_endpoint())));
    auto peer = co_await std::move(accepted);
    EXPECT_EQ(co_await ending_of(reading), "deadline");
    char byte = 0;
    auto [closed, n] =
        co_await peer.async_read_some(asio::buffer(&byte, 1), asio::as_tuple(awaiting));
    EXPECT_EQ(closed, asio::error::eof) << "the socket went with its coroutine";
  };
  run(work());
}

TEST_P(Asio, ADestroyedOperationForgetsItsAwaiter) {
  echo_server server(*rt);
  census members;
  auto waiting_for_nobody = [&]() -> task<> {
    scoped s(31);
    auto member = members.enter(31);
    co_await server.acceptor.async_accept(awaiting);
  };
  auto work = [&]() -> task<> {
    for (int hops = 0; hops < 6; ++hops) {
      auto j = spawn(*rt, waiting_for_nobody());
      for (int i = 0; i < hops; ++i) co_await hop();
    }
  };
  run(work());
  EXPECT_EQ(members.alive(), 0);
  EXPECT_EQ(members.astray(), 0);
}

asio::awaitable<int> theirs(int context, int depth) {
  EXPECT_EQ(current(), context);
  asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds(1));
  co_await timer.async_wait(asio::use_awaitable);
  EXPECT_EQ(current(), context) << "after a wait";
  {
    auto inner = span(static_cast<std::uint8_t>(context + 1));
    EXPECT_EQ(current(), context);
  }
  if (depth == 0) co_return context;
  co_return co_await theirs(context, depth - 1);
}

TEST_P(Asio, AsiosCoroutinesRunInTheContextOfTheirStart) {
  auto work = [&](int context) -> task<int> {
    scoped s(static_cast<std::uint8_t>(context));
    auto n = co_await from_asio(theirs(context, 3));
    EXPECT_EQ(current(), context);
    co_return n;
  };
  auto both = [&]() -> task<> {
    auto [a, b] = co_await when_all(work(41), work(51));
    EXPECT_EQ(a, 41);
    EXPECT_EQ(b, 51);
  };
  run(both());
}

TEST_P(Asio, AnExecutorCarriesTheContextWithoutUsKnowing) {
  std::optional<decltype(with_current_context(rt->executor()))> carrying;
  auto work = [&]() -> task<> {
    {
      scoped s(61);
      carrying.emplace(with_current_context(rt->executor()));
    }
    EXPECT_EQ(current(), 0);
    auto n = co_await asio::co_spawn(asio::any_io_executor(*carrying), theirs(61, 1), awaiting);
    EXPECT_EQ(n, 61);
    EXPECT_EQ(current(), 0);
  };
  run(work());
}

TEST_P(Asio, WhatAsiosCoroutinesThrowArrives) {
  auto throwing = []() -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds(1));
    co_await timer.async_wait(asio::use_awaitable);
    throw tool_error("from Asio");
  };
  EXPECT_EQ(run(ending_of(from_asio(throwing()))), "from Asio");
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Asio, ::testing::ValuesIn(worlds), world_name);

}  // namespace
}  // namespace skein::test
