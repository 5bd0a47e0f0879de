// Spans of tools, what a tool's failure looks like, and content: cases 92 to 108, and canaries.
#include <stdexcept>
#include <string>
#include <vector>

#include <skein/async/time.hpp>

#include "agent/scenario.hpp"

namespace skein::test {
namespace {

using telemetry::capture;
using telemetry::span_kind;
using telemetry::span_status;

// One call of one tool.
scenario calling(tool t, std::string arguments, std::string id = "test_call_id") {
  turn call;
  call.call(t.name(), std::move(arguments), std::move(id));
  scenario s{.turns = {call, turn().text({"done"})}};
  s.agent.tools = {std::move(t)};
  s.text = "done";
  return s;
}

tool sync_add() {
  return tool("add", "Adds", params{{"x"}, {"y"}}, [](int x, int y) { return x + y; });
}
tool async_add() {
  return tool("add", "Adds", params{{"x"}, {"y"}}, [](int x, int y) -> task<int> {
    co_await reschedule();
    co_return x + y;
  });
}
struct both {
  int x, y;
};
tool struct_add() {
  return tool("add", "Adds", [](both b) { return b.x + b.y; });
}
tool stream_add() {
  return tool("add", "Adds", params{{"x"}, {"y"}}, [](int x, int y) -> stream<int> {
    co_yield x;
    co_await reschedule();
    co_yield x + y;
  });
}

TEST(SpanCases, E92_E93_E94_E96_AToolsSpan) {
  for (auto make : {sync_add, async_add, struct_add, stream_add}) {
    for (auto content : {capture::off, capture::on}) {
      auto s = calling(make(), R"({"x":1,"y":2})");
      s.content = content;
      s.tree = "invoke_agent bot[chat Test, execute_tool add, chat Test]";
      s.check = [content](const spans& t) {
        json::object want{{"gen_ai.agent.name", "bot"},
                          {"gen_ai.operation.name", "execute_tool"},
                          {"gen_ai.tool.call.id", "test_call_id"},
                          {"gen_ai.tool.description", "Adds"},
                          {"gen_ai.tool.name", "add"},
                          {"gen_ai.tool.type", "function"}};
        if (content == capture::on) {
          want["gen_ai.tool.call.arguments"] = R"({"x":1,"y":2})";
          want["gen_ai.tool.call.result"] = "3";
        }
        EXPECT_EQ(t.at("execute_tool").attributes, want);
        EXPECT_EQ(t.at("execute_tool").kind, span_kind::internal);
        EXPECT_EQ(t.at("execute_tool").status, span_status::unset);
      };
      play(s);
    }
  }
}

TEST(SpanCases, E95_AToolThatThrowsIsAResultAndTheRunGoesOn) {
  const struct {
    std::exception_ptr thrown;
    std::string_view type, hidden, shown;
  } table[] = {
      {std::make_exception_ptr(std::invalid_argument("bad value")), "std::invalid_argument",
       "Error: Function failed.", "Error: bad value"},
      {std::make_exception_ptr(tool_error("No such city.")), "tool_error", "Error: No such city.",
       "Error: No such city."},
  };
  for (const auto& row : table) {
    for (auto details : {error_details::hidden, error_details::shown}) {
      for (auto content : {capture::off, capture::on}) {
        auto s = calling(tool("fails", "Fails",
                              [e = row.thrown]() -> std::string { std::rethrow_exception(e); }),
                         "{}");
        s.content = content;
        s.agent.tool_errors = details;
        s.play = [&row, details](stage& at) -> task<> {
          co_await at.keep(at.run("hi"));
          const auto told = at.model.requests().at(1).request.messages.back();
          const auto& result = std::get<tool_result_part>(told.parts.at(0));
          EXPECT_EQ(result.outcome, tool_outcome::error);
          EXPECT_EQ(result.content, details == error_details::shown ? row.shown : row.hidden);
        };
        s.check = [&row, content](const spans& t) {
          const auto span = t.at("execute_tool");
          EXPECT_EQ(span.status, span_status::error);
          EXPECT_EQ(t.attribute("execute_tool", "error.type"),
                    json::serialize(json::value(row.type)));
          EXPECT_EQ(t.attribute("execute_tool", "gen_ai.tool.call.result"), "-");
          ASSERT_EQ(span.events.size(), 1u);
          EXPECT_EQ(span.events[0].attributes.at("exception.type").as_string(), row.type);
          EXPECT_EQ(span.events[0].attributes.contains("exception.message"),
                    content == capture::on);
          EXPECT_EQ(t.at("invoke_agent").status, span_status::unset);
        };
        play(s);
      }
    }
  }
}

TEST(SpanCases, E97_E99_ResultsAndArgumentsAreTextAsTheyAre) {
  struct nested {
    std::string text;
    std::vector<int> numbers;
  };
  const struct {
    tool what;
    std::string_view arguments, want_arguments, want_result;
  } table[] = {
      {tool("t", "", params{{"a"}}, [](std::string) { return nested{"x", {1, 2}}; }),
       R"({"a":"b"})", R"({"a":"b"})", R"({"text":"x","numbers":[1,2]})"},
      {tool("t", "", params{{"a"}}, [](std::string) { return std::string("مرحبا"); }),
       R"({"a":"서울"})", R"({"a":"서울"})", "مرحبا"},
      {tool("t", "", params{{"a"}}, [](nested n) { return n.text; }),
       R"({"a": {"text": "in", "numbers": []}})", R"({"a":{"text":"in","numbers":[]}})", "in"},
      {tool("t", "", params{{"a"}}, [](std::string) {}), R"({"a":"b"})", R"({"a":"b"})", ""},
      {tool("t", "", params{{"a"}}, [](std::string) { return std::string("a\xFF"); }),
       R"({"a":"b"})", R"({"a":"b"})", "a\xEF\xBF\xBD"},
  };
  for (const auto& row : table) {
    auto s = calling(row.what, std::string(row.arguments));
    s.content = capture::on;
    s.check = [&row](const spans& t) {
      const auto span = t.at("execute_tool");
      EXPECT_EQ(span.attributes.at("gen_ai.tool.call.arguments").as_string(), row.want_arguments);
      EXPECT_EQ(span.attributes.at("gen_ai.tool.call.result").as_string(), row.want_result);
      EXPECT_FALSE(span.attributes.contains("gen_ai.tool.description"));
    };
    play(s);
  }
}

TEST(SpanCases, E100_NoArgumentsAreAnEmptyObject) {
  for (const auto& [arguments, want] :
       {std::pair("", R"("{}")"), std::pair("{}", R"("{}")"), std::pair("null", R"("{}")")}) {
    auto s = calling(slow_tool("t"), arguments);
    s.content = capture::on;
    s.check = [want](const spans& t) {
      EXPECT_EQ(t.attribute("execute_tool", "gen_ai.tool.call.arguments"), want);
    };
    SCOPED_TRACE(arguments);
    play(s);
  }
}

TEST(SpanCases, E100_NoCallIdIsNoPlaceholder) {
  turn call;
  call.update(tool_call_delta{.call = 0, .name = "t", .arguments = "{}"});
  scenario s{.turns = {call, turn().text({"done"})}};
  s.agent.tools = {slow_tool("t")};
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("execute_tool", "gen_ai.tool.call.id"), "-");
  };
  play(s);
}

