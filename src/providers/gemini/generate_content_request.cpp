#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include <skein/core/error.hpp>

#include "providers/common/event_json.hpp"
#include "providers/common/opaque.hpp"
#include "providers/common/request_json.hpp"
#include "providers/gemini/generate_content.hpp"

namespace skein::gemini::detail {

using namespace providers;

namespace {

// Google's documented stand-in where a call has no signature since another model made it.
constexpr std::string_view foreign_signature = "skip_thought_signature_validator";

// Google's own equivalents (ai.google.dev/gemini-api/docs/openai, "Thinking"): a level, or a budget
// of tokens for the models before levels.
json::object thinking_of(const std::string& effort, std::string_view model) {
  json::object config{{"includeThoughts", true}};
  struct step {
    std::string_view effort;
    std::string_view level;
    std::int64_t budget;
  };
  static constexpr std::array steps = {step{"none", "", 0}, step{"minimal", "MINIMAL", 1024},
                                       step{"low", "LOW", 1024}, step{"medium", "MEDIUM", 8192},
                                       step{"high", "HIGH", 24576}};
  const auto* const found = std::ranges::find(steps, std::string_view(effort), &step::effort);
  const bool by_budget = is_before_gemini_3(model);
  if (found == steps.end() || (found->level.empty() && !by_budget)) {
    throw usage_error("gemini: " + std::string(model) + " has no reasoning_effort '" + effort +
                      "'; use minimal, low, medium or high" +
                      (by_budget ? ", or none" : "; thinking cannot be turned off"));
  }
  if (by_budget) {
    if (found->budget == 0) config["includeThoughts"] = false;
    config["thinkingBudget"] = found->budget;
  } else {
    config["thinkingLevel"] = found->level;
  }
  return config;
}

json::object generation_of(const chat_options& options, std::string_view model) {
  json::object config;
  set(config, "temperature", options.temperature);
  set(config, "topP", options.top_p);
  set(config, "topK", options.top_k);
  set(config, "maxOutputTokens", options.max_tokens);
  set(config, "stopSequences", options.stop);
  set(config, "seed", options.seed);
  set(config, "presencePenalty", options.presence_penalty);
  set(config, "frequencyPenalty", options.frequency_penalty);
  set(config, "responseLogprobs", options.logprobs);
  set(config, "logprobs", options.top_logprobs);
  if (options.response_format) {
    config["responseMimeType"] = "application/json";
    if (const auto* format = std::get_if<json_schema_format>(&*options.response_format)) {
      config["responseJsonSchema"] = format->schema;
    }
  }
  if (!options.reasoning_effort.empty()) {
    config["thinkingConfig"] = thinking_of(options.reasoning_effort, model);
  }
  return config;
}

json::object choice_of(const tool_choice& choice) {
  json::object config;
  if (!choice.name.empty()) {
    config["mode"] = "ANY";
    config["allowedFunctionNames"] = json::array{choice.name};
  } else {
    config["mode"] = choice.mode == tool_mode::none       ? "NONE"
                     : choice.mode == tool_mode::required ? "ANY"
                                                          : "AUTO";
  }
  return {{"functionCallingConfig", std::move(config)}};
}

// Everything but instructions, tools and contents.
json::object members_of(const chat_request& request, const chat_options& options,
                        std::string_view model) {
  json::object body;
  if (auto config = generation_of(options, model); !config.empty()) {
    body["generationConfig"] = std::move(config);
  }
  set(body, "serviceTier", options.service_tier);
  if (!request.tools.empty() || options.extra_body.contains("tools")) {
    if (options.parallel_tool_calls == false) {
      throw usage_error(
          "gemini: parallel_tool_calls = false has no place in this protocol: the model may always "
          "make several calls at once. Leave the option out");
    }
    if (options.tool_choice) body["toolConfig"] = choice_of(*options.tool_choice);
  }
  merge(body, options.extra_body);
  return body;
}

class contents_writer {
 public:
  contents_writer(request_writer& out, std::string_view model) : out_(out), model_(model) {}

  void write(std::span<const message> messages) {
    for (std::size_t i = 0; i < messages.size();) {
      std::size_t end = i + 1;
      if (messages[i].role == role::assistant) {
        content("model", messages[i]);
        results(messages.subspan(i, 1));
      } else {
        if (messages[i].role == role::tool) {
          while (end < messages.size() && messages[end].role == role::tool) ++end;
        }
        const auto run = messages.subspan(i, end - i);
        results(run);
        for (const auto& m : run) content("user", m);
      }
      i = end;
    }
  }

