// What every recorded stream adds up to, at any chunking, cut anywhere, and with any member
// damaged; and that it can be sent back.
#include <gtest/gtest.h>

#include "anthropic_codec.hpp"

namespace skein::anthropic::test {
namespace {

struct recording_row {
  const char* folder;
  const char* name;
  std::string model;
  std::vector<part> parts = {};
  finish_reason finish = finish_reason::stop;
  std::string finish_raw = "end_turn";
  skein::usage usage = {};
  std::vector<std::string> raw_updates = {};  // their first keys
  std::string error = {};

  [[nodiscard]] std::string body() const {
    return providers::test::read_file(files_of(folder) / (std::string(name) + ".sse"));
  }
};

const std::string sonnet = "claude-sonnet-4-5-20250929";
const std::string sentence = "It is 17 °C in Oslo.\nMild — for “autumn” ☀";

std::string signed_as(std::string_view end) {
  return R"({"anthropic":{"signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds+WkSm/3TiFAfb)" +
         std::string(end) + R"("}})";
}

constexpr const char* direct = R"({"anthropic":{"caller":{"type":"direct"}}})";

skein::usage counts(std::int64_t input, std::int64_t output) {
  return {.input = input, .output = output, .cache_read = 0, .cache_write = 0};
}

const std::vector<recording_row>& rows() {
  static const std::vector<recording_row> table = {
      {.folder = "conformance",
       .name = "text",
       .model = sonnet,
       .parts = {text_part{sentence}},
       .usage = counts(12, 9)},
      {.folder = "conformance",
       .name = "tool_one",
       .model = sonnet,
       .parts = {tool_call_part{"toolu_01NRLabsLyVHZPKxbKvkfSMn", "get_weather",
                                R"({"city": "Oslo", "unit": "c"})", direct}},
       .finish = finish_reason::tool_calls,
       .finish_raw = "tool_use",
       .usage = counts(377, 65)},
      {.folder = "conformance",
       .name = "tool_parallel",
       .model = sonnet,
       .parts = {tool_call_part{"toolu_01A09q90qw90lq917835lq9", "get_weather",
                                R"({"city": "Oslo"})"},
                 tool_call_part{"toolu_01B21m41ns82xk273946mw2", "get_weather",
                                R"({"city": "Rome"})"}},
       .finish = finish_reason::tool_calls,
       .finish_raw = "tool_use",
       .usage = counts(377, 80)},
      {.folder = "conformance",
       .name = "tool_no_arguments",
       .model = sonnet,
       .parts = {tool_call_part{"toolu_01T1x1fJ34qAmk2tNTrN7Up6", "get_time", ""}},
       .finish = finish_reason::tool_calls,
       .finish_raw = "tool_use",
       .usage = counts(377, 34)},
      {.folder = "conformance",
       .name = "tool_malformed",
       .model = sonnet,
       .parts = {tool_call_part{"toolu_01T1x1fJ34qAmk2tNTrN7Up6", "get_weather",
                                R"({"city": "Os)"}},
       .finish = finish_reason::length,
       .finish_raw = "max_tokens",
       .usage = counts(377, 34)},
      {.folder = "conformance",
       .name = "text_and_tool",
       .model = sonnet,
       .parts = {text_part{"Let me look."}, tool_call_part{"toolu_01T1x1fJ34qAmk2tNTrN7Up6",
                                                           "get_weather", R"({"city": "Oslo"})"}},
       .finish = finish_reason::tool_calls,
       .finish_raw = "tool_use",
       .usage = counts(377, 50)},
      {.folder = "conformance",
       .name = "reasoning",
       .model = sonnet,
       .parts = {reasoning_part{"The user asks for the sum.", signed_as("==")}, text_part{"42"}},
       .usage = counts(12, 30)},
      {.folder = "conformance",
       .name = "reasoning_tool",
       .model = sonnet,
       .parts = {reasoning_part{"I need the weather.", signed_as("==")},
                 tool_call_part{"toolu_01T1x1fJ34qAmk2tNTrN7Up6", "get_weather",
                                R"({"city": "Oslo"})"}},
       .finish = finish_reason::tool_calls,
       .finish_raw = "tool_use",
       .usage = counts(377, 60)},
      {.folder = "conformance",
       .name = "refusal",
       .model = "claude-opus-4-7",
       .parts = {error_part{"refusal", "I can't help with that."}},
       .finish = finish_reason::content_filter,
       .finish_raw = "refusal",
       .usage = counts(12, 1),
       .raw_updates = {"stop_details"}},
      {.folder = "conformance",
       .name = "length",
       .model = sonnet,
       .parts = {text_part{"Once upon a"}},
       .finish = finish_reason::length,
       .finish_raw = "max_tokens",
       .usage = counts(12, 3)},
      {.folder = "conformance",
       .name = "content_filter",
       .model = sonnet,
       .parts = {text_part{"The first step is"}},
       .finish = finish_reason::content_filter,
       .finish_raw = "refusal",
       .usage = counts(12, 5)},
      {.folder = "conformance",
       .name = "usage_cache",
       .model = sonnet,
       .parts = {text_part{"ok"}},
       .usage = {.input = 100, .output = 4, .cache_read = 80, .cache_write = 10}},
      {.folder = "conformance",
       .name = "usage_reasoning",
       .model = sonnet,
       .parts = {reasoning_part{"", signed_as("==")}, text_part{"ok"}},
       .usage = {.input = 12, .output = 50, .cache_read = 0, .cache_write = 0, .reasoning = 40}},
      {.folder = "conformance",
       .name = "keep_alive",
       .model = sonnet,
       .parts = {text_part{sentence}},
       .usage = counts(12, 9)},
      {.folder = "conformance",
       .name = "unknown_event",
       .model = sonnet,
       .parts = {text_part{sentence}},
       .usage = counts(12, 9),
       .raw_updates = {"type"}},
      {.folder = "conformance",
       .name = "error_first",
       .model = "",
       .finish = finish_reason::none,
       .finish_raw = "",
       .error = "overloaded_error"},
      {.folder = "conformance",
       .name = "error_inside",
       .model = sonnet,
       .parts = {text_part{"Par"}},
       .finish = finish_reason::none,
       .finish_raw = "",
       .usage = counts(12, 1),
       .error = "overloaded_error"},
      {.folder = "conformance", .name = "empty", .model = sonnet, .usage = counts(12, 2)},
      {.folder = "recorded",
       .name = "web_search",
       .model = "claude-opus-4-7",
       .parts =
           {text_part{"I'll search."},
            raw_part{
                "anthropic",
                json::parse(
                    R"({"type":"server_tool_use","id":"srvtoolu_014hJH82Qum7Td6UV8gDXThB","name":"web_search","input":{"query":"weather Oslo"}})")},
            raw_part{
                "anthropic",
                json::parse(
                    R"({"type":"web_search_tool_result","tool_use_id":"srvtoolu_014hJH82Qum7Td6UV8gDXThB","content":[{"type":"web_search_result","title":"Weather","url":"https://example.org/weather","encrypted_content":"Ev0DCioIAhgCIiQ3NmU4ZmI4OC1k","page_age":null}]})")},
            text_part{"Here: 17 °C in Oslo"},
            raw_part{
                "anthropic",
                json::parse(
                    R"({"type":"text","text":"17 °C in Oslo","citations":[{"type":"web_search_result_location","cited_text":"Oslo: 17 degrees","url":"https://example.org/weather","title":"Weather","encrypted_index":"Eo8BCioIAhgBIiQyYjQ0OWJmZi1lNm=="}]})")},
            text_part{"."}},
       .usage = counts(10682, 510)},
      {.folder = "recorded",
       .name = "thinking",
       .model = "claude-3-7-sonnet-20250219",
       .parts =
           {reasoning_part{"First part.", signed_as("==")},
            reasoning_part{
                "",
                R"({"anthropic":{"data":"EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpP"}})"},
            reasoning_part{"Second part.", signed_as("2=")},
            tool_call_part{
                "toolu_01A09q90qw90lq917835lq9", "get_weather", R"({"city":"Oslo"})",
                R"({"anthropic":{"caller":{"type":"code_execution_20260120","tool_id":"srvtoolu_01"}}})"},
            reasoning_part{"", signed_as("3=")}, text_part{"Done."}},
       .finish = finish_reason::other,
       .finish_raw = "pause_turn",
       .usage = counts(12, 77)},
      {.folder = "recorded",
       .name = "compaction",
       .model = "claude-opus-4-7",
       .parts =
           {raw_part{
                "anthropic",
                json::parse(
                    R"({"type":"compaction","content":"Earlier: nothing.","encrypted_content":"EpwBCioIDxgCEAEYASJA"})")},
            text_part{"Hello there!"}},
       .finish = finish_reason::stop,
       .finish_raw = "stop_sequence",
       .usage = counts(30, 8),
       .raw_updates = {"container", "stop_sequence"}},
      {.folder = "recorded",
       .name = "llama_server",
       .model = "qwen3-8b",
       .parts = {reasoning_part{"Two cities.", R"({"anthropic":{"signature":""}})"},
                 text_part{"Let me look."},
                 tool_call_part{"BqFwLka1Izq6HDAdf9rx0Hd83uqxMj2Q", "get_weather",
                                "{\n\n\"city\"\n\n\t :\"Oslo\"\n }"},
                 tool_call_part{"N3mRtX0pWq8sLkZaYc5uVb7dHj2fGe4T", "get_weather",
                                R"({"city":"Rome"})"}},
       .finish = finish_reason::tool_calls,
       .finish_raw = "tool_use",
       .usage = {.input = 170, .output = 157, .cache_read = 169},
       .raw_updates = {"type"}},  // the signature, which comes too late and is empty
  };
  return table;
}

class anthropic_recorded : public ::testing::TestWithParam<recording_row> {};

TEST_P(anthropic_recorded, adds_up_at_every_chunk_size) {
  const recording_row& r = GetParam();
  const std::string body = r.body();
  for (const std::size_t chunk : {body.size(), std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    const decoded d = decode(body, chunk);
    EXPECT_EQ(d.error_type(), r.error) << d.what();
    EXPECT_EQ(d.response.message.parts, r.parts);
    EXPECT_EQ(d.response.model, r.model);
    EXPECT_EQ(d.response.finish, r.finish);
    EXPECT_EQ(d.response.finish_raw, r.finish_raw);
    EXPECT_EQ(d.response.usage, r.usage);
    std::vector<std::string> keys;
    for (const auto& raw : d.all<raw_update>()) {
      keys.emplace_back(raw.value.as_object().begin()->key());
    }
    EXPECT_EQ(keys, r.raw_updates);
    EXPECT_EQ(d.all<response_started>().size(), r.model.empty() ? 0U : 1U);
    EXPECT_EQ(d.all<response_finished>().size(), r.error.empty() ? 1U : 0U);
    if (r.error.empty()) {
      EXPECT_TRUE(std::holds_alternative<response_finished>(d.updates.back()));
    }
  }
}

TEST_P(anthropic_recorded, cut_at_every_byte_is_complete_only_after_its_end) {
  const recording_row& r = GetParam();
  const std::string body = r.body();
  const std::string_view request_id = R"("request_id":"req_011CSHoEeqs5C35K2UUqR7Fy"})";
  const std::size_t whole =
      r.error.empty() ? end_of_answer(body) : body.find(request_id) + request_id.size();
  ASSERT_LE(whole, body.size());
  const decoded all = decode(body);
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    const decoded d = decode(std::string_view(body).substr(0, cut));
    EXPECT_TRUE(all.response.text().starts_with(d.response.text())) << "cut at " << cut;
    EXPECT_TRUE(all.reasoning().starts_with(d.reasoning())) << "cut at " << cut;
    if (cut < whole) {
      ASSERT_EQ(d.error_type(), "stream_cut") << "cut at " << cut;
      ASSERT_TRUE(d.all<response_finished>().empty()) << "cut at " << cut;
    } else {
      ASSERT_EQ(d.error_type(), r.error) << "cut at " << cut;
      ASSERT_EQ(d.updates, all.updates) << "cut at " << cut;
    }
  }
}

TEST_P(anthropic_recorded, with_any_member_damaged_gives_a_result_or_a_typed_error) {
  std::size_t checked = 0;
  providers::test::damage_lines(
      GetParam().body(), [&](const std::string& body, const std::string& line) {
        const decoded d = decode(body);
        ++checked;
        if (d.error) {
          const bool from_provider = std::holds_alternative<provider_error>(*d.error);
          EXPECT_TRUE(from_provider || d.error_type() == "stream_cut") << d.what() << "\n" << line;
        }
        EXPECT_EQ(d.all<response_finished>().size(), d.error ? 0U : 1U) << line;
        EXPECT_NO_THROW((void)json::parse(body_of({d.response.message}))) << line;
      });
  EXPECT_GT(checked, 40U);
}

INSTANTIATE_TEST_SUITE_P(anthropic, anthropic_recorded, ::testing::ValuesIn(rows()),
                         [](const auto& r) { return std::string(r.param.name); });

TEST(anthropic_recordings, are_all_in_the_table) {
  std::size_t files = 0;
  for (const auto* folder : {"conformance", "recorded"}) {
    for (const auto& file : std::filesystem::directory_iterator(files_of(folder))) {
      if (file.path().extension() == ".sse") ++files;
    }
  }
  EXPECT_EQ(files, rows().size());
}

// ---- What came is sent back

std::string sent_back(const char* name) {
  const decoded d =
      decode(providers::test::read_file(files_of("recorded") / (name + std::string(".sse"))));
  const auto body = json::parse(body_of({d.response.message})).as_object();
  return json::serialize(body.at("messages").at(0).at("content"));
}

TEST(anthropic_recordings, of_thinking_are_sent_back_as_they_came) {
  const std::string signature =
      "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds+WkSm/3TiFAfb";
  EXPECT_EQ(
      sent_back("thinking"),
      R"([{"type":"thinking","thinking":"First part.","signature":")" + signature + R"(=="},)" +
          R"({"type":"redacted_thinking","data":"EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpP"},)"
          R"({"type":"thinking","thinking":"Second part.","signature":")" +
          signature + R"(2="},)" +
          R"({"type":"tool_use","id":"toolu_01A09q90qw90lq917835lq9","name":"get_weather","input":{"city":"Oslo"},)"
          R"("caller":{"type":"code_execution_20260120","tool_id":"srvtoolu_01"}},)"
          R"({"type":"thinking","thinking":"","signature":")" +
          signature + R"(3="},)" + R"({"type":"text","text":"Done."}])");
}

