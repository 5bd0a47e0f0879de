// Law 5 over trees that nobody designed: for each, the ledger of the run, the chat spans below it,
// the agents' spans and the metrics say the same, to the token and to the millionth of a millionth
// of a dollar, however the run was left.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <skein/telemetry/install.hpp>
#include <skein/telemetry/law.hpp>
#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/semconv.hpp>
#include <skein/telemetry/tree.hpp>

#include "laws/random_runs.hpp"
#include "telemetry/forest.hpp"
#include "telemetry/signals.hpp"

namespace skein::test {
namespace {

namespace semconv = telemetry::semconv;
namespace metrics = telemetry::semconv::metrics;
using telemetry::forest;
using telemetry::integer_of;
using telemetry::span_record;
using telemetry::text_of;

#ifdef NDEBUG
constexpr std::uint64_t trees = 4'000;
#else
constexpr std::uint64_t trees = 300;
#endif

std::string show(std::optional<std::int64_t> n) { return n ? std::to_string(*n) : "-"; }
std::string show(const usage& u) {
  return show(u.input) + '/' + show(u.output) + '/' + show(u.cache_read);
}
std::string show(const std::optional<usd>& cost) { return cost ? cost->to_string() : "?"; }
std::string show(const usage& u, const token_estimate& e, const std::optional<usd>& cost) {
  return show(u) + " ~" + std::to_string(e.input) + '/' + std::to_string(e.output) + " $" +
         show(cost);
}
std::string joined(std::vector<std::string> all) {
  std::ranges::sort(all);
  std::string text;
  for (const auto& each : all) text += each + "; ";
  return text;
}

// ---- as spans tell it

bool is(const span_record& s, std::string_view operation) {
  return text_of(s, semconv::operation_name) == operation;
}
usage usage_on(const span_record& s) {
  return {.input = integer_of(s, semconv::usage_input_tokens),
          .output = integer_of(s, semconv::usage_output_tokens),
          .cache_read = integer_of(s, semconv::usage_cache_read)};
}
token_estimate estimate_on(const span_record& s) {
  return {.input = integer_of(s, semconv::usage_estimated_input).value_or(0),
          .output = integer_of(s, semconv::usage_estimated_output).value_or(0)};
}
std::optional<usd> cost_on(const span_record& s) {
  if (auto dollars = telemetry::number_of(s, semconv::usage_cost)) {
    return usd::from_dollars(*dollars);
  }
  const bool nothing_used = usage_on(s).total() + estimate_on(s).total() == 0;
  return nothing_used ? std::optional(usd()) : std::nullopt;
}
std::string ended(const span_record& s) {
  if (s.status == telemetry::span_status::error) return "error";
  auto how = text_of(s, semconv::outcome);
  return how.empty() ? "ok" : std::string(how);
}

struct told {
  std::string text;  // of the whole tree
  usage_sum own;     // of the chat spans that are the agent's own
};

class teller {
 public:
  explicit teller(const forest& f, bool whole) : spans_(f), whole_(whole) {}

  told run(std::size_t agent) {
    const auto& s = spans_[agent];
    std::vector<std::string> calls;
    std::vector<std::string> agents;
    usage_sum own;
    below(agent, "", calls, agents, own);
    const auto on_span = show(usage_on(s), estimate_on(s), cost_on(s));
    const auto sum = show(own.usage, own.estimated, own.cost());
    if (on_span != sum) problems += s.name + " says " + on_span + ", its calls " + sum + "\n";
    return {std::string(text_of(s, semconv::agent_name)) + '{' + joined(calls) + '|' +
                joined(agents) + '}',
            own};
  }
  std::string problems;

