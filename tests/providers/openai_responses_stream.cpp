// What streams of responses add up to, at any chunking, cut anywhere, and with any member damaged.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "openai_responses.hpp"

namespace skein::openai::responses_test {
namespace {

class responses_recorded : public ::testing::TestWithParam<recording> {};

TEST_P(responses_recorded, is_the_same_at_every_chunk_size) {
  const std::string& body = GetParam().body;
  const decoded all = decode(body);
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    const decoded d = decode(body, chunk);
    EXPECT_EQ(d.updates, all.updates);
    EXPECT_EQ(d.what(), all.what());
  }
}

TEST_P(responses_recorded, cut_at_every_byte_is_complete_only_after_its_end) {
  const std::string& body = GetParam().body;
  const decoded all = decode(body);
  const std::size_t whole = end_of_answer(body);
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    const decoded d = decode(std::string_view(body).substr(0, cut));
    ASSERT_TRUE(all.response.text().starts_with(d.response.text())) << "cut at " << cut;
    ASSERT_TRUE(all.reasoning().starts_with(d.reasoning())) << "cut at " << cut;
    ASSERT_EQ(d.all<response_finished>().size(), cut >= whole ? 1U : 0U) << "cut at " << cut;
    if (cut >= whole) {
      ASSERT_EQ(d.updates, all.updates) << "cut at " << cut;
    } else if (d.error_type() != "stream_cut") {
      ASSERT_TRUE(all.error && d.what() == all.what()) << "cut at " << cut;
    }
  }
}

TEST_P(responses_recorded, with_any_member_damaged_gives_a_result_or_a_typed_error) {
  std::size_t checked = 0;
  const auto check = [&](const std::string& body, const std::string& line) {
    const decoded d = decode(body);
    ++checked;
    if (d.error) {
      const bool from_provider = std::holds_alternative<provider_error>(*d.error);
      ASSERT_TRUE(from_provider || d.error_type() == "stream_cut") << d.what() << "\n" << line;
      ASSERT_TRUE(d.all<response_finished>().empty()) << line;
    } else {
      ASSERT_EQ(d.all<response_finished>().size(), 1U) << line;
    }
  };
  providers::test::damage_lines(GetParam().body, check);
  EXPECT_GT(checked, 100U);
}

INSTANTIATE_TEST_SUITE_P(streams, responses_recorded, ::testing::ValuesIn(all_recordings()),
                         [](const auto& r) { return r.param.name; });

TEST(responses_stream, of_text) {
  const decoded d = decode(recorded("text").body);
  EXPECT_EQ(d.error_type(), "") << d.what();
  EXPECT_EQ(d.response.message.parts,
            (std::vector<part>{text_part{"It is 17 °C in Oslo.\nMild — for “autumn” ☀"}}));
  EXPECT_EQ(d.response.model, "gpt-5-mini-2025-08-07");
  EXPECT_TRUE(d.response.id.starts_with("resp_"));
  EXPECT_EQ(d.response.continuation, "");
  EXPECT_EQ(d.response.finish, finish_reason::stop);
  EXPECT_EQ(d.response.finish_raw, "completed");
  EXPECT_EQ(d.response.usage, (usage{.input = 12, .output = 9, .cache_read = 0, .reasoning = 0}));
  EXPECT_EQ(d.all<text_delta>().size(), 7U);
  EXPECT_EQ(d.all<response_started>().size(), 1U);
  EXPECT_TRUE(d.all<raw_update>().empty());
}

TEST(responses_stream, whole_is_the_same) {
  for (const char* name : {"text", "tool_one"}) {
    const decoded streamed = decode(recorded(name).body);
    const decoded whole = decode_whole(
        providers::test::read_file(providers::test::tests_of_providers() / "conformance" /
                                   "openai_responses" / (std::string(name) + ".json")));
    EXPECT_EQ(whole.error_type(), "") << whole.what();
    EXPECT_EQ(whole.response.message, streamed.response.message);
    EXPECT_EQ(whole.response.usage, streamed.response.usage);
    EXPECT_EQ(whole.response.finish, streamed.response.finish);
    EXPECT_EQ(whole.response.id, streamed.response.id);
  }
}

