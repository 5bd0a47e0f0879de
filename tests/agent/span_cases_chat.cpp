// Spans of single answers of a model: cases 1 to 34 and 127 to 128 of the black-box scenarios.
#include <stdexcept>
#include <string>
#include <vector>

#include <skein/async/cancel.hpp>
#include <skein/async/time.hpp>

#include "agent/scenario.hpp"

namespace skein::test {
namespace {

using telemetry::capture;
using telemetry::span_kind;
using telemetry::span_status;

// One question to the model alone.
scenario chat(std::vector<turn> turns, chat_request request = asking("hi"),
              chat_options options = {}) {
  scenario s{.turns = std::move(turns)};
  s.play = [request, options](stage& at) -> task<> { co_await at.keep(at.ask(request, options)); };
  return s;
}
const char* const instructions = "gen_ai.system_instructions";
const char* const inputs = "gen_ai.input.messages";
const char* const outputs = "gen_ai.output.messages";
const char* const reasons = "gen_ai.response.finish_reasons";

TEST(SpanCases, A1_OneQuestionIsOneSpan) {
  for (auto content : {capture::off, capture::on}) {
    auto s = chat({hello()});
    s.content = content;
    s.tree = "chat Test";
    s.text = "Hello world";
    s.check = [content](const spans& t) {
      EXPECT_EQ(t.at("chat").kind, span_kind::client);
      EXPECT_EQ(t.at("chat").status, span_status::unset);
      EXPECT_EQ(t.attribute("chat", "gen_ai.operation.name"), R"("chat")");
      EXPECT_EQ(t.attribute("chat", "gen_ai.provider.name"), R"("scripted")");
      EXPECT_EQ(t.attribute("chat", "gen_ai.request.model"), R"("Test")");
      EXPECT_EQ(t.attribute("chat", "gen_ai.response.id"), R"("r1")");
      EXPECT_EQ(t.attribute("chat", "gen_ai.usage.input_tokens"), "10");
      EXPECT_EQ(t.attribute("chat", "gen_ai.usage.output_tokens"), "20");
      EXPECT_EQ(t.attribute("chat", "error.type"), "-");
      EXPECT_EQ(t.attribute("chat", "skein.outcome"), "-");
      const bool on = content == capture::on;
      EXPECT_EQ(t.attribute("chat", inputs),
                on ? json::serialize(json::value(
                         R"([{"role":"user","parts":[{"type":"text","content":"hi"}]}])"))
                   : "-");
      EXPECT_EQ(t.attribute("chat", outputs) != "-", on);
    };
    play(s);
  }
}

TEST(SpanCases, A1_StreamingIsSaidOnlyOfStreams) {
  for (auto how : {mode::streaming, mode::blocking}) {
    auto s = chat({hello()});
    s.modes = {how};
    s.check = [how](const spans& t) {
      const bool streams = how == mode::streaming;
      EXPECT_EQ(t.attribute("chat", "gen_ai.request.stream"), streams ? "true" : "-");
      EXPECT_EQ(t.attribute("chat", "gen_ai.response.time_to_first_chunk") != "-", streams);
    };
    play(s);
  }
}

TEST(SpanCases, A2_A6_NoModelAnywhereIsNoPlaceholder) {
  auto s = chat({turn().text({"x"})});
  s.about = {.provider = "scripted"};
  s.tree = "chat";
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "gen_ai.request.model"), "-");
    EXPECT_EQ(t.attribute("chat", "gen_ai.response.model"), "-");
  };
  play(s);
}

TEST(SpanCases, A3_TheRequestsModelWinsOverTheClients) {
  auto s = chat({turn().text({"x"})}, asking("hi"), {.model = "asked-for"});
  s.tree = "chat asked-for";
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "gen_ai.request.model"), R"("asked-for")");
  };
  play(s);
}

TEST(SpanCases, A4_AnUnknownModelIsNamedByTheResponse) {
  auto s = chat({turn().identity("r", "resolved-model").text({"x"})});
  s.about = {.provider = "scripted"};
  s.tree = "chat resolved-model";
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "gen_ai.response.model"), R"("resolved-model")");
    EXPECT_EQ(t.attribute("chat", "gen_ai.request.model"), "-");
  };
  play(s);
}

