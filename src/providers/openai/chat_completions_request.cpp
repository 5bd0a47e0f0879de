#include <algorithm>
#include <cctype>

#include "core/ascii.hpp"
#include "providers/common/request_json.hpp"
#include "providers/openai/chat_completions.hpp"
#include "providers/openai/reasoning_form.hpp"
#include "providers/openai/short_ids.hpp"
#include "providers/openai/strict_schema.hpp"
#include "providers/openai/tool_words.hpp"

namespace skein::openai::detail {

using namespace providers;

namespace {

constexpr std::string_view provider_name = "openai";

bool is_host(std::string_view host, std::string_view domain) {
  if (!host.ends_with(domain)) return false;
  host.remove_suffix(domain.size());
  return host.empty() || host.ends_with('.');
}

json::value choice_of(const tool_choice& choice, const dialect& speaks) {
  if (!choice.name.empty()) {
    if (speaks.choices == named_choices::overlooked) return "required";
    return json::object{{"type", "function"}, {"function", json::object{{"name", choice.name}}}};
  }
  return json::value(word_of(choice.mode));
}

json::value format_of(const response_format& format, std::string_view model,
                      const dialect& speaks) {
  static const json_schema_format any_object{
      .name = "object", .schema = json::object{{"type", "object"}}, .strict = {}};
  const auto* schema = std::get_if<json_schema_format>(&format);
  if (!schema && speaks.formats == json_formats::schemas_only) schema = &any_object;
  if (!schema) return json::object{{"type", "json_object"}};
  if (speaks.schemas == schema_formats::refused) {
    throw usage_error(
        "openai: response_format: this server takes no JSON Schema; say in the instructions what "
        "is wanted and use json_object_format, or offer a tool with that schema");
  }
  json::object named{{"name", schema->name.empty() ? "response" : schema->name},
                     {"schema", schema->schema}};
  if (const auto strict = strict_of(*schema, model, speaks.strict)) named["strict"] = *strict;
  return json::object{{"type", "json_schema"}, {"json_schema", std::move(named)}};
}

// Everything but tools and messages, in the order in which it is sent.
json::object members_of(const chat_request& request, const chat_options& options,
                        std::string_view model, const dialect& speaks) {
  json::object body;
  body["model"] = model;
  if (options.streaming) {
    body["stream"] = true;
    if (speaks.usage == stream_usage::when_asked) {
      body["stream_options"] = json::object{{"include_usage", true}};
    }
  }
  set(body, "temperature", options.temperature);
  set(body, "top_p", options.top_p);
  set(body, "top_k", options.top_k);
  set(body, speaks.max_tokens_key, options.max_tokens);
  set(body, "stop", options.stop);
  set(body, speaks.seed_key, options.seed);
  set(body, "frequency_penalty", options.frequency_penalty);
  set(body, "presence_penalty", options.presence_penalty);
  set(body, "logit_bias", options.logit_bias);
  set(body, "logprobs", options.logprobs);
  set(body, "top_logprobs", options.top_logprobs);
  set(body, "reasoning_effort", options.reasoning_effort);
  set(body, "verbosity", options.verbosity);
  set(body, "service_tier", options.service_tier);
  set(body, "user", options.user);
  set(body, "store", options.store);
  set(body, "metadata", options.metadata);
  if (options.response_format)
    body["response_format"] = format_of(*options.response_format, model, speaks);
  if (!request.tools.empty() || options.extra_body.contains("tools")) {
    set(body, "parallel_tool_calls", options.parallel_tool_calls);
    if (options.tool_choice) body["tool_choice"] = choice_of(*options.tool_choice, speaks);
  }
  merge(body, options.extra_body);
  return body;
}

class body_writer : public request_writer {
 public:
  explicit body_writer(const dialect& speaks) : speaks_(speaks) {}

  // Only the one of that name, if there is a name.
  void tools(const std::vector<tool_definition>& tools, std::string_view only) {
    array_member("tools");
    for (const auto& tool : tools) {
      if (!only.empty() && tool.name != only) continue;
      open_object();
      string_member("type", "function");
      object_member("function");
      function_members(*this, tool, "parameters");
      close_object();
      close_object();
    }
    close_array();
  }

