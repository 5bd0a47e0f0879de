// What each provider makes of a JSON Schema as the format of an answer, and how that is told.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/json/schema.hpp>
#include <skein/providers/anthropic.hpp>
#include <skein/providers/named.hpp>
#include <skein/providers/openai.hpp>
#include <skein/providers/openai_responses.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/ledger.hpp>

#include "providers/canned_transport.hpp"
#include "providers/openai/strict_schema.hpp"

namespace skein::answer_formats_test {
namespace {

using openai::detail::fits_strict;
using paths = std::vector<std::string>;

json::value schema(std::string_view text) { return json::parse(text); }

const std::string plain =
    R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],)"
    R"("additionalProperties":false})";
const std::string rich =
    R"({"type":"object","properties":{"age":{"type":"integer","minimum":0,"multipleOf":2},)"
    R"("tags":{"type":"array","items":{"type":"string","pattern":"x"},"uniqueItems":true},)"
    R"("more":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/m"}]}},"required":["age"],)"
    R"("additionalProperties":false,"$defs":{"m":{"not":{}}}})";

TEST(answer_formats, what_a_provider_can_is_in_its_info) {
  struct row {
    std::string name;
    schema_formats schemas;
  };
  for (const auto& r : std::vector<row>{
           {"openai:m", schema_formats::taken},
           {"openai:m@https://NAME.openai.azure.com/openai/v1", schema_formats::taken},
           {"openai:m@http://127.0.0.1:8080/v1", schema_formats::taken_without_tools},
           {"openai-responses:m", schema_formats::taken},
           {"anthropic:m", schema_formats::taken},
           {"gemini:gemini-3-flash", schema_formats::taken},
           {"gemini:gemini-2.5-flash", schema_formats::taken_without_tools},
           {"ollama:m", schema_formats::taken},
           {"deepseek:m", schema_formats::refused},
           {"xai:m", schema_formats::taken},
           {"groq:m", schema_formats::taken_without_tools},
           {"llama-server:m", schema_formats::taken_without_tools},
           {"compat:m@http://example.org/v1", schema_formats::taken_without_tools},
       }) {
    const auto parts = r.name.find('@');
    named_options options{.api_key = secret<std::string>("k")};
    if (parts == std::string::npos && r.name.starts_with("openai")) {
      options.base_url = "https://api.openai.com/v1";
    }
    EXPECT_EQ(client_named(r.name, std::move(options))->info().schemas, r.schemas) << r.name;
  }
}

TEST(answer_formats, what_is_not_enforced_is_said) {
  struct row {
    std::string name;
    paths of_plain;
    paths of_rich;
  };
  const std::string properties = "$.properties";
  for (const auto& r : std::vector<row>{
           {"openai:m@https://api.openai.com/v1", {}, {"$"}},
           {"openai-responses:m@https://api.openai.com/v1", {}, {"$"}},
           {"compat:m@http://example.org/v1", {}, {}},
           {"anthropic:m",
            {},
            {properties + ".age.minimum", properties + ".age.multipleOf",
             properties + ".tags.items.pattern", properties + ".tags.uniqueItems",
             "$.$defs.m.not"}},
           {"gemini:m",
            {},
            {properties + ".age.multipleOf", properties + ".tags.items.pattern",
             properties + ".tags.uniqueItems", "$.$defs.m.not"}},
           {"ollama:m", {}, {}},
       }) {
    const auto client = client_named(r.name, {.api_key = secret<std::string>("k")});
    EXPECT_EQ(client->not_enforced(schema(plain)), r.of_plain) << r.name;
    EXPECT_EQ(client->not_enforced(schema(rich)), r.of_rich) << r.name;
  }
}

struct passes : chat_layer {
  using chat_layer::chat_layer;
  skein::stream<chat_update> around(chat_request request, chat_options options) override {
    auto answer = inner().stream(request, options);
    while (auto* update = co_await answer.next()) co_yield *update;
  }
};

TEST(answer_formats, what_is_not_enforced_is_an_event_of_the_request) {
  telemetry::install();
  for (const auto& text : {plain, rich, std::string()}) {
    telemetry::span_ledger ledger;
    telemetry::scoped_provider provider(ledger);
    providers::test::canned_transport wire(
        R"({"id":"m","type":"message","role":"assistant","model":"m","stop_reason":"end_turn",)"
        R"("content":[{"type":"text","text":"{}"}],"usage":{"input_tokens":1,"output_tokens":1}})");
    anthropic::client model({.model = "m",
                             .api_key = secret<std::string>("k"),
                             .base_url = "http://here",
                             .transport = &wire});
    passes layer(model);
    EXPECT_EQ(layer.not_enforced(schema(rich)).size(), 5u) << "a layer says what is inside";
    chat_options options{.streaming = false};
    if (!text.empty()) {
      options.response_format = json_schema_format{.name = "f", .schema = schema(text)};
    }
    simulated_runtime rt(1);
    (void)sync_wait(rt, collect(layer.stream({.messages = {user_message("hi")}}, options)));
    const auto records = ledger.records();
    const auto& events = records.at(0).events;
    ASSERT_EQ(events.size(), text == rich ? 1u : 0u);
    if (events.empty()) continue;
    EXPECT_EQ(events[0].name, "skein.schema.not_enforced");
    EXPECT_EQ(events[0].attributes.at("skein.schema.paths").as_array().size(), 5u);
  }
}

// ---- OpenAI's strict schemas

struct step_of_plan {
  std::string what;
  int minutes = 0;
};
struct plan_of_all {
  std::string title;
  std::vector<step_of_plan> steps;
};
struct plan_with_choice {
  std::string title;
  std::optional<int> minutes;
};