TEST(responses_stream, of_calls) {
  const std::vector<tool_call_part> expected = {
      {"call_Qm3XcT8bVn1LpZ5KsR7YdW2e", "get_weather", R"({"city":"Oslo"})"},
      {"call_Hb6FjG4kUx9AoN0MtE8IqC1r", "get_weather", R"({"city":"Rome"})"}};
  for (const char* name : {"tool_parallel", "tool_interleaved"}) {
    const decoded d = decode(recorded(name).body);
    EXPECT_EQ(d.error_type(), "") << d.what();
    EXPECT_EQ(d.response.tool_calls(), expected) << name;
    EXPECT_EQ(d.response.finish, finish_reason::tool_calls);
  }
  const decoded d = decode(recorded("tool_malformed").body);
  ASSERT_EQ(d.response.tool_calls().size(), 1U);
  EXPECT_EQ(d.response.tool_calls()[0].arguments, R"({"city": "Os)");
  EXPECT_EQ(d.response.finish, finish_reason::length);
}

TEST(responses_stream, of_reasoning_keeps_what_the_next_request_needs) {
  const decoded d = decode(recorded("reasoning").body);
  EXPECT_EQ(d.reasoning(), "The user asks for the sum.");
  ASSERT_EQ(d.response.message.parts.size(), 3U);
  const auto opaque = json::parse(std::get<reasoning_part>(d.response.message.parts[0]).opaque);
  const auto& item = opaque.at("openai_responses");
  EXPECT_TRUE(item.at("id").as_string().starts_with("rs_"));
  EXPECT_EQ(item.at("encrypted_content"), "gAAAAABpVbgAkq0sU2m7Yw3nR5tZ8cX1vB4dF6hJ9lQ");
  EXPECT_EQ(item.at("summary").at(0).at("text"), "The user asks for the sum.");
  EXPECT_EQ(std::get<text_part>(d.response.message.parts[1]).text, "42");
  const auto& end = std::get<raw_part>(d.response.message.parts[2]);
  EXPECT_EQ(end.provider, "openai_responses");
  EXPECT_TRUE(end.value.at("id").as_string().starts_with("msg_"));
  EXPECT_EQ(d.response.usage.reasoning, 64);
}

TEST(responses_stream, of_a_refusal) {
  const decoded d = decode(recorded("refusal").body);
  EXPECT_EQ(d.response.message.parts,
            (std::vector<part>{error_part{"refusal", "I can't help with that."}}));
  EXPECT_EQ(d.response.finish, finish_reason::stop);
}

TEST(responses_stream, of_incomplete_answers) {
  const decoded length = decode(recorded("length").body);
  EXPECT_EQ(length.response.text(), "Once upon a");
  EXPECT_EQ(length.response.finish, finish_reason::length);
  EXPECT_EQ(length.response.finish_raw, "max_output_tokens");
  EXPECT_EQ(decode(recorded("content_filter").body).response.finish, finish_reason::content_filter);
}

TEST(responses_stream, of_errors) {
  const decoded first = decode(recorded("error_first").body);
  EXPECT_EQ(first.error_type(), "server_error");
  EXPECT_EQ(first.all<response_started>().size(), 1U);
  const decoded inside = decode(recorded("error_inside").body);
  EXPECT_EQ(inside.error_type(), "rate_limit_exceeded");
  EXPECT_EQ(inside.response.text(), "Par");
}

TEST(responses_stream, of_usage) {
  EXPECT_EQ(
      decode(recorded("usage_cache").body).response.usage,
      (usage{.input = 100, .output = 2, .cache_read = 80, .cache_write = 10, .reasoning = 0}));
  EXPECT_EQ(decode(recorded("usage_reasoning").body).response.usage.reasoning, 40);
}

TEST(responses_stream, keeps_unknown_events) {
  const decoded d = decode(recorded("unknown_event").body);
  ASSERT_EQ(d.all<raw_update>().size(), 1U);
  EXPECT_EQ(d.all<raw_update>()[0].value.at("type"), "response.output_text.tone.delta");
  EXPECT_TRUE(decode(recorded("keep_alive").body).all<raw_update>().empty());
}

TEST(responses_stream, of_a_tool_that_the_server_runs) {
  const decoded d = decode(recorded("web_search").body);
  EXPECT_EQ(d.error_type(), "") << d.what();
  EXPECT_EQ(d.reasoning(), "**Looking** up");
  EXPECT_EQ(d.response.text(), "Mild in Oslo.");
  std::vector<std::string> types;
  for (const auto& p : d.response.message.parts) {
    if (const auto* raw = std::get_if<raw_part>(&p)) {
      types.emplace_back(raw->value.at("type").as_string());
    }
  }
  EXPECT_EQ(types, (std::vector<std::string>{"web_search_call", "message"}));
  // Its beginning, its three steps, and the citation.
  EXPECT_EQ(d.all<raw_update>().size(), 5U);
  EXPECT_TRUE(d.response.tool_calls().empty());
}

