#include "agent/scenario.hpp"

#include <algorithm>
#include <chrono>
#include <map>

#include <opentelemetry/context/runtime_context.h>
#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/trace/context.h>

#include <skein/async/time.hpp>
#include <skein/chat/message_json.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/tree.hpp>

#include "telemetry/recording.hpp"

namespace skein::test {

namespace trace = opentelemetry::trace;

namespace {

// Every state of telemetry, and every runtime, but not each with each.
constexpr std::pair<std::string_view, telemetry_is> places[] = {
    {"simulated", telemetry_is::on},        {"simulated", telemetry_is::off},
    {"simulated", telemetry_is::unsampled}, {"simulated", telemetry_is::failing},
    {"asio_1", telemetry_is::on},           {"asio_1", telemetry_is::failing},
    {"asio_4", telemetry_is::on},           {"asio_4", telemetry_is::off},
};

std::unique_ptr<runtime> make_runtime(std::string_view name) {
  if (name == "asio_1") return std::make_unique<asio_runtime>(1);
  if (name == "asio_4") return std::make_unique<asio_runtime>(4);
  return std::make_unique<simulated_runtime>(7);
}

task<> by_default(stage& s) { co_await s.keep(s.run(agent_input(s.what.input), s.what.run)); }

// What one play came to.
struct came {
  std::vector<std::string> log;
  std::string result;
  std::string tree;
  std::string signals;  // empty with telemetry off
};

void expect_whole(const scenario& s, const telemetry::span_ledger& ledger) {
  EXPECT_EQ(ledger.started(), ledger.ended());
  for (const auto& problem : telemetry::check_tree(ledger)) {
    if (!std::ranges::contains(s.allowed, problem.rule)) ADD_FAILURE() << problem;
  }
}

// What metrics and log records say, without times: the same wherever they are taken.
std::string summary(const metric_book& metrics, const log_book& logs) {
  std::vector<std::string> lines;
  for (const auto& p : metrics.all()) {
    if (p.name.contains("first_chunk") || p.name.contains("output_chunk")) continue;  // streaming
    lines.push_back(std::format("{} {} {} {}\n", p.name, json::serialize(p.attributes), p.count,
                                p.unit == "s" ? 0 : p.sum));
  }
  for (const auto& r : logs.all()) lines.push_back(r.name + '\n');
  std::ranges::sort(lines);
  std::string text;
  for (const auto& l : lines) text += l;
  return text;
}

// Law 5: spans, metrics and log records tell the same.
void expect_agreement(const spans& recorded, const metric_book& metrics, const log_book& logs,
                      const telemetry::dialect& d) {
  namespace semconv = telemetry::semconv;
  std::map<std::string, double> expected;  // of metrics, by what is counted
  std::map<std::string, double> found;
  std::vector<std::string> chats;
  const bool current = include(d.names, semconv::names::current);
  auto text = [](const span_record& s, std::string_view key) {
    const auto* v = s.attributes.if_contains(key);
    return v != nullptr && v->is_string() ? std::string(v->as_string()) : std::string("-");
  };
  for (const auto& s : recorded.all()) {
    if (s.scope_name != semconv::scope_name) continue;
    const auto* what = semconv::find_span_type(text(s, semconv::operation_name));
    if (what == nullptr) continue;
    for (const auto& m : what->durations) {
      if (!include(m.in, d.names)) continue;
      std::string key(m.which->name);
      expected[key] += std::chrono::duration<double>(s.duration()).count();
      expected[key + " error " + text(s, semconv::error_type)] += 1;
      expected[key + " outcome " + text(s, semconv::outcome)] += 1;
    }
    for (const auto& a : s.attributes) {
      const auto* used = semconv::find_use(what->uses, a.key());
      EXPECT_TRUE(used != nullptr && include(used->in, d.names)) << s.name << " has " << a.key();
    }
    if (what != &semconv::spans::inference) continue;
    chats.push_back(s.trace_id + s.span_id);
    for (auto [key, metric] :
         {std::pair{semconv::usage_input_tokens, &semconv::metrics::input_tokens},
          std::pair{semconv::usage_output_tokens, &semconv::metrics::output_tokens},
          std::pair{semconv::usage_cache_read, &semconv::metrics::cache_read_tokens},
          std::pair{semconv::usage_cache_write, &semconv::metrics::cache_write_tokens},
          std::pair{semconv::usage_reasoning, &semconv::metrics::reasoning_tokens}}) {
      const auto* n = s.attributes.if_contains(key);
      if (current && n != nullptr) {
        expected[std::string(metric->name)] += static_cast<double>(n->as_int64());
      }
    }
  }
  for (const auto& p : metrics.all()) {
    const auto* m = *std::ranges::find(semconv::metrics::all, p.name,
                                       [](const auto* each) { return each->name; });
    EXPECT_EQ(p.unit, m->unit);
    EXPECT_EQ(p.is_histogram, m->kind == semconv::instrument::histogram);
    EXPECT_TRUE(std::ranges::equal(p.boundaries, m->boundaries)) << p.name;
    for (const auto& a : p.attributes) {
      EXPECT_NE(semconv::find_use(m->uses, a.key()), nullptr) << p.name << " has " << a.key();
    }
    for (const auto& u : m->uses) {
      EXPECT_TRUE(u.need != semconv::level::required || p.attributes.contains(u.name))
          << p.name << " lacks " << u.name;
    }
    std::string key = p.name;
    if (key.ends_with(".duration")) {
      found[key + " error " + p.at(semconv::error_type)] += static_cast<double>(p.count);
      found[key + " outcome " + p.at(semconv::outcome)] += static_cast<double>(p.count);
    }
    if (key.ends_with(".duration") || !p.is_histogram) found[key] += p.sum;
  }
  for (const auto& [key, value] : expected) {
    EXPECT_NEAR(found[key], value, key.contains(' ') || key.contains("usage") ? 0 : 1e-6) << key;
  }
  EXPECT_EQ(found.size(), expected.size());

  std::vector<std::string> told;
  for (const auto& r : logs.all(semconv::events::inference_details.name)) {
    told.push_back(r.trace_id + r.span_id);
    EXPECT_EQ(r.severity, 5);
    EXPECT_EQ(r.attributes.at("event.name").as_string(), r.name);
  }
  std::ranges::sort(chats);
  std::ranges::sort(told);
  EXPECT_EQ(told, chats) << "one event for each model call, of its span";
}

came play_once(const scenario& s, const setting& where) {
  telemetry::span_ledger ledger;
  with_provider provider(provider_for(where.telemetry, ledger));
  metric_book metrics;
  log_book logs;
  std::optional<scoped_signals> signals;
  const bool measured = where.telemetry != telemetry_is::off;
  if (measured) signals.emplace(metrics, logs);
  auto rt = make_runtime(where.runtime);
  auto model = s.responder ? std::make_unique<scripted::client>(s.responder, s.about)
                           : std::make_unique<scripted::client>(s.turns, s.about);
  model->content = s.content;
  auto options = s.agent;
  options.content = s.content;
  options.dialect = s.dialect;
  model->dialect = s.dialect;
  if (where.how == mode::blocking) options.chat.streaming = false;
  skein::agent a(*model, std::move(options));

  stage here{.what = s, .where = where, .rt = *rt, .model = *model, .agent = a};
  if (measured) {
    here.metrics = &metrics;
    here.logs = &logs;
  }
  const auto before = current_span();
  sync_wait(*rt, s.play ? s.play(here) : by_default(here));
  EXPECT_EQ(current_span(), before) << "something stayed current on this thread";
  EXPECT_EQ(model->open_streams(), 0u) << "an answer of the model was left open";
  if (auto* simulated = dynamic_cast<simulated_runtime*>(rt.get())) {
    EXPECT_EQ(simulated->timers(), 0u) << "a timer was left behind";
  }
  if (!s.text.empty()) {
    EXPECT_EQ(here.text, s.text);
  }
  EXPECT_EQ(here.result.starts_with("throws "), !s.throws.empty()) << here.result;
  if (!s.throws.empty()) {
    EXPECT_TRUE(here.result.starts_with("throws " + s.throws + ":")) << here.result;
  }

  came out{.log = std::move(here.log), .result = std::move(here.result), .tree = {}, .signals = {}};
  if (measured) {
    out.signals = summary(metrics, logs);
    if (s.check_signals) s.check_signals(metrics, logs);
  }
  if (s.updates == scenario::order::free) std::ranges::sort(out.log);
  if (where.telemetry == telemetry_is::on) {
    expect_whole(s, ledger);
    spans recorded(ledger);
    out.tree = s.updates == scenario::order::free ? recorded.sorted_tree() : recorded.tree();
    if (!s.tree.empty()) {
      EXPECT_EQ(out.tree, s.tree);
    }
    if (s.check) s.check(recorded);
    expect_agreement(recorded, metrics, logs, s.dialect);
    keep_recording(recorded.all());
  } else {
    EXPECT_EQ(ledger.started(), 0u);
  }
  return out;
}

// For tools/neutrality, which compares them between runs of the program.
void keep(const came& c) {
  static std::size_t plays = 0;
  auto text = c.result;
  for (const auto& line : c.log) text += '\n' + line;
  ::testing::Test::RecordProperty("play" + std::to_string(++plays),
                                  std::to_string(std::hash<std::string>()(text)));
}

}  // namespace

std::string setting::name() const {
  constexpr std::array states{"on", "off", "unsampled", "failing"};
  return std::format("{} on {} with telemetry {}",
                     how == mode::streaming ? "streaming" : "blocking", runtime,
                     states[static_cast<std::size_t>(telemetry)]);
}

void play(const scenario& s) {
  telemetry::install();
  std::optional<came> first;
  std::optional<std::vector<std::string>> first_log;
  for (auto how : s.modes) {
    for (auto [on, state] : places) {
      setting where{how, on, state};
      SCOPED_TRACE(where.name());
      came now;
      try {
        now = play_once(s, where);
      } catch (const std::exception& e) {
        ADD_FAILURE() << "the play itself failed: " << e.what();
        return;
      }
      if (how == mode::streaming) {
        if (!first_log) first_log = now.log;
        EXPECT_EQ(now.log, *first_log);
      }
      if (!first) first = now;
      EXPECT_EQ(now.result, first->result);
      // With several threads, what is stopped in its midst may have come further.
      if (state != telemetry_is::off && on != "asio_4") {
        EXPECT_EQ(now.signals, first->signals);
      }
      if (state == telemetry_is::on) {
        EXPECT_EQ(now.tree, first->tree);
      }
      keep(now);
      if (::testing::Test::HasFailure()) return;  // one setting's report is enough
    }
  }
}

spans::spans(const telemetry::span_ledger& ledger) : all_(ledger.records()) {
  std::ranges::stable_sort(all_, {}, &span_record::start);
}

std::vector<span_record> spans::all(std::string_view name) const {
  std::vector<span_record> found;
  for (const auto& s : all_) {
    if (s.name == name || s.name.starts_with(std::string(name) + ' ')) found.push_back(s);
  }
  return found;
}
span_record spans::at(std::string_view name, std::size_t n) const {
  auto found = all(name);
  if (n >= found.size()) {
    throw std::runtime_error(std::format("{} spans `{}` in {}", found.size(), name, tree()));
  }
  return found[n];
}
std::string spans::attribute(std::string_view name, std::string_view key, std::size_t n) const {
  auto span = at(name, n);
  auto* value = span.attributes.if_contains(key);
  return value != nullptr ? json::serialize(*value) : "-";
}
std::string spans::parent_of(std::string_view name, std::size_t n) const {
  auto span = at(name, n);
  for (const auto& p : all_) {
    if (p.span_id == span.parent_span_id && p.trace_id == span.trace_id) return p.name;
  }
  return "-";
}
std::string spans::everything() const {
  std::string text;
  for (const auto& s : all_) {
    text += s.name + '\n' + s.status_message + '\n' + json::serialize(s.attributes) + '\n';
    for (const auto& e : s.events) text += e.name + json::serialize(e.attributes) + '\n';
    for (const auto& l : s.links) text += json::serialize(l.attributes) + '\n';
    text += json::serialize(s.resource) + '\n';
  }
  return text;
}

std::string spans::render(std::size_t index, bool sorted) const {
  std::vector<std::string> children;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (all_[i].parent_span_id == all_[index].span_id && all_[i].trace_id == all_[index].trace_id)
      children.push_back(render(i, sorted));
  }
  if (sorted) std::ranges::sort(children);
  auto text = all_[index].name;
  for (std::size_t i = 0; i < children.size(); ++i) text += (i == 0 ? "[" : ", ") + children[i];
  return children.empty() ? text : text + ']';
}
std::string spans::forest(bool sorted) const {
  std::vector<std::string> roots;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (all_[i].parent_span_id.empty()) roots.push_back(render(i, sorted));
  }
  if (sorted) std::ranges::sort(roots);
  std::string text;
  for (const auto& r : roots) text += (text.empty() ? "" : " + ") + r;
  return text;
}
std::string spans::tree() const { return forest(false); }
std::string spans::sorted_tree() const { return forest(true); }

