#include <format>

#include <skein/agent/answer.hpp>
#include <skein/core/error.hpp>

namespace skein::detail {

json_schema_format wanted_answer::format() const {
  return {.name = std::string(name), .schema = schema_};
}

tool_definition wanted_answer::definition() const {
  return {.name = std::string(name), .description = description_, .parameters = schema_};
}

void wanted_answer::begin() {
  arriving_ = json::incremental(
      {}, mode() == answer_mode::native ? json::surroundings::prose : json::surroundings::blanks);
  call_.reset();
  wrong_.reset();
}

void wanted_answer::watch(const chat_update& update) {
  if (const auto* started = std::get_if<response_started>(&update)) {
    if (started->restarted) begin();
    return;
  }
  if (mode() == answer_mode::native) {
    if (auto* delta = std::get_if<text_delta>(&update)) arriving_.feed(delta->text);
    return;
  }
  auto* delta = std::get_if<tool_call_delta>(&update);
  if (delta == nullptr) return;
  if (!call_ && delta->name == name) {
    call_ = delta->call;
    call_id_ = delta->id;
  }
  if (call_ == delta->call) arriving_.feed(delta->arguments);
}

std::optional<json::mismatch> wanted_answer::judge() {
  if (mode() == answer_mode::tool) {
    if (!call_) {
      wrong_ = json::mismatch{"$", std::format("expected a call of {}", name)};
      return wrong_;
    }
    // Models write nothing where there is nothing to say.
    if (arriving_.root() == nullptr && !arriving_.failure()) arriving_.feed("{}");
  }
  arriving_.finish();
  if (const auto& failure = arriving_.failure()) {
    wrong_ = json::mismatch{"$", std::format("at byte {}: {}", failure->offset, failure->message)};
  } else if (auto outcome = keep(*arriving_.root()); !outcome) {
    wrong_ = std::move(outcome).error();
  }
  given_ = !wrong_;
  return wrong_;
}

std::optional<json::mismatch> wanted_answer::judge(const tool_call_part& call) {
  if (call.id == call_id_) return judge();
  return json::mismatch{"$", "there is an answer already: one call is enough"};
}

std::optional<json::mismatch> wanted_answer::rejection(finish_reason finish) {
  if (!wrong_) return std::nullopt;
  const bool is_cut = finish == finish_reason::length;
  if (!is_cut && finish != finish_reason::content_filter && rejected_++ < retries_) {
    return wrong_;
  }
  throw schema_error(
      wrong_->path,
      wrong_->message + (is_cut
                             ? " (the model's answer was cut at its token limit: raise max_tokens)"
                             : " (the model's answer; all of it is in the response of the run)"));
}

}  // namespace skein::detail
