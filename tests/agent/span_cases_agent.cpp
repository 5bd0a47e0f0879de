// Spans of runs, their nesting, and who owns what was used: cases 35 to 91.
#include <stdexcept>
#include <string>
#include <vector>

#include <skein/async/cancel.hpp>
#include <skein/async/channel.hpp>
#include <skein/async/offload.hpp>
#include <skein/async/spawn.hpp>
#include <skein/async/time.hpp>
#include <skein/async/when.hpp>
#include <skein/json/text.hpp>

#include "agent/scenario.hpp"

namespace skein::test {
namespace {

using telemetry::capture;
using telemetry::span_kind;
using telemetry::span_status;

tool weather() {
  return tool("get_weather", "Weather of a city", params{{"city"}},
              [](std::string city) -> task<std::string> {
                co_await reschedule();
                co_return city + ": fine";
              });
}
std::vector<turn> weather_script() {
  return {turn().call("get_weather", R"({"city":"Oslo"})").usage(1, 2),
          turn().text({"It is ", "fine."}).usage(3, 4)};
}

TEST(SpanCases, B35_AnAgentsSpan) {
  scenario s{.turns = {hello()},
             .agent = {.name = "test_agent", .description = "Answers."},
             .tree = "invoke_agent test_agent[chat Test]",
             .text = "Hello world"};
  s.check = [](const spans& t) {
    const auto span = t.at("invoke_agent");
    EXPECT_EQ(span.kind, span_kind::internal);
    EXPECT_EQ(span.status, span_status::unset);
    EXPECT_EQ(span.attributes,
              (json::object{{"gen_ai.agent.description", "Answers."},
                            {"gen_ai.agent.name", "test_agent"},
                            {"gen_ai.operation.name", "invoke_agent"},
                            {"gen_ai.request.model", "Test"},
                            {"gen_ai.response.finish_reasons", json::array{"stop"}},
                            {"gen_ai.usage.input_tokens", 10},
                            {"gen_ai.usage.output_tokens", 20}}));
  };
  play(s);
}

// One output message for the one choice, as the conventions have it; what was said on the way is on
// the spans of the model's calls.
TEST(SpanCases, B35_WithCaptureItsMessagesAreThere) {
  scenario s{.turns = weather_script(),
             .content = capture::on,
             .agent = {.name = "a", .tools = {weather()}}};
  s.check = [](const spans& t) {
    EXPECT_NE(t.attribute("invoke_agent", "gen_ai.input.messages").find("hi"), std::string::npos);
    const auto out = t.attribute("invoke_agent", "gen_ai.output.messages");
    EXPECT_EQ(json::parse_text(json::parse_text(out)->as_string())->as_array().size(), 1u);
    EXPECT_NE(out.find("It is fine."), std::string::npos) << out;
    EXPECT_NE(t.attribute("chat", "gen_ai.output.messages").find("tool_call"), std::string::npos);
    EXPECT_NE(t.attribute("chat", "gen_ai.input.messages", 1).find("Oslo: fine"),
              std::string::npos);
  };
  play(s);
}

TEST(SpanCases, B36_WithoutNameAndDescription) {
  scenario s{.turns = {hello()}, .agent = {}, .tree = "invoke_agent[chat Test]"};
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.agent.name"), "-");
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.agent.description"), "-");
  };
  play(s);
}

TEST(SpanCases, B37_B38_AFailureEndsBothSpans) {
  for (bool after_an_update : {false, true}) {
    turn t;
    if (after_an_update) t.text({"Hello"});
    t.fail(std::runtime_error("no"));
    skein::session memory("conv");
    scenario s{.turns = {t},
               .run = {.session = &memory},
               .tree = "invoke_agent bot[chat Test]",
               .throws = "std::runtime_error"};
    s.check = [](const spans& all) {
      EXPECT_EQ(all.at("invoke_agent").status, span_status::error);
      EXPECT_EQ(all.attribute("invoke_agent", "error.type"), R"("std::runtime_error")");
      EXPECT_EQ(all.attribute("invoke_agent", "gen_ai.response.finish_reasons"), R"(["error"])");
      EXPECT_EQ(all.at("chat").events.size(), 1u);
      EXPECT_EQ(all.at("invoke_agent").events.size(), 0u) << "one exception is recorded once";
    };
    play(s);
    EXPECT_TRUE(memory.history().empty()) << "the model never answered";
  }
}

TEST(SpanCases, B39_WhatDoesNotFitIsThrownByTheCall) {
  scenario s{.agent = {.name = "bot", .tools = {weather()}},
             .tree = "outer[invoke_agent bot]",
             .throws = "skein::usage_error"};
  s.throws = "usage_error";
  s.play = [](stage& at) -> task<> {
    open_span outer("outer");
    const auto before = current_span();
    EXPECT_THROW((void)at.agent.stream("hi", {.tools = {weather()}}), usage_error);
    EXPECT_EQ(current_span(), before);
    at.result = "throws usage_error:";
    co_return;
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.at("invoke_agent").status, span_status::error);
    EXPECT_EQ(t.at("invoke_agent").events.size(), 1u);
  };
  play(s);
}

