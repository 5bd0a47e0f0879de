// What every recorded stream adds up to, at any chunking, cut anywhere, and with any member
// damaged.
#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "openai_codec.hpp"

namespace skein::openai::test {
namespace {

struct row {
  const char* name;
  std::string model;
  std::string text = {};
  std::string reasoning = {};
  std::vector<tool_call_part> calls = {};
  finish_reason finish = finish_reason::stop;
  std::string finish_raw = "stop";
  skein::usage usage = {};
  std::size_t raw_updates = 0;
  std::string error = {};
};

const std::vector<row>& rows() {
  static const std::vector<row> table = {
      {.name = "openai_text",
       .model = "gpt-5-mini-2025-08-07",
       .text = "It is −3 °C in Oslo.\n☃",
       .usage = {.input = 23, .output = 14, .cache_read = 0, .reasoning = 0}},
      {.name = "openai_parallel_tools",
       .model = "gpt-5-mini-2025-08-07",
       .calls = {{"call_qOfTGgDrItLORNfC6VwUbyLL", "get_forecast", R"({"city":"Oslo"})"},
                 {"call_Zk2mPpQ8sT1uVwXyZaBcDeFg", "get_forecast",
                  R"({"city":"Bergen","days":2})"}},
       .finish = finish_reason::tool_calls,
       .finish_raw = "tool_calls",
       .usage = {.input = 91, .output = 48, .cache_read = 64, .reasoning = 0}},
      {.name = "openai_refusal",
       .model = "gpt-5-mini-2025-08-07",
       .usage = {.input = 40, .output = 11, .cache_read = 0, .reasoning = 0}},
      {.name = "azure_text",
       .model = "gpt-4o-2024-11-20",
       .text = "Good morning.",
       .usage = {.input = 12, .output = 4, .cache_read = 0, .reasoning = 0}},
      {.name = "deepseek_reasoning_tool",
       .model = "deepseek-reasoner",
       .text = "Let me look.",
       .reasoning = "The user wants the weather.",
       .calls = {{"call_00_h1bq6Vw0P3", "get_forecast", R"({"city": "Oslo"})"}},
       .finish = finish_reason::tool_calls,
       .finish_raw = "tool_calls",
       .usage = {.input = 330, .output = 61, .cache_read = 320, .reasoning = 20}},
      {.name = "openrouter_reasoning_details",
       .model = "anthropic/claude-sonnet-4.5",
       .text = "Yes, take a coat.",
       .reasoning = "Short  question, short answer.",
       .usage = {.input = 50, .output = 30, .cache_read = 8, .cache_write = 4, .reasoning = 12}},
      {.name = "openrouter_error",
       .model = "anthropic/claude-sonnet-4.5",
       .text = "Yes, t",
       .finish = finish_reason::none,
       .finish_raw = "",
       .error = "502"},
      {.name = "ollama_same_index",
       .model = "qwen3:4b",
       .calls = {{"call_b3v1k2xz", "get_forecast", R"({"city":"Oslo"})"},
                 {"call_m8n5q0rt", "get_forecast", R"({"city":"Bergen"})"}},
       .finish = finish_reason::tool_calls,
       .finish_raw = "tool_calls",
       .usage = {.input = 170, .output = 44}},
      {.name = "gemini_without_index",
       .model = "gemini-3-flash",
       .calls = {{"function-call-1234", "get_forecast", R"({"city":"Oslo"})"},
                 {"function-call-5678", "get_time", "{}"}},
       .usage = {.input = 85, .output = 17}},
      {.name = "groq_usage_elsewhere",
       .model = "llama-3.3-70b-versatile",
       .text = "Hei!",
       .usage = {.input = 38, .output = 3}},
      {.name = "mistral_thinking_crlf",
       .model = "magistral-small-2509",
       .text = "Four",
       .reasoning = "Easy one.",
       .usage = {.input = 9, .output = 6}},
      {.name = "vllm_without_done",
       .model = "Qwen/Qwen3-8B",
       .text = "Only three",
       .finish = finish_reason::length,
       .finish_raw = "length",
       .usage = {.input = 11, .output = 4}},
      {.name = "finish_reason_never",
       .model = "local-model",
       .text = "Hi there",
       .finish = finish_reason::none,
       .finish_raw = "",
       .usage = {.input = 0, .output = 2}},
      {.name = "moonshot_usage_in_choice",
       .model = "kimi-k2-thinking",
       .text = "A",
       .usage = {.input = 19, .output = 2, .cache_read = 16},
       .raw_updates = 2},
  };
  return table;
}

class recorded : public testing::TestWithParam<row> {};

TEST_P(recorded, adds_up_at_every_chunk_size) {
  const row& r = GetParam();
  const std::string body = read_recording(r.name).body;
  for (const std::size_t chunk : {body.size(), std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    const decoded d = decode(body, chunk);
    EXPECT_EQ(d.error_type(), r.error) << d.what();
    EXPECT_EQ(d.response.text(), r.text);
    EXPECT_EQ(d.reasoning(), r.reasoning);
    EXPECT_EQ(d.response.tool_calls(), r.calls);
    EXPECT_EQ(d.response.model, r.model);
    EXPECT_FALSE(d.response.id.empty());
    EXPECT_EQ(d.response.finish, r.finish);
    EXPECT_EQ(d.response.finish_raw, r.finish_raw);
    EXPECT_EQ(d.response.usage, r.usage);
    EXPECT_EQ(d.all<raw_update>().size(), r.raw_updates);
    EXPECT_EQ(d.all<response_started>().size(), 1U);
    EXPECT_EQ(d.all<response_finished>().size(), r.error.empty() ? 1U : 0U);
    if (r.error.empty()) {
      EXPECT_TRUE(std::holds_alternative<response_finished>(d.updates.back()));
    }
  }
}

// Where the answer is whole: after the JSON of the first finish reason of choice 0, else after
// [DONE]. Found by reading the text, not by the code under test.
std::size_t end_of_answer(const std::string& body) {
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    std::string line = body.substr(at, end - at);
    if (line.ends_with('\r')) line.pop_back();
    const bool reason = line.contains("\"finish_reason\":\"") && !line.contains("\"index\":1");
    if (reason || line == "data: [DONE]") return at + line.size();
    at = end + 1;
  }
  return std::string::npos;
}

TEST_P(recorded, cut_at_every_byte_is_complete_only_after_its_end) {
  const row& r = GetParam();
  const std::string body = read_recording(r.name).body;
  const std::size_t whole = end_of_answer(body);
  ASSERT_NE(whole, std::string::npos);
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    const decoded d = decode(std::string_view(body).substr(0, cut));
    EXPECT_TRUE(r.text.starts_with(d.response.text())) << "cut at " << cut;
    EXPECT_TRUE(r.reasoning.starts_with(d.reasoning())) << "cut at " << cut;
    if (cut < whole) {
      ASSERT_EQ(d.error_type(), "stream_cut") << "cut at " << cut;
      ASSERT_TRUE(d.all<response_finished>().empty()) << "cut at " << cut;
    } else {
      ASSERT_EQ(d.error_type(), r.error) << "cut at " << cut;
      ASSERT_EQ(d.response.text(), r.text) << "cut at " << cut;
      ASSERT_EQ(d.response.tool_calls(), r.calls) << "cut at " << cut;
    }
  }
}

using json::value;

// Every value inside `v` by turns replaced by, or for nullopt removed and replaced by, something
// else.
void damage(value& root, value& v, const std::function<void()>& check) {
  static const std::vector<value> odd = {nullptr,
                                         true,
                                         -1,
                                         1.5,
                                         "",
                                         "x",
                                         json::array{},
                                         json::object{},
                                         json::array{nullptr},
                                         json::object{{"", 0}}};
  const value original = v;
  for (const auto& other : odd) {
    v = other;
    check();
  }
  v = original;
  if (auto* array = v.if_array()) {
    for (auto& item : *array) damage(root, item, check);
  } else if (auto* object = v.if_object()) {
    std::vector<std::string> keys;
    for (const auto& member : *object) keys.emplace_back(member.key());
    for (const auto& key : keys) {
      v.get_object().erase(key);
      check();
      v = original;
      damage(root, v.at(key), check);
    }
  }
}

TEST_P(recorded, with_any_member_damaged_gives_a_result_or_a_typed_error) {
  const row& r = GetParam();
  std::vector<std::string> lines;
  const std::string body = read_recording(r.name).body;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    lines.push_back(body.substr(at, end - at));
    if (lines.back().ends_with('\r')) lines.back().pop_back();
    at = end + 1;
  }
  std::size_t checked = 0;
  for (auto& line : lines) {
    if (!line.starts_with("data: {")) continue;
    const std::string original = line;
    value chunk = json::parse(original.substr(6));
    damage(chunk, chunk, [&] {
      line = "data: " + json::serialize(chunk);
      std::string damaged;
      for (const auto& l : lines) damaged += l + "\n";
      const decoded d = decode(damaged + "\n");
      ++checked;
      if (d.error) {
        const bool from_provider = std::holds_alternative<provider_error>(*d.error);
        EXPECT_TRUE(from_provider || d.error_type() == "stream_cut") << d.what() << "\n" << line;
        EXPECT_TRUE(d.all<response_finished>().empty()) << line;
      } else {
        EXPECT_EQ(d.all<response_finished>().size(), 1U) << line;
      }
    });
    line = original;
  }
  EXPECT_GT(checked, 100U);
}