TEST(SpanCases, E101_E105_WhatDoesNotRunHasNoSpan) {
  const struct {
    std::string name, arguments, told;
  } table[] = {
      {"nowhere", "{}", "Error: Requested function \"nowhere\" not found."},
      {"add", R"({"x":1})", "Error: Argument parsing failed: "},
      {"add", R"({"x":"one","y":2})", "Error: Argument parsing failed: "},
      {"add", "not JSON", "Error: Argument parsing failed: "},
      {"add", "[1,2]", "Error: Argument parsing failed: "},
  };
  for (const auto& row : table) {
    scenario s{.turns = {turn().call(row.name, row.arguments), turn().text({"done"})},
               .content = capture::on,
               .tree = "invoke_agent bot[chat Test, chat Test]",
               .text = "done"};
    s.agent.tools = {sync_add()};
    s.play = [&row](stage& at) -> task<> {
      co_await at.keep(at.run("hi"));
      const auto told = at.model.requests().at(1).request.messages.back();
      const auto& result = std::get<tool_result_part>(told.parts.at(0));
      EXPECT_TRUE(result.content.starts_with(row.told)) << result.content;
      EXPECT_EQ(result.outcome, tool_outcome::error);
    };
    play(s);
  }
}

TEST(SpanCases, E101_ADeclaredToolGoesToTheCaller) {
  scenario s{.turns = {turn().call("theirs", R"({"a":1})", "c1").call("mine", "{}", "c2")},
             .tree = "invoke_agent bot[chat Test, execute_tool mine]"};
  s.agent.tools = {tool_declared("theirs", "Runs there", json::object{{"type", "object"}}),
                   slow_tool("mine")};
  s.play = [](stage& at) -> task<> {
    auto r = co_await at.run("hi");
    EXPECT_EQ(r.end, run_end::calls_for_caller);
    EXPECT_EQ(r.calls_for_caller, (std::vector<tool_call_part>{{"c1", "theirs", R"({"a":1})"}}));
    EXPECT_EQ(at.model.requests().size(), 1u);
    EXPECT_EQ(at.model.requests()[0].request.tools.size(), 2u) << "the model may ask for it";
    at.result = show(r);
  };
  play(s);
}