TEST(SpanCases, A5_AKnownModelStaysTheName) {
  auto s =
      chat({turn().identity("r", "gpt-4o-mini").text({"x"})}, asking("hi"), {.model = "gpt-4o"});
  s.tree = "chat gpt-4o";
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "gen_ai.request.model"), R"("gpt-4o")");
    EXPECT_EQ(t.attribute("chat", "gen_ai.response.model"), R"("gpt-4o-mini")");
  };
  play(s);
}

TEST(SpanCases, A7_A8_A9_InstructionsAndSystemMessagesAreKeptApart) {
  const struct {
    chat_request request;
    std::string_view want_instructions, want_roles;
  } table[] = {
      {asking("hi", "Help."), R"([{"type":"text","content":"Help."}])", "user,"},
      {asking("hi", ""), "", "user,"},
      {{.instructions = "Help.", .messages = {system_message("Their own."), user_message("hi")}},
       R"([{"type":"text","content":"Help."}])",
       "system,user,"},
  };
  for (const auto& row : table) {
    auto s = chat({hello()}, row.request);
    s.content = capture::on;
    s.check = [&row](const spans& t) {
      EXPECT_EQ(t.attribute("chat", instructions),
                row.want_instructions.empty()
                    ? "-"
                    : json::serialize(json::value(row.want_instructions)));
      const auto span = t.at("chat");
      const auto messages = json::parse(std::string_view(span.attributes.at(inputs).as_string()));
      std::string roles;
      for (const auto& m : messages.as_array()) {
        roles += std::string_view(m.as_object().at("role").as_string());
        roles += ',';
      }
      EXPECT_EQ(roles, row.want_roles);
    };
    play(s);
  }
}

TEST(SpanCases, A11_A12_FinishReasonsAreOneArrayOfNames) {
  const struct {
    finish_reason reason;
    std::string_view raw, want;
  } table[] = {
      {finish_reason::stop, "stop", R"(["stop"])"},
      {finish_reason::length, "max_tokens", R"(["length"])"},
      {finish_reason::tool_calls, "tool_calls", R"(["tool_call"])"},
      {finish_reason::content_filter, "content_filter", R"(["content_filter"])"},
      {finish_reason::other, "foo", R"(["foo"])"},
  };
  for (const auto& row : table) {
    auto s = chat({turn().text({"x"}).finish(row.reason, std::string(row.raw))});
    s.check = [&row](const spans& t) { EXPECT_EQ(t.attribute("chat", reasons), row.want); };
    play(s);
  }
}

void expect_failed(const spans& t, std::string_view span, std::string_view type,
                   std::size_t exceptions = 1) {
  const auto s = t.at(span);
  EXPECT_EQ(s.status, span_status::error);
  EXPECT_EQ(s.status_message, "") << "what an exception says is content";
  EXPECT_EQ(t.attribute(span, "error.type"), json::serialize(json::value(type)));
  ASSERT_EQ(s.events.size(), exceptions);
  if (exceptions != 0) {
    EXPECT_EQ(s.events[0].name, "exception");
    EXPECT_EQ(s.events[0].attributes, (json::object{{"exception.type", type}}));
  }
}

TEST(SpanCases, A14_AFailureIsTheCallersAndTheSpans) {
  auto s = chat({turn().fail(std::invalid_argument("Test error"))});
  s.tree = "chat Test";
  s.throws = "std::invalid_argument";
  s.check = [](const spans& t) {
    expect_failed(t, "chat", "std::invalid_argument");
    EXPECT_EQ(t.attribute("chat", outputs), "-");
    EXPECT_EQ(t.attribute("chat", reasons), R"(["error"])");
  };
  play(s);
}

TEST(SpanCases, A14_WithCaptureTheMessageIsThereToo) {
  auto s = chat({turn().fail(std::invalid_argument("Test error"))});
  s.content = capture::on;
  s.throws = "std::invalid_argument";
  s.check = [](const spans& t) {
    EXPECT_EQ(t.at("chat").status_message, "Test error");
    EXPECT_EQ(t.at("chat").events.at(0).attributes.at("exception.message"), "Test error");
    EXPECT_EQ(t.attribute("chat", outputs), "-") << "no output is made up";
  };
  play(s);
}