  void messages(const std::string& instructions, const std::vector<message>& messages) {
    array_member("messages");
    if (!instructions.empty()) plain(system_message(instructions));
    for (const auto& m : messages) {
      if (m.role == role::assistant) {
        assistant(m);
        results(m);
      } else {
        results(m);
        plain(m);
      }
    }
    close_array();
  }

 private:
  void results(const message& m) {
    for (const auto& p : m.parts) {
      const auto* result = std::get_if<tool_result_part>(&p);
      if (!result) continue;
      open_object();
      string_member("role", "tool");
      string_member("tool_call_id", sent_id(result->call_id));
      string_member("content", result->content);
      close_object();
    }
  }

  // System and user messages, and what lies beside the results in a tool message.
  void plain(const message& m) {
    const bool only_results = !m.parts.empty() && std::ranges::all_of(m.parts, [](const part& p) {
      return std::holds_alternative<tool_result_part>(p);
    });
    if (only_results || (m.role == role::tool && m.parts.empty())) return;
    open_object();
    string_member("role", name_of(m.role == role::tool ? role::user : m.role));
    author(m);
    content(m);
    raw_members(m);
    close_object();
  }

  void assistant(const message& m) {
    open_object();
    string_member("role", "assistant");
    author(m);
    const bool calls = std::ranges::any_of(
        m.parts, [](const part& p) { return std::holds_alternative<tool_call_part>(p); });
    if (calls && m.text().empty() && !has_content_parts(m)) {
      value_member("content", nullptr);
    } else {
      content(m);
    }
    refusal(m);
    reasoning(m, calls);
    if (calls) tool_calls(m);
    raw_members(m);
    close_object();
  }

  void author(const message& m) {
    if (!m.name.empty() && speaks_.names == author_names::taken) string_member("name", m.name);
  }

  const std::string& sent_id(const std::string& id) {
    return speaks_.ids == call_ids::any ? id : short_ids_.of(id);
  }

  static bool is_content(const json::object& raw) {
    const auto* type = raw.if_contains("type");
    return type && type->is_string();
  }
  // Anything that makes the content an array.
  static bool has_content_parts(const message& m) {
    return std::ranges::any_of(m.parts, [&](const part& p) {
      const auto* raw = raw_object(p, provider_name);
      return (raw && is_content(*raw)) ||
             (m.role != role::assistant && std::holds_alternative<media_part>(p));
    });
  }

  void content(const message& m) {
    if (!has_content_parts(m)) {
      string_member("content", m.text());
      return;
    }
    array_member("content");
    for (const auto& p : m.parts) {
      if (const auto* text = std::get_if<text_part>(&p)) {
        open_object();
        string_member("type", "text");
        string_member("text", text->text);
        close_object();
      } else if (const auto* found = std::get_if<media_part>(&p)) {
        if (m.role != role::assistant) media(*found);
      } else if (const auto* raw = raw_object(p, provider_name); raw && is_content(*raw)) {
        value(*raw);
      }
    }
    close_array();
  }

  void raw_members(const message& m) {
    for (const auto& p : m.parts) {
      if (const auto* raw = raw_object(p, provider_name); raw && !is_content(*raw)) members(*raw);
    }
  }

  void refusal(const message& m) {
    std::string text;
    for (const auto& p : m.parts) {
      const auto* error = std::get_if<error_part>(&p);
      if (error && error->code == "refusal") text += error->message;
    }
    if (!text.empty()) string_member("refusal", text);
  }

  void reasoning(const message& m, bool calls) {
    if (speaks_.reasoning == reasoning_replay::never) return;
    std::map<std::string, std::string, std::less<>> texts;
    json::array details;
    for (const auto& p : m.parts) {
      const auto* reasoning = std::get_if<reasoning_part>(&p);
      if (!reasoning) continue;
      auto form = reasoning_form::parse(reasoning->opaque);
      if (!form) continue;
      if (!form->key.empty() && calls) texts[form->key] += reasoning->text;
      for (auto& detail : form->details) details.push_back(std::move(detail));
    }
    if (texts.contains(reasoning_content_key)) {
      thinks_ = true;
    } else if (calls && thinks_) {
      // DeepSeek refuses a conversation in thinking mode in which one of the calls has no
      // reasoning.
      texts[std::string(reasoning_content_key)];
    }
    for (const auto& [name, text] : texts) string_member(name, text);
    if (!details.empty()) {
      value_member("reasoning_details", details);
    }
  }

