// What breaks a prompt's prefix is named; what does not is not.
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/chat/prompt_cache.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/ledger.hpp>

namespace skein::prompt_cache_test {
namespace {

using kind = cache_break::kind;

struct answering_ok final : chat_client {
  int asked = 0;
  [[nodiscard]] client_info info() const override { return {.provider = "test", .model = "m"}; }

 protected:
  skein::stream<chat_update> open(const chat_request&, const chat_options&) override {
    ++asked;
    return answer();
  }
  static skein::stream<chat_update> answer() { co_yield chat_update(response_finished{}); }
};

tool_definition tool_named(std::string name, std::string description = "d") {
  return {.name = std::move(name), .description = std::move(description)};
}

struct asked {
  chat_request request{.instructions = "Be brief.",
                       .messages = {user_message("one"), make_message(role::assistant, "two"),
                                    user_message("three")},
                       .tools = {tool_named("a"), tool_named("b"), tool_named("c")}};
  chat_options options{.conversation_id = "c1"};
};

// The breaks that a guard sees in requests one after another.
std::vector<cache_break> breaks_of(const std::vector<asked>& all) {
  answering_ok model;
  std::vector<cache_break> seen;
  prompt_cache_guard guard(model, [&](const cache_break& b) { seen.push_back(b); });
  for (const auto& each : all) {
    sync_wait([](chat_client& c, const asked& a) -> task<> {
      std::ignore = co_await collect(c.stream(a.request, a.options));
    }(guard, each));
  }
  return seen;
}

TEST(PromptCache, EachBreakerIsNamed) {
  struct {
    std::function<void(asked&)> change;
    std::string where;
    kind how;
  } const table[] = {
      {[](asked& a) { a.options.model = "other"; }, "model", kind::changed},
      {[](asked& a) { a.options.tool_choice = tool_choice{tool_mode::required}; }, "tool_choice",
       kind::changed},
      {[](asked& a) { a.options.response_format = json_object_format{}; }, "response_format",
       kind::changed},
      {[](asked& a) { a.options.reasoning_effort = "high"; }, "reasoning_effort", kind::changed},
      {[](asked& a) { a.options.extra_body["x"] = 1; }, "extra_body", kind::changed},
      {[](asked& a) { a.request.tools = {tool_named("b"), tool_named("a"), tool_named("c")}; },
       "tools[0] b", kind::moved},
      {[](asked& a) {
         a.request.tools = {tool_named("a"), tool_named("b", "now"), tool_named("c")};
       },
       "tools[1] b", kind::changed},
      {[](asked& a) { a.request.tools = {tool_named("a"), tool_named("c")}; }, "tools[1] b",
       kind::removed},
      {[](asked& a) { a.request.tools = {tool_named("a"), tool_named("b")}; }, "tools[2] c",
       kind::removed},
      {[](asked& a) { a.request.tools = {}; }, "tools[0] a", kind::removed},
      {[](asked& a) {
         a.request.tools = {tool_named("a"), tool_named("b"), tool_named("c"), tool_named("d")};
       },
       "tools[3] d", kind::added},
      {[](asked& a) {
         a.request.tools = {tool_named("0"), tool_named("a"), tool_named("b"), tool_named("c")};
       },
       "tools[0] 0", kind::added},
      {[](asked& a) { a.request.instructions = "It is 12:01. Be brief."; }, "instructions",
       kind::changed},
      {[](asked& a) { a.request.instructions.clear(); }, "instructions", kind::changed},
      {[](asked& a) { a.request.messages[0] = user_message("One"); }, "messages[0] user",
       kind::changed},
      {[](asked& a) { a.request.messages[1].role = role::user; }, "messages[1] user",
       kind::changed},
      {[](asked& a) { a.request.messages.erase(a.request.messages.begin()); }, "messages[0] user",
       kind::removed},
      {[](asked& a) {
         a.request.messages.insert(a.request.messages.begin() + 1, user_message("hook"));
       },
       "messages[1] user", kind::added},
      {[](asked& a) { std::swap(a.request.messages[0], a.request.messages[2]); },
       "messages[0] user", kind::moved},
      {[](asked& a) { a.request.messages[2].parts.push_back(text_part{"!"}); }, "messages[2] user",
       kind::changed},
      {[](asked& a) { a.request.messages = {user_message("summary"), user_message("three")}; },
       "messages[0] user", kind::changed},
  };
  for (const auto& [change, where, how] : table) {
    asked later;
    change(later);
    const auto seen = breaks_of({asked(), later, later});
    ASSERT_EQ(seen.size(), 1U) << where;
    EXPECT_EQ(seen[0].where, where);
    EXPECT_EQ(seen[0].how, how) << where;
    EXPECT_EQ(seen[0].conversation, "c1");
    EXPECT_GT(seen[0].lost_bytes, 0U);
  }
}

TEST(PromptCache, KeptAndLostAreWhatTheEarlierRequestHad) {
  asked later;
  later.request.messages[2] = user_message("other");
  const auto last = breaks_of({asked(), later}).at(0);
  later = {};
  later.options.model = "other";
  const auto first = breaks_of({asked(), later}).at(0);
  EXPECT_EQ(first.kept_bytes, 0U);
  EXPECT_EQ(first.lost_bytes, last.kept_bytes + last.lost_bytes);
  EXPECT_GT(last.kept_bytes, last.lost_bytes);
}

TEST(PromptCache, AConversationThatGrowsBreaksNothing) {
  asked a, b, c, retried;
  b.request.messages.push_back(make_message(role::assistant, "four"));
  c = b;
  c.request.messages.push_back(user_message("five"));
  c.options.temperature = 0.5;
  c.options.max_tokens = 7;
  EXPECT_TRUE(breaks_of({a, b, c, c, retried}).empty());
}

TEST(PromptCache, ConversationsAreKeptApart) {
  asked one, two, unnamed, other_unnamed;
  two.options.conversation_id = "c2";
  two.request.instructions = "Be long.";
  unnamed.options.conversation_id.clear();
  other_unnamed = unnamed;
  other_unnamed.request.messages[0] = user_message("else");
  EXPECT_TRUE(breaks_of({one, two, unnamed, other_unnamed, one, two, unnamed}).empty());
  auto clock = unnamed;
  clock.request.instructions += " 12:01";
  const auto seen = breaks_of({unnamed, other_unnamed, clock});
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].where, "instructions");
  EXPECT_EQ(seen[0].conversation, "");
}