TEST(responses_stream, in_the_background_can_be_taken_up_again) {
  const decoded d = decode(recorded("background").body);
  EXPECT_EQ(d.response.text(), "Done.");
  EXPECT_EQ(d.response.continuation, d.response.id + ":0");
  const auto parsed = detail::continuation::parse(d.response.continuation);
  EXPECT_EQ(parsed.id, d.response.id);
  EXPECT_EQ(parsed.after, 0);
  // What comes after its first event is the same answer.
  const std::string body = recorded("background").body;
  const decoded rest = decode(body.substr(body.find("\n\n") + 2));
  EXPECT_EQ(rest.response.message, d.response.message);
  EXPECT_EQ(rest.response.id, d.response.id);
}

TEST(responses_stream, continuation_tokens_are_checked) {
  for (const char* bad : {"", ":", "resp_1", "resp_1:", ":4", "resp_1:x", "resp_1:-1", "a/b:1",
                          "resp_1:1 ", "resp_1?x:2"}) {
    EXPECT_THROW((void)detail::continuation::parse(bad), usage_error) << bad;
  }
}

// Without output_index, without ids of calls, and done only at the end.
TEST(responses_stream, of_llama_server) {
  const decoded d = decode(recorded("llama_server").body);
  EXPECT_EQ(d.error_type(), "") << d.what();
  EXPECT_EQ(d.reasoning(), "Two cities.");
  const auto calls = d.response.tool_calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0], (tool_call_part{"fc_k1", "get_weather", R"({"city":"Oslo"})"}));
  EXPECT_EQ(calls[1], (tool_call_part{"fc_k2", "get_weather", R"({"city":"Rome"})"}));
  EXPECT_EQ(d.response.model, "tiny");
  EXPECT_EQ(d.response.usage.output, 40);
}

const std::string created = R"({"type":"response.created","response":{"id":"resp_1","model":"m"}})";
std::string completed(const std::string& output = "[]") {
  return R"({"type":"response.completed","response":{"id":"resp_1","model":"m","output":)" +
         output + "}}";
}

TEST(responses_stream, gives_out_once_what_comes_late_or_twice) {
  const std::string message =
      R"({"type":"message","id":"msg_1","content":[{"type":"output_text","text":"Hello"}]})";
  const std::string call =
      R"({"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}"})";
  const std::vector<std::vector<std::string>> streams = {
      // Only the terminal event.
      {created, completed("[" + message + "," + call + "]")},
      // Only items that are done.
      {created, R"({"type":"response.output_item.done","output_index":0,"item":)" + message + "}",
       R"({"type":"response.output_item.done","output_index":1,"item":)" + call + "}",
       completed("[" + message + "," + call + "]")},
      // A part of the text, then all of it, again and again.
      {created,
       R"({"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"delta":"Hel"})",
       R"({"type":"response.output_text.done","item_id":"msg_1","output_index":0,"text":"Hello"})",
       R"({"type":"response.output_item.done","output_index":0,"item":)" + message + "}",
       R"({"type":"response.output_item.done","output_index":0,"item":)" + message + "}",
       R"({"type":"response.function_call_arguments.delta","item_id":"fc_1","delta":"{"})",
       R"({"type":"response.output_item.done","output_index":1,"item":)" + call + "}",
       completed("[" + message + "," + call + "]")},
  };
  for (const auto& events : streams) {
    const decoded d = decode_events(events);
    EXPECT_EQ(d.error_type(), "") << d.what();
    EXPECT_EQ(d.response.text(), "Hello");
    EXPECT_EQ(d.response.tool_calls(), (std::vector<tool_call_part>{{"c", "f", "{}"}}));
  }
}