// A caller that asks somebody first runs the tool itself: below its own spans, and the run that
// goes on with the result begins with an answer of the model.
TEST(SpanCases, E102_WhatTheCallerRanIsNoSpanOfTheRunThatGoesOn) {
  scenario s{.turns = {turn().call("theirs", R"({"a":1})", "c1"), turn().text({"Paid."})},
             .tree = "invoke_agent bot[chat Test] + approved[theirs] + invoke_agent bot[chat Test]",
             .text = "Paid."};
  s.agent.tools = {tool_declared("theirs", "Runs there", json::object{{"type", "object"}})};
  s.play = [](stage& at) -> task<> {
    session remembered;
    auto first = co_await at.run("pay", {.session = &remembered});
    EXPECT_EQ(first.end, run_end::calls_for_caller);
    const auto& call = first.calls_for_caller.at(0);
    {
      open_span approved("approved");
      open_span theirs("theirs");
    }
    message result{.role = role::tool};
    result.parts.emplace_back(
        tool_result_part{.call_id = call.id, .name = call.name, .content = "done"});
    co_await at.keep(at.run(result, {.session = &remembered}));
  };
  play(s);
}

// A whole model's output with every kind of part, as an attribute.
TEST(SpanCases, F106_EveryKindOfPart) {
  chat_request request;
  message m{.role = role::user};
  m.parts.emplace_back(text_part{"text"});
  m.parts.emplace_back(
      media_part{.kind = media_kind::image, .media_type = "image/png", .uri = "https://x/y.png"});
  m.parts.emplace_back(media_part{.kind = media_kind::audio, .uri = "https://x/z"});
  m.parts.emplace_back(
      media_part{.kind = media_kind::file, .media_type = "application/pdf", .bytes = "%PDF"});
  m.parts.emplace_back(raw_part{"house", json::object{{"a", 1}}});
  message asked{.role = role::assistant};
  asked.parts.emplace_back(reasoning_part{"hm", "sealed"});
  asked.parts.emplace_back(tool_call_part{"c1", "f", R"({"n":{"deep":[1]}})"});
  asked.parts.emplace_back(tool_call_part{"c2", "f", "not JSON"});
  message answered{.role = role::tool};
  answered.parts.emplace_back(tool_result_part{"c1", "f", "r", tool_outcome::ok});
  request.messages = {m, asked, answered};

  scenario s{.turns = {turn().text({"x"})}, .content = capture::on};
  s.play = [&request](stage& at) -> task<> { co_await at.keep(at.ask(request)); };
  s.check = [](const spans& t) {
    const auto span = t.at("chat");
    const auto got =
        json::parse(std::string_view(span.attributes.at("gen_ai.input.messages").as_string()));
    EXPECT_EQ(got, json::parse(R"([
      {"role":"user","parts":[
        {"type":"text","content":"text"},
        {"type":"uri","modality":"image","mime_type":"image/png","uri":"https://x/y.png"},
        {"type":"uri","modality":"audio","uri":"https://x/z"},
        {"type":"blob","modality":"document","mime_type":"application/pdf","content":"JVBERg=="},
        {"type":"generic","provider":"house","value":{"a":1}}]},
      {"role":"assistant","parts":[
        {"type":"reasoning","content":"hm"},
        {"type":"tool_call","id":"c1","name":"f","arguments":{"n":{"deep":[1]}}},
        {"type":"tool_call","id":"c2","name":"f","arguments":"not JSON"}]},
      {"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"r"}]}])"));
  };
  play(s);
}

TEST(SpanCases, F108_DefinitionsAreFlatAndInOrder) {
  scenario s{.turns = {turn().text({"x"})}, .content = capture::on};
  s.agent.tools = {sync_add(), tool_declared("theirs", "", json::object{{"type", "object"}})};
  s.check = [](const spans& t) {
    const auto span = t.at("chat");
    const auto got =
        json::parse(std::string_view(span.attributes.at("gen_ai.tool.definitions").as_string()));
    ASSERT_EQ(got.as_array().size(), 2u);
    EXPECT_EQ(got.at(0).at("type"), "function");
    EXPECT_EQ(got.at(0).at("name"), "add");
    EXPECT_EQ(got.at(0).at("description"), "Adds");
    EXPECT_EQ(got.at(0).at("parameters").at("required"), (json::array{"x", "y"}));
    EXPECT_EQ(got.at(1),
              json::parse(R"({"type":"function","name":"theirs","parameters":{"type":"object"}})"));
  };
  play(s);
}

TEST(SpanCases, F107_ArgumentsThatAreDataStayData) {
  chat_request request;
  message asked{.role = role::assistant};
  asked.parts.emplace_back(
      tool_call_part{"c1", "request_info", R"({"form":{"fields":[{"name":"city","max":3}]}})"});
  request.messages = {asked};
  scenario s{.turns = {turn().text({"x"})}, .content = capture::on};
  s.play = [&request](stage& at) -> task<> { co_await at.keep(at.ask(request)); };
  s.check = [](const spans& t) {
    const auto span = t.at("chat");
    const auto got =
        json::parse(std::string_view(span.attributes.at("gen_ai.input.messages").as_string()));
    EXPECT_EQ(got.at(0).at("parts").at(0).at("arguments").at("form").at("fields").at(0).at("max"),
              3);
  };
  play(s);
}

// What a definition has beside its type, name, description and parameters goes to the provider at
// most: keys and headers of servers among it. Cases 109, 111 and 112.
TEST(SpanCases, F109_F111_F112_DefinitionsHoldNothingElse) {
  scenario s{.turns = {turn().text({"x"})}, .content = capture::on};
  s.play = [](stage& at) -> task<> {
    chat_options options;
    options.extra_body["tools"] = json::array{json::object{
        {"type", "mcp"}, {"server_url", "https://canary.test"}, {"authorization", "canary"}}};
    options.extra_headers.emplace_back("X-Key", "canary");
    co_await at.keep(at.ask(asking("hi"), options));
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "gen_ai.tool.definitions"), "-") << "no tools, no attribute";
    EXPECT_FALSE(t.everything().contains("canary"));
  };
  play(s);
}

