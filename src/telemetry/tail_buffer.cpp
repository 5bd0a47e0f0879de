#include "telemetry/tail_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <iterator>
#include <utility>

#include <boost/container_hash/hash.hpp>

namespace skein::telemetry {

namespace {

trace_summary summary_of(const auto& spans) {
  trace_summary s;
  s.spans = spans.size();
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = 0;
  std::unordered_set<span_facts::span_key> here;
  for (const auto& w : spans) here.insert(w.facts.span);
  for (const auto& w : spans) {
    const auto& f = w.facts;
    first = std::min(first, f.start);
    last = std::max(last, f.start + f.duration);
    if (f.failed) ++s.errors;
    if (f.calls_model) {
      s.tokens += f.tokens;
      s.cost += f.cost;
    }
    if (!here.contains(f.parent)) s.root = f.name;
  }
  if (!spans.empty()) s.duration = std::chrono::nanoseconds(last - first);
  return s;
}

// The share of identifiers below a bound, as OpenTelemetry's own ratio sampler takes it.
bool in_ratio(const span_facts::trace_key& id, double ratio) {
  if (ratio >= 1) return true;
  if (!(ratio > 0)) return false;
  std::uint64_t value = 0;
  std::memcpy(&value, id.data(), sizeof(value));
  return static_cast<double>(value) < ratio * 18446744073709551616.0;
}

}  // namespace

std::size_t tail_buffer::hash_trace::operator()(const span_facts::trace_key& k) const noexcept {
  std::size_t value = 0;  // random as it is
  std::memcpy(&value, k.data() + 8, sizeof(value));
  return value;
}

void tail_buffer::started(const span_facts::trace_key& trace) {
  std::lock_guard lock(mutex_);
  auto& t = open_[trace];
  if (t.running++ == 0) t.decided = remembered(trace);
}

std::vector<tail_buffer::span_ptr> tail_buffer::ended(span_facts facts, span_ptr span) {
  std::vector<span_ptr> out;
  std::vector<waiting_span> dropped;  // freed without the lock
  std::lock_guard lock(mutex_);
  const auto id = facts.trace;
  auto found = open_.try_emplace(id).first;
  auto& t = found->second;
  if (t.running > 0) --t.running;
  if (t.decided == fate::kept) out.push_back(std::move(span));
  if (t.decided == fate::dropped) ++dropped_;
  if (t.decided == fate::open) {
    const auto size = facts.bytes;
    t.bytes += size;
    bytes_ += size;
    ++spans_;
    t.spans.push_back({std::move(facts), std::move(span)});
  }
  if (t.running == 0) {
    if (t.decided == fate::open) decide(id, t, out, dropped);
    open_.erase(found);
    return out;
  }
  while (spans_ > rules_.max_spans || bytes_ > rules_.max_bytes) {
    auto largest = std::ranges::max_element(
        open_, {}, [&](const auto& o) { return std::pair(o.second.bytes, o.second.spans.size()); });
    if (largest->second.spans.empty()) break;
    decide(largest->first, largest->second, out, dropped);
  }
  return out;
}

std::vector<tail_buffer::span_ptr> tail_buffer::finish() {
  std::vector<span_ptr> out;
  std::vector<waiting_span> dropped;
  std::lock_guard lock(mutex_);
  for (auto& [id, t] : open_) {
    if (t.decided == fate::open) decide(id, t, out, dropped);
  }
  return out;
}

std::size_t tail_buffer::take_dropped() {
  std::lock_guard lock(mutex_);
  return std::exchange(dropped_, 0);
}

std::size_t tail_buffer::waiting() const {
  std::lock_guard lock(mutex_);
  return spans_;
}

void tail_buffer::decide(const span_facts::trace_key& id, trace_state& t,
                         std::vector<span_ptr>& out, std::vector<waiting_span>& dropped) {
  t.decided = judge(id, t);
  remember(id, t.decided);
  spans_ -= t.spans.size();
  bytes_ -= t.bytes;
  if (t.decided == fate::kept) {
    for (auto& w : t.spans) out.push_back(std::move(w.span));
  } else {
    dropped_ += t.spans.size();
    std::ranges::move(t.spans, std::back_inserter(dropped));
  }
  t.spans = std::vector<waiting_span>();
  t.bytes = 0;
}

tail_buffer::fate tail_buffer::judge(const span_facts::trace_key& id, const trace_state& t) {
  const bool first_of_its_shape = new_shape(t);
  if (first_of_its_shape && rules_.new_shapes == tail_sampling::rule::keep) return fate::kept;
  if (in_ratio(id, rules_.ratio)) return fate::kept;
  const auto s = summary_of(t.spans);
  if (s.errors > 0 && rules_.errors == tail_sampling::rule::keep) return fate::kept;
  if (s.duration > rules_.slower_than || s.tokens > rules_.more_tokens_than ||
      s.cost > rules_.dearer_than) {
    return fate::kept;
  }
  if (rules_.also) {
    try {
      if (rules_.also(s)) return fate::kept;
    } catch (const std::exception&) {
      return fate::kept;
    }
  }
  return fate::dropped;
}

bool tail_buffer::new_shape(const trace_state& t) {
  std::unordered_map<span_facts::span_key, const std::string*> names;
  for (const auto& w : t.spans) names[w.facts.span] = &w.facts.name;
  // Not how often, or a loop of one more turn would be a shape of its own.
  std::vector<std::size_t> edges;
  for (const auto& w : t.spans) {
    std::size_t edge = std::hash<std::string>()(w.facts.name);
    auto parent = names.find(w.facts.parent);
    boost::hash_combine(edge,
                        parent == names.end() ? 0 : std::hash<std::string>()(*parent->second));
    boost::hash_combine(edge, w.facts.failed);
    edges.push_back(edge);
  }
  std::ranges::sort(edges);
  edges.erase(std::ranges::unique(edges).begin(), edges.end());
  const auto shape = boost::hash_range(edges.begin(), edges.end());
  if (rules_.shapes == 0 || !shapes_.insert(shape).second) return false;
  shape_order_.push_back(shape);
  if (shape_order_.size() > rules_.shapes) {
    shapes_.erase(shape_order_.front());
    shape_order_.pop_front();
  }
  return true;
}

void tail_buffer::remember(const span_facts::trace_key& id, fate f) {
  if (!decisions_.try_emplace(id, f).second) return;
  decided_order_.push_back(id);
  if (decided_order_.size() > rules_.decisions) {
    decisions_.erase(decided_order_.front());
    decided_order_.pop_front();
  }
}

tail_buffer::fate tail_buffer::remembered(const span_facts::trace_key& id) const {
  auto found = decisions_.find(id);
  return found == decisions_.end() ? fate::open : found->second;
}

}  // namespace skein::telemetry
