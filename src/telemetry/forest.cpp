#include "telemetry/forest.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace skein::telemetry {

forest::forest(std::span<const span_record> spans)
    : spans_(spans),
      parents_(spans.size(), none),
      children_(spans.size()),
      stray_(spans.size(), true) {
  index_.reserve(spans.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    index_.push_back({{spans[i].trace_id, spans[i].span_id}, i});
  }
  std::ranges::sort(index_);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (!spans[i].parent_span_id.empty()) {
      parents_[i] = find(spans[i].trace_id, spans[i].parent_span_id);
    }
    if (parents_[i] == none) {
      roots_.push_back(i);
    } else {
      children_[parents_[i]].push_back(i);
    }
  }
  auto order = [this](std::size_t i) {
    return std::tuple(spans_[i].start, spans_[i].end, std::string_view(spans_[i].name), i);
  };
  std::ranges::sort(roots_, {}, order);
  for (auto& c : children_) std::ranges::sort(c, {}, order);
  for (auto root : roots_) {
    for (auto [i, depth] : below(root)) stray_[i] = false;
  }
}

std::size_t forest::find(std::string_view trace_id, std::string_view span_id) const {
  std::pair key{trace_id, span_id};
  auto at = std::ranges::lower_bound(index_, key, {}, [](const auto& e) { return e.first; });
  return at != index_.end() && at->first == key ? at->second : none;
}

std::string_view text_of(const span_record& span, std::string_view key) {
  const auto* v = span.attributes.if_contains(key);
  if (v == nullptr || !v->is_string()) return {};
  return {v->get_string().data(), v->get_string().size()};
}

std::optional<std::int64_t> integer_of(const span_record& span, std::string_view key) {
  const auto* v = span.attributes.if_contains(key);
  if (v == nullptr) return std::nullopt;
  if (const auto* i = v->if_int64()) return *i;
  return std::nullopt;
}

std::optional<double> number_of(const span_record& span, std::string_view key) {
  const auto* v = span.attributes.if_contains(key);
  if (v == nullptr) return std::nullopt;
  if (const auto* d = v->if_double()) return *d;
  if (const auto* i = v->if_int64()) return static_cast<double>(*i);
  return std::nullopt;
}

}  // namespace skein::telemetry
