// What an agent remembers from run to run.
#include <stdexcept>
#include <string>
#include <vector>

#include <skein/async/when.hpp>

#include "agent/scenario.hpp"

namespace skein::test {
namespace {

std::string told(const std::vector<message>& messages) {
  std::string text;
  for (const auto& m : messages) {
    text += std::string(name_of(m.role)) + ':' + m.text();
    for (const auto& p : m.parts) {
      if (auto* c = std::get_if<tool_call_part>(&p)) text += "call " + c->name;
      if (auto* r = std::get_if<tool_result_part>(&p)) text += "result " + r->content;
    }
    text += '|';
  }
  return text;
}

TEST(Sessions, ARunSeesWhatWasBeforeIt) {
  scenario s{.turns = {turn().call("t", "{}"), turn().text({"one"}), turn().text({"two"})},
             .agent = {.name = "bot", .instructions = "Help.", .tools = {slow_tool("t")}}};
  s.play = [](stage& at) -> task<> {
    session memory;
    co_await at.keep(at.run("first", {.session = &memory}));
    EXPECT_EQ(told(memory.history()),
              "user:first|assistant:call t|tool:result t: done|assistant:one|");
    co_await at.keep(at.run("second", {.session = &memory}));
    EXPECT_EQ(told(at.model.requests().at(2).request.messages),
              "user:first|assistant:call t|tool:result t: done|assistant:one|user:second|");
    EXPECT_EQ(at.model.requests().at(2).request.instructions, "Help.") << "not in the history";
    EXPECT_EQ(memory.history().size(), 6u);
  };
  play(s);
}

TEST(Sessions, WithoutOneNothingIsRemembered) {
  scenario s{.turns = {turn().text({"one"}), turn().text({"two"})}};
  s.play = [](stage& at) -> task<> {
    co_await at.keep(at.run("first"));
    co_await at.keep(at.run("second"));
    EXPECT_EQ(told(at.model.requests().at(1).request.messages), "user:second|");
  };
  play(s);
}

TEST(Sessions, ABusyOneIsRefusedAndFreeAgainAfterwards) {
  scenario s{.turns = {turn().text({"one"}), turn().text({"two"})}, .modes = {mode::streaming}};
  s.play = [](stage& at) -> task<> {
    session memory;
    {
      auto first = at.agent.stream("first", {.session = &memory});
      EXPECT_THROW((void)at.agent.stream("second", {.session = &memory}), usage_error);
      while (co_await first.next()) {}
      EXPECT_EQ(told(memory.history()), "user:first|assistant:one|");
    }
    co_await at.keep(at.run("third", {.session = &memory}));
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("invoke_agent", "error.type", 1), R"("usage_error")");
  };
  play(s);
}

TEST(Sessions, AFailedRunLeavesWhatIsWhole) {
  const struct {
    const char* what;
    std::vector<turn> turns;
    std::string history;
  } table[] = {
      {"the model never answered", {turn().text({"x"}).fail(std::runtime_error("no"))}, ""},
      {"the second answer failed",
       {turn().call("t", "{}"), turn().text({"x"}).fail(std::runtime_error("no"))},
       "user:hi|assistant:call t|tool:result t: done|"},
      {"the second was refused",
       {turn().call("t", "{}"), turn().refuse(std::runtime_error("no"))},
       "user:hi|assistant:call t|tool:result t: done|"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.what);
    scenario s{.turns = row.turns,
               .agent = {.name = "bot", .tools = {slow_tool("t")}},
               .throws = "std::runtime_error"};
    s.play = [&row](stage& at) -> task<> {
      session memory;
      co_await at.keep(at.run("hi", {.session = &memory}));
      EXPECT_EQ(told(memory.history()), row.history);
    };
    play(s);
  }
}

TEST(Sessions, TwoRunsAtOnceOnTwoSessionsDoNotMix) {
  scenario s{.updates = scenario::order::free};
  s.agent.tools = {slow_tool("t")};
  s.responder = [](const chat_request& r, const chat_options&) {
    return r.messages.back().role == role::tool ? turn().text({"re: ", r.messages[0].text()})
                                                : turn().call("t", "{}").usage(1, 1);
  };
  s.modes = {mode::blocking};  // a shared log would be written to by both
  s.play = [](stage& at) -> task<> {
    session a("a"), b("b");
    auto [of_a, of_b] =
        co_await when_all(at.run("for a", {.session = &a}), at.run("for b", {.session = &b}));
    EXPECT_EQ(of_a.text(), "re: for a");
    EXPECT_EQ(of_b.text(), "re: for b");
    EXPECT_EQ(told(a.history()),
              "user:for a|assistant:call t|tool:result t: done|assistant:re: for a|");
    EXPECT_EQ(told(b.history()),
              "user:for b|assistant:call t|tool:result t: done|assistant:re: for b|");
    at.result = show(of_a) + show(of_b);
  };
  play(s);
}

TEST(Sessions, AToolMayLookAtIt) {
  auto look = tool("look", "", [](tool_context& ctx) {
    return ctx.session() != nullptr ? ctx.session()->id() : std::string("none");
  });
  for (bool with : {true, false}) {
    scenario s{.turns = {turn().call("look", "{}"), turn().text({"x"})},
               .agent = {.name = "bot", .tools = {look}}};
    s.play = [with](stage& at) -> task<> {
      session memory("conv");
      run_options options;
      if (with) options.session = &memory;
      auto r = co_await at.run("hi", options);
      EXPECT_EQ(std::get<tool_result_part>(r.messages.at(1).parts.at(0)).content,
                with ? "conv" : "none");
      at.result = show(r);
    };
    play(s);
  }
}

}  // namespace
}  // namespace skein::test