TEST(responses_stream, of_parts_of_a_summary_are_paragraphs) {
  const decoded d = decode_events(
      {created,
       R"({"type":"response.reasoning_summary_text.delta","item_id":"rs","summary_index":0,"delta":"a"})",
       R"({"type":"response.reasoning_summary_text.delta","item_id":"rs","summary_index":0,"delta":"b"})",
       R"({"type":"response.reasoning_summary_text.delta","item_id":"rs","summary_index":1,"delta":"c"})",
       R"({"type":"response.output_item.done","item":{"type":"reasoning","id":"rs","summary":[)"
       R"({"type":"summary_text","text":"ab"},{"type":"summary_text","text":"c"}]}})",
       completed()});
  EXPECT_EQ(d.reasoning(), "ab\n\nc");
}

TEST(responses_stream, ids_of_calls_are_unique_and_never_missing) {
  const auto added = [](const std::string& members) {
    return R"({"type":"response.output_item.done","item":{"type":"function_call","arguments":"{}")" +
           members + "}}";
  };
  const decoded d = decode_events({created, added(R"(,"id":"a","call_id":"x","name":"f")"),
                                   added(R"(,"id":"b","call_id":"x","name":"f")"),
                                   added(R"(,"id":"c","name":"f")"),
                                   added(R"(,"id":"d","call_id":"y")"), completed()});
  const auto calls = d.response.tool_calls();
  ASSERT_EQ(calls.size(), 4U);
  EXPECT_EQ(calls[0].id, "x");
  EXPECT_EQ(calls[1].id, "call_1_resp_1");
  EXPECT_EQ(calls[2].id, "call_2_resp_1");
  EXPECT_EQ(calls[3], (tool_call_part{"y", "", "{}"}));
}

TEST(responses_stream, terminal_events_that_say_something_else) {
  const auto end = [](const std::string& type, const std::string& members) {
    return decode_events({created, R"({"type":"response.)" + type +
                                       R"(","response":{"id":"resp_1")" + members + "}}"});
  };
  EXPECT_EQ(
      end("completed", R"(,"status":"incomplete","incomplete_details":{"reason":"max_tokens"})")
          .response.finish,
      finish_reason::length);
  EXPECT_EQ(
      end("completed", R"(,"status":"failed","error":{"code":"e","message":"no"})").error_type(),
      "e");
  EXPECT_EQ(end("failed", "").error_type(), "failed");
  EXPECT_EQ(end("cancelled", "").error_type(), "cancelled");
  EXPECT_EQ(end("incomplete", "").response.finish, finish_reason::other);
  EXPECT_EQ(end("incomplete", "").response.finish_raw, "incomplete");
  EXPECT_EQ(
      decode("event: error\ndata: {\"error\":{\"code\":\"c\",\"message\":\"m\"}}\n\n").error_type(),
      "c");
  EXPECT_EQ(decode_events({created, completed(), "[DONE]"}).error_type(), "");
  EXPECT_EQ(decode_events({created, "[DONE]"}).error_type(), "stream_cut");
  EXPECT_EQ(decode("data: nonsense\n\n").error_type(), "malformed");
}

TEST(responses_whole, of_an_answer_that_is_still_being_made) {
  for (const char* status : {"queued", "in_progress"}) {
    const decoded d = decode_whole(std::string(R"({"id":"resp_7","model":"m","background":true,)") +
                                   R"("output":[],"status":")" + status + "\"}");
    EXPECT_EQ(d.error_type(), "not_ready");
    EXPECT_TRUE(d.what().contains(" resp_7:0")) << d.what();
  }
}

TEST(responses_whole, of_what_is_no_answer) {
  EXPECT_EQ(decode_whole(R"({"choices":[]})").error_type(), "malformed");
  EXPECT_EQ(decode_whole("[]").error_type(), "malformed");
  EXPECT_EQ(decode_whole("<html>").error_type(), "malformed");
  EXPECT_EQ(decode_whole(R"({"error":{"code":"bad","message":"no"}})").error_type(), "bad");
  EXPECT_EQ(
      decode_whole(R"({"status":"failed","error":{"code":"bad","message":"no"}})").error_type(),
      "bad");
}

TEST(responses_whole, with_any_member_damaged) {
  json::value body =
      json::parse(providers::test::read_file(providers::test::tests_of_providers() / "conformance" /
                                             "openai_responses" / "tool_one.json"));
  providers::test::damage(body, [&] {
    const decoded d = decode_whole(json::serialize(body));
    EXPECT_EQ(d.all<response_finished>().size(), d.error ? 0U : 1U);
  });
}

}  // namespace
}  // namespace skein::openai::responses_test