// It reads the reasoning of earlier turns from there.
TEST(anthropic_recordings, of_llama_server_are_sent_back_with_what_was_thought_first) {
  EXPECT_TRUE(sent_back("llama_server")
                  .starts_with(R"([{"type":"thinking","thinking":"Two cities.","signature":""},)"
                               R"({"type":"text","text":"Let me look."},{"type":"tool_use",)"));
}

TEST(anthropic_recordings, of_a_search_are_sent_back_as_they_came) {
  EXPECT_EQ(
      sent_back("web_search"),
      R"([{"type":"text","text":"I'll search."},)"
      R"({"type":"server_tool_use","id":"srvtoolu_014hJH82Qum7Td6UV8gDXThB","name":"web_search","input":{"query":"weather Oslo"}},)"
      R"({"type":"web_search_tool_result","tool_use_id":"srvtoolu_014hJH82Qum7Td6UV8gDXThB","content":[{"type":"web_search_result","title":"Weather","url":"https://example.org/weather","encrypted_content":"Ev0DCioIAhgCIiQ3NmU4ZmI4OC1k","page_age":null}]},)"
      R"({"type":"text","text":"Here: "},)"
      R"({"type":"text","text":"17 °C in Oslo","citations":[{"type":"web_search_result_location","cited_text":"Oslo: 17 degrees","url":"https://example.org/weather","title":"Weather","encrypted_index":"Eo8BCioIAhgBIiQyYjQ0OWJmZi1lNm=="}]},)"
      R"({"type":"text","text":"."}])");
}

}  // namespace
}  // namespace skein::anthropic::test
