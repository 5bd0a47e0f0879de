#include "telemetry/console.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <memory>
#include <string_view>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include "platform/terminal.hpp"
#include "telemetry/forest.hpp"
#include "telemetry/recorder.hpp"

namespace skein::telemetry {

namespace sdk = opentelemetry::sdk;

tree_style style_of_terminal() {
  tree_style style;
  if (auto columns = platform::terminal_columns()) style.width = *columns;
  // The first of these that is set decides; none at all, as in a bare container, tells nothing.
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* set = std::getenv(name);
    if (set == nullptr || *set == '\0') continue;
    std::string_view locale = set;
    constexpr std::array utf8{"UTF-8", "utf-8", "UTF8", "utf8"};
    bool is_utf8 = std::ranges::any_of(utf8, [&](auto s) { return locale.contains(s); });
    if (!is_utf8) style.drawn_with = tree_style::glyphs::ascii;
    break;
  }
  return style;
}

std::unique_ptr<sdk::trace::Recordable> console_processor::MakeRecordable() noexcept {
  return std::make_unique<recorder>();
}

void console_processor::OnStart(sdk::trace::Recordable& span,
                                const opentelemetry::trace::SpanContext& parent) noexcept {
  static_cast<recorder&>(span).set_remote_parent(parent.IsRemote());
}

void console_processor::OnEnd(std::unique_ptr<sdk::trace::Recordable>&& span) noexcept {
  try {
    auto record = static_cast<recorder&>(*span).record();
    std::lock_guard lock(mutex_);
    bool is_root = record.parent_span_id.empty() || record.parent_is_remote;
    auto trace_id = record.trace_id;
    auto span_id = record.span_id;
    waiting_.push_back(std::move(record));
    if (is_root) {
      print_tree_of(trace_id, span_id);
    } else if (waiting_.size() > limit_) {
      waiting_.pop_front();
      ++forgotten_;
    }
  } catch (const std::exception& e) {
    OTEL_INTERNAL_LOG_ERROR("[Skein] a span tree could not be printed: " << e.what());
  }
}

void console_processor::print_tree_of(const std::string& trace_id, const std::string& root_id) {
  auto others = std::ranges::stable_partition(
      waiting_, [&](const auto& s) { return s.trace_id != trace_id; });
  std::vector<span_record> trace(std::make_move_iterator(others.begin()),
                                 std::make_move_iterator(others.end()));
  waiting_.erase(others.begin(), others.end());
  // Another root of the same trace may be running, with spans that have ended.
  forest f(trace);
  std::vector<bool> is_ours(trace.size(), false);
  for (auto [i, depth] : f.below(f.find(trace_id, root_id))) is_ours[i] = true;
  std::vector<span_record> tree;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    if (is_ours[i]) {
      tree.push_back(std::move(trace[i]));
    } else {
      waiting_.push_back(std::move(trace[i]));
    }
  }
  out_ << render_tree(tree, style_) << '\n';
  if (forgotten_ > 0) {
    out_ << "(" << forgotten_ << " spans of unfinished trees were forgotten, more than " << limit_
         << " waited)\n";
    forgotten_ = 0;
  }
  out_.flush();
}

bool console_processor::ForceFlush(std::chrono::microseconds) noexcept { return true; }

bool console_processor::Shutdown(std::chrono::microseconds) noexcept {
  try {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) return true;
    std::vector<span_record> rest(std::make_move_iterator(waiting_.begin()),
                                  std::make_move_iterator(waiting_.end()));
    waiting_.clear();
    out_ << "(roots that never ended)\n" << render_tree(rest, style_) << '\n';
    out_.flush();
  } catch (const std::exception& e) {
    OTEL_INTERNAL_LOG_ERROR("[Skein] a span tree could not be printed: " << e.what());
  }
  return true;
}

}  // namespace skein::telemetry