TEST(openai_strict, is_for_schemas_that_meet_the_rules) {
  EXPECT_TRUE(fits_strict(json::schema_of<plan_of_all>()));
  EXPECT_FALSE(fits_strict(json::schema_of<plan_with_choice>())) << "all must be required";
  struct row {
    std::string what;
    bool fits;
  };
  const auto with = [](std::string_view member) {
    return R"({"type":"object","properties":{"a":)" + std::string(member) +
           R"(},"required":["a"],"additionalProperties":false})";
  };
  for (const auto& r : std::vector<row>{
           {plain, true},
           {rich, false},
           {"true", false},
           {"[]", false},
           {R"({"type":"string"})", false},
           {R"({"anyOf":[)" + plain + "]}", false},
           {R"({"type":"object"})", false},
           {R"({"type":"object","additionalProperties":false})", true},
           {R"({"type":"object","properties":{},"additionalProperties":{}})", false},
           {R"({"type":"object","properties":{"a":{"type":"null"}},"additionalProperties":false})",
            false},
           {with(R"({"type":["string","null"],"enum":["x",null],"description":"d"})"), true},
           {with(R"({"type":"string","format":"date-time","pattern":"x"})"), true},
           {with(R"({"type":"string","format":"uri"})"), false},
           {with(R"({"type":"string","minLength":1})"), false},
           {with(R"({"type":"integer","minimum":0,"maximum":7})"), true},
           {with(R"({"type":"array","items":{"type":"string"},"minItems":1})"), true},
           {with(R"({"type":"array","items":{"type":"string"},"uniqueItems":true})"), false},
           {with(R"({"type":"array","items":{}})"), false},
           {with(R"({"anyOf":[{"type":"null"},{"type":"integer"}]})"), true},
           {with(R"({"anyOf":[{"type":"null"},{"type":"object"}]})"), false},
           {with(R"({"oneOf":[{"type":"null"},{"type":"integer"}]})"), false},
           {with(R"({"allOf":[{"type":"null"}]})"), false},
           {with("{}"), false},
           {with(plain), true},
           {with(R"({"$ref":"#"})"), true},
           {with(R"({"$ref":"#","description":"d"})"), false},
           {with(R"({"type":"string","default":"x"})"), false},
       }) {
    EXPECT_EQ(fits_strict(schema(r.what)), r.fits) << r.what;
  }
  std::string deep = plain;
  for (int level = 2; level <= 9; ++level) deep = with(deep);
  EXPECT_TRUE(fits_strict(schema(deep)));
  EXPECT_FALSE(fits_strict(schema(with(deep)))) << "ten levels";

  const auto choices = [&](std::size_t count, std::size_t length) {
    json::array all;
    for (std::size_t i = 0; i < count; ++i) all.emplace_back(std::string(length, 'x'));
    return schema(with(json::serialize(json::object{{"type", "string"}, {"enum", all}})));
  };
  EXPECT_TRUE(fits_strict(choices(250, 100)));
  EXPECT_FALSE(fits_strict(choices(251, 100)));
  EXPECT_FALSE(fits_strict(choices(1001, 1)));
  EXPECT_FALSE(fits_strict(choices(200, 601)));
}

TEST(openai_strict, is_set_where_openai_is_asked) {
  struct row {
    std::string url;
    std::string model;
    std::string schema;
    std::optional<bool> asked;
    std::optional<bool> sent;
  };
  const std::string own = "https://api.openai.com/v1";
  for (const auto& r : std::vector<row>{
           {own, "gpt-5-mini", plain, {}, true},
           {own, "gpt-5-mini", rich, {}, {}},
           {own, "gpt-5-mini", plain, false, false},
           {own, "gpt-5-mini", rich, true, true},
           {own, "ft:gpt-4o-mini:x", plain, {}, {}},
           {"https://NAME.openai.azure.com/openai/v1", "gpt-5-mini", plain, {}, {}},
           {"http://127.0.0.1:8080/v1", "m", plain, {}, {}},
       }) {
    const chat_options options{
        .response_format =
            json_schema_format{.name = "f", .schema = schema(r.schema), .strict = r.asked},
        .streaming = false};
    for (const bool responses : {false, true}) {
      SCOPED_TRACE(r.url + (responses ? " responses" : " chat"));
      providers::test::canned_transport wire("{}");
      const openai::client_options of{.model = r.model,
                                      .api_key = secret<std::string>("k"),
                                      .base_url = r.url,
                                      .transport = &wire};
      std::unique_ptr<chat_client> model;
      if (responses) {
        model = std::make_unique<openai::responses_client>(of);
      } else {
        model = std::make_unique<openai::client>(of);
      }
      simulated_runtime rt(1);
      (void)sync_wait(rt, [](chat_client& c, const chat_options& o) -> task<> {
        auto answer = c.stream({.messages = {user_message("hi")}}, o);
        try {
          (void)co_await answer.next();
        } catch (const error&) {
          // What is answered does not matter here.
        }
      }(*model, options));
      const auto body = json::parse(wire.sent().at(0).body);
      const auto& format = responses ? body.at("text").at("format").as_object()
                                     : body.at("response_format").at("json_schema").as_object();
      const auto* strict = format.if_contains("strict");
      EXPECT_EQ(strict != nullptr, r.sent.has_value());
      if (strict != nullptr) {
        EXPECT_EQ(strict->as_bool(), r.sent);
      }
    }
  }
}

}  // namespace
}  // namespace skein::answer_formats_test