TEST(SpanCases, B39_AModelThatRefusesAtOnceFailsTheFirstPull) {
  scenario s{.turns = {turn().refuse(std::invalid_argument("cannot"))},
             .tree = "outer[invoke_agent bot[chat Test]]",
             .throws = "std::invalid_argument"};
  s.play = [](stage& at) -> task<> {
    open_span outer("outer");
    co_await at.keep(at.run("hi"));
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("invoke_agent", "error.type"), R"("std::invalid_argument")");
    EXPECT_EQ(t.at("chat").events.size(), 1u);
    EXPECT_EQ(t.at("invoke_agent").events.size(), 0u);
  };
  play(s);
}

TEST(SpanCases, B40_WhatIsOpenedBeforeTheFirstUpdateIsBelow) {
  play({.turns = {hello().run_at_open(makes_span("agent_subclass_sync_setup"))},
        .tree = "invoke_agent bot[chat Test[agent_subclass_sync_setup]]"});
}

TEST(SpanCases, B41_B42_WithoutTelemetryARunIsTheSame) {
  play({.turns = weather_script(),
        .content = capture::on,
        .agent = {.name = "a", .instructions = "Help.", .tools = {weather()}},
        .text = "It is fine."});
}

TEST(SpanCases, B43_B44_InstructionsOfTheAgentAndOfTheRun) {
  const struct {
    std::string of_agent, of_run, want;
  } table[] = {{"Base.", "", "Base."},
               {"", "Over.", "Over."},
               {"Base.", "Over.", "Base.\\nOver."},
               {"", "", ""}};
  for (const auto& row : table) {
    scenario s{.turns = {hello()},
               .content = capture::on,
               .agent = {.name = "bot", .instructions = row.of_agent},
               .run = {.instructions = row.of_run}};
    s.check = [&row](const spans& t) {
      const auto want = row.want.empty()
                            ? std::string("-")
                            : json::serialize(json::value(R"([{"type":"text","content":")" +
                                                          row.want + R"("}])"));
      EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.system_instructions"), want);
      EXPECT_EQ(t.attribute("chat", "gen_ai.system_instructions"), want);
    };
    play(s);
  }
}

TEST(SpanCases, B47_ANestedAnswersInstructionsAreItsOwn) {
  auto inner = std::make_shared<scripted::client>(
      [](const chat_request&, const chat_options&) { return turn().text({"inner"}); });
  inner->content = capture::on;
  auto look = tool("look", "Asks another model", [inner]() -> task<std::string> {
    co_return (co_await collect(inner->stream(asking("q", "Other instructions.")))).text();
  });
  scenario s{.turns = {turn().call("look", "{}"), turn().text({"done"})},
             .content = capture::on,
             .agent = {.name = "bot", .instructions = "Base.", .tools = {look}},
             .tree = "invoke_agent bot[chat Test, execute_tool look[chat scripted-1], chat Test]"};
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.system_instructions").find("Other instructions."),
              std::string::npos);
    EXPECT_NE(
        t.attribute("chat scripted-1", "gen_ai.system_instructions").find("Other instructions."),
        std::string::npos);
  };
  play(s);
}

