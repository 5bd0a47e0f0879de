#include <algorithm>
#include <cctype>

#include "chat_completions.hpp"
#include "json_text.hpp"
#include "reasoning_form.hpp"

namespace skein::openai::detail {

namespace {

constexpr std::string_view provider_name = "openai";

bool is_host(std::string_view host, std::string_view domain) {
  if (!host.ends_with(domain)) return false;
  host.remove_suffix(domain.size());
  return host.empty() || host.ends_with('.');
}

void merge(json::object& into, const json::object& from) {
  for (const auto& [key, value] : from) {
    auto* old = into.if_contains(key);
    if (old && old->is_object() && value.is_object()) {
      merge(old->get_object(), value.get_object());
    } else {
      into.insert_or_assign(key, value);
    }
  }
}

json::value choice_of(const tool_choice& choice) {
  if (!choice.name.empty()) {
    return json::object{{"type", "function"}, {"function", json::object{{"name", choice.name}}}};
  }
  switch (choice.mode) {
    case tool_mode::automatic:
      return "auto";
    case tool_mode::none:
      return "none";
    case tool_mode::required:
      return "required";
  }
  return "auto";
}

json::value format_of(const response_format& format) {
  const auto* schema = std::get_if<json_schema_format>(&format);
  if (!schema) return json::object{{"type", "json_object"}};
  json::object named{{"name", schema->name.empty() ? "response" : schema->name},
                     {"schema", schema->schema}};
  if (schema->strict) named["strict"] = *schema->strict;
  return json::object{{"type", "json_schema"}, {"json_schema", std::move(named)}};
}

// Everything but tools and messages, in the order in which it is sent.
json::object members_of(const chat_request& request, const chat_options& options,
                        std::string_view model, const dialect& speaks) {
  json::object body;
  const auto set = [&](std::string_view key, const auto& value) {
    if (value) body[key] = *value;
  };
  const auto set_text = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) body[key] = value;
  };
  const auto set_map = [&](std::string_view key, const auto& values) {
    if (values.empty()) return;
    auto& members = body[key].emplace_object();
    for (const auto& [name, value] : values) members[name] = value;
  };
  body["model"] = model;
  if (options.streaming) {
    body["stream"] = true;
    body["stream_options"] = json::object{{"include_usage", true}};
  }
  set("temperature", options.temperature);
  set("top_p", options.top_p);
  set("top_k", options.top_k);
  set(speaks.max_tokens_key, options.max_tokens);
  if (!options.stop.empty()) body["stop"] = json::array(options.stop.begin(), options.stop.end());
  set("seed", options.seed);
  set("frequency_penalty", options.frequency_penalty);
  set("presence_penalty", options.presence_penalty);
  set_map("logit_bias", options.logit_bias);
  set("logprobs", options.logprobs);
  set("top_logprobs", options.top_logprobs);
  set_text("reasoning_effort", options.reasoning_effort);
  set_text("verbosity", options.verbosity);
  set_text("service_tier", options.service_tier);
  set_text("user", options.user);
  set("store", options.store);
  set_map("metadata", options.metadata);
  if (options.response_format) body["response_format"] = format_of(*options.response_format);
  if (!request.tools.empty() || options.extra_body.contains("tools")) {
    set("parallel_tool_calls", options.parallel_tool_calls);
    if (options.tool_choice) body["tool_choice"] = choice_of(*options.tool_choice);
  }
  merge(body, options.extra_body);
  return body;
}

class body_writer {
 public:
  explicit body_writer(const dialect& speaks) : speaks_(speaks) {}

  void members(const json::object& members) {
    for (const auto& [key, value] : members) {
      next();
      append_string(out_, key);
      out_.push_back(':');
      append_value(out_, value);
    }
  }

