// Asking again and asking others: what is repeated, what is told, what it costs.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/chat/retry.hpp>

#include "agent/layered.hpp"

namespace skein::test {
namespace {

using namespace std::chrono_literals;

provider_error refused(int status, std::optional<std::chrono::milliseconds> after = {},
                       std::string code = {}) {
  return provider_error("no", {.status = status, .code = std::move(code), .retry_after = after});
}

TEST(Retry, ABusyProviderIsAskedAgain) {
  scripted::client model(
      {turn().refuse(refused(429)), turn().fail(refused(503)), turn().text({"hello"})});
  retrying layer(model);
  const auto r = run_through(layer, {&model});
  EXPECT_EQ(r.text, "hello");
  EXPECT_EQ(r.asked, 3u);
  const auto waits = r.events("skein.retry");
  ASSERT_EQ(waits.size(), 2u);
  EXPECT_EQ(waits.at(0).attributes.at("error.type"), "429");
  EXPECT_EQ(waits.at(1).attributes.at("skein.retry.attempt"), 2);
  const auto first = waits.at(0).attributes.at("skein.retry.wait").as_double();
  const auto second = waits.at(1).attributes.at("skein.retry.wait").as_double();
  EXPECT_TRUE(first >= 0.25 && first <= 0.5) << first;
  EXPECT_TRUE(second >= 0.5 && second <= 1) << second;
  EXPECT_NEAR(r.seconds, first + second, 0.01) << "of the runtime's time";
}

TEST(Retry, TheProviderSaysHowLong) {
  scripted::client model({turn().refuse(refused(429, 7s)), turn().text({"hello"})});
  retrying layer(model);
  EXPECT_NEAR(run_through(layer, {&model}).seconds, 7, 0.01);

  scripted::client slow({turn().refuse(refused(429, 60s)), turn().text({"hello"})});
  retrying impatient(slow);
  const auto r = run_through(impatient, {&slow});
  EXPECT_EQ(r.threw, "429") << "too long to wait for";
  EXPECT_EQ(r.seconds, 0);
}

TEST(Retry, WhatWillNotChangeIsNotAskedAgain) {
  for (auto error : {std::make_exception_ptr(refused(401)), std::make_exception_ptr(refused(400)),
                     std::make_exception_ptr(refused(429, {}, "insufficient_quota")),
                     std::make_exception_ptr(usage_error("wrong")),
                     std::make_exception_ptr(transport_error("no", "tls_failed"))}) {
    scripted::client model({turn().fail(error), turn().text({"hello"})});
    retrying layer(model);
    const auto r = run_through(layer, {&model});
    EXPECT_EQ(r.asked, 1u) << r.threw;
    EXPECT_NE(r.threw, "");
  }
}

TEST(Retry, EndsWithTheLastFailure) {
  scripted::client model({turn().refuse(refused(500)), turn().refuse(refused(502)),
                          turn().refuse(refused(503)), turn().text({"hello"})});
  retrying layer(model);
  const auto r = run_through(layer, {&model});
  EXPECT_EQ(r.threw, "503");
  EXPECT_EQ(r.asked, 3u);
}

TEST(Retry, NothingIsSaidTwice) {
  scripted::client model({turn().text({"hel"}).fail(transport_error("gone", "connection_closed")),
                          turn().text({"hello"})});
  retrying layer(model, {.again = [](const request_failure&) { return true; }});
  const auto r = run_through(layer, {&model});
  EXPECT_EQ(r.text, "hel");
  EXPECT_EQ(r.threw, "connection_closed");
  EXPECT_EQ(r.asked, 1u);
}

// The second attempt fails before it says anything, so that what was said is not taken back yet.
TEST(Retry, WhatWasSaidIsTakenBackWhenTheNextAnswerBegins) {
  scripted::client model(
      {turn().identity("r1", "m").text({"hel"}).fail(transport_error("gone", "connection_closed")),
       turn().refuse(refused(503)), turn().identity("r2", "m").text({"he", "llo"})});
  retrying layer(model, {.after_content = after_content::restart});
  const auto r = run_through(layer, {&model});
  EXPECT_EQ(r.text, "hello");
  EXPECT_EQ(r.taken_back, std::vector<std::string>{"hel"});
  const auto waits = r.events("skein.retry");
  ASSERT_EQ(waits.size(), 2u);
  for (const auto& w : waits) EXPECT_EQ(w.attributes.at("skein.retry.progress"), "answering");

  scripted::client broken({turn().text({"hel"}).cut(), turn().refuse(refused(401))});
  retrying hopeful(broken, {.after_content = after_content::restart});
  const auto failed = run_through(hopeful, {&broken});
  EXPECT_EQ(failed.text, "hel") << "there is nothing to show instead";
  EXPECT_EQ(failed.threw, "401");
}

struct spoken_weather {
  std::string city;
  int degrees = 0;
};

TEST(Retry, AStructuredAnswerBeginsAnewToo) {
  scripted::client model({turn().text({R"({"city":"Os)"}).cut(),
                          turn().text({R"({"city":"Bergen",)", R"("degrees":4})"})});
  retrying layer(model, {.after_content = after_content::restart});
  agent a(layer, {.name = "bot"});
  simulated_runtime rt(5);
  const auto r = sync_wait(rt, a.run<spoken_weather>("hi"));
  EXPECT_EQ(r.value.city, "Bergen");
}

TEST(Retry, ARunHasABudgetForAllItsRequests) {
  const auto busy = [] { return turn().refuse(refused(503)); };
  const auto both = [&] {
    return std::vector<turn>{busy(), turn().call("wait", "{}"), busy(), turn().text({"done"})};
  };
  const auto run = [](std::vector<turn> turns, retry_policy policy) {
    simulated_runtime rt(5);
    scripted::client model(std::move(turns));
    retrying layer(model, policy);
    agent a(layer, {.name = "bot", .tools = {slow_tool("wait")}});
    return sync_wait(rt, [](agent& of) -> task<std::string> {
      std::string came;
      for (int i = 0; i < 2; ++i) {
        const auto r = co_await as_result(of.run("hi"));
        came += r ? r->text() + " " : telemetry::error_type_of(r.error()) + " ";
        if (!r) break;
      }
      co_return came;
    }(a));
  };
  auto twice = both();
  std::ranges::move(both(), std::back_inserter(twice));
  EXPECT_EQ(run(twice, {.retries_per_run = 2}), "done done ") << "each run has its own";
  EXPECT_EQ(run(both(), {.retries_per_run = 1}), "503 ");
  EXPECT_EQ(run(both(), {.waiting_per_run = 600ms}), "503 ");
  EXPECT_EQ(run(twice, {.waiting_per_run = 1s}), "done done ");
}

TEST(Retry, LeftAnywhereNothingIsLeft) {
  struct world {
    scripted::client model{std::vector<turn>{
        turn().delay(1s).fail(transport_error("no", "connect_failed")),
        turn().delay(1s).text({"hel"}).delay(1s).cut(), turn().delay(1s).text({"hello"})}};
    retrying layer{model, {.after_content = after_content::restart}};
    chat_client& front() { return layer; }
    std::vector<scripted::client*> models() { return {&model}; }
    void check() {}
  };
  leave_everywhere<world>(250ms);
}

TEST(Retry, AStreamThatIsCutBeforeItSaysAnythingIsAskedAgain) {
  scripted::client model({turn().identity("r1", "m").cut(), turn().text({"hello"})});
  retrying layer(model);
  EXPECT_EQ(run_through(layer, {&model}).text, "hello");
}

TEST(Retry, AWaitIsStoppedWithTheRun) {
  simulated_runtime rt(5);
  scripted::client model({turn().refuse(refused(429, 20s)), turn().text({"hello"})});
  retrying layer(model);
  agent a(layer, {.name = "bot"});
  const auto begin = rt.now();
  EXPECT_THROW((void)sync_wait(rt, a.run("hi", {.deadline = 3s})), cancelled);
  EXPECT_EQ(rt.now() - begin, 3s);
  EXPECT_EQ(rt.timers(), 0u);
}

// Known to whoever has seen the stream: that the model has run.
TEST(Retry, AnAnswerThatHasBegunIsToldApart) {
  std::vector<request_progress> seen;
  scripted::client model({turn().identity("r1", "m").cut(), turn().cut(), turn().text({"hello"})});
  retrying layer(model, {.again = [&](const request_failure& f) {
                   seen.push_back(f.progress);
                   return true;
                 }});
  EXPECT_EQ(run_through(layer, {&model}).text, "hello");
  EXPECT_EQ(seen,
            (std::vector<request_progress>{request_progress::begun, request_progress::unknown}));
}

TEST(Retry, FactsOfFailures) {
  struct row {
    std::exception_ptr what;
    request_progress progress;
    bool transient;
  };
  auto of = [](auto e) { return std::make_exception_ptr(std::move(e)); };
  for (const auto& r :
       {row{of(refused(429)), request_progress::refused, true},
        row{of(refused(529)), request_progress::refused, true},
        row{of(refused(404)), request_progress::refused, false},
        row{of(refused(0, {}, "overloaded_error")), request_progress::unknown, true},
        row{of(transport_error("x", "connect_failed")), request_progress::not_sent, true},
        row{of(transport_error("x", "dns_failed")), request_progress::not_sent, true},
        row{of(transport_error("x", "timeout_connect")), request_progress::not_sent, true},
        row{of(transport_error("x", "timeout")), request_progress::unknown, true},
        row{of(transport_error("x", "timeout_first_content")), request_progress::unknown, true},
        row{of(protocol_error("x", "stream_cut")), request_progress::unknown, true},
        row{of(usage_error("x")), request_progress::not_sent, false},
        row{of(std::runtime_error("x")), request_progress::unknown, false}}) {
    const auto f = failure_of(r.what);
    EXPECT_EQ(f.progress, r.progress) << f.type;
    EXPECT_EQ(f.transient, r.transient) << f.type;
  }
}

// ---- fallback

client_info second_info() { return {.provider = "other", .model = "plan-b"}; }

TEST(Fallback, TheNextIsAskedWhenOneFails) {
  scripted::client first({turn().refuse(refused(500))});
  scripted::client second({turn().text({"from b"})}, second_info());
  fallback layer(first, {&second});
  const auto r = run_through(layer, {&first, &second});
  EXPECT_EQ(r.text, "from b");
  EXPECT_EQ(r.chats(), (std::vector<std::string>{"chat scripted-1 500", "chat plan-b"}));
  const auto changes = r.events("skein.fallback");
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes.at(0).attributes.at("skein.fallback.reason"), "500");
  EXPECT_EQ(changes.at(0).attributes.at("gen_ai.request.model"), "plan-b");
}

TEST(Fallback, OfTheLastOneTheFailureIsTheCallers) {
  scripted::client first({turn().refuse(refused(500))});
  scripted::client second({turn().refuse(refused(401))}, second_info());
  fallback layer(first, {&second});
  EXPECT_EQ(run_through(layer, {&first, &second}).threw, "401");
}

TEST(Fallback, WhatWasSaidStays) {
  scripted::client first({turn().text({"hal"}).fail(refused(0, {}, "overloaded_error"))});
  scripted::client second({turn().text({"from b"})}, second_info());
  fallback layer(first, {&second});
  const auto r = run_through(layer, {&first, &second});
  EXPECT_EQ(r.text, "hal");
  EXPECT_EQ(r.threw, "overloaded_error");
  EXPECT_EQ(second.requests().size(), 0u);
}

TEST(Fallback, WhatWasSaidIsTakenBackWhenTheNextAnswerBegins) {
  scripted::client first({turn().identity("r1", "m").text({"hel"}).usage(3, 1).cut()});
  scripted::client busy({turn().refuse(refused(503))}, {.provider = "busy", .model = "plan-b"});
  scripted::client third({turn().identity("r3", "m").text({"he", "llo"}).usage(3, 2)},
                         {.provider = "other", .model = "plan-c"});
  fallback layer(first, {&busy, &third}, {.after_content = after_content::restart});
  const auto r = run_through(layer, {&first, &busy, &third});
  EXPECT_EQ(r.text, "hello");
  EXPECT_EQ(r.taken_back, std::vector<std::string>{"hel"});
  EXPECT_EQ(r.ledger.own().usage, (usage{.input = 6, .output = 3})) << "both are paid";
  const auto changes = r.events("skein.fallback");
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].attributes.at("skein.fallback.reason"), "stream_cut");
  EXPECT_EQ(changes[0].attributes.at("gen_ai.request.model"), "plan-b");
  for (const auto& c : changes) {
    EXPECT_EQ(c.attributes.at("skein.fallback.progress"), "answering");
  }
}