  // The parts of a message but its tool results.
  void parts(const message& m) {
    const bool of_model = m.role == role::assistant;
    bool first_call = true;
    for (std::size_t i = 0; i < m.parts.size(); ++i) {
      const auto& p = m.parts[i];
      const auto signature =
          of_model && i + 1 < m.parts.size() ? signature_in(m.parts[i + 1]) : std::nullopt;
      if (const auto* said = std::get_if<text_part>(&p)) {
        i += text(said->text, signature);
      } else if (const auto* shown = std::get_if<media_part>(&p)) {
        i += media(*shown, signature);
      } else if (const auto* thought = std::get_if<reasoning_part>(&p)) {
        if (of_model) reasoning(*thought);
      } else if (const auto* called = std::get_if<tool_call_part>(&p)) {
        call(*called, std::exchange(first_call, false));
      } else if (const auto* error = std::get_if<error_part>(&p)) {
        if (error->code == "refusal") text(error->message, std::nullopt);
      } else if (const auto* raw = std::get_if<raw_part>(&p)) {
        if (raw->provider == protocol) out_.value(raw->value);
      }
    }
  }

 private:
  struct known_call {
    std::size_t order;
    std::string name;
    std::string id;  // on the wire
  };

  void content(std::string_view as, const message& m) {
    const auto before = out_.here();
    out_.open_object();
    out_.string_member("role", as);
    out_.array_member("parts");
    const std::size_t empty = out_.here().size;
    parts(m);
    if (out_.here().size == empty) return out_.back_to(before);
    out_.close_array();
    out_.close_object();
  }

  // A reasoning part that only signs what is before it.
  static std::optional<json::object> signature_in(const part& p) {
    const auto* reasoning = std::get_if<reasoning_part>(&p);
    if (!reasoning || !reasoning->text.empty()) return std::nullopt;
    auto value = opaque_for(protocol, reasoning->opaque);
    if (!value || value->contains("thought")) return std::nullopt;
    return value;
  }

  void signature_of(const json::object& opaque) {
    if (const auto signature = string_at(opaque, "thoughtSignature"); !signature.empty()) {
      out_.string_member("thoughtSignature", signature);
    }
  }

  void plain_text(std::string_view text) {
    if (text.empty()) return;
    out_.open_object();
    out_.string_member("text", text);
    out_.close_object();
  }

  void signed_text(std::string_view text, const json::object& opaque) {
    out_.open_object();
    out_.string_member("text", text);
    signature_of(opaque);
    out_.close_object();
  }

  // How many parts beyond this one it used, as media() does.
  std::size_t text(std::string_view text, const std::optional<json::object>& signature) {
    if (!signature) {
      plain_text(text);
      return 0;
    }
    const auto bytes = count_at(&*signature, "text");
    const std::size_t size =
        std::min(text.size(), bytes ? static_cast<std::size_t>(*bytes) : text.size());
    plain_text(text.substr(0, text.size() - size));
    signed_text(text.substr(text.size() - size), *signature);
    return 1;
  }

  std::size_t media(const media_part& m, const std::optional<json::object>& signature) {
    out_.open_object();
    std::string_view uri = m.uri;
    std::string_view type = m.media_type;
    std::string_view data;
    if (const auto held = inline_data_of(uri)) {
      if (type.empty()) type = held->type;
      data = held->base64;
    }
    const bool inlined = !m.bytes.empty() || !data.empty();
    out_.key(inlined ? "inlineData" : "fileData");
    out_.open_object();
    if (inlined || !type.empty()) {
      out_.string_member("mimeType", type.empty() ? usual_type(m.kind) : type);
    }
    if (!m.bytes.empty()) {
      out_.key("data");
      out_.base64(m.bytes);
    } else {
      out_.string_member(inlined ? "data" : "fileUri", inlined ? data : uri);
    }
    out_.close_object();
    if (signature) signature_of(*signature);
    out_.close_object();
    return signature ? 1 : 0;
  }

  static std::string_view usual_type(media_kind kind) {
    switch (kind) {
      case media_kind::image:
        return "image/png";
      case media_kind::audio:
        return "audio/wav";
      case media_kind::video:
        return "video/mp4";
      case media_kind::file:
        break;
    }
    return "application/pdf";
  }

