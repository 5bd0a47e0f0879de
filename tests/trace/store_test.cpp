// The store: what goes in comes out, once, and no more of it than is to be kept.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <skein/trace/store.hpp>

#include "sqlite/database.hpp"
#include "support.hpp"

namespace skein::test {
namespace {

using ::testing::ElementsAre;
using trace::store;

span_record full_record() {
  auto s = make({.id = 2, .parent = 1, .name = "chat gpt", .start = 5, .end = 9});
  s.kind = telemetry::span_kind::client;
  s.status = telemetry::span_status::error;
  s.status_message = "busy";
  s.parent_is_remote = true;
  s.attributes = chat_attributes(10, 20);
  s.attributes["gen_ai.request.model"] = "gpt";
  s.attributes["gen_ai.conversation.id"] = "c1";
  s.attributes["error.type"] = "429";
  s.attributes["list"] = json::array{"a", 1, 2.0, nullptr};
  s.events = {{.name = "exception", .time = s.start, .attributes = {{"exception.type", "429"}}}};
  s.links = {{.trace_id = digits(7, 32), .span_id = digits(8, 16), .attributes = {{"w", "x"}}}};
  s.scope_name = "skein";
  s.scope_version = "0.1";
  s.resource = {{"service.name", "test"}};
  return s;
}

TEST(TraceStore, GivesBackWhatItGot) {
  temporary_folder folder;
  auto s = full_record();
  auto root = make({.id = 1, .name = "root"});
  {
    store out(folder.file("s"));
    EXPECT_EQ(out.insert(std::vector{s, root}), 2U);
    EXPECT_EQ(out.load(s.trace_id), (std::vector{root, s}));
  }
  store again(folder.file("s"), {.mode = trace::access::read});
  EXPECT_EQ(again.load(s.trace_id), (std::vector{root, s}));
}

TEST(TraceStore, SpansAreThereOnceHoweverOftenTheyCome) {
  temporary_folder folder;
  store s(folder.file("s"));
  auto spans = make_all({{.id = 1}, {.id = 2, .parent = 1}, {.id = 1, .trace = 2}});
  EXPECT_EQ(s.insert(spans), 3U);
  EXPECT_EQ(s.insert(spans), 0U);
  spans.push_back(make({.id = 3, .parent = 1}));
  EXPECT_EQ(s.insert(spans), 1U);
  store other(folder.file("s"));
  EXPECT_EQ(other.insert(spans), 0U);
  EXPECT_EQ(s.load(digits(1, 32)).size(), 3U);
  auto all = s.list();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].spans + all[1].spans, 4);
}

// In whatever pieces and order the spans come, the summary is that of the whole.
TEST(TraceStore, SummariesAreKeptAsSpansCome) {
  auto root = make({.id = 1, .name = "invoke_agent a", .start = 0, .end = 100});
  root.attributes = agent_attributes(30, 60);
  root.resource = {{"service.name", "svc"}};
  auto one = make({.id = 2, .parent = 1, .name = "chat", .start = 10, .end = 20});
  one.attributes = chat_attributes(10, 20);
  one.attributes["gen_ai.conversation.id"] = "c";
  auto two = make({.id = 3, .parent = 1, .name = "chat", .start = 30, .end = 140});
  two.attributes = chat_attributes(20, 40);
  two.attributes[semconv::usage_cost] = 0.25;
  two.status = telemetry::span_status::error;
  std::vector<span_record> spans{one, two, root};
  auto whole = trace::summarize(spans);
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_EQ(whole[0],
            (trace::summary{.trace_id = digits(1, 32),
                            .name = "invoke_agent a",
                            .service = "svc",
                            .conversation = "c",
                            .root_start = 0,
                            .start = 0,
                            .end = 140'000'000,
                            .spans = 3,
                            .errors = 1,
                            .input_tokens = 30,
                            .output_tokens = 60,
                            .cost = {.known = usd::from_dollars(0.25).value(), .unpriced = 1}}));
  for (int order = 0; order < 6; ++order) {
    temporary_folder folder;
    store s(folder.file("s"));
    for (const auto& span : spans) s.insert(std::span(&span, 1));
    EXPECT_EQ(s.list(), whole) << order;
    std::ranges::next_permutation(spans, {}, &span_record::span_id);
  }
}

// As version 2 of the store made it.
void take_costs_away(const std::string& path) {
  sqlite::database d(path, sqlite::database::access::write, std::chrono::seconds(1), "test",
                     [](sqlite::failure, const char* what) { throw std::runtime_error(what); });
  d.execute(
      "ALTER TABLE trace_rows DROP COLUMN cost; ALTER TABLE trace_rows DROP COLUMN unpriced;"
      "PRAGMA user_version=2");
}

