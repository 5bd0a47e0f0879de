// Every protocol over every case: what it means, at any chunking, cut at every byte, with every
// member damaged, whole, and sent back.
#include "conformance.hpp"

#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <ostream>
#include <set>

#include <gtest/gtest.h>

namespace skein::providers::conformance {
namespace {

using test::decoded;

struct test_row {
  const protocol* of;
  const test_case* tested;
  friend std::ostream& operator<<(std::ostream& out, const test_row& r) {
    return out << r.of->name << ' ' << r.tested->name;
  }
};

decoded read(const protocol& p, std::string_view body, std::size_t chunk = std::string_view::npos) {
  return test::decode(*p.decoder(), p.frames, body, chunk);
}

bool from_provider(const decoded& d) {
  return d.error && std::holds_alternative<provider_error>(*d.error);
}

// Ends in exactly one way.
void expect_one_end(const decoded& d) {
  const auto finished = d.all<response_finished>().size();
  EXPECT_EQ(finished, d.error ? 0U : 1U) << d.what();
  if (!d.error && finished == 1) {
    EXPECT_TRUE(std::holds_alternative<response_finished>(d.updates.back()));
  }
}

void expect_arguments(const std::string& sent, const std::string& expected) {
  boost::system::error_code no_json;
  const auto value = json::parse(expected, no_json);
  if (no_json) {
    EXPECT_EQ(sent, expected);
  } else if (!sent.empty() || value != json::object()) {
    EXPECT_EQ(json::parse(sent, no_json), value) << sent;
    EXPECT_FALSE(no_json) << sent;
  }
}

void expect_count(const char* of, std::optional<std::int64_t> found,
                  std::optional<std::int64_t> expected) {
  if (expected) {
    EXPECT_EQ(found, expected) << of;
  }
}

void expect_meaning(const decoded& d, const meaning& m) {
  const auto& r = d.response;
  if (m.ends == ends::finished) {
    EXPECT_FALSE(d.error) << d.what();
  } else {
    EXPECT_TRUE(from_provider(d)) << d.what();
  }
  expect_one_end(d);
  if (m.text) {
    EXPECT_EQ(r.text(), *m.text);
  }
  if (m.reasoning) {
    EXPECT_EQ(d.reasoning(), *m.reasoning);
  }
  const auto calls = r.tool_calls();
  EXPECT_EQ(calls.size(), m.calls.size());
  std::set<std::string> ids;
  for (std::size_t i = 0; i < std::min(calls.size(), m.calls.size()); ++i) {
    EXPECT_EQ(calls[i].name, m.calls[i].name);
    EXPECT_FALSE(calls[i].id.empty());
    EXPECT_TRUE(ids.insert(calls[i].id).second) << calls[i].id;
    expect_arguments(calls[i].arguments, m.calls[i].arguments);
  }
  std::string refusal;
  for (const auto& p : r.message.parts) {
    const auto* error = std::get_if<error_part>(&p);
    if (error && error->code == "refusal") refusal += error->message;
  }
  EXPECT_EQ(refusal, m.refusal);
  if (m.finish) {
    EXPECT_EQ(r.finish, *m.finish) << r.finish_raw;
  }
  expect_count("input", r.usage.input, m.usage.input);
  expect_count("output", r.usage.output, m.usage.output);
  expect_count("cache_read", r.usage.cache_read, m.usage.cache_read);
  expect_count("reasoning", r.usage.reasoning, m.usage.reasoning);
  // What usage.hpp says of the counts.
  if (r.usage.input) {
    EXPECT_LE(r.usage.cache_read.value_or(0) + r.usage.cache_write.value_or(0), *r.usage.input);
  }
  if (r.usage.output) {
    EXPECT_LE(r.usage.reasoning.value_or(0), *r.usage.output);
  }
  EXPECT_GE(d.all<raw_update>().size(), m.raw_updates);
}

void expect_prefix(const decoded& part, const decoded& whole) {
  EXPECT_TRUE(whole.response.text().starts_with(part.response.text())) << part.response.text();
  EXPECT_TRUE(whole.reasoning().starts_with(part.reasoning())) << part.reasoning();
  const auto some = part.response.tool_calls();
  const auto all = whole.response.tool_calls();
  ASSERT_LE(some.size(), all.size());
  for (std::size_t i = 0; i < some.size(); ++i) {
    EXPECT_EQ(some[i].id, all[i].id);
    EXPECT_EQ(some[i].name, all[i].name);
    EXPECT_TRUE(all[i].arguments.starts_with(some[i].arguments)) << some[i].arguments;
  }
}

void same_at_every_chunking(const protocol& p, const std::string& body, const decoded& whole) {
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    const decoded d = read(p, body, chunk);
    EXPECT_EQ(d.updates, whole.updates) << "in chunks of " << chunk;
    EXPECT_EQ(d.what(), whole.what()) << "in chunks of " << chunk;
  }
}

std::size_t cut_at_every_byte(const protocol& p, const meaning& m, const std::string& body,
                              const decoded& whole) {
  const std::size_t end = p.end_of_answer(body);
  if (m.ends == ends::finished) {
    EXPECT_LE(end, body.size()) << "the fixture never says that the answer is whole";
  } else {
    EXPECT_EQ(end, std::string::npos) << "the fixture says that the answer is whole";
  }
  bool said = false;
  for (std::size_t at = 0; at <= body.size() && !::testing::Test::HasFailure(); ++at) {
    SCOPED_TRACE("cut at " + std::to_string(at));
    const decoded d = read(p, std::string_view(body).substr(0, at));
    expect_one_end(d);
    expect_prefix(d, whole);
    if (at >= end) {
      EXPECT_FALSE(d.error) << d.what();
      EXPECT_EQ(d.response.message, whole.response.message);
    } else if (m.ends == ends::finished) {
      EXPECT_EQ(d.error_type(), "stream_cut") << d.what();
    } else {
      EXPECT_TRUE(d.error_type() == "stream_cut" || from_provider(d)) << d.what();
      EXPECT_TRUE(from_provider(d) || !said) << "an error that was said is taken back";
      said = from_provider(d);
    }
  }
  return body.size() + 1;
}

void damaged_anywhere(const protocol& p, const std::string& body) {
  std::size_t checked = 0;
  test::damage_lines(body, [&](const std::string& damaged, const std::string& line) {
    SCOPED_TRACE(line);
    expect_one_end(read(p, damaged));
    ++checked;
  });
  EXPECT_GT(checked, 10U);
}

// Each is one answer, that of `complete` or that of an error; what is not all of it is an error.
std::size_t whole_answer(const protocol& p, const meaning& m, const std::string& body) {
  const auto read_whole = [&](std::string_view text) {
    return test::decode_whole(*p.decoder(), text);
  };
  expect_meaning(read_whole(body), m);
  const std::size_t end = body.find_last_not_of(" \r\n\t") + 1;
  for (std::size_t at = 0; at < end && !::testing::Test::HasFailure(); ++at) {
    SCOPED_TRACE("whole answer, cut at " + std::to_string(at));
    const decoded d = read_whole(std::string_view(body).substr(0, at));
    EXPECT_TRUE(d.error);
    expect_one_end(d);
  }
  json::value value = json::parse(body);
  test::damage(value, [&] {
    const std::string damaged = json::serialize(value);
    SCOPED_TRACE(damaged);
    expect_one_end(read_whole(damaged));
  });
  return end;
}

void strings_of(const json::value& value, std::vector<std::string>& to) {
  if (const auto* text = value.if_string()) {
    to.emplace_back(*text);
  } else if (const auto* items = value.if_array()) {
    for (const auto& item : *items) strings_of(item, to);
  } else if (const auto* members = value.if_object()) {
    for (const auto& member : *members) strings_of(member.value(), to);
  }
}

// The next request of a conversation says what the answer said.
void sent_back(const protocol& p, const test_case& c, const decoded& answer) {
  chat_request next{.messages = {user_message("Go on."), answer.response.message},
                    .tools = {{"get_weather", "Weather of a city"}, {"get_time", "The time"}}};
  const auto calls = answer.response.tool_calls();
  message results{.role = role::tool};
  for (const auto& call : calls) {
    results.parts.emplace_back(tool_result_part{call.id, call.name, "4 degrees"});
  }
  if (!calls.empty()) next.messages.push_back(std::move(results));
  next.messages.push_back(user_message("And then?"));
  const std::string body = p.request_body(next);
  boost::system::error_code no_json;
  const auto value = json::parse(body, no_json);
  ASSERT_FALSE(no_json) << body;
  std::vector<std::string> said;
  strings_of(value, said);
  const auto contains = [&](const std::string& text) {
    return std::ranges::any_of(said, [&](const std::string& s) { return s.contains(text); });
  };
  EXPECT_TRUE(contains(answer.response.text())) << body;
  for (const auto& call : calls) {
    EXPECT_TRUE(contains(call.name)) << body;
    EXPECT_TRUE(contains("4 degrees")) << body;
  }
  EXPECT_TRUE(contains("And then?")) << body;
  if (c.name == "reasoning_tool") {
    EXPECT_TRUE(body.contains(p.replayed_reasoning)) << body;
  }
}

class conformance_suite : public ::testing::TestWithParam<test_row> {
 protected:
  static void TearDownTestSuite() {
    std::size_t total = 0;
    for (const auto& [name, cuts] : cuts_) {
      std::cout << "conformance: " << name << " cut at " << cuts << " places\n";
      total += cuts;
    }
    std::cout << "conformance: cut at " << total << " places in all\n";
  }
  void count(const protocol& p, std::size_t cuts) {
    cuts_[std::string(p.name)] += cuts;
    RecordProperty("cuts", std::to_string(cuts));
  }