TEST(SpanCases, A14_ErrorTypes) {
  const struct {
    turn answer;
    std::string_view type;
  } table[] = {
      {turn().fail(provider_error("busy", {.status = 429})), "429"},
      {turn().fail(provider_error("no", {.code = "overloaded_error"})), "overloaded_error"},
      {turn().fail(transport_error("late", "timeout")), "timeout"},
      {turn().text({"x"}).cut(), "stream_cut"},
      {turn().fail(schema_error("$.a", "is none")), "schema_error"},
  };
  for (const auto& row : table) {
    auto s = chat({row.answer});
    s.throws = row.type;
    s.check = [&row](const spans& t) { expect_failed(t, "chat", row.type); };
    play(s);
  }
}

TEST(SpanCases, A15_ErrorMidStream) {
  auto s = chat({turn()
                     .identity("r9", "Test")
                     .text({"Hello"})
                     .usage(3, 1)
                     .fail(std::runtime_error("Test error"))});
  s.content = capture::on;
  s.tree = "chat Test";
  s.throws = "std::runtime_error";
  s.play = [](stage& at) -> task<> {
    co_await at.keep(at.ask(asking("hi")));
    if (at.where.how == mode::streaming) {
      EXPECT_EQ(at.log,
                (std::vector<std::string>{"started r9 Test", "text Hello", "usage 3/1/-/-/-"}));
    }
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.at("chat").status, span_status::error);
    EXPECT_EQ(t.attribute("chat", "gen_ai.usage.output_tokens"), "1") << "what is known is kept";
    EXPECT_EQ(t.attribute("chat", "gen_ai.response.id"), R"("r9")");
    EXPECT_NE(t.attribute("chat", outputs).find("Hello"), std::string::npos);
    EXPECT_EQ(t.attribute("chat", reasons), R"(["error"])");
  };
  play(s);
}

TEST(SpanCases, A16_RefusedBeforeThereIsAStream) {
  auto s = chat({turn().refuse(std::invalid_argument("cannot"))});
  s.tree = "chat Test";
  s.throws = "std::invalid_argument";
  s.play = [](stage& at) -> task<> {
    EXPECT_THROW((void)at.model.stream(asking("hi")), std::invalid_argument);
    at.result = "throws std::invalid_argument:";
    co_return;
  };
  s.check = [](const spans& t) { expect_failed(t, "chat", "std::invalid_argument"); };
  play(s);
}

TEST(SpanCases, A17_WhatAProviderOpensAtOnceIsBelow) {
  auto s = chat({hello().run_at_open(makes_span("subclass_sync_setup"))});
  s.tree = "chat Test[subclass_sync_setup]";
  play(s);
}

TEST(SpanCases, A18_WhatAProviderOpensOnItsWayIsBelow) {
  auto s =
      chat({turn().run(makes_span("HTTP POST")).text({"a", "b"}).run(makes_span("HTTP POST"))});
  s.tree = "chat Test[HTTP POST, HTTP POST]";
  play(s);
}

TEST(SpanCases, A19_TheCallersSpanIsTheParent) {
  auto s = chat({hello().run(makes_span("HTTP POST"))});
  s.tree = "outer[chat Test[HTTP POST]]";
  s.play = [](stage& at) -> task<> {
    open_span outer("outer");
    co_await at.keep(at.ask(asking("hi")));
  };
  play(s);
}

// The conversation comes with a call: what one has, the next has not, and no model sees a changed
// request.
TEST(SpanCases, A21_TheConversationIsThatOfTheCallAndOfNoOther) {
  scenario s{.turns = {hello(), hello()}, .tree = "chat Test + chat Test"};
  s.play = [](stage& at) -> task<> {
    chat_options with{.temperature = 0.5, .conversation_id = "application-thread"};
    co_await at.keep(at.ask(asking("hi"), with));
    EXPECT_EQ(with.conversation_id, "application-thread");
    co_await at.keep(at.ask(asking("hi")));
    const auto asked = at.model.requests();
    EXPECT_EQ(asked.at(0).options.conversation_id, "application-thread");
    EXPECT_EQ(asked.at(0).options.temperature, 0.5);
    EXPECT_EQ(asked.at(1).options.conversation_id, "");
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "gen_ai.conversation.id", 0), R"("application-thread")");
    EXPECT_EQ(t.attribute("chat", "gen_ai.conversation.id", 1), "-");
  };
  play(s);
}

