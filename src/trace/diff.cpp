#include <algorithm>
#include <array>
#include <format>
#include <string_view>
#include <utility>

#include <skein/json/text.hpp>
#include <skein/telemetry/semconv.hpp>
#include <skein/trace/diff.hpp>

#include "telemetry/forest.hpp"
#include "trace/genai.hpp"

namespace skein::trace {

namespace semconv = telemetry::semconv;
using telemetry::forest;
using telemetry::span_record;
using telemetry::text_of;

namespace {

std::string outcome_of(const span_record& s) {
  if (s.status == telemetry::span_status::error) {
    auto type = text_of(s, semconv::error_type);
    return type.empty() ? "error" : std::format("error {}", type);
  }
  auto outcome = text_of(s, semconv::outcome);
  return outcome.empty() ? "ok" : std::string(outcome);
}

std::string tokens_of(const span_record& s) {
  auto in = telemetry::integer_of(s, semconv::usage_input_tokens);
  auto out = telemetry::integer_of(s, semconv::usage_output_tokens);
  if (!in && !out) return "none";
  return std::format("{} in, {} out", in.value_or(0), out.value_or(0));
}

// Identifiers and times differ between two runs that are the same; what is compared otherwise.
bool is_incidental(std::string_view key) {
  constexpr std::array keys{semconv::response_id,
                            semconv::response_time_to_first_chunk,
                            semconv::conversation_id,
                            semconv::tool_call_id,
                            semconv::usage_input_tokens,
                            semconv::usage_output_tokens,
                            semconv::outcome,
                            semconv::error_type};
  return !key.starts_with("gen_ai.") || std::ranges::find(keys, key) != keys.end();
}

bool is_big(std::string_view key) {
  constexpr std::array keys{semconv::input_messages,      semconv::output_messages,
                            semconv::system_instructions, semconv::tool_call_arguments,
                            semconv::tool_call_result,    semconv::tool_definitions};
  return std::ranges::find(keys, key) != keys.end();
}

std::string shown(const json::value* v, bool content) {
  if (v == nullptr) return "absent";
  auto text = json::write_text(*v);
  if (content) return std::format("{} bytes", text.size());
  constexpr std::size_t most = 80;
  return text.size() <= most ? text : json::valid_utf8(text.substr(0, most)) + "...";
}

class comparison {
 public:
  comparison(const forest& a, const forest& b) : a_(a), b_(b) {}

  diff_result run() {
    diff_result out{.spans_a = a_.size(), .spans_b = b_.size()};
    pairs_.clear();
    match(a_.roots(), b_.roots(), "");
    while (!pairs_.empty()) {
      auto [i, j, path] = std::move(pairs_.back());
      pairs_.pop_back();
      // The nearest are enough to find it.
      constexpr std::size_t most = 400;
      if (path.size() > most) path = "... > " + path.substr(path.rfind(" > ") + 3);
      auto here = path.empty() ? a_[i].name : path + " > " + a_[i].name;
      compare(a_[i], b_[j], here);
      match(a_.children(i), b_.children(j), here);
    }
    out.first = std::move(first_);
    out.more = count_ == 0 ? 0 : count_ - 1;
    return out;
  }

 private:
  struct pair {
    std::size_t a;
    std::size_t b;
    std::string path;
  };

  void report(std::string where, std::string what, std::string a, std::string b) {
    if (count_++ == 0) {
      first_ = {std::move(where), std::move(what), std::move(a), std::move(b)};
    }
  }

  // By position; where names part, the rest of one of them may go on after a gap.
  void match(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b,
             const std::string& path) {
    std::vector<pair> found;
    std::size_t i = 0;
    std::size_t j = 0;
    auto at = [&] { return path.empty() ? std::string("the root") : path; };
    while (i < a.size() || j < b.size()) {
      if (i < a.size() && j < b.size() && a_[a[i]].name == b_[b[j]].name) {
        found.push_back({a[i++], b[j++], path});
        continue;
      }
      auto next_a = j < b.size() ? find(a_, a, i, b_[b[j]].name) : a.size();
      auto next_b = i < a.size() ? find(b_, b, j, a_[a[i]].name) : b.size();
      auto gap_a = next_a - i;
      auto gap_b = next_b - j;
      std::string have_a = i < a.size() ? a_[a[i]].name : "nothing more";
      std::string have_b = j < b.size() ? b_[b[j]].name : "nothing more";
      const bool both = i < a.size() && j < b.size();
      report(at(), both ? "child" : "structure", have_a, have_b);
      if (next_a < a.size() && (next_b == b.size() || gap_a <= gap_b)) {
        i = next_a;
      } else if (next_b < b.size()) {
        j = next_b;
      } else {
        if (i < a.size()) ++i;
        if (j < b.size()) ++j;
      }
    }
    for (auto p = found.rbegin(); p != found.rend(); ++p) pairs_.push_back(std::move(*p));
  }
  static std::size_t find(const forest& f, const std::vector<std::size_t>& in, std::size_t from,
                          std::string_view name) {
    while (from < in.size() && f[in[from]].name != name) ++from;
    return from;
  }

  void compare(const span_record& a, const span_record& b, const std::string& here) {
    auto text = [](std::string_view s) { return std::string(s); };
    auto same = [&](std::string_view what, std::string x, std::string y) {
      if (x != y) report(here, text(what), std::move(x), std::move(y));
    };
    same("kind", kind_of(a), kind_of(b));
    same("outcome", outcome_of(a), outcome_of(b));
    for (const auto& e : a.attributes) {
      std::string_view key = e.key();
      if (is_incidental(key)) continue;
      const auto* other = b.attributes.if_contains(key);
      if (other == nullptr || *other != e.value()) {
        report(here, text(key), shown(&e.value(), is_big(key)), shown(other, is_big(key)));
      }
    }
    for (const auto& e : b.attributes) {
      std::string_view key = e.key();
      if (is_incidental(key) || a.attributes.contains(key)) continue;
      report(here, text(key), "absent", shown(&e.value(), is_big(key)));
    }
    same("tokens", tokens_of(a), tokens_of(b));
  }
  static std::string kind_of(const span_record& s) {
    constexpr std::array names{"internal", "server", "client", "producer", "consumer"};
    return names[static_cast<std::size_t>(s.kind)];
  }

  const forest& a_;
  const forest& b_;
  std::vector<pair> pairs_;
  std::optional<difference> first_;
  std::size_t count_ = 0;
};

}  // namespace

diff_result diff(std::span<const span_record> a, std::span<const span_record> b) {
  forest fa(a);
  forest fb(b);
  return comparison(fa, fb).run();
}

}  // namespace skein::trace
