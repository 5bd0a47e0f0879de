// Tools that take their arguments while the model writes them: the same in the end as any other.
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/spawn.hpp>
#include <skein/async/time.hpp>
#include <skein/core/error.hpp>
#include <skein/tool/tool.hpp>

#include "async/probes.hpp"
#include "tool/worlds.hpp"

namespace skein::test {
namespace {

struct trip {
  std::string city;
  std::vector<int> days;
  std::optional<std::string> hotel;
  int people = 0;
  static constexpr auto docs = skein::docs{{"city", "City name"}};
};

std::string told(const trip& t) {
  return t.city + ' ' + std::to_string(t.days.size()) + ' ' + t.hotel.value_or("-") + ' ' +
         std::to_string(t.people);
}

tool book_whole() { return tool("book", "Books", told); }
tool book_arriving() {
  return tool("book", "Books", [](arriving<trip> call) -> task<std::string> {
    co_return told(co_await call.whole());
  });
}
// Field by field, in an order that is not the text's.
tool book_by_field() {
  return tool("book", "Books", [](tool_context&, arriving<trip> call) -> task<std::string> {
    trip t;
    t.people = co_await call.field(&trip::people);
    t.city = co_await call.field(&trip::city);
    t.hotel = co_await call.field(&trip::hotel);
    t.days = co_await call.field(&trip::days);
    (void)co_await call.whole();
    co_return told(t);
  });
}

constexpr std::string_view texts[] = {
    R"({"city":"Oslo","days":[1,2],"hotel":"Bristol","people":2})",
    R"({"city":"Oslo","days":[],"people":2})",
    R"({"people":2,"days":[3],"city":"Os\u006co","hotel":null})",
    R"( {"city":"Tromsø","days":[1],"people":-1} )",
    R"({"city":"Oslo","days":[1,2]})",
    R"({"city":"Oslo","days":["one"],"people":2})",
    R"({"city":7,"days":[],"people":2})",
    R"({"city":"Oslo","days":[],"people":2,"pets":1})",
    R"({"city":"Oslo","days":[],"people":2)",
    R"({"city":"Oslo",,"days":[],"people":2})",
    R"({"city":"Oslo","days":[],"people":2} and more)",
    R"(["Oslo"])",
    R"("Oslo")",
    "42",
    "null",
    " ",
    "",
    "{}",
};

TEST(Arriving, TheModelIsToldOfThePlainStruct) {
  for (const auto& one : {book_arriving(), book_by_field()}) {
    EXPECT_EQ(one.definition().parameters, book_whole().definition().parameters);
    EXPECT_TRUE(one.begins_early());
  }
  EXPECT_FALSE(book_whole().begins_early());
}

TEST(Arriving, AWholeCallIsJudgedBeforeItBegins) {
  for (auto text : texts) {
    for (const auto& one : {book_arriving(), book_by_field()}) {
      SCOPED_TRACE(text);
      EXPECT_EQ(call(one, text), call(book_whole(), text));
      EXPECT_EQ(one.bind(text).has_value(), book_whole().bind(text).has_value());
    }
  }
}

// What comes of one that begins with nothing and is written in pieces.
tool_result written(runtime& rt, const tool& one, std::string_view text, std::size_t size) {
  auto pipe = std::make_shared<arguments_pipe>();
  auto running = spawn(rt, record(one.begin(pipe).run(tool_context("call_1"))));
  std::thread model([&] {
    for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
      pipe->write(text.substr(0, size));
    }
    pipe->close();
  });
  model.join();
  auto wait = [](job<transcript> j) -> task<transcript> { co_return co_await j; };
  return sync_wait(rt, wait(std::move(running))).result;
}

TEST(Arriving, HoweverItIsWrittenTheResultIsThatOfAWholeCall) {
  on_every_runtime([](runtime& rt) {
    for (auto text : texts) {
      const auto expected = call(book_whole(), text);
      for (std::size_t size : {1UL, 3UL, 7UL, 1000UL}) {
        SCOPED_TRACE(std::string(text) + " in pieces of " + std::to_string(size));
        const auto got = written(rt, book_arriving(), text, size);
        EXPECT_EQ(got.content, expected.content);
        EXPECT_TRUE(got.failure == expected.failure);
        // Of several mismatches it meets the one of the field that it asks for first.
        const auto by_field = written(rt, book_by_field(), text, size);
        EXPECT_EQ(by_field.failure.has_value(), expected.failure.has_value());
        if (expected.failure) {
          EXPECT_EQ(by_field.failure.value().kind, "invalid_arguments");
        } else {
          EXPECT_EQ(by_field.content, expected.content);
        }
      }
    }
  });
}

TEST(Arriving, AFieldIsThereOnceItIsWritten) {
  simulated_runtime rt(1);
  std::vector<std::string> seen;
  tool one("book", "", [&](arriving<trip> call) -> task<> {
    seen.push_back(co_await call.field(&trip::city));
    const auto days = co_await call.field(&trip::days);
    seen.push_back(std::to_string(days.size()));
    while (co_await call.more()) seen.emplace_back(call.partial()[&trip::hotel].text());
    seen.push_back(told(co_await call.whole()));
  });
  auto pipe = std::make_shared<arguments_pipe>();
  auto running = spawn(rt, record(one.begin(pipe).run({})));
  const struct {
    std::string_view piece;
    std::vector<std::string> then;
  } steps[] = {{R"({"city":"Os)", {}},           {R"(lo)", {}},
               {R"(","da)", {"Oslo"}},           {R"(ys":[1,)", {}},
               {R"(2],"hotel":"Br)", {"2"}},     {R"(istol)", {"Bristol"}},
               {R"(","people":2})", {"Bristol"}}};
  for (const auto& step : steps) {
    seen.clear();
    pipe->write(step.piece);
    rt.run(1000);
    EXPECT_EQ(seen, step.then) << "after " << step.piece;
  }
  EXPECT_FALSE(running.done()) << "the call is whole when the answer is, not when it looks whole";
  seen.clear();
  pipe->close();
  rt.run(1000);
  EXPECT_EQ(seen, std::vector<std::string>{"Oslo 2 Bristol 2"});
  ASSERT_TRUE(running.done());
  EXPECT_EQ(running.take().result.content, "");
}

TEST(Arriving, AnAbsentFieldIsKnownAtTheEndOfTheObject) {
  simulated_runtime rt(1);
  std::optional<std::string> hotel("not asked");
  tool one("book", "", [&](arriving<trip> call) -> task<> {
    hotel = co_await call.field(&trip::hotel);
    (void)co_await call.whole();
  });
  auto pipe = std::make_shared<arguments_pipe>();
  auto running = spawn(rt, record(one.begin(pipe).run({})));
  pipe->write(R"({"city":"Oslo","days":[],"people":2)");
  rt.run(1000);
  EXPECT_EQ(hotel, "not asked");
  pipe->write("}");
  rt.run(1000);
  EXPECT_EQ(hotel, std::nullopt);
}

TEST(Arriving, AWaitIsACancellationPoint) {
  simulated_runtime rt(1);
  census objects;
  tool one("book", "", [&](arriving<trip> call) -> task<> {
    auto m = objects.enter(0);
    (void)co_await call.field(&trip::city);
  });
  auto pipe = std::make_shared<arguments_pipe>();
  for (bool destroy : {true, false}) {
    auto running = std::make_optional(spawn(rt, record(one.begin(pipe).run({}))));
    rt.run(1000);
    EXPECT_EQ(objects.alive(), 1);
    if (destroy) {
      running.reset();
    } else {
      running->cancel();
      rt.run(1000);
      EXPECT_TRUE(running->done());
    }
    EXPECT_EQ(objects.alive(), 0);
    pipe->write("{");  // to nobody
  }
}

TEST(Arriving, OnlySuchAToolBeginsEarly) {
  EXPECT_THROW((void)book_whole().begin(std::make_shared<arguments_pipe>()), usage_error);
  EXPECT_THROW(
      (void)tool_declared("t", "", json::object{}).begin(std::make_shared<arguments_pipe>()),
      usage_error);
}

}  // namespace
}  // namespace skein::test