INSTANTIATE_TEST_SUITE_P(streams, recorded, testing::ValuesIn(rows()),
                         [](const auto& r) { return std::string(r.param.name); });

TEST(recordings, are_all_in_the_table) {
  for (const auto& r : all_recordings()) {
    EXPECT_TRUE(std::ranges::contains(rows(), r.name, [](const row& t) {
      return std::string(t.name);
    })) << r.name;
  }
  EXPECT_EQ(all_recordings().size(), rows().size());
}

TEST(recordings, of_a_refusal_end_with_it) {
  const decoded d = decode(read_recording("openai_refusal").body);
  EXPECT_EQ(d.response.message.parts,
            (std::vector<part>{error_part{"refusal", "I'm sorry, I can't help with that."}}));
}

TEST(recordings, of_gemini_keep_the_order_of_events) {
  const decoded d = decode(read_recording("gemini_without_index").body);
  ASSERT_EQ(d.updates.size(), 5U);
  EXPECT_TRUE(std::holds_alternative<response_started>(d.updates[0]));
  EXPECT_EQ(std::get<tool_call_delta>(d.updates[1]).call, 0U);
  EXPECT_EQ(std::get<tool_call_delta>(d.updates[2]).call, 1U);
  EXPECT_TRUE(std::holds_alternative<usage_update>(d.updates[3]));
  EXPECT_TRUE(std::holds_alternative<response_finished>(d.updates[4]));
}

}  // namespace
}  // namespace skein::openai::test