task<agent_response> stage::run(agent_input input, run_options options) {
  return run(agent, std::move(input), std::move(options));
}
task<agent_response> stage::run(skein::agent& a, agent_input input, run_options options) {
  const auto before = current_span();
  if (where.how == mode::blocking) {
    options.chat.streaming = false;
    auto whole = co_await as_result(a.run(std::move(input), std::move(options)));
    EXPECT_EQ(current_span(), before);
    if (!whole) std::rethrow_exception(whole.error());
    co_return *std::move(whole);
  }
  auto arriving = a.stream(std::move(input), std::move(options));
  EXPECT_EQ(current_span(), before);
  while (auto* update = co_await arriving.next()) {
    log.push_back(show(*update));
    EXPECT_EQ(current_span(), before) << "what a run makes current is seen by its consumer";
  }
  EXPECT_EQ(current_span(), before);
  co_return std::move(arriving).take_response();
}

task<chat_response> stage::ask(chat_client& from, chat_request request, chat_options options) {
  const auto before = current_span();
  if (where.how == mode::blocking) {
    options.streaming = false;
    co_return co_await collect(from.stream(request, options));
  }
  auto arriving = from.stream(request, options);
  while (auto* update = co_await arriving.next()) {
    log.push_back(show(*update));
    EXPECT_EQ(current_span(), before) << "what a stream makes current is seen by its consumer";
  }
  EXPECT_EQ(current_span(), before);
  co_return std::move(arriving).take_response();
}

