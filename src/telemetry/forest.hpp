// Who is whose child.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/telemetry/span_record.hpp>

namespace skein::telemetry {

// Spans as indices into the records, which are borrowed. Iterative throughout: a tree may be as
// deep as a hostile file likes.
class forest {
 public:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  explicit forest(std::span<const span_record> spans);

  [[nodiscard]] std::size_t size() const noexcept { return spans_.size(); }
  [[nodiscard]] const span_record& operator[](std::size_t i) const { return spans_[i]; }
  // `none` if the parent is not among the records. The first one, of spans with the same
  // identifier.
  [[nodiscard]] std::size_t parent(std::size_t i) const { return parents_[i]; }
  // Sorted by start, end, name, and position.
  [[nodiscard]] const std::vector<std::size_t>& children(std::size_t i) const {
    return children_[i];
  }
  [[nodiscard]] const std::vector<std::size_t>& roots() const noexcept { return roots_; }
  // On a cycle of parents, or below one: reached from no root.
  [[nodiscard]] bool is_stray(std::size_t i) const { return stray_[i]; }
  [[nodiscard]] std::size_t find(std::string_view trace_id, std::string_view span_id) const;

  // The span and what is below it, parents first, with depths from 0; `descend(i)` says whether to
  // go below i.
  template <class Descend>
  [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> below(std::size_t root,
                                                                       Descend descend) const {
    std::vector<std::pair<std::size_t, std::size_t>> out;
    std::vector<std::pair<std::size_t, std::size_t>> todo{{root, 0}};
    while (!todo.empty()) {
      auto [i, depth] = todo.back();
      todo.pop_back();
      out.emplace_back(i, depth);
      if (i != root && !descend(i)) continue;
      for (auto c = children_[i].rbegin(); c != children_[i].rend(); ++c) {
        if (*c != root) todo.emplace_back(*c, depth + 1);
      }
    }
    return out;
  }
  [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> below(std::size_t root) const {
    return below(root, [](std::size_t) { return true; });
  }

 private:
  std::span<const span_record> spans_;
  std::vector<std::pair<std::pair<std::string_view, std::string_view>, std::size_t>> index_;
  std::vector<std::size_t> parents_;
  std::vector<std::vector<std::size_t>> children_;
  std::vector<std::size_t> roots_;
  std::vector<bool> stray_;
};

// Attributes of a span, if they are there with that type.
[[nodiscard]] std::string_view text_of(const span_record& span, std::string_view key);
[[nodiscard]] std::optional<std::int64_t> integer_of(const span_record& span, std::string_view key);
[[nodiscard]] std::optional<double> number_of(const span_record& span, std::string_view key);

}  // namespace skein::telemetry
