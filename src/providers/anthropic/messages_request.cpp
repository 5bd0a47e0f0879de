#include <utility>

#include "providers/anthropic/call_ids.hpp"
#include "providers/anthropic/messages.hpp"
#include "providers/anthropic/output_schema.hpp"
#include "providers/common/event_json.hpp"
#include "providers/common/opaque.hpp"
#include "providers/common/request_json.hpp"

namespace skein::anthropic::detail {

using namespace providers;

namespace {

constexpr std::string_view protocol = "anthropic";

json::object cache_mark(cache_ttl ttl) {
  return {{"type", "ephemeral"}, {"ttl", ttl == cache_ttl::one_hour ? "1h" : "5m"}};
}

json::object choice_of(const tool_choice& choice) {
  if (!choice.name.empty()) return {{"type", "tool"}, {"name", choice.name}};
  switch (choice.mode) {
    case tool_mode::automatic:
      return {{"type", "auto"}};
    case tool_mode::none:
      return {{"type", "none"}};
    case tool_mode::required:
      return {{"type", "any"}};
  }
  return {{"type", "auto"}};
}

void set_tool_choice(json::object& body, const chat_options& options) {
  const bool one_at_a_time = options.parallel_tool_calls == false;
  if (!options.tool_choice && !one_at_a_time) return;
  auto choice = choice_of(options.tool_choice.value_or(tool_choice{}));
  if (one_at_a_time && choice["type"] != "none") choice["disable_parallel_tool_use"] = true;
  body["tool_choice"] = std::move(choice);
}

void set_output(json::object& body, const chat_options& options) {
  json::object output;
  if (options.reasoning_effort == "none") {
    body["thinking"] = json::object{{"type", "disabled"}};
  } else if (!options.reasoning_effort.empty()) {
    body["thinking"] = json::object{{"type", "adaptive"}};
    output["effort"] = options.reasoning_effort == "minimal" ? "low" : options.reasoning_effort;
  }
  if (options.response_format) {
    const auto* format = std::get_if<json_schema_format>(&*options.response_format);
    if (!format) {
      throw usage_error(
          "anthropic: response_format: the API has no JSON mode without a schema; give a "
          "json_schema_format");
    }
    output["format"] =
        json::object{{"type", "json_schema"}, {"schema", lower_schema(format->schema).schema}};
  }
  if (!output.empty()) body["output_config"] = std::move(output);
}

// Everything but tools, system and messages, in the order in which it is sent.
json::object members_of(const chat_request& request, const chat_options& options,
                        std::string_view model, const cache_points& cache) {
  if (options.logprobs == true || options.top_logprobs) {
    throw usage_error(
        "anthropic: logprobs: the API has no log probabilities; leave the option out");
  }
  json::object body;
  body["model"] = model;
  body["max_tokens"] = options.max_tokens.value_or(default_max_tokens);
  if (options.streaming) body["stream"] = true;
  set(body, "temperature", options.temperature);
  set(body, "top_p", options.top_p);
  set(body, "top_k", options.top_k);
  set(body, "stop_sequences", options.stop);
  set(body, "service_tier", options.service_tier);
  if (!options.user.empty()) body["metadata"] = json::object{{"user_id", options.user}};
  set_output(body, options);
  if (cache.history) body["cache_control"] = cache_mark(*cache.history);
  if (!request.tools.empty() || options.extra_body.contains("tools")) {
    set_tool_choice(body, options);
  }
  merge(body, options.extra_body);
  return body;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

// Messages of one role after the other are one turn.
class turn_writer {
 public:
  explicit turn_writer(request_writer& out) : out_(out) { out_.open_array(); }

  void add(const message& m) {
    const role who = m.role == role::assistant ? role::assistant : role::user;
    for (std::size_t i = 0; i < m.parts.size(); ++i) {
      request_writer block;
      if (const auto* found = std::get_if<tool_result_part>(&m.parts[i])) {
        result(block, *found);
        append(role::user, results_, std::move(block).take());
        continue;
      }
      const auto* text = std::get_if<text_part>(&m.parts[i]);
      if (text && i + 1 < m.parts.size()) {
        text_block(block, without_cited(text->text, m.parts[i + 1]));
      } else {
        write(block, m.parts[i], who);
      }
      append(who, rest_, std::move(block).take());
    }
  }

  void finish() {
    end_turn();
    out_.close_array();
  }

 private:
  void append(role who, std::string& to, const std::string& block) {
    if (block.empty()) return;
    if (who != role_) {
      end_turn();
      role_ = who;
    }
    if (!to.empty()) to.push_back(',');
    to += block;
  }

  void end_turn() {
    if (results_.empty() && rest_.empty()) return;
    out_.open_object();
    out_.string_member("role", name_of(role_));
    out_.array_member("content");
    for (auto* blocks : {&results_, &rest_}) {
      if (!blocks->empty()) out_.text(*blocks);
      blocks->clear();
    }
    out_.close_array();
    out_.close_object();
  }

  static std::string_view without_cited(std::string_view text, const part& next) {
    const auto* raw = raw_object(next, protocol);
    if (!raw || string_at(*raw, "type") != "text") return text;
    const std::string_view cited = string_at(*raw, "text");
    if (text.ends_with(cited)) text.remove_suffix(cited.size());
    return text;
  }

  void result(request_writer& w, const tool_result_part& r) const {
    w.open_object();
    w.string_member("type", "tool_result");
    w.string_member("tool_use_id", ids_.of_result(r.call_id));
    const bool failed = r.outcome == tool_outcome::error;
    // The API refuses an error that says nothing.
    w.string_member("content", failed && is_blank(r.content) ? "The tool failed." : r.content);
    if (failed) {
      w.value_member("is_error", true);
    }
    w.close_object();
  }

  void write(request_writer& w, const part& p, role who) {
    const bool said = who == role::assistant;
    if (const auto* text = std::get_if<text_part>(&p)) {
      text_block(w, text->text);
    } else if (const auto* thought = std::get_if<reasoning_part>(&p)) {
      if (said) reasoning(w, *thought);
    } else if (const auto* found = std::get_if<tool_call_part>(&p)) {
      if (said) call(w, *found);
    } else if (const auto* shown = std::get_if<media_part>(&p)) {
      if (!said) media(w, *shown);
    } else if (const auto* error = std::get_if<error_part>(&p)) {
      if (said && error->code == "refusal") text_block(w, error->message);
    } else if (const auto* raw = raw_object(p, protocol)) {
      w.value(*raw);
    }
  }

  static void text_block(request_writer& w, std::string_view text) {
    if (is_blank(text)) return;
    w.open_object();
    w.string_member("type", "text");
    w.string_member("text", text);
    w.close_object();
  }

  static void reasoning(request_writer& w, const reasoning_part& r) {
    const auto form = opaque_for(protocol, r.opaque);
    if (!form || !(form->contains("data") || form->contains("signature"))) return;
    w.open_object();
    if (form->contains("data")) {
      w.string_member("type", "redacted_thinking");
    } else {
      w.string_member("type", "thinking");
      w.string_member("thinking", r.text);
    }
    w.members(*form);
    w.close_object();
  }

  void call(request_writer& w, const tool_call_part& c) {
    w.open_object();
    w.string_member("type", "tool_use");
    w.string_member("id", ids_.of_call(c.id));
    w.string_member("name", c.name);
    w.key("input");
    w.text(object_arguments(c.arguments));
    if (const auto form = opaque_for(protocol, c.opaque)) w.members(*form);
    w.close_object();
  }

  static void media(request_writer& w, const media_part& m) {
    const bool image =
        m.kind == media_kind::image ||
        (m.kind == media_kind::file && std::string_view(m.media_type).starts_with("image/"));
    if (!image && m.kind != media_kind::file) {
      throw usage_error("anthropic: the API takes no audio and no video; leave the part out");
    }
    w.open_object();
    w.string_member("type", image ? "image" : "document");
    w.key("source");
    source(w, m, image ? "image/png" : "application/pdf");
    if (!image && !m.name.empty()) w.string_member("title", m.name);
    w.close_object();
  }

  static void source(request_writer& w, const media_part& m, std::string_view fallback_type) {
    std::string_view type = m.media_type.empty() ? fallback_type : std::string_view(m.media_type);
    const std::string_view uri = m.uri;
    const auto inlined = inline_data_of(uri);
    w.open_object();
    if (!m.bytes.empty() && type.starts_with("text/")) {
      w.string_member("type", "text");
      w.string_member("media_type", "text/plain");
      w.string_member("data", m.bytes);
    } else if (!m.bytes.empty()) {
      encoded(w, type);
      w.base64(m.bytes);
    } else if (inlined) {
      encoded(w, inlined->type.empty() ? type : inlined->type);
      w.string(inlined->base64);
    } else if (uri.contains(':')) {
      w.string_member("type", "url");
      w.string_member("url", uri);
    } else {
      w.string_member("type", "file");
      w.string_member("file_id", uri);
    }
    w.close_object();
  }

  // The data follows.
  static void encoded(request_writer& w, std::string_view type) {
    w.string_member("type", "base64");
    w.string_member("media_type", type);
    w.key("data");
  }

  request_writer& out_;
  role role_ = role::user;
  std::string results_;  // of the turn so far, joined by commas
  std::string rest_;
  call_ids ids_;
};

void cache_member(request_writer& w, cache_ttl ttl) {
  w.value_member("cache_control", cache_mark(ttl));
}

void append_tools(request_writer& w, const std::vector<tool_definition>& tools,
                  const std::optional<cache_ttl>& cached) {
  w.array_member("tools");
  for (const auto& tool : tools) {
    w.open_object();
    function_members(w, tool, "input_schema");
    if (cached && &tool == &tools.back()) cache_member(w, *cached);
    w.close_object();
  }
  w.close_array();
}

void append_system(request_writer& w, const chat_request& request,
                   const std::optional<cache_ttl>& cached) {
  std::vector<std::string_view> texts;
  const auto add = [&](std::string_view text) {
    if (!is_blank(text)) texts.push_back(text);
  };
  add(request.instructions);
  for (const auto& m : request.messages) {
    if (m.role != role::system) continue;
    for (const auto& p : m.parts) {
      if (const auto* text = std::get_if<text_part>(&p)) add(text->text);
    }
  }
  if (texts.empty()) return;
  w.array_member("system");
  for (const auto& text : texts) {
    w.open_object();
    w.string_member("type", "text");
    w.string_member("text", text);
    if (cached && &text == &texts.back()) cache_member(w, *cached);
    w.close_object();
  }
  w.close_array();
}

}  // namespace

std::string request_body(const chat_request& request, const chat_options& options,
                         std::string_view model, const cache_points& cache) {
  const json::object members = members_of(request, options, model, cache);
  request_writer w;
  w.open_object();
  w.members(members);
  if (!request.tools.empty() && !members.contains("tools")) {
    append_tools(w, request.tools, cache.tools);
  }
  if (!members.contains("system")) append_system(w, request, cache.system);
  if (!members.contains("messages")) {
    w.key("messages");
    turn_writer turns(w);
    for (const auto& m : request.messages) {
      if (m.role != role::system) turns.add(m);
    }
    turns.finish();
  }
  w.close_object();
  return std::move(w).take();
}

}  // namespace skein::anthropic::detail