TEST(SpanCases, B49_B50_TheConversationIsTheSessionsOrTheOptions) {
  skein::session with_id("conv_s"), without_id;
  const struct {
    run_options run;
    std::string want;
  } table[] = {{{.session = &with_id}, R"("conv_s")"},
               {{.chat = {.conversation_id = "conv_o"}}, R"("conv_o")"},
               {{.session = &with_id, .chat = {.conversation_id = "conv_o"}}, R"("conv_o")"},
               {{.session = &without_id}, "-"},
               {{}, "-"}};
  for (const auto& row : table) {
    scenario s{.responder =
                   [](const chat_request& r, const chat_options&) {
                     return r.messages.back().role == role::tool ? turn().text({"x"})
                                                                 : turn().call("t", "{}");
                   },
               .agent = {.name = "bot", .tools = {slow_tool("t")}},
               .run = row.run};
    s.play = [&](stage& at) -> task<> {
      with_id.clear();
      without_id.clear();
      co_await at.keep(at.run("hi", at.what.run));
    };
    s.check = [&row](const spans& t) {
      for (auto name : {"invoke_agent", "chat", "execute_tool"}) {
        EXPECT_EQ(t.attribute(name, "gen_ai.conversation.id"), row.want) << name;
      }
    };
    play(s);
  }
}

// Around a run, middleware is a function: Skein's streams compose.
TEST(SpanCases, B51_WhatIsAroundARunIsAbove) {
  scenario s{.turns = {hello()}, .tree = "mw[invoke_agent bot[chat Test]]", .text = "Hello world"};
  s.play = [](stage& at) -> task<> {
    auto around = [&]() -> task<agent_response> {
      open_span mw("mw");
      co_return co_await at.run("hi");
    };
    co_await at.keep(around());
  };
  play(s);
}

TEST(SpanCases, B52_TheParentIsTheCallersNotTheConsumers) {
  scenario s{.turns = weather_script(),
             .agent = {.name = "bot", .tools = {weather()}},
             .modes = {mode::streaming},
             .tree =
                 "consumer + req[invoke_agent bot[chat Test, execute_tool get_weather, chat "
                 "Test]]"};
  s.updates = scenario::order::free;  // only of the roots: they start at about the same time
  s.tree = "consumer + req[invoke_agent bot[chat Test, chat Test, execute_tool get_weather]]";
  s.play = [](stage& at) -> task<> {
    auto req = start_span("req");
    auto run = [&] {
      opentelemetry::trace::Scope scope(req);
      return at.agent.stream("hi");
    }();
    {
      open_span consumer("consumer");
      while (co_await run.next()) {}
    }
    at.result = show(run.response());
    req->End();
  };
  s.check = [](const spans& t) {
    EXPECT_LE(t.at("invoke_agent").start, t.at("consumer").start) << "from the call on";
  };
  play(s);
}

TEST(SpanCases, B54_MadeHereConsumedElsewhere) {
  scenario s{.turns = weather_script(),
             .agent = {.name = "bot", .tools = {weather()}},
             .modes = {mode::streaming},
             .tree = "maker[invoke_agent bot[chat Test, execute_tool get_weather, chat Test]]"};
  s.play = [](stage& at) -> task<> {
    open_span maker("maker");
    std::optional<agent_run> run(at.agent.stream("hi"));
    asio_runtime elsewhere;
    thread_pool other(1);
    // In another task, on another thread, on another runtime even.
    co_await offload(other, [&] {
      sync_wait(elsewhere, [](agent_run r, stage& on) -> task<> {
        while (auto* u = co_await r.next()) on.log.push_back(show(*u));
        on.result = show(r.response());
      }(std::move(*run), at));
    });
  };
  s.check = [](const spans& t) {
    for (const auto& span : t.all()) EXPECT_EQ(span.status, span_status::unset) << span.name;
  };
  play(s);
}

