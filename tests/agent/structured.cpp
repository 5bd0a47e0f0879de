// Runs that answer with a T: the same by streaming and blocking, by native format and by tool.
#include <optional>
#include <string>
#include <vector>

#include <skein/json/text.hpp>

#include "agent/scenario.hpp"

namespace skein::test {
namespace {

struct dish_step {
  std::string what;
  std::optional<int> minutes;
};
struct dish {
  std::string title;
  std::vector<dish_step> steps;
  int servings = 0;
  static constexpr std::string_view description = "A dish and how it is made";
  static constexpr auto docs = skein::docs{{"title", "As on a menu"}};
};

constexpr std::string_view soup =
    R"({"title":"Soup","steps":[{"what":"chop","minutes":3},{"what":"boil"}],"servings":2})";
constexpr std::string_view wrong_soup = R"({"title":"Soup","steps":[],"servings":"two"})";
constexpr std::string_view mismatch_of_soup = R"($.servings: expected an integer, got "two")";

std::vector<std::string> in_pieces(std::string_view text, std::size_t size) {
  std::vector<std::string> pieces;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    pieces.emplace_back(text.substr(0, size));
  }
  return pieces;
}
turn says(std::string_view text) { return turn().text(in_pieces(text, 4)).usage(10, 20); }
turn gives(std::string_view text) {
  return turn().call("final_answer", std::string(text)).usage(10, 20);
}

constexpr answer_options by_tool{.mode = answer_mode::tool};

std::string text_of(const dish& d) { return json::write_text(json::to_json(d)); }

// Runs for a dish and keeps what came of it.
task<> cook(stage& at) {
  auto whole = co_await as_result(at.run_as<dish>(at.what.input, at.what.run));
  if (whole) {
    at.text = text_of(whole->value);
    at.result += at.text + ' ' + show(whole->response) + '\n';
    co_return;
  }
  at.result += "throws " + telemetry::error_type_of(whole.error()) + ": ";
  try {
    std::rethrow_exception(whole.error());
  } catch (const std::exception& e) {
    at.result += e.what();
  }
}

TEST(Structured, BothModesGiveTheT) {
  for (const auto mode : {answer_mode::native, answer_mode::tool}) {
    const bool native = mode == answer_mode::native;
    scenario s{.turns = {native ? says(soup) : gives(soup)},
               .agent = {.name = "bot", .answers = {.mode = mode}},
               .tree = "invoke_agent bot[chat Test]",
               .text = std::string(soup)};
    s.play = [native](stage& at) -> task<> {
      co_await cook(at);
      const auto asked = at.model.requests().at(0);
      if (native) {
        const auto format = std::get<json_schema_format>(asked.options.response_format.value());
        EXPECT_EQ(format.name, "final_answer");
        EXPECT_EQ(format.schema, json::schema_of<dish>());
        EXPECT_TRUE(asked.request.tools.empty());
        EXPECT_FALSE(asked.options.tool_choice);
        co_return;
      }
      EXPECT_FALSE(asked.options.response_format);
      EXPECT_EQ(asked.options.tool_choice.value().mode, tool_mode::required);
      EXPECT_EQ(asked.options.tool_choice.value().name, "") << "there is no other";
      EXPECT_EQ(asked.request.tools.size(), 1U);
      EXPECT_EQ(asked.request.tools[0].name, "final_answer");
      EXPECT_EQ(asked.request.tools[0].description, dish::description);
      EXPECT_EQ(asked.request.tools[0].parameters, json::schema_of<dish>());
    };
    play(s);
  }
}

TEST(Structured, TheModeIsWhatTheProviderCan) {
  struct {
    schema_formats schemas;
    std::vector<std::string> tools;
    answer_mode mode;
  } const rows[] = {
      {schema_formats::taken, {}, answer_mode::native},
      {schema_formats::taken, {"look"}, answer_mode::native},
      {schema_formats::taken_without_tools, {}, answer_mode::native},
      {schema_formats::taken_without_tools, {"look"}, answer_mode::tool},
      {schema_formats::refused, {}, answer_mode::tool},
      {schema_formats::refused, {"look"}, answer_mode::tool},
  };
  for (const auto& row : rows) {
    for (const bool of_the_run : {false, true}) {
      const bool native = row.mode == answer_mode::native;
      client_info about = scripted::client::default_info();
      about.schemas = row.schemas;
      scripted::client model({native ? says(soup) : gives(soup)}, about);
      std::vector<tool> tools;
      for (const auto& name : row.tools) tools.push_back(slow_tool(name));
      agent a(model, {.name = "bot", .tools = of_the_run ? std::vector<tool>() : tools});
      simulated_runtime rt(5);
      run_options run;
      if (of_the_run) run.tools = tools;
      EXPECT_EQ(text_of(sync_wait(rt, a.run<dish>("hi", std::move(run))).value), soup);
      const auto asked = model.requests().at(0);
      EXPECT_EQ(asked.options.response_format.has_value(), native);
      EXPECT_EQ(asked.request.tools.size(), row.tools.size() + (native ? 0 : 1));
    }
  }
  // What is asked for holds.
  client_info about = scripted::client::default_info();
  about.schemas = schema_formats::refused;
  scripted::client model({says(soup)}, about);
  agent a(model, {.name = "bot", .answers = {.mode = answer_mode::native}});
  simulated_runtime rt(5);
  EXPECT_EQ(text_of(sync_wait(rt, a.run<dish>("hi")).value), soup);
}

TEST(Structured, ToolsRunOnTheWay) {
  for (const auto mode : {answer_mode::native, answer_mode::tool}) {
    const bool native = mode == answer_mode::native;
    scenario s{.turns = {turn().text({"I {look} it up."}).call("t", "{}"),
                         native ? says(soup) : gives(soup)},
               .agent = {.name = "bot", .tools = {slow_tool("t")}, .answers = {.mode = mode}},
               .tree = "invoke_agent bot[chat Test, execute_tool t, chat Test]",
               .text = std::string(soup)};
    s.play = [native](stage& at) -> task<> {
      co_await cook(at);
      for (const auto& each : at.model.requests()) {
        EXPECT_EQ(each.options.response_format.has_value(), native);
        EXPECT_EQ(each.options.tool_choice.has_value(), !native);
        if (!native) {
          EXPECT_EQ(each.options.tool_choice->name, "") << "any tool will do";
        }
      }
    };
    play(s);
  }
}

TEST(Structured, TheModelIsAskedAgainAndToldWhy) {
  scenario s{.turns = {says(wrong_soup), says("{\"title\":"), says(soup)},
             .tree = "invoke_agent bot[chat Test, chat Test, chat Test]",
             .text = std::string(soup)};
  s.play = [](stage& at) -> task<> {
    co_await cook(at);
    const auto asked = at.model.requests();
    const auto& second = asked.at(1).request.messages;
    EXPECT_EQ(second.size(), 3U);
    EXPECT_EQ(second.at(1), assistant_message(std::string(wrong_soup)));
    EXPECT_EQ(second.at(2), user_message(std::string("The answer does not fit. ")
                                             .append(mismatch_of_soup)
                                             .append(". Answer again, corrected.")));
    EXPECT_EQ(asked.at(2).request.messages.back().text(),
              "The answer does not fit. $: at byte 9: incomplete JSON. Answer again, corrected.");
    if (at.where.how == mode::streaming) {
      EXPECT_EQ(std::ranges::count(at.log, std::string("rejected ").append(mismatch_of_soup)), 1);
    }
  };
  play(s);
}

TEST(Structured, ByToolItIsToldByTheResultOfTheCall) {
  scenario s{.turns = {gives(wrong_soup), says("Soup."), gives(soup)},
             .agent = {.name = "bot", .answers = by_tool},
             .tree = "invoke_agent bot[chat Test, chat Test, chat Test]",
             .text = std::string(soup)};
  s.play = [](stage& at) -> task<> {
    co_await cook(at);
    const auto asked = at.model.requests();
    const auto told = std::get<tool_result_part>(asked.at(1).request.messages.back().parts.at(0));
    EXPECT_EQ(told.outcome, tool_outcome::error);
    EXPECT_EQ(told.content,
              std::string("Error: The answer does not fit. ").append(mismatch_of_soup).append("."));
    EXPECT_EQ(asked.at(2).request.messages.back(),
              user_message("The answer does not fit. $: expected a call of final_answer. Answer "
                           "again, corrected."));
  };
  play(s);
}

TEST(Structured, ItGivesUpWithTheLastMismatch) {
  for (const auto mode : {answer_mode::native, answer_mode::tool}) {
    for (const std::size_t retries : {0U, 1U}) {
      scenario s{.responder =
                     [mode](const chat_request&, const chat_options&) {
                       return mode == answer_mode::native ? says(wrong_soup) : gives(wrong_soup);
                     },
                 .run = {.answers = answer_options{.mode = mode, .retries = retries}},
                 .tree = retries == 0 ? "invoke_agent bot[chat Test]"
                                      : "invoke_agent bot[chat Test, chat Test]",
                 .throws = "schema_error"};
      s.play = [](stage& at) -> task<> {
        co_await cook(at);
        EXPECT_TRUE(at.result.starts_with(std::string("throws schema_error: ") +
                                          std::string(mismatch_of_soup)))
            << at.result;
      };
      s.check = [](const spans& r) {
        EXPECT_EQ(r.attribute("invoke_agent", "error.type"), "\"schema_error\"");
        EXPECT_EQ(r.attribute("chat", "error.type"), "-") << "the model did answer";
      };
      play(s);
    }
  }
}

TEST(Structured, WhatWasCutOrFilteredIsNotAskedForAgain) {
  const std::pair<finish_reason, std::string> table[] = {{finish_reason::length, "max_tokens"},
                                                         {finish_reason::content_filter, "$: "}};
  for (const auto& [reason, says_so] : table) {
    scenario s{.turns = {says(soup.substr(0, 30)).finish(reason)},
               .tree = "invoke_agent bot[chat Test]",
               .throws = "schema_error"};
    s.play = [&says_so](stage& at) -> task<> {
      co_await cook(at);
      EXPECT_TRUE(at.result.starts_with("throws schema_error: $: at byte 30")) << at.result;
      EXPECT_TRUE(at.result.contains(says_so)) << at.result;
    };
    play(s);
  }
}

TEST(Structured, WhatAModelWritesAroundItIsPassedOver) {
  scenario s{.turns = {says("Here it is:\n```json\n" + std::string(soup) + "\n```\nEnjoy {it}!")},
             .text = std::string(soup)};
  s.play = cook;
  play(s);
}

TEST(Structured, ByToolTheAnswerIsTakenWhenToolsAreWithheld) {
  scenario s{.turns = {turn().call("t", "{}"), gives(wrong_soup), gives(soup).call("t", "{}")},
             .agent = {.name = "bot",
                       .tools = {slow_tool("t")},
                       .limits = {.round_trips = 1},
                       .answers = by_tool},
             .tree = "invoke_agent bot[chat Test, execute_tool t, chat Test, chat Test]",
             .text = std::string(soup)};
  s.play = [](stage& at) -> task<> {
    co_await cook(at);
    EXPECT_TRUE(at.result.contains("round_trip_limit")) << at.result;
    EXPECT_EQ(at.model.requests().at(1).options.tool_choice.value().name, "final_answer");
    EXPECT_EQ(at.model.requests().at(2).options.tool_choice.value().name, "final_answer");
  };
  play(s);
}

TEST(Structured, OneCallIsTheAnswerAndToolsBesideItRun) {
  scenario s{.turns = {gives(soup).call("final_answer", wrong_soup.data()).call("t", "{}")},
             .agent = {.name = "bot", .tools = {slow_tool("t")}, .answers = by_tool},
             .tree = "invoke_agent bot[chat Test, execute_tool t]",
             .text = std::string(soup),
             .updates = scenario::order::free};
  s.play = cook;
  play(s);
}

TEST(Structured, ASessionGoesOnAfterwards) {
  for (const auto mode : {answer_mode::native, answer_mode::tool}) {
    scenario s{.turns = {mode == answer_mode::native ? says(soup) : gives(soup), says("Yes.")},
               .agent = {.name = "bot", .answers = {.mode = mode}}};
    s.play = [](stage& at) -> task<> {
      session s;
      auto whole = co_await at.run_as<dish>("Cook!", {.session = &s});
      co_await at.keep(at.run("Is it good?", {.session = &s}));
      std::vector<std::string> open;
      const auto asked = at.model.requests().at(1).request.messages;
      for (const auto& m : asked) {
        for (const auto& p : m.parts) {
          if (auto* c = std::get_if<tool_call_part>(&p)) open.push_back(c->id);
          if (auto* r = std::get_if<tool_result_part>(&p)) std::erase(open, r->call_id);
        }
      }
      EXPECT_TRUE(open.empty()) << "a call is never without its result";
    };
    play(s);
  }
}

TEST(Structured, ThePartialGrowsAndBeginsAnewWhenRejected) {
  for (const auto mode : {answer_mode::native, answer_mode::tool}) {
    scripted::client model(
        mode == answer_mode::native
            ? std::vector{says(wrong_soup), says(soup)}
            : std::vector{turn()
                              .update(tool_call_delta{0, "c1", "final_answer", ""})
                              .update(tool_call_delta{0, "", "", R"({"title":"So)"})
                              .update(tool_call_delta{0, "", "", R"(up"})"}),
                          turn()
                              .update(tool_call_delta{0, "c2", "final_answer", R"({"ti)"})
                              .update(tool_call_delta{0, "", "", std::string(soup.substr(4))})});
    agent cook(model, {.name = "bot", .answers = {.mode = mode}});
    std::vector<std::string> titles;
    std::size_t rejected = 0;
    std::size_t steps = 0;
    sync_wait([&]() -> task<> {
      auto arriving = cook.stream<dish>("Cook!");
      EXPECT_FALSE(arriving.partial().begun());
      EXPECT_THROW((void)arriving.value(), usage_error);
      while (auto* update = co_await arriving.next()) {
        if (std::holds_alternative<answer_rejected>(*update)) ++rejected;
        const auto so_far = arriving.partial();
        const auto title = so_far[&dish::title];
        const auto shown = std::string(title.text()) + (title.complete() ? "."
                                                        : title.begun()  ? ".."
                                                                         : "...");
        if (titles.empty() || titles.back() != shown) titles.push_back(shown);
        const auto list = so_far[&dish::steps];
        for (std::size_t i = steps; i < list.size(); ++i) {
          if (list[i].complete()) ++steps;
        }
      }
      EXPECT_EQ(text_of(arriving.value()), soup);
      EXPECT_EQ(arriving.partial().value().value().servings, 2);
      EXPECT_EQ(arriving.response().ledger.own().calls, 2U);
    }());
    EXPECT_EQ(rejected, 1U);
    EXPECT_EQ(steps, 2U);
    EXPECT_EQ(titles,
              mode == answer_mode::native
                  ? (std::vector<std::string>{"...", "So..", "Soup.", "...", "So..", "Soup."})
                  : (std::vector<std::string>{"...", "So..", "Soup.", "...", "Soup."}));
  }
}

TEST(Structured, ARunThatIsDroppedIsDropped) {
  scenario s{
      .turns = {says(soup)}, .modes = {mode::streaming}, .tree = "invoke_agent bot[chat Test]"};
  s.play = [](stage& at) -> task<> {
    auto arriving = at.agent.stream<dish>("Cook!");
    while (arriving.partial()[&dish::title].text() != "Soup") co_await arriving.next();
  };
  s.check = [](const spans& r) {
    EXPECT_EQ(r.attribute("invoke_agent", "skein.outcome"), "\"abandoned\"");
  };
  play(s);
}

TEST(Structured, WhatCannotEndWithATIsRefused) {
  scripted::client model(std::vector<turn>{});
  agent declares(model,
                 {.tools = {tool_declared("ask_user", "Asks", json::object{{"type", "object"}})}});
  EXPECT_THROW((void)declares.stream<dish>("Cook!"), usage_error);
  agent named(model, {.tools = {slow_tool("final_answer")}, .answers = by_tool});
  EXPECT_THROW((void)named.stream<dish>("Cook!"), usage_error);
}

}  // namespace
}  // namespace skein::test