TEST(PromptCache, ABreakIsAnEventOfTheSpanAroundAndMayStopTheRequest) {
  telemetry::install();
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  answering_ok model;
  prompt_cache_guard guard(model,
                           [](const cache_break& b) { throw usage_error("broken: " + b.where); });
  telemetry::operation around("invoke_agent one", telemetry::operation::kind::internal,
                              current_context(), {});
  auto work = [](chat_client& c) -> task<std::string> {
    std::ignore = co_await collect(c.stream(asked().request, asked().options));
    asked later;
    later.request.instructions = "secret";
    auto ended = co_await as_result(collect(c.stream(later.request, later.options)));
    if (ended) co_return "none";
    try {
      std::rethrow_exception(ended.error());
    } catch (const error& e) {
      co_return e.what();
    }
  };
  {
    context_scope inside(around.inside());
    EXPECT_EQ(sync_wait(work(guard)), "broken: instructions");
  }
  around.end(telemetry::outcome::ok);
  EXPECT_EQ(model.asked, 1);
  const auto span = ledger.records().back();
  ASSERT_EQ(span.name, "invoke_agent one");
  ASSERT_EQ(span.events.size(), 1U);
  EXPECT_EQ(span.events[0].name, "skein.prompt_cache.broken");
  const auto& attributes = span.events[0].attributes;
  EXPECT_EQ(attributes.at("skein.prompt_cache.where"), "instructions");
  EXPECT_EQ(attributes.at("skein.prompt_cache.how"), "changed");
  EXPECT_GT(attributes.at("skein.prompt_cache.lost_bytes").to_number<int>(), 0);
  EXPECT_EQ(attributes.size(), 4U);
}

}  // namespace
}  // namespace skein::prompt_cache_test