  void tools(const std::vector<tool_definition>& tools) {
    array_member("tools");
    for (const auto& tool : tools) {
      open_item();
      string_member("type", "function");
      key("function");
      open();
      string_member("name", tool.name);
      if (!tool.description.empty()) string_member("description", tool.description);
      key("parameters");
      append_value(out_, tool.parameters);
      close();
      close();
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

  void open() {
    out_.push_back('{');
    first_ = true;
  }
  void close() {
    out_.push_back('}');
    first_ = false;
  }
  std::string take() && { return std::move(out_); }

 private:
  void next() {
    if (!first_) out_.push_back(',');
    first_ = false;
  }
  void key(std::string_view name) {
    next();
    out_.push_back('"');
    out_.append(name);
    out_ += "\":";
  }
  void string_member(std::string_view name, std::string_view value) {
    key(name);
    append_string(out_, value);
  }
  void array_member(std::string_view name) {
    key(name);
    out_.push_back('[');
    first_ = true;
  }
  void close_array() {
    out_.push_back(']');
    first_ = false;
  }
  void open_item() {
    next();
    open();
  }

  void results(const message& m) {
    for (const auto& p : m.parts) {
      const auto* result = std::get_if<tool_result_part>(&p);
      if (!result) continue;
      open_item();
      string_member("role", "tool");
      string_member("tool_call_id", result->call_id);
      string_member("content", result->content);
      close();
    }
  }

  // System and user messages, and what lies beside the results in a tool message.
  void plain(const message& m) {
    const bool only_results = !m.parts.empty() && std::ranges::all_of(m.parts, [](const part& p) {
      return std::holds_alternative<tool_result_part>(p);
    });
    if (only_results || (m.role == role::tool && m.parts.empty())) return;
    open_item();
    string_member("role", name_of(m.role == role::tool ? role::user : m.role));
    if (!m.name.empty()) string_member("name", m.name);
    content(m);
    raw_members(m);
    close();
  }

  void assistant(const message& m) {
    open_item();
    string_member("role", "assistant");
    if (!m.name.empty()) string_member("name", m.name);
    const bool calls = std::ranges::any_of(
        m.parts, [](const part& p) { return std::holds_alternative<tool_call_part>(p); });
    if (calls && m.text().empty() && !has_content_parts(m)) {
      key("content");
      out_ += "null";
    } else {
      content(m);
    }
    refusal(m);
    reasoning(m, calls);
    if (calls) tool_calls(m);
    raw_members(m);
    close();
  }

  static const json::object* raw_object(const part& p) {
    const auto* raw = std::get_if<raw_part>(&p);
    if (!raw || raw->provider != provider_name) return nullptr;
    return raw->value.if_object();
  }
  static bool is_content(const json::object& raw) {
    const auto* type = raw.if_contains("type");
    return type && type->is_string();
  }
  // Anything that makes the content an array.
  static bool has_content_parts(const message& m) {
    return std::ranges::any_of(m.parts, [&](const part& p) {
      const auto* raw = raw_object(p);
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
        open_item();
        string_member("type", "text");
        string_member("text", text->text);
        close();
      } else if (const auto* found = std::get_if<media_part>(&p)) {
        if (m.role != role::assistant) media(*found);
      } else if (const auto* raw = raw_object(p); raw && is_content(*raw)) {
        next();
        append_value(out_, *raw);
      }
    }
    close_array();
  }

  void raw_members(const message& m) {
    for (const auto& p : m.parts) {
      if (const auto* raw = raw_object(p); raw && !is_content(*raw)) members(*raw);
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
      key("reasoning_details");
      append_value(out_, details);
    }
  }

  void tool_calls(const message& m) {
    array_member("tool_calls");
    for (const auto& p : m.parts) {
      const auto* call = std::get_if<tool_call_part>(&p);
      if (!call) continue;
      open_item();
      string_member("id", call->id);
      string_member("type", "function");
      key("function");
      open();
      string_member("name", call->name);
      string_member("arguments", sent_arguments(call->arguments));
      close();
      close();
    }
    close_array();
  }

  static std::string sent_arguments(const std::string& written) {
    if (written.find_first_not_of(" \t\r\n") == std::string::npos) return "{}";
    boost::system::error_code error;
    std::array<unsigned char, 1024> memory;
    boost::json::monotonic_resource resource(memory.data(), memory.size());
    const json::value parsed =
        json::parse(written, error, &resource, {.max_depth = 64, .allow_invalid_utf8 = true});
    if (!error && parsed.is_object()) return written;
    std::string marked = "{\"invalid_json\":";
    append_string(marked, written);
    marked.push_back('}');
    return marked;
  }

  void url_part(std::string_view type, const media_part& m, std::string_view fallback_type) {
    open_item();
    string_member("type", type);
    key(type);
    open();
    string_member("url", m.bytes.empty() ? m.uri : data_uri(m, fallback_type));
    close();
    close();
  }

  static std::string data_uri(const media_part& m, std::string_view fallback_type) {
    std::string uri = "data:";
    uri += m.media_type.empty() ? fallback_type : m.media_type;
    uri += ";base64,";
    append_base64(uri, m.bytes);
    return uri;
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
    std::string_view type = m.media_type;
    std::string data;
    if (!m.bytes.empty()) {
      append_base64(data, m.bytes);
    } else {
      const std::string_view uri = m.uri;
      const std::size_t comma = uri.find(";base64,");
      if (!uri.starts_with("data:") || comma == std::string_view::npos) {
        return url_part("audio_url", m, "audio/wav");
      }
      type = uri.substr(5, comma - 5);
      data = uri.substr(comma + 8);
    }
    open_item();
    string_member("type", "input_audio");
    key("input_audio");
    open();
    string_member("data", data);
    string_member("format", audio_format(type));
    close();
    close();
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
    open_item();
    string_member("type", "file");
    key("file");
    open();
    if (m.bytes.empty() && m.uri.find(':') == std::string::npos) {
      string_member("file_id", m.uri);
    } else {
      string_member("filename", m.name.empty() ? "file" : m.name);
      string_member("file_data", m.bytes.empty() ? m.uri : data_uri(m, "application/pdf"));
    }
    close();
    close();
  }

  const dialect& speaks_;
  std::string out_;
  bool first_ = true;
  bool thinks_ = false;  // a message so far had reasoning_content
};

}  // namespace

dialect dialect_of(std::string_view host) {
  std::string lower(host);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool own = is_host(lower, "openai.com") || is_host(lower, "openai.azure.com");
  return own ? openai_dialect : compatible_dialect;
}

std::string request_body(const chat_request& request, const chat_options& options,
                         std::string_view model, const dialect& speaks) {
  const json::object members = members_of(request, options, model, speaks);
  body_writer body(speaks);
  body.open();
  body.members(members);
  if (!request.tools.empty() && !members.contains("tools")) body.tools(request.tools);
  if (!members.contains("messages")) body.messages(request.instructions, request.messages);
  body.close();
  std::string text = std::move(body).take();
  make_valid_utf8(text);
  return text;
}

}  // namespace skein::openai::detail