// What a user, a model, a tool or an exception says is nowhere in the spans while capture is off.
TEST(Canary, NoContentWithoutCapture) {
  const std::string bird = "c4n4ry";
  const struct {
    const char* where;
    turn first;
  } table[] = {
      {"answers", turn().reasoning({bird}).text({bird})},
      {"failures", turn().text({bird}).fail(std::runtime_error(bird))},
      {"provider failures", turn().fail(provider_error(bird, {.status = 500, .body = bird}))},
      {"refusals", turn().refuse(std::runtime_error(bird))},
      {"calls", turn().call("says", R"({"what":"c4n4ry"})")},
      {"failing tools", turn().call("throws", R"({"what":"c4n4ry"})")},
      {"tools that tell", turn().call("tells", R"({"what":"c4n4ry"})")},
      {"arguments that do not fit", turn().call("says", R"({"c4n4ry":"c4n4ry"})")},
      {"arguments that are none", turn().call("says", "c4n4ry {")},
      {"cuts", turn().text({bird}).cut()},
  };
  auto says = tool("says", "", params{{"what"}}, [](std::string w) { return w; });
  auto throws = tool("throws", "", params{{"what"}},
                     [](std::string w) -> std::string { throw std::runtime_error(w); });
  auto tells = tool("tells", "", params{{"what"}},
                    [](std::string w) -> std::string { throw tool_error(w); });
  for (const auto& row : table) {
    SCOPED_TRACE(row.where);
    for (auto content : {capture::off, capture::on}) {
      for (auto details : {error_details::hidden, error_details::shown}) {
        scenario s{.turns = {row.first, turn().text({bird})},
                   .content = content,
                   .agent = {.name = "bot",
                             .instructions = bird,
                             .tools = {says, throws, tells},
                             .tool_errors = details},
                   .input = bird,
                   .run = {.instructions = bird}};
        s.play = [](stage& at) -> task<> {
          co_await at.keep(at.run(agent_input(at.what.input), at.what.run));
          at.result = "came to: " + at.result;  // either is right here
        };
        s.check = [&](const spans& t) {
          EXPECT_EQ(t.everything().find(bird) != std::string::npos, content == capture::on)
              << t.everything();
        };
        play(s);
      }
    }
  }
}

}  // namespace
}  // namespace skein::test