TEST(TraceStore, AStoreWithoutCostsIsReadAndBroughtUp) {
  temporary_folder folder;
  const auto path = folder.file("s");
  std::vector<span_record> spans;
  for (unsigned i = 1; i <= 6; ++i) {
    spans.push_back(make({.id = i, .start = i, .end = i + 1, .trace = 1 + i / 3}));
    auto& s = spans.back();
    s.attributes =
        i == 1 ? agent_attributes(1, 2) : chat_attributes(i == 6 ? 0 : static_cast<int>(i), 0);
    if (i % 2 == 1) s.attributes[semconv::usage_cost] = 0.0005 * i;
    if (i == 6) s.attributes[semconv::usage_estimated_output] = 5;
  }
  store(path).insert(spans);
  take_costs_away(path);
  const auto version = [&] {
    return store(path, {.mode = trace::access::read})
        .query("SELECT user_version FROM pragma_user_version")
        .rows.at(0)
        .at(0);
  };
  EXPECT_EQ(store(path, {.mode = trace::access::read}).list(), trace::summarize(spans));
  EXPECT_EQ(version(), 2) << "who reads writes nothing";
  auto more = make({.id = 9, .start = 9, .end = 10, .trace = 3});
  more.attributes = chat_attributes(1, 1);
  more.attributes[semconv::usage_cost] = 2.5;
  {
    store s(path);
    EXPECT_EQ(s.list(), trace::summarize(spans));
    s.insert(std::span(&more, 1));
    spans.push_back(more);
    EXPECT_EQ(s.list(), trace::summarize(spans));
  }
  EXPECT_EQ(version(), 3);
  EXPECT_EQ(store(path, {.mode = trace::access::read}).list(), trace::summarize(spans));
}

TEST(TraceStore, StoresOfTheFutureAreLeftAlone) {
  temporary_folder folder;
  const auto path = folder.file("s");
  {
    store s(path);
    sqlite::database d(path, sqlite::database::access::write, std::chrono::seconds(1), "test",
                       [](sqlite::failure, const char* what) { throw std::runtime_error(what); });
    d.execute("PRAGMA user_version=99");
  }
  EXPECT_THROW(store{path}, usage_error);
  EXPECT_THROW(store(path, {.mode = trace::access::read}), usage_error);
}

// Spans come from anybody.
TEST(TraceStore, CostsThatDoNotFitAreNotKnown) {
  auto spans = make_all({{.id = 1}, {.id = 2}, {.id = 3}});
  for (auto& s : spans) {
    s.attributes = chat_attributes(1, 1);
    s.attributes[semconv::usage_cost] = 8e6;
  }
  spans[2].attributes[semconv::usage_cost] = -1.0;
  const trace::bill most{.known = usd::from_dollars(8e6).value(), .unpriced = 2};
  EXPECT_EQ(trace::summarize(spans).at(0).cost, most);
  temporary_folder folder;
  store s(folder.file("s"));
  s.insert(spans);
  EXPECT_EQ(s.list().at(0).cost, most);
}

TEST(TraceStore, FindsByTheBeginning) {
  temporary_folder folder;
  store s(folder.file("s"));
  EXPECT_FALSE(s.find("last"));
  auto a = make({.id = 1, .start = 10, .end = 11});
  a.trace_id = "abc" + std::string(29, '0');
  auto b = make({.id = 1, .start = 5, .end = 6});
  b.trace_id = "abd" + std::string(29, '0');
  s.insert(std::vector{a, b});
  EXPECT_EQ(s.find("abc"), a.trace_id);
  EXPECT_EQ(s.find(b.trace_id), b.trace_id);
  EXPECT_EQ(s.find("last"), a.trace_id);
  ASSERT_FALSE(s.find("ab"));
  EXPECT_TRUE(s.find("ab").error().contains("several"));
  EXPECT_FALSE(s.find("abe"));
}

TEST(TraceStore, ListsTheNewestAndWhatIsAskedFor) {
  temporary_folder folder;
  store s(folder.file("s"));
  std::vector<span_record> spans;
  for (unsigned i = 1; i <= 30; ++i) {
    spans.push_back(make({.id = 1, .start = i, .end = i + 1, .trace = i}));
    if (i % 10 == 0) spans.back().status = telemetry::span_status::error;
    if (i % 15 == 0) spans.back().attributes["gen_ai.conversation.id"] = "c";
  }
  s.insert(spans);
  EXPECT_EQ(s.list().size(), 20U);
  EXPECT_EQ(s.list().front().trace_id, digits(30, 32));
  EXPECT_EQ(s.list({.limit = 0}).size(), 30U);
  EXPECT_EQ(s.list({.select = trace::list_query::which::failed}).size(), 3U);
  EXPECT_EQ(s.list({.conversation = "c"}).size(), 2U);
}