void stage::failed(const std::exception_ptr& why) {
  result += "throws " + telemetry::error_type_of(why) + ": ";
  try {
    std::rethrow_exception(why);
  } catch (const std::exception& e) {
    result += e.what();
  }
  result += '\n';
}
task<> stage::keep(task<agent_response> work) {
  auto outcome = co_await as_result(std::move(work));
  if (!outcome) {
    failed(outcome.error());
    co_return;
  }
  text = outcome->text();
  result += show(*outcome) + '\n';
}
task<> stage::keep(task<chat_response> work) {
  auto outcome = co_await as_result(std::move(work));
  if (!outcome) {
    failed(outcome.error());
    co_return;
  }
  text = outcome->text();
  result += show(*outcome) + '\n';
}

span_ptr start_span(const std::string& name) {
  return trace::Provider::GetTracerProvider()->GetTracer("app")->StartSpan(name);
}
std::string current_span() {
  auto context = trace::GetSpan(opentelemetry::context::RuntimeContext::GetCurrent())->GetContext();
  std::array<char, 16> text;
  context.span_id().ToLowerBase16(text);
  return std::string(text.data(), text.size());
}

std::string show(const usage& u) {
  auto count = [](const std::optional<std::int64_t>& n) { return n ? std::to_string(*n) : "-"; };
  return std::format("{}/{}/{}/{}/{}", count(u.input), count(u.output), count(u.cache_read),
                     count(u.cache_write), count(u.reasoning));
}
std::string show(const agent_response& r) {
  return std::format("{} {} {} {}", name_of(r.end), name_of(r.finish), show(r.usage),
                     json::serialize(messages_to_json(r.messages)));
}
std::string show(const chat_response& r) {
  return std::format("{} {} {}:{} {} {}", r.id, r.model, name_of(r.finish), r.finish_raw,
                     show(r.usage), json::serialize(message_to_json(r.message)));
}

