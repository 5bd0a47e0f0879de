#include <algorithm>
#include <charconv>
#include <utility>

#include <skein/core/error.hpp>

#include "providers/common/opaque.hpp"
#include "providers/common/request_json.hpp"
#include "providers/ollama/chat.hpp"

namespace skein::ollama::detail {

using namespace providers;

json::value duration_of(std::string_view text) {
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return seconds;
  return json::value(text);
}

namespace {

json::value thinking_of(std::string_view effort) {
  if (effort == "none") return false;
  if (effort == "minimal") return "low";
  if (effort == "xhigh") return "max";
  return json::value(effort);
}

json::object sampling_of(const chat_options& options) {
  json::object sampling;
  set(sampling, "temperature", options.temperature);
  set(sampling, "top_p", options.top_p);
  set(sampling, "top_k", options.top_k);
  set(sampling, "num_predict", options.max_tokens);
  set(sampling, "stop", options.stop);
  set(sampling, "seed", options.seed);
  set(sampling, "frequency_penalty", options.frequency_penalty);
  set(sampling, "presence_penalty", options.presence_penalty);
  return sampling;
}

// Everything but tools and messages, in the order in which it is sent.
json::object members_of(const chat_options& options, std::string_view model,
                        std::string_view keep_alive) {
  json::object body{{"model", model}, {"stream", options.streaming}};
  if (options.response_format) {
    const auto* format = std::get_if<json_schema_format>(&*options.response_format);
    body["format"] = format ? format->schema : json::value("json");
  }
  if (auto sampling = sampling_of(options); !sampling.empty()) {
    body["options"] = std::move(sampling);
  }
  if (!options.reasoning_effort.empty()) body["think"] = thinking_of(options.reasoning_effort);
  set(body, "logprobs", options.logprobs);
  set(body, "top_logprobs", options.top_logprobs);
  if (!keep_alive.empty()) body["keep_alive"] = duration_of(keep_alive);
  merge(body, options.extra_body);
  return body;
}

// There is no choice of tools in the protocol, but tools that are not sent are not called.
bool sends_tools(const chat_request& request, const chat_options& options) {
  if (request.tools.empty()) return false;
  if (options.parallel_tool_calls == false) {
    throw usage_error(
        "ollama: parallel_tool_calls = false has no place in this protocol: the model may always "
        "make several calls at once. Leave the option out");
  }
  if (!options.tool_choice) return true;
  const auto& choice = *options.tool_choice;
  if (!choice.name.empty() || choice.mode == tool_mode::required) {
    throw usage_error(
        "ollama: tool_choice cannot require a tool: the protocol has no place for it. Leave it "
        "out, or ask for it in the instructions");
  }
  return choice.mode != tool_mode::none;
}

class messages_writer {
 public:
  explicit messages_writer(request_writer& out) : out_(out) {}

  void write(const chat_request& request) {
    if (!request.instructions.empty()) plain(system_message(request.instructions));
    for (const auto& m : request.messages) {
      if (m.role == role::assistant) {
        assistant(m);
        results(m);
      } else {
        results(m);
        plain(m);
      }
    }
  }

 private:
  void begin(std::string_view as, const message& m) {
    out_.open_object();
    out_.string_member("role", as);
    std::string text;
    for (const auto& p : m.parts) {
      if (const auto* found = std::get_if<text_part>(&p)) text += found->text;
      const auto* error = std::get_if<error_part>(&p);
      if (error && error->code == "refusal") text += error->message;
    }
    out_.string_member("content", text);
  }

  void end(const message& m) {
    for (const auto& p : m.parts) {
      if (const auto* raw = raw_object(p, protocol)) out_.members(*raw);
    }
    out_.close_object();
  }

  void plain(const message& m) {
    const bool only_results = std::ranges::all_of(
        m.parts, [](const part& p) { return std::holds_alternative<tool_result_part>(p); });
    if (only_results && (m.role == role::tool || !m.parts.empty())) return;
    begin(name_of(m.role == role::tool ? role::user : m.role), m);
    images(m);
    end(m);
  }

  void assistant(const message& m) {
    begin("assistant", m);
    std::string thinking;
    for (const auto& p : m.parts) {
      const auto* found = std::get_if<reasoning_part>(&p);
      if (found && opaque_for(protocol, found->opaque)) thinking += found->text;
    }
    if (!thinking.empty()) out_.string_member("thinking", thinking);
    calls(m);
    end(m);
  }

  void calls(const message& m) {
    bool any = false;
    for (const auto& p : m.parts) {
      const auto* call = std::get_if<tool_call_part>(&p);
      if (!call) continue;
      if (!std::exchange(any, true)) {
        out_.array_member("tool_calls");
      }
      out_.open_object();
      if (!call->id.empty()) out_.string_member("id", call->id);
      out_.object_member("function");
      out_.string_member("name", call->name);
      out_.key("arguments");
      out_.text(object_arguments(call->arguments));
      out_.close_object();
      out_.close_object();
    }
    if (any) out_.close_array();
  }

  void results(const message& m) {
    for (const auto& p : m.parts) {
      const auto* result = std::get_if<tool_result_part>(&p);
      if (!result) continue;
      out_.open_object();
      out_.string_member("role", "tool");
      out_.string_member("content", result->content);
      if (!result->name.empty()) out_.string_member("tool_name", result->name);
      if (!result->call_id.empty()) out_.string_member("tool_call_id", result->call_id);
      out_.close_object();
    }
  }

  void images(const message& m) {
    bool any = false;
    for (const auto& p : m.parts) {
      const auto* media = std::get_if<media_part>(&p);
      if (!media) continue;
      if (!std::exchange(any, true)) {
        out_.array_member("images");
      }
      image(*media);
    }
    if (any) out_.close_array();
  }

  void image(const media_part& m) {
    const auto inlined = inline_data_of(m.uri);
    if (m.kind != media_kind::image || (m.bytes.empty() && !inlined)) {
      throw usage_error(
          "ollama: only images can be sent, as bytes or as a data URI; fetch what is elsewhere "
          "first, or leave the part out");
    }
    if (!m.bytes.empty()) return out_.base64(m.bytes);
    out_.string(inlined->base64);
  }

  request_writer& out_;
};

void write_tools(request_writer& out, const tool_definitions& tools) {
  out.array_member("tools");
  for (const auto& tool : tools) {
    out.open_object();
    out.string_member("type", "function");
    out.object_member("function");
    function_members(out, tool, "parameters");
    out.close_object();
    out.close_object();
  }
  out.close_array();
}

}  // namespace

std::string request_body(const chat_request& request, const chat_options& options,
                         std::string_view model, std::string_view keep_alive) {
  refuse_stored_answers(options, protocol);
  const json::object members = members_of(options, model, keep_alive);
  const bool tools = sends_tools(request, options) && !members.contains("tools");
  request_writer out;
  out.open_object();
  out.members(members);
  if (tools) write_tools(out, request.tools);
  if (!members.contains("messages")) {
    out.array_member("messages");
    messages_writer(out).write(request);
    out.close_array();
  }
  out.close_object();
  return std::move(out).take();
}

}  // namespace skein::ollama::detail
