#include <utility>

#include <skein/core/error.hpp>
#include <skein/json/text.hpp>
#include <skein/providers/ollama_embeddings.hpp>

#include "providers/common/client_state.hpp"
#include "providers/common/event_json.hpp"
#include "providers/common/json_exchange.hpp"
#include "providers/common/vectors.hpp"
#include "providers/ollama/chat.hpp"

namespace skein::ollama {

struct embedder::state : providers::client_state<client_options> {
  state(client_options o, embedding_form f) : client_state(std::move(o)), form(f) {}
  embedding_form form;
};

namespace {

constexpr const char* embedder_key_variable = "OLLAMA_API_KEY";

std::string embed_body(std::string_view model, const json::array& input,
                       std::optional<bool> truncate, const std::string& keep_alive,
                       const embedding_options& options) {
  json::object body{{"model", model}};
  if (truncate) body["truncate"] = *truncate;
  if (!keep_alive.empty()) body["keep_alive"] = detail::duration_of(keep_alive);
  if (options.dimensions) body["dimensions"] = *options.dimensions;
  body["input"] = input;
  for (const auto& [key, value] : options.extra_body) body[key] = value;
  return json::write_text(body);
}

}  // namespace

embedder::embedder(client_options options, embedding_form form)
    : state_(std::make_unique<state>(std::move(options), form)) {
  auto& o = state_->options;
  providers::default_from(o.api_key, embedder_key_variable);
  providers::default_from(o.base_url, "OLLAMA_HOST");
  state_->server = providers::endpoint_of(detail::url_of_host(o.base_url), "ollama", "OLLAMA_HOST",
                                          "http://127.0.0.1:11434");
}

embedder::~embedder() = default;

client_info embedder::info() const { return state_->info("ollama"); }

task<> embedder::ask(const std::vector<std::string>& texts, const embedding_options& options,
                     embeddings& answer) {
  const auto& o = state_->options;
  const auto& model = providers::model_of(options.model, o.model, "ollama", "nomic-embed-text");
  const chat_options asked{.streaming = false, .extra_headers = options.extra_headers};
  std::size_t from = 0;
  for (const auto size : providers::runs_of(texts, state_->form.batch_texts, std::string::npos)) {
    json::array input;
    for (auto end = from + size; from < end; ++from) input.emplace_back(texts[from]);
    auto plan = state_->plan("/api/embed", providers::bearer(o.api_key), asked, model,
                             providers::framing::lines);
    plan->request.body = embed_body(model, input, state_->form.truncate, o.keep_alive, options);
    plan->key_variable = embedder_key_variable;
    const auto part = co_await providers::ask_for_json(std::move(plan), state_->transport());
    answer.usage += {.input = providers::count_at(&part, "prompt_eval_count")};
    answer.model = providers::string_at(part, "model");
    const auto* vectors = providers::array_at(part, "embeddings");
    if (vectors == nullptr) providers::refuse_vectors("ollama", "`embeddings` is missing");
    for (const auto& vector : *vectors) {
      answer.vectors.push_back(providers::vector_of(vector, "ollama"));
    }
  }
}

}  // namespace skein::ollama
