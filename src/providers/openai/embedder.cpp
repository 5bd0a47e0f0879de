#include <format>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/json/text.hpp>
#include <skein/providers/openai_embeddings.hpp>

#include "providers/common/event_json.hpp"
#include "providers/common/json_exchange.hpp"
#include "providers/common/vectors.hpp"
#include "providers/openai/connection.hpp"

namespace skein::openai {

struct embedder::state : detail::connection {
  state(client_options options, embedding_form f) : connection(std::move(options)), form(f) {}
  embedding_form form;
};

namespace {

std::string embeddings_body(std::string_view model, const json::array& input,
                            std::string_view format, const embedding_options& options) {
  json::object body{{"model", model}, {"encoding_format", format}};
  if (options.dimensions) body["dimensions"] = *options.dimensions;
  body["input"] = input;
  for (const auto& [key, value] : options.extra_body) body[key] = value;
  return json::write_text(body);
}

// In their order, whatever order they came in.
void add_vectors(embeddings& to, const json::object& answer, std::size_t expected) {
  const auto* data = providers::array_at(answer, "data");
  if (data == nullptr) providers::refuse_vectors("openai", "`data` is missing");
  if (data->size() != expected) {
    providers::refuse_vectors("openai",
                              std::format("{} came for {} texts", data->size(), expected));
  }
  const auto base = to.vectors.size();
  to.vectors.resize(base + expected);
  for (std::size_t i = 0; i < expected; ++i) {
    const auto* item = (*data)[i].if_object();
    const auto* vector = item ? item->if_contains("embedding") : nullptr;
    if (vector == nullptr) providers::refuse_vectors("openai", "`embedding` is missing");
    const auto index =
        providers::integer_of(item->if_contains("index")).value_or(static_cast<std::int64_t>(i));
    if (index < 0 || static_cast<std::size_t>(index) >= expected ||
        !to.vectors[base + static_cast<std::size_t>(index)].empty()) {
      providers::refuse_vectors("openai", std::format("index {} is not one of a text", index));
    }
    to.vectors[base + static_cast<std::size_t>(index)] = providers::vector_of(*vector, "openai");
  }
}

}  // namespace

embedder::embedder(client_options options, embedding_form form)
    : state_(std::make_unique<state>(std::move(options), form)) {}

embedder::~embedder() = default;

client_info embedder::info() const { return state_->info({}); }

std::string_view embedder::encoding_format() const {
  return state_->form.numbers == number_format::base64 ? "base64" : "float";
}

task<> embedder::ask(const std::vector<std::string>& texts, const embedding_options& options,
                     embeddings& answer) {
  auto& server = *state_;
  const chat_options asked{
      .model = options.model, .streaming = false, .extra_headers = options.extra_headers};
  const auto& model = server.model(asked);
  std::size_t from = 0;
  for (const auto size :
       providers::runs_of(texts, server.form.batch_texts, server.form.batch_bytes)) {
    json::array input;
    for (auto end = from + size; from < end; ++from) input.emplace_back(texts[from]);
    auto plan = server.plan("/embeddings", asked, model);
    plan->request.body = embeddings_body(model, input, encoding_format(), options);
    const auto part = co_await providers::ask_for_json(std::move(plan), server.transport());
    answer.usage +=
        {.input = providers::count_at(providers::object_at(part, "usage"), "prompt_tokens")};
    answer.model = providers::string_at(part, "model");
    add_vectors(answer, part, size);
  }
}

}  // namespace skein::openai
