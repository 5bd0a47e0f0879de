// What every recorded stream adds up to, at any chunking, cut anywhere, and with any member
// damaged.
#include <algorithm>

#include <gtest/gtest.h>

#include "openai_codec.hpp"
#include "recorded.hpp"

namespace skein::openai::test {
namespace {

using providers::test::recorded_row;

const std::vector<recorded_row>& rows() {
  static const std::vector<recorded_row> table = {
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
      {.name = "llama_server_timings",
       .model = "qwen3-4b-q4_k_m",
       .text = "Wear boots.",
       .reasoning = "Snow is cold.",
       .usage = {.input = 21, .output = 9, .cache_read = 4}},
      {.name = "lm_studio_tool",
       .model = "qwen/qwen3-8b",
       .calls = {{"315942877", "get_forecast", R"({"city":"Oslo"})"}},
       .finish = finish_reason::tool_calls,
       .finish_raw = "tool_calls",
       .usage = {.input = 180, .output = 22}},
      {.name = "xai_reasoning",
       .model = "grok-4-0709",
       .text = "It is 4.",
       .reasoning = "First, the sum.",
       .usage = {.input = 15, .output = 7, .cache_read = 2, .reasoning = 3}},
      {.name = "together_reasoning",
       .model = "openai/gpt-oss-20b",
       .text = "Sunny.",
       .reasoning = "Easy.",
       .usage = {.input = 70, .output = 12, .cache_read = 64},
       .raw_updates = 5},
      {.name = "fireworks_usage_last",
       .model = "accounts/fireworks/models/gpt-oss-20b",
       .text = "God dag",
       .reasoning = "Short.",
       .usage = {.input = 33, .output = 7, .cache_read = 0}},
  };
  return table;
}

class recorded : public ::testing::TestWithParam<recorded_row> {};

TEST_P(recorded, adds_up_at_every_chunk_size) {
  const std::string body = read_recording(GetParam().name).body;
  providers::test::expect_adds_up(GetParam(), body, decode);
  const decoded d = decode(body);
  EXPECT_FALSE(d.response.id.empty());
  EXPECT_EQ(d.all<response_started>().size(), 1U);
}

TEST_P(recorded, cut_at_every_byte_is_complete_only_after_its_end) {
  const std::string body = read_recording(GetParam().name).body;
  providers::test::expect_ends_only_after(end_of_answer(body), GetParam(), body, decode);
}

TEST_P(recorded, with_any_member_damaged_gives_a_result_or_a_typed_error) {
  providers::test::expect_one_end_of_damaged(read_recording(GetParam().name).body, decode);
}

INSTANTIATE_TEST_SUITE_P(streams, recorded, ::testing::ValuesIn(rows()),
                         [](const auto& r) { return std::string(r.param.name); });

TEST(recordings, are_all_in_the_table) {
  for (const auto& r : all_recordings()) {
    EXPECT_TRUE(std::ranges::contains(rows(), r.name, [](const recorded_row& t) {
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
