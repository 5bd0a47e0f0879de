// Tool calls come out whole under every way in which servers are known to label them.
#include <gtest/gtest.h>

#include "openai_codec.hpp"

namespace skein::openai::test {
namespace {

using calls = std::vector<tool_call_part>;
using chunks = std::vector<std::string>;

std::string chunk_of(json::array tool_calls) {
  return json::serialize(json::object{
      {"id", "chatcmpl-1"},
      {"choices",
       json::array{json::object{{"index", 0},
                                {"delta", json::object{{"tool_calls", std::move(tool_calls)}}}}}}});
}

// One fragment of a call; what is empty is not sent, except arguments.
struct labels {
  std::optional<std::int64_t> index = {};
  std::string id = {};
  std::string name = {};
};

json::object fragment(const labels& l, json::value arguments) {
  json::object call;
  if (l.index) call["index"] = *l.index;
  if (!l.id.empty()) call["id"] = l.id;
  json::object function;
  if (!l.name.empty()) function["name"] = l.name;
  function["arguments"] = std::move(arguments);
  call["function"] = std::move(function);
  return call;
}

std::vector<std::string> pieces(const std::string& text, std::size_t size) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size(); at += size) out.push_back(text.substr(at, size));
  return out;
}

// How a server writes fragment `k` of call `n`.
struct server {
  const char* name;
  labels (*label)(const calls& all, std::size_t n, std::size_t k);
  bool interleaves = true;  // its labels can tell interleaved calls apart
  bool fragments = true;    // it sends calls in fragments
  bool keeps_ids = true;    // its ids are unique and come in time
  bool whole = true;        // one fragment has all that there is to know
};

const std::vector<server>& servers() {
  static const std::vector<server> table = {
      {"openai",
       [](const calls& all, std::size_t n, std::size_t k) {
         return k == 0 ? labels{std::int64_t(n), all[n].id, all[n].name} : labels{std::int64_t(n)};
       }},
      {"id_name_and_index_always",
       [](const calls& all, std::size_t n, std::size_t) {
         return labels{std::int64_t(n), all[n].id, all[n].name};
       }},
      {"same_index_id_first",
       [](const calls& all, std::size_t n, std::size_t k) {
         return k == 0 ? labels{0, all[n].id, all[n].name} : labels{0};
       },
       false},
      {"same_index_id_always",
       [](const calls& all, std::size_t n, std::size_t k) {
         return labels{0, all[n].id, k == 0 ? all[n].name : ""};
       }},
      {"no_index_id_always",
       [](const calls& all, std::size_t n, std::size_t k) {
         return labels{{}, all[n].id, k == 0 ? all[n].name : ""};
       }},
      {"no_index_id_first",
       [](const calls& all, std::size_t n, std::size_t k) {
         return k == 0 ? labels{{}, all[n].id, all[n].name} : labels{};
       },
       false},
      {"index_on_the_first_only",
       [](const calls& all, std::size_t n, std::size_t k) {
         return k == 0 ? labels{std::int64_t(n), all[n].id, all[n].name} : labels{};
       },
       false},
      {"index_counts_from_one",
       [](const calls& all, std::size_t n, std::size_t k) {
         return k == 0 ? labels{std::int64_t(n + 1), all[n].id, all[n].name}
                       : labels{std::int64_t(n + 1)};
       }},
      {"index_only",
       [](const calls& all, std::size_t n, std::size_t k) {
         return labels{std::int64_t(n), "", k == 0 ? all[n].name : ""};
       },
       true, true, false},
      {"index_and_name_always",
       [](const calls& all, std::size_t n, std::size_t) {
         return labels{std::int64_t(n), "", all[n].name};
       },
       true, true, false},
      {"same_id_for_all",
       [](const calls& all, std::size_t n, std::size_t k) {
         return labels{std::int64_t(n), "call_same", k == 0 ? all[n].name : ""};
       },
       true, true, false},
      {"id_with_the_second_fragment",
       [](const calls& all, std::size_t n, std::size_t k) {
         return labels{std::int64_t(n), k == 1 ? all[n].id : "", k == 0 ? all[n].name : ""};
       },
       true, true, false},
      {"name_with_the_second_fragment",
       [](const calls& all, std::size_t n, std::size_t k) {
         return labels{std::int64_t(n), k == 0 ? all[n].id : "", k == 1 ? all[n].name : ""};
       },
       true, true, true, false},
      {"name_first_without_labels",
       [](const calls& all, std::size_t n, std::size_t k) {
         return labels{{}, "", k == 0 ? all[n].name : ""};
       },
       false, true, false},
      {"whole_without_labels",
       [](const calls& all, std::size_t n, std::size_t) { return labels{{}, "", all[n].name}; },
       false, false, false},
      {"whole_same_index_without_ids",
       [](const calls& all, std::size_t n, std::size_t) { return labels{0, "", all[n].name}; },
       false, false, false},
      {"whole_same_id_without_index",
       [](const calls& all, std::size_t n, std::size_t) { return labels{{}, "x", all[n].name}; },
       false, false, false},
  };
  return table;
}