 private:
  void below(std::size_t at, const std::string& tool, std::vector<std::string>& calls,
             std::vector<std::string>& agents, usage_sum& own) {
    for (auto i : spans_.children(at)) {
      const auto& s = spans_[i];
      if (is(s, "chat") || is(s, "embeddings")) {
        model_call c{.usage = usage_on(s), .estimated = estimate_on(s), .cost = cost_on(s)};
        calls.push_back(std::string(text_of(s, semconv::provider_name)) + ' ' + tool + ' ' +
                        show(c.usage, c.estimated, c.cost) + (whole_ ? ' ' + ended(s) : ""));
        if (tool.empty() && is(s, "chat")) own += c;
      } else if (is(s, "execute_tool")) {
        below(i, std::string(text_of(s, semconv::tool_name)), calls, agents, own);
      } else if (is(s, "invoke_agent")) {
        agents.push_back(run(i).text);
      }
    }
  }
  const forest& spans_;
  bool whole_;
};

// ---- as the ledger tells it

std::string tell(const ledger& l, bool whole) {
  std::vector<std::string> calls;
  for (const auto& c : l.calls) {
    calls.push_back(c.provider + ' ' + c.tool + ' ' + show(c.usage, c.estimated, c.cost) +
                    (whole ? ' ' + std::string(c.end ? name_of(*c.end) : "open") : ""));
  }
  std::vector<std::string> agents;
  for (const auto& a : l.agents) agents.push_back(tell(a, whole));
  return l.agent + '{' + joined(calls) + '|' + joined(agents) + '}';
}

// What a single line must hold: what is cut is counted, at least as much as was delivered.
std::string wrong_in(const ledger& l) {
  std::string found;
  for (const auto& c : l.calls) {
    const auto output = c.usage.output.value_or(0) + c.estimated.output;
    if (static_cast<std::uint64_t>(output) * 4 < c.bytes) {
      found += std::format("{} bytes arrived, {} tokens are counted\n", c.bytes, output);
    }
    if (c.end == telemetry::outcome::ok && c.usage.output && c.estimated.total() != 0) {
      found += "a whole answer is estimated though it was reported\n";
    }
    if (c.bytes > 0 && c.usage.input.value_or(0) + c.estimated.input == 0) {
      found += "an answer to nothing\n";
    }
  }
  for (const auto& a : l.agents) found += wrong_in(a);
  return found;
}

struct shape {
  std::uint64_t calls = 0, embeddings = 0, estimated = 0, from_tools = 0, agents = 0, deepest = 0,
                unpriced = 0;
  void add(const ledger& l, std::uint64_t depth = 1) {
    ++agents;
    deepest = std::max(deepest, depth);
    for (const auto& c : l.calls) {
      ++calls;
      embeddings += c.operation == model_operation::embeddings ? 1 : 0;
      estimated += c.estimated.total() != 0 ? 1 : 0;
      from_tools += c.tool.empty() ? 0 : 1;
      unpriced += c.cost ? 0 : 1;
    }
    for (const auto& a : l.agents) add(a, depth + 1);
  }
};

class Conservation : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { telemetry::install(); }
};

TEST_F(Conservation, OfEveryTree) {
  metric_book book;
  log_book logs;
  scoped_signals signals(book, logs);
  std::map<std::string, double> before;
  auto since = [&](const semconv::metric& m) {
    const auto now = book.sum(m.name);
    return now - std::exchange(before[std::string(m.name)], now);
  };
  shape all;
  std::size_t left_early = 0;
  std::size_t violated = 0;
  for (std::uint64_t seed = 0; seed < trees && violated < 3; ++seed) {
    telemetry::span_ledger ledger;
    telemetry::scoped_provider provider(ledger);
    std::string found;
    const auto laws_before = telemetry::law_violations();
    random_world world(seed);
    world.play();

    const auto spans = ledger.records();
    if (ledger.started() != ledger.ended()) found += "a span never ended\n";
    for (const auto& p : telemetry::check_tree(ledger, {.tolerance = std::chrono::hours(1)})) {
      found += telemetry::to_string(p) + "\n";
    }
    const forest f(spans);
    for (std::size_t i = 0; i < world.roots.size(); ++i) {
      const auto& came = world.came[i];
      if (!came.whole) ++left_early;
      all.add(came.ledger);
      found += wrong_in(came.ledger);
      if (came.usage != came.ledger.own().usage) found += "the usage is not the ledger's\n";
      for (auto root : f.roots()) {
        if (text_of(f[root], semconv::agent_name) != world.roots[i]->options().name) continue;
        teller from_spans(f, came.whole);
        const auto told = from_spans.run(root);
        found += from_spans.problems;
        const auto from_ledger = tell(came.ledger, came.whole);
        if (told.text != from_ledger) {
          found += "spans  " + told.text + "\nledger " + from_ledger + "\n";
        }
      }
    }
    double input = 0, output = 0, cached = 0, calls = 0;
    for (const auto& s : spans) {
      if (!is(s, "chat")) continue;
      input += static_cast<double>(usage_on(s).input.value_or(0));
      output += static_cast<double>(usage_on(s).output.value_or(0));
      cached += static_cast<double>(usage_on(s).cache_read.value_or(0));
      const auto parent = std::ranges::find(spans, s.parent_span_id, &span_record::span_id);
      if (is(*parent, "invoke_agent")) ++calls;
    }
    auto equal = [&](const semconv::metric& m, double expected) {
      if (auto is = since(m); is != expected) {
        found += std::format("{} is {}, spans say {}\n", m.name, is, expected);
      }
    };
    equal(metrics::input_tokens, input);
    equal(metrics::output_tokens, output);
    equal(metrics::cache_read_tokens, cached);
    equal(metrics::agent_inference_calls, calls);
    equal(metrics::law_violations, 0);
    if (telemetry::law_violations() != laws_before) found += "a law was broken\n";
    if (found.empty()) continue;
    ++violated;
    ADD_FAILURE() << "seed " << seed << ":\n" << found;
  }
  std::printf(
      "conservation: %llu trees, %llu runs of agents up to depth %llu, %llu requests (%llu "
      "embeddings, %llu estimated, %llu from tools, %llu without a price), %zu runs left early, "
      "%zu violations\n",
      static_cast<unsigned long long>(trees), static_cast<unsigned long long>(all.agents),
      static_cast<unsigned long long>(all.deepest), static_cast<unsigned long long>(all.calls),
      static_cast<unsigned long long>(all.embeddings),
      static_cast<unsigned long long>(all.estimated),
      static_cast<unsigned long long>(all.from_tools),
      static_cast<unsigned long long>(all.unpriced), left_early, violated);
  // Or it says nothing.
  EXPECT_EQ(all.deepest, 3u);
  EXPECT_GT(all.embeddings, trees / 4);
  EXPECT_GT(all.estimated, trees / 4);
  EXPECT_GT(all.from_tools, trees / 4);
  EXPECT_GT(all.unpriced, trees / 8);
}

}  // namespace
}  // namespace skein::test
