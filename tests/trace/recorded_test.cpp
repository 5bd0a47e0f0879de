// Traces of other frameworks, as they sent them, and what is found in each: recorded/README.md says
// how they were made. Beside each NAME.json or NAME.jsonl lies NAME.expected, a line for each
// finding: the rule, the span, and how often.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/trace/check.hpp>
#include <skein/trace/otlp.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << file;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::vector<fs::path> recordings() {
  std::vector<fs::path> all;
  for (const auto& e : fs::directory_iterator(fs::path(SKEIN_TESTS_DIR) / "trace" / "recorded")) {
    if (e.path().extension().string().starts_with(".json")) all.push_back(e.path());
  }
  std::ranges::sort(all);
  return all;
}

class TraceRecorded : public ::testing::TestWithParam<fs::path> {};

TEST_P(TraceRecorded, HasTheseFindings) {
  auto text = text_of(GetParam());
  auto spans = trace::read_document(text);
  ASSERT_TRUE(spans) << spans.error().message;
  ASSERT_FALSE(spans->empty());
  auto metrics = trace::read_metrics_json(text);
  ASSERT_TRUE(metrics) << metrics.error().message;
  std::map<std::string, int> found;
  for (const auto& f : trace::check(*spans, metrics->points)) {
    ++found[std::format("{} `{}`", f.rule->name, f.span)];
  }
  std::string lines;
  for (const auto& [line, n] : found) {
    lines += n == 1 ? line + "\n" : std::format("{} x{}\n", line, n);
  }
  auto expected = GetParam();
  EXPECT_EQ(lines, text_of(expected.replace_extension(".expected")));
}

INSTANTIATE_TEST_SUITE_P(All, TraceRecorded, ::testing::ValuesIn(recordings()), [](const auto& i) {
  std::string name = i.param.stem().string();
  std::ranges::replace_if(name, [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

// The rules of the documentation are those of the program, in its order.
TEST(TraceDocumentation, NamesEveryRuleWithItsSeverity) {
  auto text = text_of(fs::path(SKEIN_TESTS_DIR).parent_path() / "docs" / "trace.md");
  std::size_t at = 0;
  for (const auto& r : trace::rules()) {
    auto row = std::format("\n| `{}` | {} | ", r.name, name_of(r.level));
    auto found = text.find(row, at);
    ASSERT_NE(found, text.npos) << "docs/trace.md has no row" << row << "after the one before";
    at = found;
  }
  auto rows = std::size_t{0};
  for (auto i = text.find("\n| `", text.find("| rule | severity")); i != text.npos;
       i = text.find("\n| `", i + 1)) {
    ++rows;
  }
  EXPECT_EQ(rows, trace::rules().size());
}

}  // namespace
}  // namespace skein::test