TEST(SpanCases, B54_ConsumedInAnotherTask) {
  scenario s{.turns = weather_script(),
             .agent = {.name = "bot", .tools = {weather()}},
             .modes = {mode::streaming},
             .tree = "maker[invoke_agent bot[chat Test, execute_tool get_weather, chat Test]]"};
  s.play = [](stage& at) -> task<> {
    open_span maker("maker");
    auto drain = [](agent_run r, stage& on) -> task<> {
      while (auto* u = co_await r.next()) on.log.push_back(show(*u));
      on.result = show(r.response());
    };
    auto consumer = spawn(at.rt, drain(at.agent.stream("hi"), at));
    co_await consumer;
  };
  play(s);
}

TEST(SpanCases, B57_B58_ToolDefinitionsOnlyWithCaptureAndThoseOfTheRunToo) {
  for (auto content : {capture::off, capture::on}) {
    scenario s{.turns = {hello()},
               .content = content,
               .agent = {.name = "bot", .tools = {weather()}},
               .run = {.tools = {slow_tool("second")}}};
    s.check = [content](const spans& t) {
      for (auto name : {"invoke_agent", "chat"}) {
        const auto text = t.attribute(name, "gen_ai.tool.definitions");
        if (content == capture::off) {
          EXPECT_EQ(text, "-");
        } else {
          const auto first = text.find("get_weather"), second = text.find("second");
          EXPECT_LT(first, second) << text;
          EXPECT_NE(second, std::string::npos) << text;
        }
      }
    };
    play(s);
  }
  scenario none{.turns = {hello()}, .content = capture::on};
  none.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "gen_ai.tool.definitions"), "-");
  };
  play(none);
}

TEST(SpanCases, B59_NeverPulled) {
  scenario s{.turns = {hello()}, .modes = {mode::streaming}, .tree = "outer[invoke_agent bot]"};
  s.play = [](stage& at) -> task<> {
    open_span outer("outer");
    { auto never_pulled = at.agent.stream("hi"); }
    EXPECT_TRUE(at.model.requests().empty());
    co_return;
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.at("invoke_agent").status, span_status::unset);
    EXPECT_EQ(t.attribute("invoke_agent", "skein.outcome"), R"("abandoned")");
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.usage.input_tokens"), "-");
  };
  play(s);
}

TEST(SpanCases, B61_TheProviderIsNamedByItsOwnSpansOnly) {
  scenario s{.turns = {hello()}, .about = {.provider = "house", .model = "Test"}};
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "gen_ai.provider.name"), R"("house")");
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.provider.name"), "-");
  };
  play(s);
}

TEST(SpanCases, C62_ChatBelowInvokeAgent) {
  scenario s{.turns = {hello()}, .tree = "invoke_agent bot[chat Test]"};
  s.check = [](const spans& t) { EXPECT_EQ(t.at("chat").trace_id, t.at("invoke_agent").trace_id); };
  play(s);
}

TEST(SpanCases, C63_C67_ToolsAreBesideTheAnswers) {
  scenario s{.turns = weather_script(),
             .agent = {.name = "bot", .tools = {weather()}},
             .tree = "invoke_agent bot[chat Test, execute_tool get_weather, chat Test]",
             .text = "It is fine."};
  s.check = [](const spans& t) {
    for (const auto& span : t.all()) EXPECT_EQ(span.trace_id, t.all()[0].trace_id);
  };
  play(s);
}

TEST(SpanCases, C64_AModelAloneRunsNoTools) {
  scenario s{.turns = weather_script(), .tree = "chat Test + chat Test"};
  s.play = [](stage& at) -> task<> {
    auto request = asking("hi");
    request.tools = {weather().definition()};
    auto first = co_await at.ask(request);
    EXPECT_EQ(first.tool_calls().size(), 1u);
    co_await at.keep(at.ask(request));
  };
  play(s);
}

