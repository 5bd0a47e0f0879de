#include <algorithm>
#include <cstdint>
#include <format>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <skein/chat/message_json.hpp>
#include <skein/chat/prompt_cache.hpp>
#include <skein/json/text.hpp>

#include "chat/layer.hpp"

namespace skein {

namespace {

constexpr std::size_t most_conversations = 1000;

enum class prompt_section : std::uint8_t { front, tools, instructions, messages };

struct prompt_piece {
  prompt_section section;
  std::string name;
  std::size_t hash;
  std::size_t bytes;

  [[nodiscard]] bool same_as(const prompt_piece& other) const noexcept {
    return section == other.section && hash == other.hash && bytes == other.bytes;
  }
};

using prompt = std::vector<prompt_piece>;

void add_piece(prompt& to, prompt_section section, std::string name, std::string_view text) {
  const auto hash =
      std::hash<std::string_view>()(text) ^
      std::hash<std::string>()(section == prompt_section::front ? name : std::string());
  to.push_back({section, std::move(name), hash, text.size()});
}

std::string text_of(const tool_choice& choice) {
  return std::format("{} {}", static_cast<int>(choice.mode), choice.name);
}

std::string text_of(const response_format& format) {
  const auto* schema = std::get_if<json_schema_format>(&format);
  return schema ? schema->name + json::write_text(schema->schema) : "json_object";
}

// Always the same pieces at the front, so that each is compared with its like.
prompt pieces_of(const chat_request& request, const chat_options& o, std::string_view model) {
  prompt all;
  auto front = [&](const char* name, std::string_view text) {
    add_piece(all, prompt_section::front, name, text);
  };
  front("model", model);
  front("tool_choice", o.tool_choice ? text_of(*o.tool_choice) : "");
  front("response_format", o.response_format ? text_of(*o.response_format) : "");
  front("reasoning_effort", o.reasoning_effort);
  front("extra_body", o.extra_body.empty() ? "" : json::write_text(o.extra_body));
  std::size_t i = 0;
  for (const auto& tool : request.tools) {
    add_piece(all, prompt_section::tools, std::format("tools[{}] {}", i++, tool.name),
              tool.name + tool.description + json::write_text(tool.parameters));
  }
  add_piece(all, prompt_section::instructions, "instructions", request.instructions);
  i = 0;
  for (const auto& message : request.messages) {
    add_piece(all, prompt_section::messages,
              std::format("messages[{}] {}", i++, name_of(message.role)),
              json::write_text(message_to_json(message)));
  }
  return all;
}

std::string key_of(const prompt& p, const chat_options& o) {
  if (!o.conversation_id.empty()) return "id " + o.conversation_id;
  const auto first = std::ranges::find(p, prompt_section::messages, &prompt_piece::section);
  return std::format("message {:x}", first == p.end() ? 0 : first->hash);
}

bool is_same_at(const prompt& a, std::size_t i, const prompt& b, std::size_t j) {
  return i < a.size() && j < b.size() && a[i].same_as(b[j]);
}

// The same tools in another order.
bool are_moved(const prompt& then, const prompt& now, prompt_section section) {
  auto hashes = [&](const prompt& p) {
    std::vector<std::size_t> all;
    for (const auto& piece : p) {
      if (piece.section == section) all.push_back(piece.hash);
    }
    std::ranges::sort(all);
    return all;
  };
  return hashes(then) == hashes(now);
}

std::optional<cache_break> first_break(const prompt& then, const prompt& now) {
  using kind = cache_break::kind;
  std::size_t at = 0;
  cache_break broken;
  while (is_same_at(then, at, now, at)) broken.kept_bytes += then[at++].bytes;
  if (at == then.size() || at == now.size()) return std::nullopt;
  for (auto i = at; i < then.size(); ++i) broken.lost_bytes += then[i].bytes;

  // Sections come in order: the one that has ended first is the one that lost something.
  const bool gone = then[at].section < now[at].section;
  const bool come = now[at].section < then[at].section;
  broken.where = gone ? then[at].name : now[at].name;
  if (gone) {
    broken.how = kind::removed;
  } else if (come) {
    broken.how = kind::added;
  } else if (then[at].section != prompt_section::front && are_moved(then, now, then[at].section)) {
    broken.how = kind::moved;
  } else if (is_same_at(then, at + 1, now, at)) {
    broken.how = kind::removed;
    broken.where = then[at].name;
  } else if (is_same_at(then, at, now, at + 1)) {
    broken.how = kind::added;
  }
  return broken;
}

}  // namespace

std::string_view name_of(cache_break::kind k) noexcept {
  switch (k) {
    case cache_break::kind::changed:
      return "changed";
    case cache_break::kind::added:
      return "added";
    case cache_break::kind::removed:
      return "removed";
    case cache_break::kind::moved:
      return "moved";
  }
  return "changed";
}

class prompt_cache_guard::memory {
 public:
  std::optional<cache_break> replace(std::string key, prompt now) {
    std::lock_guard lock(mutex_);
    auto& last = conversations_[std::move(key)];
    auto broken = first_break(last.pieces, now);
    last = {std::move(now), ++clock_};
    if (conversations_.size() > most_conversations) {
      conversations_.erase(std::ranges::min_element(
          conversations_, {}, [](const auto& entry) { return entry.second.used; }));
    }
    return broken;
  }

 private:
  struct conversation {
    prompt pieces;
    std::uint64_t used = 0;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, conversation> conversations_;
  std::uint64_t clock_ = 0;
};

prompt_cache_guard::prompt_cache_guard(chat_client& inner,
                                       std::function<void(const cache_break&)> on_break)
    : chat_layer(inner), memory_(std::make_unique<memory>()), on_break_(std::move(on_break)) {}
prompt_cache_guard::~prompt_cache_guard() = default;

skein::stream<chat_update> prompt_cache_guard::around(chat_request request, chat_options options) {
  auto pieces = pieces_of(request, options, options.model.empty() ? info().model : options.model);
  auto key = key_of(pieces, options);
  if (auto broken = memory_->replace(std::move(key), std::move(pieces))) {
    broken->conversation = options.conversation_id;
    detail::tell(
        "skein.prompt_cache.broken",
        {{"skein.prompt_cache.where", telemetry::view(broken->where)},
         {"skein.prompt_cache.how", telemetry::view(name_of(broken->how))},
         {"skein.prompt_cache.kept_bytes", static_cast<std::int64_t>(broken->kept_bytes)},
         {"skein.prompt_cache.lost_bytes", static_cast<std::int64_t>(broken->lost_bytes)}});
    if (on_break_) on_break_(*broken);
  }
  auto answer = inner().stream(request, options);
  while (auto* update = co_await answer.next()) co_yield *update;
}

}  // namespace skein
