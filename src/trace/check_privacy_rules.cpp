// Rules about content: that there is none without consent, no secret, and no hole in it.
#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <format>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>
#include <skein/telemetry/conventions.hpp>
#include <skein/trace/history.hpp>

#include "trace/check_rules.hpp"
#include "trace/genai.hpp"

namespace skein::trace {

namespace semconv = telemetry::semconv;

namespace {

// What the conventions record on request only, and what others call it.
bool is_content(std::string_view key) {
  constexpr auto keys = std::to_array<std::string_view>(
      {"gen_ai.prompt", "gen_ai.completion", "input.value", "output.value",
       "traceloop.entity.input", "traceloop.entity.output", "langfuse.observation.input",
       "langfuse.observation.output", "ai.prompt", "ai.prompt.messages", "ai.response.text",
       "ai.response.object", "ai.response.toolCalls", "ai.toolCall.args", "ai.toolCall.result",
       "gcp.vertex.agent.llm_request", "gcp.vertex.agent.llm_response",
       "gcp.vertex.agent.tool_call_args", "gcp.vertex.agent.tool_response"});
  constexpr auto prefixes = std::to_array<std::string_view>(
      {"gen_ai.prompt.variable.", "gen_ai.prompt.0", "gen_ai.completion.0", "llm.input_messages.",
       "llm.output_messages."});
  auto is_opt_in = [&](const semconv::span_type* s) {
    const auto* u = semconv::find_use(s->uses, key);
    return u != nullptr && u->need == semconv::level::opt_in;
  };
  return std::ranges::any_of(semconv::spans::all, is_opt_in) ||
         std::ranges::find(keys, key) != keys.end() ||
         std::ranges::any_of(prefixes, [&](auto p) { return key.starts_with(p); });
}

// Some write these where nothing is captured.
bool is_empty(const json::value& v) {
  constexpr auto texts = std::to_array<std::string_view>({"", "{}", "[]", "null", "N/A"});
  const auto* text = v.if_string();
  return v.is_null() ||
         (text != nullptr && std::ranges::find(texts, std::string_view(*text)) != texts.end());
}

// Until 1.36 each message was an event of its own.
bool is_message(const telemetry::span_event& e) {
  constexpr auto names = std::to_array<std::string_view>(
      {"gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message",
       "gen_ai.tool.message", "gen_ai.choice"});
  constexpr auto keys = std::to_array<std::string_view>({"content", "message", "tool_calls"});
  return std::ranges::find(names, e.name) != names.end() &&
         std::ranges::any_of(keys, [&](auto k) { return e.attributes.contains(k); });
}

}  // namespace

void content_recorded(const material& m, observations& out) {
  if (m.options.content == check_options::content::allowed) return;
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    std::string found;
    auto add = [&](std::string_view what) {
      if (found.contains(what)) return;
      if (!found.empty()) found += ", ";
      found += what;
    };
    auto look = [&](const json::object& attributes) {
      for (const auto& a : attributes) {
        if (is_content(a.key()) && !is_empty(a.value())) add(a.key());
      }
    };
    look(s.attributes);
    for (const auto& e : s.events) {
      look(e.attributes);
      if (is_message(e)) add(e.name);
    }
    if (!found.empty()) out.push_back({i, std::format("records {}", found)});
  }
}

void history_missing(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    auto text = telemetry::text_of(m.spans[i], semconv::history_after);
    if (text.empty()) continue;
    auto which = parse_reference(text);
    if (!which) {
      out.push_back({i, std::format("{} names no span", semconv::history_after)});
      continue;
    }
    if (m.spans.find(which->trace_id, which->span_id) != telemetry::forest::none) continue;
    if (m.options.history_elsewhere && m.options.history_elsewhere(*which)) continue;
    out.push_back(
        {i, std::format("the span {} with the earlier messages is not there", quoted(text))});
  }
}

void secret_recorded(const material& m, observations& out) {
  auto word = [](std::string_view text, std::size_t at) {
    auto end = std::ranges::find_if(text.substr(at), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_' && c != '.';
    });
    return static_cast<std::size_t>(end - text.begin()) - at;
  };
  auto looks_secret = [&](std::string_view text) {
    struct mark {
      std::string_view begins;
      std::size_t least;  // characters of the word, with its beginning
    };
    static constexpr std::array marks{mark{"Bearer ", 0}, mark{"sk-", 23},   mark{"AKIA", 20},
                                      mark{"ghp_", 40},   mark{"xoxb-", 20}, mark{"AIza", 39}};
    constexpr std::size_t least_token = 16;
    for (const auto& k : marks) {
      for (auto at = text.find(k.begins); at != text.npos; at = text.find(k.begins, at + 1)) {
        bool starts = at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0;
        auto length = k.least == 0 ? word(text, at + k.begins.size()) : word(text, at);
        if (starts && length >= (k.least == 0 ? least_token : k.least)) return true;
      }
    }
    // scheme://user:password@host
    for (auto at = text.find("://"); at != text.npos; at = text.find("://", at + 1)) {
      auto authority = text.substr(at + 3);
      authority = authority.substr(0, authority.find_first_of("/?# \"'\n"));
      auto user = authority.substr(0, authority.find('@'));
      if (user.size() < authority.size() && user.contains(':')) return true;
    }
    return false;
  };
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    auto look = [&](const json::object& attributes) {
      for (const auto& a : attributes) {
        if (a.value().is_string() && looks_secret(a.value().get_string())) {
          out.push_back(
              {i, std::format("{} seems to hold a key or a password", std::string_view(a.key()))});
        }
      }
    };
    look(s.attributes);
    for (const auto& e : s.events) look(e.attributes);
    if (looks_secret(s.status_message)) {
      out.push_back({i, "its status message seems to hold a key or a password"});
    }
  }
}

}  // namespace skein::trace