const std::vector<calls>& call_sets() {
  static const std::vector<calls> sets = {
      {{"a", "f", R"({"city":"Oslo"})"}},
      {{"a", "f", R"({"city":"Oslo"})"}, {"b", "g", R"({"text":"a \"}{[\\"})"}},
      {{"a", "f", R"({"n":1})"}, {"b", "f", R"({"n":2})"}, {"c", "f", R"({"n":3})"}},
      {{"a", "f", R"({"n":[1,{"m":2}]})"}, {"b", "g", "{}"}, {"c", "f", "{}"}, {"d", "g", "{}"}},
  };
  return sets;
}

calls without_ids(calls all) {
  for (auto& c : all) c.id.clear();
  return all;
}

void expect_unique_ids(const calls& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_FALSE(all[i].id.empty());
    EXPECT_LE(all[i].id.size(), 40U);
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(all[i].id, all[j].id);
  }
}

class tool_calls : public ::testing::TestWithParam<server> {
 protected:
  void check(const calls& sent, const chunks& stream) {
    const decoded d = decode_chunks(stream);
    ASSERT_FALSE(d.error) << d.what();
    const calls got = d.response.tool_calls();
    std::string log;
    for (const auto& line : stream) log += line + "\n";
    if (GetParam().keeps_ids) {
      EXPECT_EQ(got, sent) << log;
    } else {
      EXPECT_EQ(without_ids(got), without_ids(sent)) << log;
    }
    expect_unique_ids(got);
  }
  static json::object make(const calls& all, std::size_t n, std::size_t k,
                           const std::string& piece) {
    return fragment(GetParam().label(all, n, k), piece.c_str());
  }
};

TEST_P(tool_calls, whole_one_per_event) {
  for (const auto& sent : call_sets()) {
    chunks stream;
    if (!GetParam().whole) continue;
    for (std::size_t n = 0; n < sent.size(); ++n) {
      stream.push_back(chunk_of({make(sent, n, 0, sent[n].arguments)}));
    }
    check(sent, stream);
  }
}

TEST_P(tool_calls, whole_all_in_one_event) {
  for (const auto& sent : call_sets()) {
    if (!GetParam().whole) continue;
    json::array all;
    for (std::size_t n = 0; n < sent.size(); ++n)
      all.push_back(make(sent, n, 0, sent[n].arguments));
    check(sent, {chunk_of(std::move(all))});
  }
}

TEST_P(tool_calls, in_fragments_of_every_size) {
  if (!GetParam().fragments) return;
  for (const auto& sent : call_sets()) {
    for (std::size_t size = 1; size < 20; ++size) {
      chunks stream;
      for (std::size_t n = 0; n < sent.size(); ++n) {
        stream.push_back(chunk_of({make(sent, n, 0, "")}));
        std::size_t k = 1;
        for (const auto& piece : pieces(sent[n].arguments, size)) {
          stream.push_back(chunk_of({make(sent, n, k++, piece)}));
        }
      }
      check(sent, stream);
    }
  }
}