TEST(SpanCases, A22_A23_WithoutTelemetryNothingIsDifferent) {
  auto s = chat({hello()});
  s.content = capture::on;  // play() compares: off, unsampled, failing, on
  s.text = "Hello world";
  s.play = [](stage& at) -> task<> {
    co_await at.keep(at.ask(asking("hi")));
    if (at.where.how == mode::streaming) {
      EXPECT_EQ(at.log.size(), 5u);
    }
  };
  play(s);
}

TEST(SpanCases, A24_TextIsUtf8NotEscapes) {
  auto s = chat({turn().text({"東京は", "晴れ"})}, asking("天気は？", "日本語で"));
  s.content = capture::on;
  s.text = "東京は晴れ";
  s.check = [](const spans& t) {
    const auto span = t.at("chat");
    for (const auto& [key, want] : {std::pair(inputs, "天気は？"), std::pair(outputs, "東京は晴れ"),
                                    std::pair(instructions, "日本語で")}) {
      const std::string text(span.attributes.at(key).as_string());
      EXPECT_NE(text.find(want), std::string::npos) << text;
      EXPECT_EQ(text.find("\\u"), std::string::npos) << text;
      EXPECT_NO_THROW((void)json::parse(text));
    }
  };
  play(s);
}

TEST(SpanCases, A25_WithoutCaptureCountsAndModelsAreStillThere) {
  auto s = chat({hello()}, asking("hi", "Help."));
  s.check = [](const spans& t) {
    for (auto key : {inputs, outputs, instructions, "gen_ai.tool.definitions"}) {
      EXPECT_EQ(t.attribute("chat", key), "-") << key;
    }
    EXPECT_EQ(t.attribute("chat", "gen_ai.usage.input_tokens"), "10");
    EXPECT_EQ(t.attribute("chat", "gen_ai.response.model"), R"("Test")");
  };
  play(s);
}

TEST(SpanCases, A26_OptionsOfTheRequest) {
  chat_options o{.temperature = 0.5,
                 .top_p = 0.25,
                 .top_k = 40,
                 .max_tokens = 100,
                 .stop = {"forest", "lived"},
                 .seed = 7,
                 .frequency_penalty = 0.125,
                 .presence_penalty = -0.5,
                 .response_format = json_object_format{},
                 .conversation_id = "conv_1"};
  o.reasoning_effort = "low";
  auto s = chat({hello()}, asking("hi"), o);
  s.check = [](const spans& t) {
    const std::pair<const char*, const char*> table[] = {
        {"gen_ai.request.temperature", "5E-1"},
        {"gen_ai.request.top_p", "2.5E-1"},
        {"gen_ai.request.top_k", "40"},
        {"gen_ai.request.max_tokens", "100"},
        {"gen_ai.request.stop_sequences", R"(["forest","lived"])"},
        {"gen_ai.request.seed", "7"},
        {"gen_ai.request.frequency_penalty", "1.25E-1"},
        {"gen_ai.request.presence_penalty", "-5E-1"},
        {"gen_ai.request.reasoning.level", R"("low")"},
        {"gen_ai.output.type", R"("json")"},
        {"gen_ai.conversation.id", R"("conv_1")"},
    };
    for (const auto& [key, want] : table) EXPECT_EQ(t.attribute("chat", key), want) << key;
  };
  play(s);
}

TEST(SpanCases, A28_TheServersAddressOrNothing) {
  auto s = chat({hello()});
  s.check = [](const spans& t) { EXPECT_EQ(t.attribute("chat", "server.address"), "-"); };
  play(s);
  s.about.server_address = "test.example.com";
  s.about.server_port = 443;
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "server.address"), R"("test.example.com")");
    EXPECT_EQ(t.attribute("chat", "server.port"), "443");
  };
  play(s);
}

TEST(SpanCases, A29_WhatComesLastDecides) {
  auto s = chat({turn()
                     .identity("early", "Test")
                     .usage(1, 1)
                     .text({"x"})
                     .identity("resp_1", "Test")
                     .usage(3, 4)});
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "gen_ai.response.id"), R"("resp_1")");
    EXPECT_EQ(t.attribute("chat", "gen_ai.usage.input_tokens"), "3");
    EXPECT_EQ(t.attribute("chat", "gen_ai.usage.output_tokens"), "4");
  };
  play(s);
}