TEST(SpanCases, C65_ToolsAtTheSameTimeAreSiblings) {
  for (int tools : {2, 5}) {
    turn both;
    std::string names;
    scenario s{.agent = {.name = "bot"}, .updates = scenario::order::free};
    for (int i = 0; i < tools; ++i) {
      auto name = std::format("t{}", i);
      both.call(name, "{}");
      s.agent.tools.push_back(slow_tool(name));
      names += ", execute_tool " + name;
    }
    s.turns = {both, turn().text({"done"})};
    s.tree = "invoke_agent bot[chat Test, chat Test" + names + "]";
    s.text = "done";
    play(s);
  }
}

TEST(SpanCases, C68_D90_AnAgentAsATool) {
  auto model = std::make_shared<scripted::client>(
      [](const chat_request&, const chat_options&) {
        return turn().text({"from inside"}).usage(100, 200);
      },
      client_info{.provider = "scripted", .model = "Inner"});
  agent inner(*model, {.name = "inner", .description = "Knows."});
  scenario s{.turns = {turn().call("inner", R"({"task":"ask"})").usage(1, 2),
                       turn().text({"ok"}).usage(3, 4)},
             .agent = {.name = "outer", .tools = {inner.as_tool()}},
             .tree =
                 "invoke_agent outer[chat Test, execute_tool inner[invoke_agent inner[chat "
                 "Inner]], chat Test]"};
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("invoke_agent outer", "gen_ai.usage.input_tokens"), "4");
    EXPECT_EQ(t.attribute("invoke_agent outer", "gen_ai.usage.output_tokens"), "6");
    EXPECT_EQ(t.attribute("invoke_agent inner", "gen_ai.usage.input_tokens"), "100");
  };
  play(s);
}

TEST(SpanCases, C70_AnAnswerInsideATool) {
  auto model = std::make_shared<scripted::client>(
      [](const chat_request&, const chat_options&) { return turn().text({"x"}); },
      client_info{.provider = "scripted", .model = "Inner"});
  auto ask = tool("ask", "Asks", [model]() -> task<std::string> {
    co_return (co_await collect(model->stream(asking("q")))).text();
  });
  play({.turns = {turn().call("ask", "{}"), turn().text({"ok"})},
        .agent = {.name = "bot", .tools = {ask}},
        .tree = "invoke_agent bot[chat Test, execute_tool ask[chat Inner], chat Test]"});
}

TEST(SpanCases, C71_D88_TwoRunsInTurns) {
  scenario s{.modes = {mode::streaming}};
  s.responder = [](const chat_request& r, const chat_options&) {
    const bool a = r.messages[0].text() == "a";
    if (r.messages.back().role == role::tool) return turn().text({"x", "y"}).usage(a ? 1 : 10, 1);
    return turn().run(makes_span("HTTP POST")).call("t", "{}").usage(0, a ? 1 : 19);
  };
  s.agent.tools = {slow_tool("t")};
  s.tree =
      "A[invoke_agent bot[chat Test[HTTP POST], execute_tool t, chat Test]] + B[invoke_agent "
      "bot[chat Test[HTTP POST], execute_tool t, chat Test]]";
  s.play = [](stage& at) -> task<> {
    auto start = [&](span_ptr parent, std::string text) {
      opentelemetry::trace::Scope scope(parent);
      return at.agent.stream(std::move(text));
    };
    auto span_a = start_span("A"), span_b = start_span("B");
    {
      auto a = start(span_a, "a"), b = start(span_b, "b");
      bool more = true;
      while (more) {
        auto* of_a = co_await a.next();
        if (of_a != nullptr) at.log.push_back("A " + show(*of_a));
        auto* of_b = co_await b.next();
        if (of_b != nullptr) at.log.push_back("B " + show(*of_b));
        more = of_a != nullptr || of_b != nullptr;
      }
      at.result = show(a.response()) + show(b.response());
    }
    span_a->End();
    span_b->End();
  };
  s.check = [](const spans& t) {
    const std::size_t a = t.parent_of("invoke_agent", 0) == "A" ? 0 : 1;
    EXPECT_EQ(t.parent_of("invoke_agent", 1 - a), "B");
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.usage.input_tokens", a), "1");
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.usage.output_tokens", a), "2");
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.usage.input_tokens", 1 - a), "10");
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.usage.output_tokens", 1 - a), "20");
  };
  play(s);
}