 private:
  static inline std::map<std::string, std::size_t> cuts_;
};

TEST_P(conformance_suite, holds) {
  const auto& p = *GetParam().of;
  const auto& c = *GetParam().tested;
  const bool there = std::filesystem::exists(stream_of(p, c));
  if (const auto* lacking = lack_of(p, c)) {
    ASSERT_FALSE(there) << "declared as lacking, but there is " << stream_of(p, c);
    GTEST_SKIP() << p.title << " lacks " << c.name << ": " << lacking->reason;
  }
  ASSERT_TRUE(there) << "neither a fixture nor declared as lacking: " << stream_of(p, c);
  const auto* other = variant_of(p, c);
  const meaning& m = other ? other->instead : c.means;

  const std::string body = test::read_file(stream_of(p, c));
  const decoded whole = read(p, body);
  expect_meaning(whole, m);
  same_at_every_chunking(p, body, whole);
  std::size_t cuts = cut_at_every_byte(p, m, body, whole);
  damaged_anywhere(p, body);
  if (m.ends == ends::finished) sent_back(p, c, whole);
  if (c.also_whole) cuts += whole_answer(p, m, test::read_file(whole_of(p, c)));
  count(p, cuts);
}

std::vector<test_row> all_pairs() {
  std::vector<test_row> pairs;
  for (const auto& p : protocols()) {
    for (const auto& c : cases()) pairs.push_back({&p, &c});
  }
  return pairs;
}

INSTANTIATE_TEST_SUITE_P(conformance, conformance_suite, ::testing::ValuesIn(all_pairs()),
                         [](const auto& r) {
                           return std::string(r.param.of->name) + "__" +
                                  std::string(r.param.tested->name);
                         });

TEST(conformance_table, has_a_row_for_every_folder_and_a_case_for_every_file) {
  for (const auto& folder :
       std::filesystem::directory_iterator(test::tests_of_providers() / "conformance")) {
    const auto name = folder.path().filename().string();
    const auto p = std::ranges::find(protocols(), name, &protocol::name);
    ASSERT_NE(p, protocols().end()) << "no row for " << folder.path();
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      EXPECT_TRUE(std::ranges::any_of(cases(),
                                      [&](const test_case& c) {
                                        return file.path() == stream_of(*p, c) ||
                                               (c.also_whole && file.path() == whole_of(*p, c));
                                      }))
          << "of no case: " << file.path();
    }
  }
}

TEST(conformance_table, declares_only_cases_that_there_are) {
  const auto is_case = [](std::string_view name) {
    return std::ranges::contains(cases(), name, &test_case::name);
  };
  for (const auto& p : protocols()) {
    for (const auto& l : p.lacks) EXPECT_TRUE(is_case(l.of)) << p.name << ' ' << l.of;
    for (const auto& v : p.variants) EXPECT_TRUE(is_case(v.of)) << p.name << ' ' << v.of;
  }
}

}  // namespace
}  // namespace skein::providers::conformance