  void reasoning(const reasoning_part& r) {
    const auto opaque = opaque_for(protocol, r.opaque);
    if (!opaque) return;
    if (!opaque->contains("thought")) return signed_text(r.text, *opaque);
    out_.open_object();
    out_.string_member("text", r.text);
    out_.key("thought");
    out_.text("true");
    signature_of(*opaque);
    out_.close_object();
  }

  void call(const tool_call_part& c, bool first) {
    const auto opaque = opaque_for(protocol, c.opaque);
    const auto* renamed = opaque ? opaque->if_contains("id") : nullptr;
    known_call sent{.order = calls_++, .name = c.name, .id = c.id};
    if (renamed) sent.id = string_of(renamed);
    out_.open_object();
    out_.object_member("functionCall");
    if (!sent.id.empty()) out_.string_member("id", sent.id);
    out_.string_member("name", c.name);
    out_.key("args");
    out_.text(object_arguments(c.arguments));
    out_.close_object();
    if (opaque && opaque->contains("thoughtSignature")) {
      signature_of(*opaque);
    } else if (first && !is_before_gemini_3(model_)) {
      out_.string_member("thoughtSignature", foreign_signature);
    }
    out_.close_object();
    known_.insert_or_assign(c.id, std::move(sent));
  }

  void results(std::span<const message> run) {
    std::vector<std::pair<std::size_t, const tool_result_part*>> found;
    for (const auto& m : run) {
      for (const auto& p : m.parts) {
        const auto* result = std::get_if<tool_result_part>(&p);
        if (!result) continue;
        const auto call = known_.find(result->call_id);
        found.emplace_back(call == known_.end() ? calls_ : call->second.order, result);
      }
    }
    if (found.empty()) return;
    std::ranges::stable_sort(found, {}, &std::pair<std::size_t, const tool_result_part*>::first);
    out_.open_object();
    out_.string_member("role", "user");
    out_.array_member("parts");
    for (const auto& [order, result] : found) this->result(*result);
    out_.close_array();
    out_.close_object();
  }

  void result(const tool_result_part& r) {
    const auto call = known_.find(r.call_id);
    const bool known = call != known_.end();
    out_.open_object();
    out_.object_member("functionResponse");
    if (const std::string& id = known ? call->second.id : r.call_id; !id.empty()) {
      out_.string_member("id", id);
    }
    out_.string_member("name", known && r.name.empty() ? call->second.name : r.name);
    out_.object_member("response");
    out_.string_member(r.outcome == tool_outcome::ok ? "output" : "error", r.content);
    out_.close_object();
    out_.close_object();
    out_.close_object();
  }

  request_writer& out_;
  std::string_view model_;
  std::size_t calls_ = 0;
  std::map<std::string, known_call, std::less<>> known_;
};

void write_tools(request_writer& out, const tool_definitions& tools) {
  out.array_member("tools");
  out.open_object();
  out.array_member("functionDeclarations");
  for (const auto& tool : tools) {
    out.open_object();
    function_members(out, tool, "parametersJsonSchema");
    out.close_object();
  }
  out.close_array();
  out.close_object();
  out.close_array();
}

}  // namespace

bool is_before_gemini_3(std::string_view model) {
  return model.contains("gemini-2") || model.contains("gemini-1") || model.contains("gemma");
}

std::string request_body(const chat_request& request, const chat_options& options,
                         std::string_view model) {
  refuse_stored_answers(options, protocol);
  const json::object members = members_of(request, options, model);
  const std::span<const message> all(request.messages);
  const auto leading = static_cast<std::size_t>(
      std::ranges::find_if(all, [](const message& m) { return m.role != role::system; }) -
      all.begin());

  request_writer out;
  contents_writer contents(out, model);
  out.open_object();
  if ((!request.instructions.empty() || leading > 0) && !members.contains("systemInstruction")) {
    out.object_member("systemInstruction");
    out.array_member("parts");
    if (!request.instructions.empty()) contents.parts(system_message(request.instructions));
    for (const auto& m : all.first(leading)) contents.parts(m);
    out.close_array();
    out.close_object();
  }
  out.members(members);
  if (!request.tools.empty() && !members.contains("tools")) write_tools(out, request.tools);
  if (!members.contains("contents")) {
    out.array_member("contents");
    contents.write(all.subspan(leading));
    out.close_array();
  }
  out.close_object();
  return std::move(out).take();
}

}  // namespace skein::gemini::detail
