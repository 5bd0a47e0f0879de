#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <format>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/json/text.hpp>
#include <skein/telemetry/semconv.hpp>
#include <skein/telemetry/tree.hpp>

#include "telemetry/dollars.hpp"
#include "telemetry/forest.hpp"

namespace skein::telemetry {

namespace {

struct alphabet {
  std::string_view tee, corner, bar, gap, block, arrow, micro, cut;
};
constexpr alphabet utf8{"├─ ", "└─ ", "│  ", "   ", "█", "→", "µs", "…"};
constexpr alphabet ascii{"|- ", "`- ", "|  ", "   ", "#", "->", "us", "~"};

// Of valid UTF-8; characters that take two columns count as one.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// A span's name is anybody's text, and a terminal obeys what it is sent.
std::string printable(std::string_view name, const tree_style& style) {
  std::string out;
  for (char c : json::valid_utf8(name)) {
    auto u = static_cast<unsigned char>(c);
    bool ascii_only = style.drawn_with == tree_style::glyphs::ascii && u >= 0x80U;
    if (u >= 0x20U && u != 0x7FU && !ascii_only) {
      out += c;
    } else if ((u & 0xC0U) != 0x80U) {
      out += '?';
    }
  }
  // The controls above ASCII (U+0080 to U+009F) are two bytes, the first of them C2.
  for (auto at = out.find('\xC2'); at != std::string::npos; at = out.find('\xC2', at + 1)) {
    if (at + 1 < out.size() && static_cast<unsigned char>(out[at + 1]) < 0xA0U) {
      out.replace(at, 2, "?");
    }
  }
  return out;
}

std::string duration_text(double nanoseconds, const alphabet& a) {
  nanoseconds = std::max(nanoseconds, 0.0);
  struct unit {
    double size;
    std::string_view name;
  };
  for (const auto& u : {unit{1e9, "s"}, unit{1e6, "ms"}, unit{1e3, a.micro}}) {
    double v = nanoseconds / u.size;
    // 999.9996 ms is 1.00 s.
    if (v < 0.9995) continue;
    return std::format("{:.{}f} {}", v, v < 9.995 ? 2 : v < 99.95 ? 1 : 0, u.name);
  }
  return std::format("{:.0f} ns", nanoseconds);
}

std::string outcome_text(const span_record& span, const tree_style& style) {
  if (span.status == span_status::error) {
    auto type = text_of(span, semconv::error_type);
    return type.empty() ? "error" : "error: " + printable(type, style);
  }
  return printable(text_of(span, semconv::outcome), style);
}

std::string facts(const span_record& span, const tree_style& style, const alphabet& a) {
  std::string out;
  auto add = [&](std::string_view fact) {
    if (fact.empty()) return;
    if (!out.empty()) out += "  ";
    out += fact;
  };
  auto in = integer_of(span, semconv::usage_input_tokens);
  auto tokens = integer_of(span, semconv::usage_output_tokens);
  if (in || tokens) add(std::format("{}{}{} tokens", in.value_or(0), a.arrow, tokens.value_or(0)));
  auto estimated = integer_of(span, semconv::usage_estimated_input).value_or(0) +
                   integer_of(span, semconv::usage_estimated_output).value_or(0);
  if (estimated != 0) add(std::format("+{} estimated", estimated));
  if (auto cost = number_of(span, semconv::usage_cost)) add(dollars_text(*cost));
  add(outcome_text(span, style));
  if (style.time == tree_style::times::shown) {
    if (auto first = number_of(span, semconv::response_time_to_first_chunk)) {
      add("first " + duration_text(*first * 1e9, a));
    }
  }
  return out;
}

// Deeper spans are drawn as if here: lines stay readable, and the text grows with the records only.
constexpr std::size_t deepest_drawn = 64;

struct line {
  const span_record* span = nullptr;
  std::string name;  // with the branches before it
  std::string facts;
};

std::string padded(std::string text, std::size_t width) {
  auto have = columns(text);
  if (have < width) text.append(width - have, ' ');
  return text;
}

std::string shortened(const std::string& text, std::size_t width, const alphabet& a) {
  if (columns(text) <= width) return text;
  std::size_t bytes = 0;
  for (std::size_t seen = 0; bytes < text.size(); ++bytes) {
    bool starts = (static_cast<unsigned char>(text[bytes]) & 0xC0U) != 0x80U;
    if (starts && seen++ == width - 1) break;
  }
  return text.substr(0, bytes) + std::string(a.cut);
}

std::string bar_of(const span_record& span, const span_record& root, std::size_t width,
                   const alphabet& a) {
  double whole = std::max(static_cast<double>(root.end - root.start), 1.0);
  auto column = [&](std::int64_t t) {
    double share = static_cast<double>(t - root.start) / whole;
    return std::clamp(share, 0.0, 1.0) * static_cast<double>(width);
  };
  auto from = std::min(static_cast<std::size_t>(column(span.start)), width - 1);
  auto to = std::max(static_cast<std::size_t>(std::lround(column(span.end))), from + 1);
  std::string out(from, ' ');
  for (auto i = from; i < to; ++i) out += a.block;
  return padded(std::move(out), width);
}

std::vector<line> lines_below(const forest& f, std::size_t root, const tree_style& style,
                              const alphabet& a) {
  std::vector<line> out;
  // For each depth the branch that continues below; a tree in preorder needs no more.
  std::vector<std::string_view> branches;
  for (auto [i, true_depth] : f.below(root)) {
    std::string name;
    auto depth = std::min(true_depth, deepest_drawn);
    if (depth > 0) {
      bool last = f.children(f.parent(i)).back() == i;
      branches.resize(depth);
      for (std::size_t d = 0; d + 1 < depth; ++d) name += branches[d];
      name += last ? a.corner : a.tee;
      branches[depth - 1] = last ? a.gap : a.bar;
    }
    out.push_back({&f[i], name + printable(f[i].name, style), facts(f[i], style, a)});
  }
  const auto& top = f[root];
  std::string note;
  if (f.is_stray(root)) {
    note = "(its parents go round in a circle)";
  } else if (!top.parent_span_id.empty() && !top.parent_is_remote) {
    note = "(parent missing)";
  }
  if (!note.empty()) out.front().facts += (out.front().facts.empty() ? "" : "  ") + note;
  return out;
}

void append_lines(std::string& text, const std::vector<line>& lines, const tree_style& style,
                  const alphabet& a) {
  auto append = [&text](std::string l) {
    l.erase(l.find_last_not_of(' ') + 1);
    text += l + '\n';
  };
  if (style.time == tree_style::times::hidden) {
    for (const auto& l : lines) append(l.name + "  " + l.facts);
    return;
  }
  constexpr std::size_t time_width = 7;
  std::size_t name_width = 0;
  std::size_t facts_width = 0;
  for (const auto& l : lines) {
    name_width = std::max(name_width, columns(l.name));
    facts_width = std::max(facts_width, columns(l.facts));
  }
  constexpr std::size_t gaps = 6;
  auto width = static_cast<std::size_t>(std::max(style.width, 0));
  auto fixed = time_width + gaps + facts_width;
  auto room = width > fixed ? width - fixed : 0;
  constexpr std::size_t least_name = 12;
  constexpr std::size_t least_bar = 8;
  constexpr std::size_t most_bar = 40;
  auto names_may = room > least_bar + least_name ? room - least_bar : least_name;
  name_width = std::min(name_width, names_may);
  auto bar_width = std::clamp(room > name_width ? room - name_width : 0, least_bar, most_bar);
  const auto& root = *lines.front().span;
  for (const auto& l : lines) {
    auto d = duration_text(static_cast<double>(l.span->end - l.span->start), a);
    auto indent = time_width > columns(d) ? time_width - columns(d) : 0;
    append(padded(shortened(l.name, name_width, a), name_width) + "  " + std::string(indent, ' ') +
           d + "  " + bar_of(*l.span, root, bar_width, a) + "  " + l.facts);
  }
}

}  // namespace

std::string render_tree(std::span<const span_record> spans, const tree_style& style) {
  const auto& a = style.drawn_with == tree_style::glyphs::utf8 ? utf8 : ascii;
  forest f(spans);
  std::vector<std::size_t> tops = f.roots();
  std::vector<bool> drawn(f.size(), false);
  std::vector<std::size_t> seen(f.size(), forest::none);
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (!f.is_stray(i) || drawn[i]) continue;
    // From a span on the circle everything on it, and what hangs off it, can be reached.
    auto top = i;
    for (; seen[top] != i; top = f.parent(top)) seen[top] = i;
    tops.push_back(top);
    for (auto [j, depth] : f.below(top)) drawn[j] = true;
  }
  std::string out;
  for (auto top : tops) {
    if (!out.empty()) out += '\n';
    append_lines(out, lines_below(f, top, style, a), style, a);
  }
  return out;
}

}  // namespace skein::telemetry
