#include <algorithm>
#include <array>
#include <charconv>
#include <format>
#include <utility>

#include <skein/core/error.hpp>

#include "providers/common/call_id.hpp"
#include "providers/common/event_json.hpp"
#include "providers/common/opaque.hpp"
#include "providers/common/request_json.hpp"
#include "providers/openai/responses.hpp"
#include "providers/openai/strict_schema.hpp"
#include "providers/openai/tool_words.hpp"

namespace skein::openai::detail {

using namespace providers;

namespace {

std::string sent_call_id(std::string_view id) {
  if (is_plain_id(id) && id.size() <= 64) return std::string(id);
  return std::format("call_{:016x}", hash_of_id(id));
}

json::value format_of_text(const response_format& format, std::string_view model,
                           strict_schemas rule) {
  const auto* schema = std::get_if<json_schema_format>(&format);
  if (!schema) return json::object{{"type", "json_object"}};
  json::object named{{"type", "json_schema"},
                     {"name", schema->name.empty() ? "response" : schema->name},
                     {"schema", schema->schema}};
  if (const auto strict = strict_of(*schema, model, rule)) named["strict"] = *strict;
  return named;
}

json::value choice_of_tool(const tool_choice& choice) {
  if (!choice.name.empty()) return json::object{{"type", "function"}, {"name", choice.name}};
  return json::value(word_of(choice.mode));
}

// Of them OpenAI refuses to be asked for encrypted reasoning.
bool never_reasons(std::string_view model) {
  if (model.starts_with("ft:")) model.remove_prefix(3);
  static constexpr std::array<std::string_view, 4> names = {"gpt-3", "gpt-4", "chatgpt-",
                                                            "gpt-5-chat"};
  return std::ranges::any_of(names, [&](auto name) { return model.starts_with(name); });
}

void set_includes(json::object& body, const chat_options& options, std::string_view model) {
  json::array include;
  if (options.store == false && !never_reasons(model)) {
    include.emplace_back("reasoning.encrypted_content");
  }
  if (options.logprobs == true) include.emplace_back("message.output_text.logprobs");
  if (const auto* asked = array_at(options.extra_body, "include")) {
    for (const auto& each : *asked) {
      if (!std::ranges::contains(include, each)) include.push_back(each);
    }
  }
  if (!include.empty()) body["include"] = std::move(include);
}

// Everything but instructions, tools and input, in the order in which it is sent.
json::object responses_members(const chat_request& request, const chat_options& options,
                               std::string_view model, strict_schemas rule) {
  if (!options.stop.empty()) {
    throw usage_error(
        "openai: responses have no place for chat_options::stop; leave it out, or use "
        "openai::client");
  }
  json::object body;
  body["model"] = model;
  if (options.streaming) body["stream"] = true;
  set(body, "background", options.background);
  set(body, "store", options.store);
  set(body, "previous_response_id", options.previous_response_id);
  set(body, "temperature", options.temperature);
  set(body, "top_p", options.top_p);
  set(body, "max_output_tokens", options.max_tokens);
  set(body, "top_logprobs", options.top_logprobs);
  if (!options.reasoning_effort.empty()) {
    body["reasoning"] = json::object{{"effort", options.reasoning_effort}};
  }
  json::object text;
  if (options.response_format)
    text["format"] = format_of_text(*options.response_format, model, rule);
  set(text, "verbosity", options.verbosity);
  if (!text.empty()) body["text"] = std::move(text);
  set(body, "service_tier", options.service_tier);
  set(body, "user", options.user);
  set(body, "metadata", options.metadata);
  if (!request.tools.empty() || options.extra_body.contains("tools")) {
    set(body, "parallel_tool_calls", options.parallel_tool_calls);
    if (options.tool_choice) body["tool_choice"] = choice_of_tool(*options.tool_choice);
  }
  merge(body, options.extra_body);
  set_includes(body, options, model);
  return body;
}

class input_writer : public request_writer {
 public:
  explicit input_writer(const chat_options& options) : stateless_(options.store == false) {}

