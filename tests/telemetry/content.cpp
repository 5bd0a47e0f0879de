// What becomes of content that may be recorded: redaction, the span's budget, the store.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <opentelemetry/trace/provider.h>

#include <skein/core/error.hpp>
#include <skein/json/text.hpp>

#include "telemetry/shape.hpp"
#include "telemetry/signals.hpp"
#include "telemetry/support.hpp"

namespace skein::test {
namespace {

namespace semconv = telemetry::semconv;
namespace fs = std::filesystem;
using telemetry::capture;
using telemetry::content_policy;
using telemetry::content_rules;
using telemetry::operation;

const telemetry::attribute_list inference_attributes{{"gen_ai.operation.name", "chat"}};
operation start() { return {semconv::spans::inference, "chat", context{}, inference_attributes}; }
content<json::value> said(std::string text) {
  return content<json::value>(json::array{json::object{
      {"role", "user"},
      {"parts", json::array{json::object{{"type", "text"}, {"content", std::move(text)}}}}}});
}
void no_names(std::string_view, json::value& v) {
  auto text = json::write_text(v);
  for (std::size_t at = 0; (at = text.find("Bob", at)) != std::string::npos;)
    text.replace(at, 3, "***");
  v = json::parse_text(text).value();
}

class Content : public ::testing::Test {
 protected:
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider{ledger};
  metric_book book;
  log_book logs;
  scoped_signals here{book, logs};
  [[nodiscard]] span_record span() const { return ledger.records().at(0); }
  [[nodiscard]] std::string attribute(std::string_view key) const {
    const auto s = span();
    const auto* v = s.attributes.if_contains(key);
    return v == nullptr ? "-" : v->is_string() ? std::string(v->as_string()) : json::write_text(*v);
  }
};

TEST_F(Content, RedactionComesBeforeAllSignals) {
  const content_policy policy(capture::on, {.redact = no_names});
  {
    auto op = start();
    op.set(semconv::input_messages, said("I am Bob"), policy);
    op.fail(std::make_exception_ptr(tool_error("no room for Bob")), policy);
  }
  EXPECT_TRUE(attribute("gen_ai.input.messages").contains("I am ***"));
  EXPECT_EQ(span().status_message, "no room for ***");
  EXPECT_TRUE(logs.everything().contains("I am ***"));
  EXPECT_TRUE(logs.everything().contains("no room for ***"));
  EXPECT_FALSE(logs.everything().contains("Bob"));
}

TEST_F(Content, WhatCannotBeRedactedIsNotRecorded) {
  caught_log log;
  const content_policy policy(capture::on, {.redact = [](std::string_view, json::value&) {
                                throw std::runtime_error("x");
                              }});
  {
    auto op = start();
    op.set(semconv::input_messages, said("I am Bob"), policy);
    op.fail(std::make_exception_ptr(tool_error("no room for Bob")), policy);
  }
  EXPECT_EQ(attribute("gen_ai.input.messages"), "-");
  EXPECT_EQ(span().status, telemetry::span_status::error);
  EXPECT_EQ(span().status_message, "");
  EXPECT_FALSE(logs.everything().contains("Bob"));
  EXPECT_TRUE(log.text().contains("telemetry failed"));
}

TEST_F(Content, ASpanHasABudget) {
  const content_policy policy(capture::spans,
                              {.max_attribute_bytes = 1'000, .max_span_bytes = 1'500});
  {
    auto op = start();
    op.set(semconv::system_instructions, said(std::string(5'000, 'a')), policy);
    op.set(semconv::input_messages, said(std::string(5'000, 'b')), policy);
    op.set(semconv::output_messages, said("c"), policy);
    op.end(telemetry::outcome::ok);
  }
  const auto sum = [&](auto... keys) { return (attribute(keys).size() + ...); };
  EXPECT_LE(attribute("gen_ai.system_instructions").size(), 1'000u);
  EXPECT_LE(sum("gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages"),
            1'500u);
  EXPECT_GT(std::stoi(attribute("skein.content.cut_bytes")), 8'000);
}

TEST_F(Content, NothingIsSaidOfACutWhereThereWasNone) {
  auto op = start();
  op.set(semconv::input_messages, said("hello"), capture::on);
  op.end(telemetry::outcome::ok);
  EXPECT_EQ(attribute("skein.content.cut_bytes"), "-");
}

// ---- the store

std::string contents(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
std::set<std::string> files_in(const fs::path& dir) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir)) names.insert(entry.path().filename());
  return names;
}
struct temporary_directory {
  fs::path path =
      fs::temp_directory_path() / ("skein-content-" + std::to_string(std::random_device()()));
  temporary_directory() = default;
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() { fs::remove_all(path); }
};

TEST_F(Content, AStoreGetsAllOfItAndTheSpanSaysWhere) {
  temporary_directory dir;
  auto store = telemetry::content_directory(dir.path);
  const content_policy policy(capture::off,
                              {.redact = no_names, .max_attribute_bytes = 0, .store = store});
  const std::string much(100'000, 'x');
  for (int i = 0; i < 3; ++i) {
    auto op = start();
    EXPECT_TRUE(op.wants(policy));
    op.set(semconv::input_messages, said("Bob " + much), policy);
    op.set(semconv::output_messages, said("yes"), policy);
    op.set(semconv::system_instructions, said("be brief"), policy);
    op.set(semconv::tool_definitions, content<json::value>(json::array{}), policy);
    op.set(semconv::tool_call_result, content<json::value>("not stored"), policy);
    op.end(telemetry::outcome::ok);
  }
  EXPECT_TRUE(store->flush(std::chrono::seconds(10)));
  const auto expected = telemetry::attribute_text(said("*** " + much).reveal());
  const auto name = telemetry::sha256(expected) + "_inputs.json";
  EXPECT_EQ(attribute("gen_ai.input.messages_ref"), "file://" + (dir.path / name).string());
  EXPECT_EQ(contents(dir.path / name), expected);
  EXPECT_EQ(files_in(dir.path).size(), 4u) << "what repeats is there once";
  const auto others = fs::perms::group_all | fs::perms::others_all;
  EXPECT_EQ(fs::status(dir.path).permissions() & others, fs::perms::none);
  EXPECT_EQ(fs::status(dir.path / name).permissions() & others, fs::perms::none);
  EXPECT_EQ(attribute("gen_ai.input.messages"), "-");
  EXPECT_TRUE(attribute("gen_ai.output.messages_ref").ends_with("_outputs.json"));
  EXPECT_TRUE(attribute("gen_ai.system_instructions_ref").ends_with("_system_instruction.json"));
  EXPECT_TRUE(attribute("gen_ai.tool.definitions_ref").ends_with("_tool.definitions.json"));
  EXPECT_TRUE(logs.everything().contains(name)) << "the details event says so too";
}

TEST_F(Content, AStoreThatCannotWriteFailsNothing) {
  caught_log log;
  temporary_directory dir;
  auto store = telemetry::content_directory(dir.path);
  fs::remove_all(dir.path);
  std::ofstream(dir.path) << "in the way";
  {
    auto op = start();
    op.set(semconv::input_messages, said("hello"), content_policy(capture::off, {.store = store}));
    op.end(telemetry::outcome::ok);
  }
  EXPECT_FALSE(store->flush(std::chrono::seconds(10)));
  EXPECT_TRUE(log.text().contains("content is not stored in"));
  EXPECT_THROW((void)telemetry::content_directory(dir.path / "below"), usage_error);
}

TEST(ContentStore, TakesNoMoreThanMayWait) {
  caught_log log;
  temporary_directory dir;
  auto store = telemetry::content_directory(dir.path, 0);
  EXPECT_EQ(store->put(semconv::input_messages, "[]"), "");
  EXPECT_FALSE(store->flush(std::chrono::seconds(1)));
  EXPECT_TRUE(log.text().contains("0 pieces wait"));
}

// ---- the environment

content_rules rules_from(const std::map<std::string, std::string>& set,
                         std::string* said = nullptr) {
  return telemetry::content_rules_from(telemetry::environment(
      [&](const char* name) {
        auto found = set.find(name);
        return found == set.end() ? nullptr : found->second.c_str();
      },
      [&](const std::string& message) {
        if (said != nullptr) *said += message;
      }));
}

TEST(ContentRules, ComeFromTheEnvironment) {
  using telemetry::history;
  EXPECT_EQ(rules_from({}).history, history::across_traces);
  EXPECT_EQ(rules_from({{"SKEIN_TELEMETRY_HISTORY", "WHOLE"}}).history, history::whole);
  EXPECT_EQ(rules_from({{"SKEIN_TELEMETRY_HISTORY", "trace"}}).history, history::within_trace);
  EXPECT_EQ(rules_from({{"SKEIN_TELEMETRY_CONTENT_BYTES", "100"}}).max_attribute_bytes, 100u);
  EXPECT_EQ(rules_from({{"SKEIN_TELEMETRY_CONTENT_BYTES", "100"}}).max_span_bytes, 400u);
  EXPECT_EQ(rules_from({{"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "50"}}).max_attribute_bytes,
            50u);
  EXPECT_EQ(rules_from({{"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "50"}}).max_attribute_bytes, 50u);
  EXPECT_EQ(rules_from({}).store, nullptr);
}

TEST(ContentRules, NameWhatMakesNoSense) {
  struct row {
    std::map<std::string, std::string> set;
    std::string said;
  };
  for (const auto& r :
       {row{{{"SKEIN_TELEMETRY_HISTORY", "some"}}, "SKEIN_TELEMETRY_HISTORY"},
        row{{{"SKEIN_TELEMETRY_CONTENT_BYTES", "-1"}}, "SKEIN_TELEMETRY_CONTENT_BYTES"},
        row{{{"OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK", "mail"}}, "mail"},
        row{{{"OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK", "upload"}},
            "OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH"}}) {
    std::string said;
    auto rules = rules_from(r.set, &said);
    EXPECT_TRUE(said.contains(r.said)) << said;
    EXPECT_EQ(rules.store, nullptr);
    EXPECT_EQ(rules.max_attribute_bytes, content_rules().max_attribute_bytes);
  }
}

TEST(ContentRules, UploadMakesADirectory) {
  temporary_directory dir;
  auto rules =
      rules_from({{"OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK", "upload"},
                  {"OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH", "file://" + dir.path.string()}});
  ASSERT_NE(rules.store, nullptr);
  EXPECT_NE(rules.store->put(semconv::input_messages, "[]"), "");
  EXPECT_TRUE(rules.store->flush(std::chrono::seconds(10)));
  EXPECT_EQ(files_in(dir.path).size(), 1u);
}

}  // namespace
}  // namespace skein::test