TEST(SpanCases, C73_AgentsAsToolsThreeLevelsDeep) {
  scripted::client model([](const chat_request& r, const chat_options&) {
    if (r.messages.back().role == role::tool) return turn().text({r.instructions}).usage(1, 1);
    auto next = r.instructions == "one" ? "two" : r.instructions == "two" ? "three" : "";
    if (*next == '\0') return turn().text({"deepest"}).usage(1, 1);
    return turn().call(next, R"({"task":"go"})").usage(1, 1);
  });
  agent three(model, {.name = "three", .instructions = "three"});
  agent two(model, {.name = "two", .instructions = "two", .tools = {three.as_tool()}});
  agent one(model, {.name = "one", .instructions = "one", .tools = {two.as_tool()}});
  scenario s{.tree =
                 "invoke_agent one[chat scripted-1, execute_tool two[invoke_agent two[chat "
                 "scripted-1, execute_tool three[invoke_agent three[chat scripted-1]], chat "
                 "scripted-1]], chat scripted-1]"};
  s.play = [&one](stage& at) -> task<> {
    co_await at.keep(at.run(one, "go"));
    EXPECT_EQ(at.text, "one");
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("invoke_agent one", "gen_ai.usage.input_tokens"), "2");
    EXPECT_EQ(t.attribute("invoke_agent three", "gen_ai.usage.input_tokens"), "1");
  };
  play(s);
}

// The decision: a run that a tool starts and leaves behind is a child of the tool's span, and may
// end after it. Its root is not extended.
TEST(SpanCases, C74_ARunLeftBehindByATool) {
  scenario s{.tree =
                 "invoke_agent bot[chat Test, chat Test, execute_tool start[invoke_agent "
                 "behind[chat Test, chat Test, execute_tool wait]]]",
             .updates = scenario::order::free,
             .allowed = {"outside_parent"}};
  s.responder = [](const chat_request& r, const chat_options&) {
    if (r.messages.back().role == role::tool) return turn().text({"done"});
    return turn().call(r.messages[0].text() == "behind" ? "wait" : "start", "{}");
  };
  s.play = [](stage& at) -> task<> {
    channel<int> gate(0);
    auto wait = tool("wait", "Waits", [&gate]() -> task<std::string> {
      (void)co_await gate.receive();
      co_return "waited";
    });
    agent behind(at.model, {.name = "behind", .tools = {wait}, .content = capture::off});
    std::optional<job<agent_response>> left;
    auto start = tool("start", "Starts", [&]() {
      left.emplace(spawn(at.rt, behind.run("behind")));
      return std::string("started");
    });
    co_await at.keep(at.run("go", {.tools = {start}}));
    gate.close();
    EXPECT_EQ((co_await *left).text(), "done");
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.parent_of("invoke_agent behind"), "execute_tool start");
    EXPECT_EQ(t.at("invoke_agent behind").trace_id, t.at("invoke_agent bot").trace_id);
    EXPECT_LT(t.at("invoke_agent bot").end, t.at("invoke_agent behind").end);
    EXPECT_EQ(t.attribute("invoke_agent behind", "skein.outcome"), "-");
  };
  play(s);
}

