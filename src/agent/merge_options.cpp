#include "agent/merge_options.hpp"

#include <utility>

namespace skein {

chat_options merge(chat_options base, chat_options over) {
  auto text = [](std::string& to, std::string& from) {
    if (!from.empty()) to = std::move(from);
  };
  auto value = [](auto& to, auto& from) {
    if (from) to = std::move(from);
  };
  auto map = [](auto& to, auto& from) {
    for (auto& [k, v] : from) to.insert_or_assign(k, std::move(v));
  };
  text(base.model, over.model);
  value(base.temperature, over.temperature);
  value(base.top_p, over.top_p);
  value(base.top_k, over.top_k);
  value(base.max_tokens, over.max_tokens);
  if (!over.stop.empty()) base.stop = std::move(over.stop);
  value(base.seed, over.seed);
  value(base.frequency_penalty, over.frequency_penalty);
  value(base.presence_penalty, over.presence_penalty);
  map(base.logit_bias, over.logit_bias);
  value(base.logprobs, over.logprobs);
  value(base.top_logprobs, over.top_logprobs);
  text(base.reasoning_effort, over.reasoning_effort);
  text(base.verbosity, over.verbosity);
  text(base.service_tier, over.service_tier);
  text(base.user, over.user);
  value(base.store, over.store);
  map(base.metadata, over.metadata);
  value(base.tool_choice, over.tool_choice);
  value(base.parallel_tool_calls, over.parallel_tool_calls);
  value(base.response_format, over.response_format);
  text(base.conversation_id, over.conversation_id);
  text(base.previous_response_id, over.previous_response_id);
  value(base.background, over.background);
  text(base.continuation_token, over.continuation_token);
  value(base.content, over.content);
  if (!over.streaming) base.streaming = false;
  for (auto& member : over.extra_body)
    base.extra_body.insert_or_assign(member.key(), std::move(member.value()));
  for (auto& header : over.extra_headers) base.extra_headers.push_back(std::move(header));
  return base;
}

}  // namespace skein