namespace {
struct showing {
  std::string operator()(const response_started& u) const {
    return "started " + u.id + ' ' + u.model;
  }
  std::string operator()(const text_delta& u) const { return "text " + u.text; }
  std::string operator()(const reasoning_delta& u) const {
    return "reasoning " + u.text + u.opaque;
  }
  std::string operator()(const tool_call_delta& u) const {
    return std::format("call {} {} {} {}", u.call, u.id, u.name, u.arguments);
  }
  std::string operator()(const part_update& u) const {
    return "part " + json::serialize(message_to_json(message{.parts = {u.part}}));
  }
  std::string operator()(const usage_update& u) const { return "usage " + show(u.usage); }
  std::string operator()(const response_finished& u) const {
    return std::format("finished {} {}", name_of(u.reason), u.raw);
  }
  std::string operator()(const raw_update& u) const { return "raw " + json::serialize(u.value); }
  std::string operator()(const tool_started& u) const {
    return std::format("tool {} {} {}", u.call_id, u.name, u.arguments);
  }
  std::string operator()(const tool_progressed& u) const {
    return std::format("progress {} {}", u.call_id, u.text);
  }
  std::string operator()(const tool_finished& u) const {
    return std::format("result {} {} {}", u.result.call_id, static_cast<int>(u.result.outcome),
                       u.result.content);
  }
  std::string operator()(const answer_rejected& u) const {
    return std::format("rejected {}: {}", u.why.path, u.why.message);
  }
};
}  // namespace

std::string show(const agent_update& u) {
  return std::visit(showing{}, static_cast<const agent_update_variant&>(u));
}
std::string show(const chat_update& u) {
  return std::visit(showing{}, static_cast<const chat_update_variant&>(u));
}

tool slow_tool(std::string name) {
  auto answer = name + ": done";
  return tool(std::move(name), "A tool", [answer]() -> task<std::string> {
    co_await reschedule();
    co_return answer;
  });
}

}  // namespace skein::test