TEST(SpanCases, C75_CodeOfAToolOnOtherThreads) {
  auto pools = std::make_shared<std::pair<thread_pool, thread_pool>>(1u, 1u);
  auto code = tool("execute_code", "Runs code", [pools]() -> task<std::string> {
    co_return co_await offload(pools->first, [pools] {
      asio_runtime of_the_interpreter;
      return sync_wait(of_the_interpreter, [](thread_pool& host) -> task<std::string> {
        co_return co_await offload(host, [] {
          open_span compute("execute_tool compute");
          return std::string("42");
        });
      }(pools->second));
    });
  });
  play({.turns = {turn().call("execute_code", "{}"), turn().text({"42"})},
        .agent = {.name = "bot", .tools = {code}},
        .tree = "invoke_agent bot[chat Test, execute_tool execute_code[execute_tool compute], chat "
                "Test]"});
}

struct spanned : chat_layer {
  using chat_layer::chat_layer;
  skein::stream<chat_update> around(chat_request request, chat_options options) override {
    open_span mw("mw");
    auto answer = inner().stream(request, options);
    while (auto* update = co_await answer.next()) co_yield *update;
  }
};

TEST(SpanCases, C77_ALayerAroundTheModel) {
  scenario s{.turns = weather_script()};
  s.tree = "invoke_agent bot[mw[chat Test], execute_tool get_weather, mw[chat Test]]";
  s.text = "It is fine.";
  s.play = [](stage& at) -> task<> {
    spanned layer(at.model);
    skein::agent bot(layer, {.name = "bot", .tools = {weather()}});
    co_await at.keep(at.run(bot, "hi"));
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.usage.output_tokens"), "6");
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.request.model"), R"("Test")");
  };
  play(s);
}

// It may ask again, and what the first try used still counts.
struct asking_twice : chat_layer {
  using chat_layer::chat_layer;
  skein::stream<chat_update> around(chat_request request, chat_options options) override {
    bool failed = false;
    try {
      auto answer = inner().stream(request, options);
      while (auto* update = co_await answer.next()) co_yield *update;
    } catch (const provider_error&) {
      failed = true;  // said by its span; asked again below
    }
    if (!failed) co_return;
    auto answer = inner().stream(request, options);
    while (auto* update = co_await answer.next()) co_yield *update;
  }
};

TEST(SpanCases, C77_ALayerMayAskAgain) {
  scenario s{.turns = {turn().fail(std::make_exception_ptr(provider_error(
                           "busy", {.status = 503, .code = {}, .retry_after = {}, .body = {}}))),
                       hello()}};
  s.tree = "invoke_agent bot[chat Test, chat Test]";
  s.text = "Hello world";
  s.play = [](stage& at) -> task<> {
    asking_twice layer(at.model);
    skein::agent bot(layer, {.name = "bot"});
    co_await at.keep(at.run(bot, "hi"));
  };
  play(s);
}

TEST(SpanCases, C78_ALayerAroundTools) {
  scenario s{.turns = weather_script()};
  s.tree = "invoke_agent bot[chat Test, outer[inner[execute_tool get_weather]], chat Test]";
  auto layer = [](const char* name) -> tool_layer {
    // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): the agent owns it
    return [name](tool_call_part call, next_tool next) -> task<tool_result> {
      open_span mw(name);
      call.arguments = R"({"city":"Bergen"})";
      auto result = co_await next(std::move(call));
      result.content += std::string(" ") + name;
      co_return result;
    };
  };
  s.agent = {.name = "bot", .tools = {weather()}, .around_tools = {layer("outer"), layer("inner")}};
  s.play = [](stage& at) -> task<> {
    co_await at.keep(at.run("hi"));
    const auto sent = at.model.requests().back().request.messages.back();
    EXPECT_EQ(std::get<tool_result_part>(sent.parts.at(0)).content, "Bergen: fine inner outer");
  };
  play(s);
}

TEST(SpanCases, C78_ALayerMayAnswerForATool) {
  scenario s{.turns = weather_script()};
  s.tree = "invoke_agent bot[chat Test, chat Test]";
  s.agent = {.name = "bot",
             .tools = {weather()},
             .around_tools = {[](tool_call_part, next_tool) -> task<tool_result> {
               co_return tool_result{.content = "not today"};
             }}};
  play(s);
}

