// Spans, metrics and log records of one run tell the same, however it goes. The comparison itself
// is part of every play (scenario.cpp); here are the runs that matter to it, and what is told.
#include <set>
#include <string>

#include <gtest/gtest.h>

#include <skein/async/time.hpp>

#include "agent/scenario.hpp"

namespace skein::test {
namespace {

namespace semconv = telemetry::semconv;
namespace metrics = telemetry::semconv::metrics;
using namespace std::chrono_literals;

const usage first_usage{
    .input = 2239, .output = 192, .cache_read = 100, .cache_write = 7, .reasoning = 25};
const usage second_usage{
    .input = 2569, .output = 99, .cache_read = 200, .cache_write = 0, .reasoning = 0};

agent_options with_tool() { return {.name = "bot", .tools = {slow_tool("look")}}; }
std::vector<turn> two_turns() {
  return {turn().call("look", "{}", "call_secret_id").usage(first_usage),
          turn().text({"a", "b", "c"}).usage(second_usage)};
}

double sum(const metric_book& book, const semconv::metric& m) { return book.sum(m.name); }
std::uint64_t count(const metric_book& book, const semconv::metric& m) {
  return book.count(m.name);
}

TEST(Signals, OfARunWithATool) {  // cases 56, 87, 92, 103
  play({.turns = two_turns(),
        .about = {.provider = "openai",
                  .model = "gpt-x",
                  .server_address = "api.example.com",
                  .server_port = 8443},
        .agent = with_tool(),
        .check_signals = [](const metric_book& book, const log_book& logs) {
          EXPECT_EQ(count(book, metrics::inference_duration), 2u);
          EXPECT_EQ(sum(book, metrics::input_tokens), 4808);
          EXPECT_EQ(sum(book, metrics::output_tokens), 291);
          EXPECT_EQ(sum(book, metrics::cache_read_tokens), 300);
          EXPECT_EQ(sum(book, metrics::cache_write_tokens), 7);
          EXPECT_EQ(sum(book, metrics::reasoning_tokens), 25);
          EXPECT_EQ(count(book, metrics::operation_input_tokens), 2u);
          EXPECT_EQ(sum(book, metrics::operation_output_tokens), 291);
          EXPECT_EQ(count(book, metrics::agent_duration), 1u);
          EXPECT_EQ(sum(book, metrics::agent_inference_calls), 2);
          EXPECT_EQ(sum(book, metrics::agent_tool_calls), 1);
          EXPECT_EQ(count(book, metrics::tool_duration), 1u);
          EXPECT_TRUE(book.all(metrics::token_usage_1_41.name).empty());
          EXPECT_TRUE(book.all(metrics::client_duration.name).empty());
          auto point = book.all(metrics::input_tokens.name).at(0);
          EXPECT_EQ(point.scope, "skein");
          EXPECT_EQ(point.attributes, (json::object{{"gen_ai.operation.name", "chat"},
                                                    {"gen_ai.provider.name", "openai"},
                                                    {"gen_ai.request.model", "gpt-x"},
                                                    {"gen_ai.token.modality", "unknown"},
                                                    {"server.address", "api.example.com"},
                                                    {"server.port", 8443}}));
          for (const auto& p : book.all()) {
            EXPECT_FALSE(json::serialize(p.attributes).contains("call_secret_id"));
          }
          EXPECT_EQ(logs.all().size(), 2u) << "one details event for each answer";
        }});
}

TEST(Signals, ChunksAreMeasuredOnlyWhenStreaming) {
  for (auto how : {mode::streaming, mode::blocking}) {
    play({.turns = {turn().text({"a", "b"}), turn().text({"c"})},
          .play = [](stage& s) -> task<> {
            co_await s.keep(s.ask(asking("one")));
            co_await s.keep(s.ask(asking("two")));
          },
          .modes = {how},
          .check_signals =
              [how](const metric_book& book, const log_book&) {
                std::uint64_t expected = how == mode::streaming ? 2 : 0;
                EXPECT_EQ(count(book, metrics::time_to_first_chunk), expected);
                EXPECT_EQ(count(book, metrics::time_per_output_chunk), expected);
              }});
  }
}

TEST(Signals, OfAFailedCall) {  // case 27
  play({.turns = {turn().text({"a"}).fail(
            std::make_exception_ptr(provider_error("the patient is Bob", {.status = 429})))},
        .throws = "429",
        .check_signals = [](const metric_book& book, const log_book& logs) {
          auto calls = book.all(metrics::inference_duration.name);
          ASSERT_EQ(calls.size(), 1u);
          EXPECT_EQ(calls[0].at("error.type"), "429");
          EXPECT_EQ(book.all(metrics::agent_duration.name).at(0).at("error.type"), "429");
          EXPECT_EQ(sum(book, metrics::agent_inference_calls), 1) << "failed ones count";
          auto told = logs.all(semconv::events::exception.name);
          ASSERT_EQ(told.size(), 1u) << "once, by the call that failed";
          EXPECT_EQ(told[0].severity, 13);
          EXPECT_TRUE(told[0].attributes.contains("exception.type"));
          EXPECT_FALSE(logs.everything().contains("Bob")) << "exception texts are content";
          auto details = logs.all(semconv::events::inference_details.name).at(0);
          EXPECT_EQ(details.attributes.at("error.type"), "429");
        }});
}

TEST(Signals, OfAStoppedRun) {
  struct row {
    const char* outcome;
    std::function<task<>(stage&)> how;
  };
  const row rows[] = {
      {"abandoned",
       [](stage& s) -> task<> {
         auto run = s.agent.stream("hi");
         co_await run.next();
       }},
      {"deadline",
       [](stage& s) -> task<> {
         auto ended = co_await as_result(s.run("hi", {.deadline = 50ms}));
         EXPECT_FALSE(ended);
       }},
      {"cancelled",
       [](stage& s) -> task<> {
         cancel_source stop;
         auto run = [](stage& at) -> task<> { co_await at.run("hi"); };
         auto one = [](cancel_source by) -> task<> {
           co_await sleep_for(50ms);
           by.cancel();
         };
         task_group group;
         group.spawn(one(stop));
         auto ended = co_await as_result(with_cancel(stop, run(s)));
         EXPECT_FALSE(ended);
         co_await group.join();
       }},
  };
  for (const auto& r : rows) {
    SCOPED_TRACE(r.outcome);
    play({.turns = {turn().usage(first_usage).text({"a"}).delay(1h).text({"b"})},
          .play = r.how,
          .check_signals = [&](const metric_book& book, const log_book& logs) {
            auto calls = book.all(metrics::inference_duration.name);
            ASSERT_EQ(calls.size(), 1u);
            EXPECT_EQ(calls[0].count, 1u);
            EXPECT_EQ(calls[0].at("skein.outcome"), r.outcome);
            EXPECT_EQ(calls[0].at("error.type"), "-");
            EXPECT_EQ(book.all(metrics::agent_duration.name).at(0).at("skein.outcome"), r.outcome);
            EXPECT_EQ(count(book, metrics::agent_inference_calls), 1u);
            EXPECT_EQ(logs.all().size(), 1u);
          }});
  }
}

TEST(Signals, OfAFailingTool) {
  auto broken = tool("look", "Looks", []() -> task<std::string> {
    throw tool_error("secret");
    co_return "";
  });
  play({.turns = {turn().call("look", "{}"), turn().text({"sorry"})},
        .agent = {.name = "bot", .tools = {broken}},
        .check_signals = [](const metric_book& book, const log_book& logs) {
          auto calls = book.all(metrics::tool_duration.name);
          ASSERT_EQ(calls.size(), 1u);
          EXPECT_EQ(calls[0].attributes, (json::object{{"error.type", "tool_error"},
                                                       {"gen_ai.agent.name", "bot"},
                                                       {"gen_ai.tool.name", "look"},
                                                       {"gen_ai.tool.type", "function"}}));
          EXPECT_EQ(sum(book, metrics::agent_tool_calls), 1) << "failed ones count";
          EXPECT_TRUE(logs.all(semconv::events::exception.name).empty()) << "no client's failure";
        }});
}

TEST(Signals, ContentIsInEventsOnlyWhereItMayBe) {  // case 114
  using telemetry::capture;
  for (auto content : {capture::off, capture::spans, capture::events, capture::on}) {
    play({.turns = {turn().text({"the answer is Bob"})},
          .content = content,
          .input = "who is the patient?",
          .check =
              [content](const spans& t) {
                EXPECT_EQ(t.everything().contains("patient"), include(content, capture::spans));
                EXPECT_EQ(t.everything().contains("Bob"), include(content, capture::spans));
              },
          .check_signals =
              [content](const metric_book&, const log_book& logs) {
                EXPECT_EQ(logs.everything().contains("patient"), include(content, capture::events));
                EXPECT_EQ(logs.everything().contains("Bob"), include(content, capture::events));
              }});
  }
}

TEST(Signals, InOtherVersionsOfTheConventions) {
  using semconv::names;
  for (auto version : {names::current, names::v1_41, names::both}) {
    const bool now = include(version, names::current);
    const bool then = include(version, names::v1_41);
    play({.turns = two_turns(),
          .dialect = {.names = version},
          .agent = with_tool(),
          .check =
              [&](const spans& t) {
                EXPECT_EQ(t.attribute("chat", semconv::usage_cache_write), now ? "7" : "-");
                EXPECT_EQ(t.attribute("chat", semconv::usage_cache_creation), then ? "7" : "-");
                EXPECT_EQ(t.attribute("invoke_agent", semconv::provider_name),
                          then ? "\"scripted\"" : "-");
              },
          .check_signals =
              [&](const metric_book& book, const log_book&) {
                EXPECT_EQ(count(book, metrics::inference_duration), now ? 2u : 0u);
                EXPECT_EQ(count(book, metrics::client_duration), then ? 2u : 0u);
                EXPECT_EQ(sum(book, metrics::input_tokens), now ? 4808 : 0) << "never twice";
                EXPECT_EQ(sum(book, metrics::token_usage_1_41), then ? 4808 + 291 : 0);
                EXPECT_EQ(count(book, metrics::token_usage_1_41), then ? 4u : 0u) << "case 87";
                for (const auto& p : book.all(metrics::token_usage_1_41.name)) {
                  EXPECT_EQ(p.sum, p.at("gen_ai.token.type") == "input" ? 4808 : 291);
                }
              }});
  }
}

TEST(Signals, ForOtherBackends) {
  using telemetry::backends;
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  simulated_runtime rt(7);
  scripted::client model(two_turns());
  model.dialect.also_for = backends::both;
  agent a(model, {.name = "bot",
                  .tools = {slow_tool("look")},
                  .chat = {.conversation_id = "conv_1"},
                  .dialect = {.also_for = backends::both}});
  sync_wait(rt, a.run("hi"));
  spans t(ledger);
  for (auto [span, kind, type] : {std::tuple{"chat", "\"LLM\"", "\"generation\""},
                                  std::tuple{"invoke_agent", "\"AGENT\"", "\"agent\""},
                                  std::tuple{"execute_tool", "\"TOOL\"", "\"tool\""}}) {
    EXPECT_EQ(t.attribute(span, "openinference.span.kind"), kind);
    EXPECT_EQ(t.attribute(span, "langfuse.observation.type"), type);
    EXPECT_EQ(t.attribute(span, "session.id"), "\"conv_1\"");
  }
  EXPECT_EQ(t.attribute("chat", "llm.token_count.prompt"), "2239");
  EXPECT_EQ(t.attribute("chat", "llm.token_count.completion"), "192");
  EXPECT_EQ(t.attribute("chat", "llm.token_count.total"), "2431");
  EXPECT_EQ(t.attribute("invoke_agent", "llm.token_count.prompt"), "-") << "or it counts twice";
  auto used = t.at("chat").attributes.at("langfuse.observation.usage_details").as_string();
  EXPECT_EQ(used, R"({"input":2132,"output":167,"input_cache_read":100,"input_cache_creation":7,)"
                  R"("output_reasoning":25,"total":2431})");
}

}  // namespace
}  // namespace skein::test
