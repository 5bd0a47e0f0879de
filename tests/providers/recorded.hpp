// What must hold of every recorded stream of any protocol.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "codec.hpp"

namespace skein::providers::test {

struct recorded_row {
  const char* name;
  std::string model = {};
  std::string text = {};
  std::string reasoning = {};
  std::vector<tool_call_part> calls = {};
  finish_reason finish = finish_reason::stop;
  std::string finish_raw = "stop";
  skein::usage usage = {};
  std::size_t raw_updates = 0;
  std::string error = {};
};

inline void PrintTo(const recorded_row& r, std::ostream* out) { *out << r.name; }

using decode_function = decoded (*)(std::string_view body, std::size_t chunk);

inline void expect_adds_up(const recorded_row& r, const std::string& body, decode_function decode) {
  for (const std::size_t chunk : {body.size(), std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    const decoded d = decode(body, chunk);
    EXPECT_EQ(d.error_type(), r.error) << d.what();
    EXPECT_EQ(d.response.text(), r.text);
    EXPECT_EQ(d.reasoning(), r.reasoning);
    EXPECT_EQ(d.response.tool_calls(), r.calls);
    EXPECT_EQ(d.response.model, r.model);
    EXPECT_EQ(d.response.finish, r.finish);
    EXPECT_EQ(d.response.finish_raw, r.finish_raw);
    EXPECT_EQ(d.response.usage, r.usage);
    EXPECT_EQ(d.all<raw_update>().size(), r.raw_updates);
    EXPECT_FALSE(d.all<response_started>().empty());
    EXPECT_EQ(d.all<response_finished>().size(), r.error.empty() ? 1U : 0U);
    if (r.error.empty()) {
      EXPECT_TRUE(std::holds_alternative<response_finished>(d.updates.back()));
    }
  }
}

// Cut at every byte: complete, or failed by the provider, only once `whole` bytes are there.
inline void expect_ends_only_after(std::size_t whole, const recorded_row& r,
                                   const std::string& body, decode_function decode) {
  ASSERT_LE(whole, body.size());
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    const decoded d = decode(std::string_view(body).substr(0, cut), std::string_view::npos);
    ASSERT_TRUE(r.text.starts_with(d.response.text())) << "cut at " << cut;
    ASSERT_TRUE(r.reasoning.starts_with(d.reasoning())) << "cut at " << cut;
    if (cut < whole) {
      ASSERT_EQ(d.error_type(), "stream_cut") << "cut at " << cut;
      ASSERT_TRUE(d.all<response_finished>().empty()) << "cut at " << cut;
    } else {
      ASSERT_EQ(d.error_type(), r.error) << "cut at " << cut;
      ASSERT_EQ(d.response.text(), r.text) << "cut at " << cut;
      ASSERT_EQ(d.response.tool_calls(), r.calls) << "cut at " << cut;
      ASSERT_EQ(d.all<response_finished>().size(), r.error.empty() ? 1U : 0U) << "cut at " << cut;
    }
  }
}

// With any member damaged: an answer, or the provider's error, or a cut stream.
inline void expect_one_end_of_damaged(const std::string& body, decode_function decode) {
  std::size_t checked = 0;
  damage_lines(body, [&](const std::string& damaged, const std::string& line) {
    const decoded d = decode(damaged, std::string_view::npos);
    ++checked;
    EXPECT_EQ(d.all<response_finished>().size(), d.error ? 0U : 1U) << line;
    const bool from_provider = d.error && std::holds_alternative<provider_error>(*d.error);
    EXPECT_TRUE(!d.error || from_provider || d.error_type() == "stream_cut") << d.what() << "\n"
                                                                             << line;
  });
  EXPECT_GT(checked, 50U);
}

}  // namespace skein::providers::test