TEST(TraceStore, RemovesWholeTraces) {
  temporary_folder folder;
  store s(folder.file("s"));
  s.insert(make_all({{.id = 1}, {.id = 2, .parent = 1}, {.id = 1, .trace = 2}}));
  EXPECT_TRUE(s.remove(digits(1, 32)));
  EXPECT_FALSE(s.remove(digits(1, 32)));
  EXPECT_TRUE(s.load(digits(1, 32)).empty());
  EXPECT_EQ(s.load(digits(2, 32)).size(), 1U);
  EXPECT_EQ(s.query("SELECT count(*) FROM spans").rows.at(0).at(0), 1);
}

TEST(TraceStore, KeepsNoMoreThanItIsTo) {
  temporary_folder folder;
  constexpr std::uint64_t most = 2U << 20U;
  store s(folder.file("s"), {.keep = {.max_bytes = most}});
  for (unsigned i = 1; i <= 200; ++i) {
    auto span = make({.id = 1, .trace = i});
    span.attributes["filling"] = std::string(20'000, 'x');
    s.insert(std::span(&span, 1));
    ASSERT_LE(s.bytes(), most);
  }
  auto left = s.list({.limit = 0});
  EXPECT_GT(left.size(), 60U);
  EXPECT_LT(left.size(), 110U);
  EXPECT_FALSE(s.load(digits(200, 32)).empty());
  EXPECT_TRUE(s.load(digits(1, 32)).empty());
  EXPECT_LE(std::filesystem::file_size(folder.file("s")), most + (1U << 20U));
}

TEST(TraceStore, OldTracesGo) {
  temporary_folder folder;
  store s(folder.file("s"), {.keep = {.max_age = std::chrono::hours(1)}});
  s.insert(make_all({{.id = 1}}));
  EXPECT_EQ(s.prune(), 0U);
  store other(folder.file("s"), {.keep = {.max_age = std::chrono::seconds(-10)}});
  EXPECT_EQ(other.prune(), 1U);
}

TEST(TraceStore, QueriesOnlyRead) {
  temporary_folder folder;
  store s(folder.file("s"));
  auto span = full_record();
  s.insert(std::vector{span});
  auto found = s.query(
      "SELECT name, model, output_tokens, seconds, tool, attributes ->> '$.\"error.type\"' AS e "
      "FROM spans");
  EXPECT_THAT(found.columns, ElementsAre("name", "model", "output_tokens", "seconds", "tool", "e"));
  ASSERT_EQ(found.rows.size(), 1U);
  EXPECT_THAT(found.rows[0],
              ElementsAre(json::value("chat gpt"), json::value("gpt"), json::value(20),
                          json::value(0.004), json::value(nullptr), json::value("429")));
  EXPECT_THROW((void)s.query("DELETE FROM span_rows"), usage_error);
  EXPECT_THROW((void)s.query("SELECT 1; SELECT 2"), usage_error);
  EXPECT_THROW((void)s.query("SELECT nothing FROM nowhere"), usage_error);
  EXPECT_THROW((void)s.query(""), usage_error);
}

TEST(TraceStore, OtherFilesAreLeftAlone) {
  temporary_folder folder;
  std::ofstream(folder.file("text")) << "no database, but long enough to be looked at, surely\n";
  EXPECT_THROW(store(folder.file("text")), usage_error);
  EXPECT_THROW(store(folder.file("nothing"), {.mode = trace::access::read}), usage_error);
  EXPECT_FALSE(std::filesystem::exists(folder.file("nothing")));
  EXPECT_THROW(store("/proc/nowhere/store"), usage_error);
}

TEST(TraceStore, ItsFileIsForItsOwner) {
  temporary_folder folder;
  store s(folder.file("s"));
  s.insert(make_all({{.id = 1}}));
  using std::filesystem::perms;
  for (const char* name : {"s", "s-wal"}) {
    auto p = std::filesystem::status(folder.file(name)).permissions();
    EXPECT_EQ(p & (perms::group_all | perms::others_all), perms::none) << name;
  }
}

}  // namespace
}  // namespace skein::test