TEST(SpanCases, A32_DroppedWithoutAPull) {
  auto s = chat({hello()});
  s.modes = {mode::streaming};
  s.content = capture::on;
  s.tree = "chat Test";
  s.play = [](stage& at) -> task<> {
    { auto never_pulled = at.model.stream(asking("hi")); }
    EXPECT_EQ(at.model.produced(), 0u);
    co_return;
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.at("chat").status, span_status::unset);
    EXPECT_EQ(t.attribute("chat", "skein.outcome"), R"("abandoned")");
    for (auto key : {outputs, reasons, "gen_ai.usage.input_tokens", "error.type"}) {
      EXPECT_EQ(t.attribute("chat", key), "-") << key;
    }
  };
  play(s);
}

TEST(SpanCases, A33_DroppedAfterEachUpdate) {
  for (std::size_t pulls = 1; pulls <= 5; ++pulls) {
    SCOPED_TRACE(pulls);
    auto s = chat({hello()});
    s.modes = {mode::streaming};
    s.tree = "chat Test";
    s.play = [pulls](stage& at) -> task<> {
      auto dropped = at.model.stream(asking("hi"));
      for (std::size_t i = 0; i < pulls; ++i) EXPECT_TRUE(co_await dropped.next());
      EXPECT_EQ(at.model.produced(), pulls) << "nothing is produced that was not asked for";
    };
    s.check = [pulls](const spans& t) {
      EXPECT_EQ(t.at("chat").status, span_status::unset);
      EXPECT_EQ(t.attribute("chat", "skein.outcome"), R"("abandoned")");
      EXPECT_EQ(t.attribute("chat", "gen_ai.usage.input_tokens"), pulls < 4 ? "-" : "10");
      EXPECT_EQ(t.attribute("chat", reasons), pulls < 5 ? R"(["error"])" : R"(["stop"])");
    };
    play(s);
  }
}

TEST(SpanCases, A34_CancelledDuringAPull) {
  auto stopping = std::make_shared<cancel_source>();
  auto s = chat({});
  s.responder = [stopping](const chat_request&, const chat_options&) {
    return turn()
        .text({"Hello"})
        .run([stopping] { stopping->cancel(); })
        .delay(std::chrono::hours(1))
        .text({" world"});
  };
  s.tree = "chat Test";
  s.throws = "skein::cancelled";
  s.play = [stopping](stage& at) -> task<> {
    *stopping = cancel_source();
    co_await at.keep(with_cancel(*stopping, at.ask(asking("hi"))));
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.at("chat").status, span_status::unset);
    EXPECT_EQ(t.attribute("chat", "skein.outcome"), R"("cancelled")");
    EXPECT_TRUE(t.at("chat").events.empty());
  };
  play(s);
}

TEST(SpanCases, A34_TheDeadlinePassesDuringAPull) {
  auto s = chat({turn().text({"Hello"}).delay(std::chrono::hours(1))});
  s.throws = "skein::cancelled";
  s.play = [](stage& at) -> task<> {
    co_await at.keep(with_deadline(std::chrono::milliseconds(50), at.ask(asking("hi"))));
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "skein.outcome"), R"("deadline")");
  };
  play(s);
}

// In every pull the provider's code runs inside the chat span, and in none of them is the
// consumer's span seen there; play() looks at the other direction.
TEST(SpanCases, H127_H128_TheContextIsTheBodysInEveryPull) {
  for (bool fails : {false, true}) {
    auto seen = std::make_shared<std::vector<std::string>>();
    auto look = [seen] { seen->push_back(current_span()); };
    turn three = turn().run(look).text({"a"}).run(look).text({"b"}).run(look);
    if (fails) three.fail(std::runtime_error("pull 3"));
    auto s = chat({three});
    s.tree = "outer[chat Test]";
    if (fails) s.throws = "std::runtime_error";
    s.play = [seen](stage& at) -> task<> {
      seen->clear();
      open_span outer("outer");
      co_await at.keep(at.ask(asking("hi")));
    };
    s.check = [seen](const spans& t) {
      EXPECT_EQ(*seen, std::vector<std::string>(3, t.at("chat").span_id));
    };
    play(s);
  }
}

}  // namespace
}  // namespace skein::test