  void tool_calls(const message& m) {
    array_member("tool_calls");
    for (const auto& p : m.parts) {
      const auto* call = std::get_if<tool_call_part>(&p);
      if (!call) continue;
      open_object();
      string_member("id", sent_id(call->id));
      string_member("type", "function");
      object_member("function");
      string_member("name", call->name);
      string_member("arguments", object_arguments(call->arguments));
      close_object();
      close_object();
    }
    close_array();
  }

  void url_part(std::string_view type, const media_part& m, std::string_view fallback_type) {
    open_object();
    string_member("type", type);
    object_member(type);
    string_member("url", uri_of(m, fallback_type));
    close_object();
    close_object();
  }

  void media(const media_part& m) {
    switch (m.kind) {
      case media_kind::image:
        return url_part("image_url", m, "image/png");
      case media_kind::video:
        return url_part("video_url", m, "video/mp4");
      case media_kind::audio:
        return audio(m);
      case media_kind::file:
        return file(m);
    }
  }

  void audio(const media_part& m) {
    const auto inlined = m.bytes.empty() ? inline_data_of(m.uri) : std::nullopt;
    if (m.bytes.empty() && !inlined) return url_part("audio_url", m, "audio/wav");
    open_object();
    string_member("type", "input_audio");
    object_member("input_audio");
    key("data");
    inlined ? string(inlined->base64) : base64(m.bytes);
    string_member("format", audio_format(inlined ? inlined->type : m.media_type));
    close_object();
    close_object();
  }

  static std::string_view audio_format(std::string_view type) {
    if (type.starts_with("audio/")) type.remove_prefix(6);
    if (type.starts_with("x-")) type.remove_prefix(2);
    type = type.substr(0, type.find(';'));
    if (type == "mpeg") return "mp3";
    if (type.empty() || type == "wave" || type == "vnd.wave") return "wav";
    return type;
  }

  void file(const media_part& m) {
    open_object();
    string_member("type", "file");
    object_member("file");
    if (m.bytes.empty() && m.uri.find(':') == std::string::npos) {
      string_member("file_id", m.uri);
    } else {
      string_member("filename", m.name.empty() ? "file" : m.name);
      string_member("file_data", uri_of(m, "application/pdf"));
    }
    close_object();
    close_object();
  }

  const dialect& speaks_;
  short_ids short_ids_;
  bool thinks_ = false;  // a message so far had reasoning_content
};

}  // namespace

bool is_own_host(std::string_view host) {
  const auto lower = skein::detail::lower(host);
  return is_host(lower, "openai.com") || is_host(lower, "openai.azure.com");
}

dialect dialect_of(std::string_view host) {
  const auto lower = skein::detail::lower(host);
  if (is_host(lower, "openai.com")) return openai_dialect;
  if (is_host(lower, "openai.azure.com")) return azure_dialect;
  for (const auto& known : known_servers()) {
    const auto url = known.base_url.substr(known.base_url.find("://") + 3);
    if (known.base_url.starts_with("https:") && url.substr(0, url.find('/')) == lower) {
      return known.speaks;
    }
  }
  return compatible_dialect;
}

std::string request_body(const chat_request& request, const chat_options& options,
                         std::string_view model, const dialect& speaks) {
  refuse_stored_answers(options, provider_name);
  const json::object members = members_of(request, options, model, speaks);
  body_writer body(speaks);
  body.open_object();
  body.members(members);
  if (!request.tools.empty() && !members.contains("tools")) {
    const bool alone = speaks.choices == named_choices::overlooked && options.tool_choice;
    body.tools(request.tools, alone ? options.tool_choice->name : std::string_view());
  }
  if (!members.contains("messages")) body.messages(request.instructions, request.messages);
  body.close_object();
  return std::move(body).take();
}

}  // namespace skein::openai::detail
