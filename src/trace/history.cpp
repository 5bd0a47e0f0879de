#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

#include <skein/json/text.hpp>
#include <skein/telemetry/semconv.hpp>
#include <skein/trace/history.hpp>

#include "telemetry/forest.hpp"

namespace skein::trace {

namespace semconv = telemetry::semconv;
using telemetry::span_record;
using telemetry::text_of;

namespace {

// Of an attribute, which is an array or the text of one.
std::optional<json::array> messages_of(const span_record& s) {
  const auto* v = s.attributes.if_contains(semconv::input_messages);
  if (v == nullptr) return std::nullopt;
  if (const auto* list = v->if_array()) return *list;
  if (const auto* text = v->if_string()) {
    auto parsed = json::parse_text({text->data(), text->size()});
    if (parsed && parsed->is_array()) return std::move(parsed->get_array());
  }
  return std::nullopt;
}

// What a span adds to the history that it refers to.
struct link {
  json::array own;
  std::string after;
  std::int64_t omitted = 0;
  bool cut = false;
};

std::optional<link> link_of(const span_record& s) {
  auto own = messages_of(s);
  if (!own) return std::nullopt;
  return link{.own = *std::move(own),
              .after = std::string(text_of(s, semconv::history_after)),
              .omitted = telemetry::integer_of(s, semconv::history_omitted).value_or(0),
              .cut = s.attributes.contains(semconv::content_cut_bytes)};
}

class histories {
 public:
  histories(std::span<const span_record> spans, const history_lookup& elsewhere)
      : elsewhere_(elsewhere) {
    for (const auto& s : spans) here_.try_emplace({s.trace_id, s.span_id}, &s);
  }

  [[nodiscard]] std::size_t steps() const noexcept { return steps_; }

  // All messages of a call, oldest first; nothing if one of the calls before is not there.
  std::optional<json::array> whole(const span_record& s) {
    auto last = link_of(s);
    if (!last) return std::nullopt;
    std::vector<const link*> back{&*last};
    std::set<const link*> seen;
    while (!back.back()->after.empty()) {
      const auto* before = find(back.back()->after);
      ++steps_;
      if (before == nullptr || !seen.insert(before).second) return std::nullopt;  // or in a circle
      back.push_back(before);
    }
    json::array out;
    bool cut = false;
    for (auto l = back.rbegin(); l != back.rend(); ++l) {
      if (!cut && std::cmp_not_equal((*l)->omitted, out.size())) return std::nullopt;
      out.insert(out.end(), (*l)->own.begin(), (*l)->own.end());
      cut = cut || (*l)->cut;
    }
    return out;
  }

 private:
  using identity = std::pair<std::string, std::string>;

  const link* find(std::string_view reference) {
    auto which = parse_reference(reference);
    if (!which) return nullptr;
    identity key{which->trace_id, which->span_id};
    auto at = known_.find(key);
    if (at == known_.end()) {
      std::optional<link> found;
      if (auto here = here_.find(*which); here != here_.end()) {
        found = link_of(*here->second);
      } else if (elsewhere_) {
        if (auto s = elsewhere_(*which)) found = link_of(*s);
      }
      at = known_.emplace(std::move(key), std::move(found)).first;
    }
    return at->second ? &*at->second : nullptr;
  }

  const history_lookup& elsewhere_;
  std::map<span_reference, const span_record*> here_;
  std::map<identity, std::optional<link>> known_;
  std::size_t steps_ = 0;
};

}  // namespace

std::optional<span_reference> parse_reference(std::string_view text) {
  auto dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  span_reference which{.trace_id = text.substr(0, dash), .span_id = text.substr(dash + 1)};
  if (which.trace_id.empty() || which.span_id.empty()) return std::nullopt;
  return which;
}

expanded_history expand_history(std::vector<span_record>& spans, const history_lookup& elsewhere,
                                std::size_t most_bytes) {
  constexpr std::size_t bytes_of_a_step = 64;  // long chains cost time even where they hold nothing
  expanded_history result;
  // Changed when all is read: later calls refer to what was recorded.
  std::vector<std::pair<std::size_t, std::string>> whole;
  histories known(spans, elsewhere);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (text_of(spans[i], semconv::history_after).empty()) continue;
    std::string text;
    if (bytes + known.steps() * bytes_of_a_step < most_bytes) {
      if (auto all = known.whole(spans[i])) text = json::write_text(*all);
    }
    bytes += text.size();
    if (text.empty() || bytes > most_bytes) {
      ++result.missing;
      continue;
    }
    whole.emplace_back(i, std::move(text));
  }
  for (auto& [i, text] : whole) {
    auto& attributes = spans[i].attributes;
    attributes[semconv::input_messages] = text;
    attributes.erase(semconv::history_after);
    attributes.erase(semconv::history_omitted);
  }
  result.expanded = whole.size();
  return result;
}

}  // namespace skein::trace