  // `others` are an array, or something that only the server can make sense of.
  void tools(const std::vector<tool_definition>& functions, const json::value* others) {
    const auto* more = others ? others->if_array() : nullptr;
    if (others && !more) return value_member("tools", *others);
    if (functions.empty() && !more) return;
    array_member("tools");
    for (const auto& tool : functions) {
      open_object();
      string_member("type", "function");
      function_members(*this, tool, "parameters");
      // The server's default is strict, which refuses most schemas.
      value_member("strict", false);
      close_object();
    }
    if (more) {
      for (const auto& tool : *more) value(tool);
    }
    close_array();
  }

  void input(const std::vector<message>& messages) {
    array_member("input");
    for (const auto& m : messages) {
      if (m.role == role::assistant) {
        answer(m);
        results(m);
      } else {
        results(m);
        said(m);
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
      string_member("type", "function_call_output");
      string_member("call_id", sent_call_id(result->call_id));
      string_member("output", result->content);
      close_object();
    }
  }

  // ---- What a user or the system said, and what lies beside the results of tools.

  void said(const message& m) {
    bool open = false;
    const auto end = [&] {
      if (!open) return;
      close_array();
      close_object();
      open = false;
    };
    const auto begin = [&] {
      if (open) return;
      open_object();
      string_member("type", "message");
      string_member("role", name_of(m.role == role::tool ? role::user : m.role));
      array_member("content");
      open = true;
    };
    for (const auto& p : m.parts) {
      if (const auto* text = std::get_if<text_part>(&p)) {
        begin();
        text_item("input_text", text->text);
      } else if (const auto* found = std::get_if<media_part>(&p)) {
        begin();
        media(*found);
      } else if (const auto* raw = raw_object(p, responses_protocol)) {
        string_at(*raw, "type").starts_with("input_") ? begin() : end();
        value(*raw);
      }
    }
    end();
  }

  void text_item(std::string_view type, std::string_view text) {
    open_object();
    string_member("type", type);
    string_member("text", text);
    close_object();
  }

  void media(const media_part& m) {
    const bool named = m.bytes.empty() && !m.uri.contains(':');
    switch (m.kind) {
      case media_kind::image:
        open_object();
        string_member("type", "input_image");
        if (named) {
          string_member("file_id", m.uri);
        } else {
          string_member("image_url", uri_of(m, "image/png"));
        }
        string_member("detail", "auto");
        close_object();
        return;
      case media_kind::file:
        open_object();
        string_member("type", "input_file");
        if (named) {
          string_member("file_id", m.uri);
        } else if (m.bytes.empty() && !m.uri.starts_with("data:")) {
          string_member("file_url", m.uri);
        } else {
          string_member("filename", m.name.empty() ? "file" : m.name);
          string_member("file_data", uri_of(m, "application/pdf"));
        }
        close_object();
        return;
      case media_kind::audio:
      case media_kind::video:
        throw usage_error(std::format(
            "openai: responses take images and files, no {}; use openai::client, or send its text",
            m.kind == media_kind::audio ? "audio" : "video"));
    }
  }

  // ---- What the model said

  void answer(const message& m) {
    after_reasoning_ = false;
    for (const auto& p : m.parts) {
      if (std::holds_alternative<text_part>(p)) {
        content_.push_back(&p);
      } else if (const auto* error = std::get_if<error_part>(&p)) {
        if (error->code == "refusal") content_.push_back(&p);
      } else if (const auto* thought = std::get_if<reasoning_part>(&p)) {
        end_message(nullptr);
        hold(*thought);
      } else if (const auto* made = std::get_if<tool_call_part>(&p)) {
        end_message(nullptr);
        call(*made);
      } else if (const auto* raw = raw_object(p, responses_protocol)) {
        if (string_at(*raw, "type") == "message" && !raw->contains("content")) {
          end_message(raw);
        } else {
          end_message(nullptr);
          give_reasoning();
          value(*raw);
        }
      }
    }
    end_message(nullptr);
    reasoning_.clear();
  }

  void hold(const reasoning_part& thought) {
    auto fields = opaque_for(responses_protocol, thought.opaque);
    if (!fields) return;
    const auto* content = array_at(*fields, "content");
    const bool whole =
        !string_at(*fields, "encrypted_content").empty() || (content && !content->empty());
    if (whole || !stateless_) reasoning_.emplace_back(std::move(*fields));
  }

  void give_reasoning() {
    for (const auto& held : reasoning_) value(held);
    if (!reasoning_.empty()) after_reasoning_ = true;
    reasoning_.clear();
  }

  void end_message(const json::object* known) {
    const std::string_view id = known ? string_at(*known, "id") : std::string_view();
    if (content_.empty() && (id.empty() || reasoning_.empty())) return;
    // OpenAI misses the item that follows this reasoning: a message without its id is not it.
    if (!known) reasoning_.clear();
    give_reasoning();
    open_object();
    string_member("type", "message");
    string_member("role", "assistant");
    const bool named = after_reasoning_ && !id.empty();
    if (named) {
      string_member("id", id);
      const auto status = string_at(*known, "status");
      string_member("status", status.empty() ? "completed" : status);
    }
    if (known) {
      if (const auto phase = string_at(*known, "phase"); !phase.empty()) {
        string_member("phase", phase);
      }
    }
    const auto parts = std::exchange(content_, {});
    const bool spoken = std::ranges::all_of(
        parts, [](const part* p) { return std::holds_alternative<text_part>(*p); });
    if (!named && spoken) {
      // Parts of an output belong to a message with an id: vLLM refuses them in one without.
      std::string text;
      for (const auto* p : parts) text += std::get<text_part>(*p).text;
      string_member("content", text);
      return close_object();
    }
    array_member("content");
    for (const auto* p : parts) {
      open_object();
      if (const auto* text = std::get_if<text_part>(p)) {
        string_member("type", "output_text");
        string_member("text", text->text);
        value_member("annotations", json::array());
      } else {
        string_member("type", "refusal");
        string_member("refusal", std::get<error_part>(*p).message);
      }
      close_object();
    }
    close_array();
    close_object();
  }

  void call(const tool_call_part& made) {
    give_reasoning();
    open_object();
    string_member("type", "function_call");
    if (after_reasoning_) {
      const auto fields = opaque_for(responses_protocol, made.opaque);
      const auto id = fields ? string_at(*fields, "id") : std::string_view();
      if (!id.empty()) string_member("id", id);
    }
    string_member("call_id", sent_call_id(made.id));
    string_member("name", made.name);
    string_member("arguments", object_arguments(made.arguments));
    close_object();
  }

  bool stateless_;                      // the server keeps no items
  bool after_reasoning_ = false;        // was sent of this answer
  std::vector<json::value> reasoning_;  // waits for what followed it
  std::vector<const part*> content_;    // of a message whose end has not come
};

}  // namespace

std::string responses_body(const chat_request& request, const chat_options& options,
                           std::string_view model, strict_schemas rule) {
  json::object members = responses_members(request, options, model, rule);
  const bool instructed = members.contains("instructions");
  members.stable_erase("tools");
  input_writer body(options);
  body.open_object();
  body.members(members);
  if (!request.instructions.empty() && !instructed) {
    body.string_member("instructions", request.instructions);
  }
  body.tools(request.tools, options.extra_body.if_contains("tools"));
  if (!members.contains("input")) body.input(request.messages);
  body.close_object();
  return std::move(body).take();
}

continuation continuation::parse(std::string_view token) {
  const std::size_t colon = std::min(token.rfind(':'), token.size());
  const std::string_view id = token.substr(0, colon);
  const std::string_view digits = token.substr(std::min(colon + 1, token.size()));
  continuation c{.id = std::string(id)};
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), c.after);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
  // The id becomes a part of a URL.
  if (!is_plain_id(id) || !whole || c.after < 0) {
    throw usage_error(
        "openai: chat_options::continuation_token is none; take it from "
        "chat_response::continuation of an answer with chat_options::background");
  }
  return c;
}

}  // namespace skein::openai::detail