TEST(SpanCases, D80_TheResponsesIdIsTheAnswersOwn) {
  scenario s{.turns = {turn().identity("nested_resp_123", "Test").text({"x"}).usage(11, 22)}};
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "gen_ai.response.id"), R"("nested_resp_123")");
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.response.id"), "-");
    for (auto name : {"chat", "invoke_agent"}) {
      EXPECT_EQ(t.attribute(name, "gen_ai.usage.input_tokens"), "11");
      EXPECT_EQ(t.attribute(name, "gen_ai.usage.output_tokens"), "22");
    }
  };
  play(s);
}

TEST(SpanCases, D81_D82_TheAgentsUsageIsTheSum) {
  scenario s{.turns = {turn().call("t", "{}").usage(
                           {.input = 2239, .output = 192, .cache_read = 100, .reasoning = 25}),
                       turn().text({"x"}).usage(
                           {.input = 2569, .output = 99, .cache_read = 200, .reasoning = 0})},
             .agent = {.name = "bot", .tools = {slow_tool("t")}}};
  s.check = [](const spans& t) {
    const char* const keys[] = {"gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
                                "gen_ai.usage.cache_read.input_tokens",
                                "gen_ai.usage.reasoning.output_tokens"};
    auto four = [&](std::string_view name, std::size_t n) {
      std::string text;
      for (auto key : keys) text += t.attribute(name, key, n) + ' ';
      return text;
    };
    EXPECT_EQ(four("chat", 0), "2239 192 100 25 ");
    EXPECT_EQ(four("chat", 1), "2569 99 200 0 ") << "a zero is reported, too";
    EXPECT_EQ(four("invoke_agent", 0), "4808 291 300 25 ");
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.usage.cache_write.input_tokens"), "-");
  };
  play(s);
}

TEST(SpanCases, D81_WhatAFailedAnswerUsedCounts) {
  scenario s{.turns = {turn().call("t", "{}").usage(10, 1),
                       turn().text({"x"}).usage(20, 2).fail(std::runtime_error("late"))},
             .agent = {.name = "bot", .tools = {slow_tool("t")}},
             .throws = "std::runtime_error"};
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.usage.input_tokens"), "30");
    EXPECT_EQ(t.attribute("invoke_agent", "gen_ai.usage.output_tokens"), "3");
  };
  play(s);
}

// The providers' own names for these are in the tests of their decoders.
TEST(SpanCases, D85_EveryCountHasItsAttributeAndNoneIsMadeUp) {
  const struct {
    usage counted;
    std::string_view want;  // input, output, read from and written to a cache, reasoning
  } table[] = {
      {{.input = 10, .output = 9, .cache_read = 3, .cache_write = 4, .reasoning = 5},
       "10 9 3 4 5 "},
      {{.input = 0, .output = 1, .cache_read = 0, .cache_write = 0, .reasoning = 0}, "0 1 0 0 0 "},
      {{.input = 2000, .output = 50, .cache_write = 1024}, "2000 50 - 1024 - "},
      {{.input = 7}, "7 - - - - "},
      {{.output = 7}, "- 7 - - - "},
      {{}, "- - - - - "},
  };
  for (const auto& row : table) {
    scenario s{.turns = {turn().text({"x"}).usage(row.counted)}};
    s.check = [&row](const spans& t) {
      for (auto name : {"chat", "invoke_agent"}) {
        std::string text;
        for (auto key : {"input_tokens", "output_tokens", "cache_read.input_tokens",
                         "cache_write.input_tokens", "reasoning.output_tokens"}) {
          text += t.attribute(name, std::string("gen_ai.usage.") + key) + ' ';
        }
        EXPECT_EQ(text, row.want) << name;
      }
    };
    play(s);
  }
}

}  // namespace
}  // namespace skein::test