TEST_P(tool_calls, in_interleaved_fragments) {
  if (!GetParam().interleaves) return;
  for (const auto& sent : call_sets()) {
    for (std::size_t size = 1; size < 8; ++size) {
      chunks in_turns;
      chunks in_one_event;
      for (std::size_t k = 0; k < 30; ++k) {
        json::array together;
        for (std::size_t n = 0; n < sent.size(); ++n) {
          const auto parts = pieces(sent[n].arguments, size);
          if (k > parts.size()) continue;
          auto f = make(sent, n, k, k == 0 ? "" : parts[k - 1]);
          in_turns.push_back(chunk_of({f}));
          together.push_back(std::move(f));
        }
        if (!together.empty()) in_one_event.push_back(chunk_of(std::move(together)));
      }
      check(sent, in_turns);
      check(sent, in_one_event);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(servers, tool_calls, ::testing::ValuesIn(servers()),
                         [](const auto& s) { return std::string(s.param.name); });

TEST(tool_call, is_named_on_its_first_delta_only) {
  const decoded d = decode_chunks(
      {chunk_of({fragment({0, "a", "f"}, "{")}), chunk_of({fragment({0, "a", "f"}, "}")})});
  EXPECT_EQ(d.all<tool_call_delta>(),
            (std::vector<tool_call_delta>{{0, "a", "f", "{"}, {0, "", "", "}"}}));
}

TEST(tool_call, with_an_id_in_conflict_with_its_index_is_another_call) {
  const decoded d = decode_chunks({chunk_of({fragment({0, "a", "f"}, "{\"x\":")}),
                                   chunk_of({fragment({0, "b", "f"}, "{}")}),
                                   chunk_of({fragment({0, "a", ""}, "1}")})});
  EXPECT_EQ(d.response.tool_calls(), (calls{{"a", "f", "{\"x\":1}"}, {"b", "f", "{}"}}));
}

TEST(tool_call, without_arguments_twice_is_two_calls) {
  for (const char* none : {"", "{}"}) {
    const decoded d = decode_chunks(
        {chunk_of({fragment({{}, "", "ping"}, none)}), chunk_of({fragment({{}, "", "ping"}, none)}),
         chunk_of({fragment({{}, "", "ping"}, none), fragment({{}, "", "ping"}, none)})});
    EXPECT_EQ(without_ids(d.response.tool_calls()), calls(4, {"", "ping", none}));
  }
}

TEST(tool_call, with_another_name_is_another_call_whatever_its_other_labels) {
  for (const labels& same : {labels{0, "", ""}, labels{{}, "x", ""}, labels{{}, "", ""}}) {
    const decoded d = decode_chunks({chunk_of({fragment({same.index, same.id, "f"}, "")}),
                                     chunk_of({fragment({same.index, same.id, "g"}, "{}")})});
    EXPECT_EQ(without_ids(d.response.tool_calls()), (calls{{"", "f", ""}, {"", "g", "{}"}}));
  }
}

TEST(tool_call, with_an_id_that_was_given_before_gets_one_of_its_own) {
  const decoded d = decode_chunks(
      {chunk_of({fragment({0, "same", "f"}, "{}"), fragment({1, "same", "f"}, "{}")})});
  EXPECT_EQ(d.response.tool_calls(),
            (calls{{"same", "f", "{}"}, {"call_1_chatcmpl-1", "f", "{}"}}));
}

TEST(tool_call, without_arguments_twice_in_one_event_is_two_calls_whatever_the_index) {
  const decoded d =
      decode_chunks({chunk_of({fragment({0, "", "ping"}, ""), fragment({0, "", "ping"}, "")})});
  EXPECT_EQ(without_ids(d.response.tool_calls()), calls(2, {"", "ping", ""}));
}

TEST(tool_call, that_got_its_id_late_conflicts_with_another_id) {
  const decoded d = decode_chunks({chunk_of({fragment({0, "", "f"}, "")}),
                                   chunk_of({fragment({0, "a", ""}, "{}")}),
                                   chunk_of({fragment({0, "b", ""}, "[]")})});
  EXPECT_EQ(d.response.tool_calls(), (calls{{"call_0_chatcmpl-1", "f", "{}"}, {"b", "", "[]"}}));
}

TEST(tool_call, gets_an_id_that_no_other_call_has) {
  const decoded d = decode_chunks(
      {chunk_of({fragment({0, "call_1_chatcmpl-1", "f"}, "{}"), fragment({1, "", "f"}, "{}")})});
  EXPECT_EQ(d.response.tool_calls(),
            (calls{{"call_1_chatcmpl-1", "f", "{}"}, {"call_1_chatcmpl-1x", "f", "{}"}}));
}

TEST(tool_call, whose_name_comes_again_at_the_end_is_one_call) {
  const decoded d = decode_chunks(
      {chunk_of({fragment({0, "", "f"}, "{}")}), chunk_of({fragment({0, "", "f"}, "")})});
  EXPECT_EQ(without_ids(d.response.tool_calls()), (calls{{"", "f", "{}"}}));
}

TEST(tool_call, without_a_name_comes_out_at_the_end) {
  const decoded d = decode_chunks(
      {chunk_of({fragment({0, "a", ""}, "{")}), chunk_of({fragment({0, "", ""}, "}")})});
  EXPECT_EQ(d.response.tool_calls(), (calls{{"a", "", "{}"}}));
}

TEST(tool_call, gets_an_id_from_its_number_and_the_response) {
  const std::string call = R"({"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]})";
  const auto id_in = [&](const std::string& response) {
    return decode_chunks({"{" + response + "\"choices\":[{\"delta\":" + call + "}]}"})
        .response.tool_calls()
        .at(0)
        .id;
  };
  EXPECT_EQ(id_in(""), "call_0");
  EXPECT_EQ(id_in(R"("id":"chatcmpl-1",)"), "call_0_chatcmpl-1");
  EXPECT_EQ(id_in(R"("id":"gen:æ/1",)"), "call_0_gen____1");
  EXPECT_EQ(id_in(R"("id":"0123456789012345678901234567890123456789x",)"),
            "call_0_89012345678901234567890123456789x");
}