TEST(Fallback, WhatNobodyCanReplaceStays) {
  scripted::client first({turn().text({"hel"}).cut()});
  scripted::client second({turn().identity("r", "m").delay(1s).refuse(refused(401))},
                          second_info());
  fallback layer(first, {&second}, {.after_content = after_content::restart});
  const auto r = run_through(layer, {&first, &second});
  EXPECT_EQ(r.text, "hel") << "there is nothing to show instead";
  EXPECT_EQ(r.threw, "401");
  EXPECT_TRUE(r.taken_back.empty());
}

TEST(Fallback, AStructuredAnswerBeginsAnewToo) {
  for (const auto mode : {answer_mode::native, answer_mode::tool}) {
    const bool native = mode == answer_mode::native;
    const std::string whole = R"({"city":"Bergen","degrees":4})";
    scripted::client first({native ? turn().text({R"({"city":"Os)"}).cut()
                                   : turn().call("final_answer", R"({"city":"Os)").cut()});
    scripted::client second({native ? turn().text({whole}) : turn().call("final_answer", whole)},
                            second_info());
    fallback layer(first, {&second}, {.after_content = after_content::restart});
    agent a(layer, {.name = "bot", .answers = {.mode = mode, .retries = 0}});
    simulated_runtime rt(5);
    const auto r = sync_wait(rt, a.run<spoken_weather>("hi"));
    EXPECT_EQ(r.value.city, "Bergen");
    EXPECT_EQ(r.response.messages.size(), native ? 1u : 2u) << "the broken answer is not in it";
    EXPECT_EQ(r.response.ledger.own().calls, 2u);
  }
}

TEST(Fallback, LeftAnywhereNothingIsLeft) {
  struct world {
    scripted::client model{std::vector<turn>{turn().delay(1s).text({"hel"}).delay(1s).cut()}};
    scripted::client second{{turn().delay(1s).text({"he", "llo"})}, second_info()};
    fallback layer{model, {&second}, {.after_content = after_content::restart}};
    chat_client& front() { return layer; }
    std::vector<scripted::client*> models() { return {&model, &second}; }
    void check() {}
  };
  leave_everywhere<world>(250ms);
}

TEST(Fallback, OneThatDoesNotBeginIsLeft) {
  scripted::client first({turn().delay(10s).text({"late"})});
  scripted::client second({turn().delay(10s).text({"from b"})}, second_info());
  fallback layer(first, {&second}, {.first_content = 2s});
  const auto r = run_through(layer, {&first, &second});
  EXPECT_EQ(r.text, "from b");
  EXPECT_EQ(r.seconds, 12) << "the last one has all the time there is";
  EXPECT_EQ(r.chats(), (std::vector<std::string>{"chat scripted-1 deadline", "chat plan-b"}));
  EXPECT_EQ(r.events("skein.fallback").at(0).attributes.at("skein.fallback.reason"),
            "first_content_timeout");
}

TEST(Fallback, OneThatHasBegunMayTakeItsTime) {
  scripted::client first({turn().delay(1s).text({"a"}).delay(10s).text({"b"})});
  scripted::client second(std::vector<turn>(), second_info());
  fallback layer(first, {&second}, {.first_content = 2s});
  EXPECT_EQ(run_through(layer, {&first, &second}).text, "ab");
}

TEST(Fallback, AnAnswerMayNotBeGoodEnough) {
  scripted::client first({turn().text({"I cannot ", "help"})});
  scripted::client second({turn().text({"from b"})}, second_info());
  fallback layer(first, {&second}, {.good_enough = [](const chat_response& r) {
                   return !r.text().starts_with("I cannot");
                 }});
  const auto r = run_through(layer, {&first, &second});
  EXPECT_EQ(r.text, "from b");
  EXPECT_EQ(r.events("skein.fallback").at(0).attributes.at("skein.fallback.reason"), "response");

  scripted::client good({turn().text({"It ", "rains"})});
  scripted::client spare(std::vector<turn>(), second_info());
  fallback content(good, {&spare}, {.good_enough = [](const chat_response&) { return true; }});
  EXPECT_EQ(run_through(content, {&good, &spare}).text, "It rains");
}

TEST(Fallback, AStopIsNoReasonToAskAnother) {
  simulated_runtime rt(5);
  scripted::client first({turn().delay(10s).text({"late"})});
  scripted::client second({turn().text({"from b"})}, second_info());
  fallback layer(first, {&second}, {.first_content = 5s});
  agent a(layer, {.name = "bot"});
  EXPECT_THROW((void)sync_wait(rt, a.run("hi", {.deadline = 3s})), cancelled);
  EXPECT_EQ(second.requests().size(), 0u);
}

TEST(Fallback, LayersNest) {
  scripted::client first({turn().refuse(refused(429)), turn().refuse(refused(429))});
  scripted::client second({turn().refuse(refused(503)), turn().text({"from b"})}, second_info());
  retrying patient_first(first, {.attempts = 2});
  retrying patient_second(second, {.attempts = 2});
  fallback layer(patient_first, {&patient_second});
  const auto r = run_through(layer, {&first, &second});
  EXPECT_EQ(r.text, "from b");
  EXPECT_EQ(r.asked, 4u);
  EXPECT_EQ(r.events("skein.retry").size(), 2u);
}

}  // namespace
}  // namespace skein::test
