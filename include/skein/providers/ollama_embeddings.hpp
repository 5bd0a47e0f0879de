// Ollama's embeddings: POST /api/embed.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include <skein/chat/embedding.hpp>
#include <skein/providers/ollama.hpp>

namespace skein::ollama {

struct embedding_form {
  // Whether a text beyond the model's context is cut; false makes it an error. Unset: it is cut.
  std::optional<bool> truncate = {};
  std::size_t batch_texts = 1024;  // of one request
};

// Spans and errors: those of embedding_client::embed, with provider and errors as of
// ollama::client.
class embedder final : public embedding_client {
 public:
  // Throws usage_error for a base URL that is none.
  explicit embedder(client_options options = {}, embedding_form form = {});
  ~embedder() override;
  [[nodiscard]] client_info info() const override;

 protected:
  task<> ask(const std::vector<std::string>& texts, const embedding_options& options,
             embeddings& answer) override;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace skein::ollama