TEST(tool_call, arguments_may_come_as_json) {
  const std::vector<std::pair<json::value, std::string>> rows = {
      {json::object{{"b", 1}, {"a", json::array{1.5, nullptr, true}}},
       R"({"b":1,"a":[1.5,null,true]})"},
      {json::object{}, "{}"},
      {json::array{1}, "[1]"},
      {nullptr, ""},
      {7, "7"},
      {"", ""},
      {" ", " "},
      {"{}", "{}"},
      {"null", "null"},
      {"{", "{"},
      {"[]", "[]"}};
  for (const auto& [sent, text] : rows) {
    const decoded d = decode_chunks({chunk_of({fragment({0, "a", "f"}, sent)})});
    EXPECT_EQ(d.response.tool_calls(), (calls{{"a", "f", text}})) << sent;
  }
  const decoded absent = decode_chunks({chunk_of(
      {json::object{{"id", "a"}, {"index", 0}, {"function", json::object{{"name", "f"}}}}})});
  EXPECT_EQ(absent.response.tool_calls(), (calls{{"a", "f", ""}}));
}

TEST(tool_call, cut_within_its_arguments_keeps_the_bytes_that_came) {
  const std::string arguments = R"({"city":"Tromsø","tags":["a","\"b\""],"n":-1.5e3})";
  for (std::size_t cut = 0; cut <= arguments.size(); ++cut) {
    // In the middle of a character, a server can send neither half alone.
    if (cut < arguments.size() && (static_cast<unsigned char>(arguments[cut]) & 0xC0U) == 0x80)
      continue;
    const decoded d =
        decode_chunks({chunk_of({fragment({0, "a", "f"}, "")}),
                       chunk_of({fragment({0, "", ""}, arguments.substr(0, cut).c_str())}),
                       R"({"choices":[{"delta":{},"finish_reason":"length"}]})"});
    EXPECT_EQ(d.response.tool_calls(), (calls{{"a", "f", arguments.substr(0, cut)}}));
    EXPECT_EQ(d.response.finish, finish_reason::length);
  }
}

TEST(tool_call, in_the_older_forms_is_understood) {
  const decoded legacy =
      decode_chunks({R"({"choices":[{"delta":{"function_call":{"name":"f","arguments":""}}}]})",
                     R"({"choices":[{"delta":{"function_call":{"arguments":"{\"a\":"}}}]})",
                     R"({"choices":[{"delta":{"function_call":{"arguments":"1}"}}}]})",
                     R"({"choices":[{"delta":{},"finish_reason":"function_call"}]})"});
  EXPECT_EQ(legacy.response.tool_calls(), (calls{{"call_0", "f", "{\"a\":1}"}}));
  EXPECT_EQ(legacy.response.finish, finish_reason::tool_calls);
  const decoded flat = decode_chunks(
      {R"({"choices":[{"delta":{"tool_calls":[{"id":"a","index":"0","name":"f","arguments":"{"}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"index":"0","arguments":"}"}]}}]})"});
  EXPECT_EQ(flat.response.tool_calls(), (calls{{"a", "f", "{}"}}));
}

TEST(tool_call, of_an_unknown_kind_is_raw) {
  const decoded d = decode_chunks(
      {R"({"choices":[{"delta":{"tool_calls":[{"id":"a","type":"custom","custom":{"name":"f","input":"x"}}, 7]}}]})"});
  EXPECT_TRUE(d.response.tool_calls().empty());
  EXPECT_EQ(d.all<raw_update>().size(), 2U);
}

}  // namespace
}  // namespace skein::openai::test
