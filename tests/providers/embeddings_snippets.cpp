// The programs of docs/providers/embeddings.md and docs/media.md.
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <skein/async/task.hpp>
#include <skein/providers/media.hpp>
#include <skein/providers/ollama_embeddings.hpp>
#include <skein/providers/openai_embeddings.hpp>

namespace docs {

float likeness(const std::vector<float>& a, const std::vector<float>& b) {
  auto dot = [](const auto& x, const auto& y) {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0F);
  };
  return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b));
}

skein::task<float> compare(std::string one, std::string other) {
  skein::openai::embedder model{{.model = "text-embedding-3-small"}};
  auto found = co_await model.embed({one, other}, {.dimensions = 512});
  co_return likeness(found.vectors[0], found.vectors[1]);
}

skein::task<skein::embeddings> at_home(std::vector<std::string> texts) {
  skein::ollama::embedder model{{.model = "nomic-embed-text"}, {.truncate = false}};
  co_return co_await model.embed(std::move(texts));
}

skein::task<std::string> describe(skein::chat_client& model, std::string url) {
  skein::fetched_media fetching(model, {.max_bytes = 5'000'000, .media_types = {"image/*"}});
  skein::message question{
      .parts = {skein::text_part{"What is this?"},
                skein::media_part{.kind = skein::media_kind::image, .uri = url}}};
  auto answer = co_await collect(fetching.stream({.messages = {std::move(question)}}));
  co_return answer.text();
}

}  // namespace docs
