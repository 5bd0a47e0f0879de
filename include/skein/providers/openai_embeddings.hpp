// OpenAI's embeddings, Azure's, and those of every server that is compatible with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <skein/chat/embedding.hpp>
#include <skein/providers/openai.hpp>

namespace skein::openai {

// How numbers travel. Base64 of 32-bit floats is a third of the bytes, and exact. A compatible
// server that answers with decimals all the same is understood.
enum class number_format : std::uint8_t { base64, decimal };

struct embedding_form {
  number_format numbers = number_format::base64;
  // Of one request. OpenAI takes 2048 texts and 300,000 tokens, and no token is less than a byte. A
  // longer text goes alone.
  std::size_t batch_texts = 2048;
  std::size_t batch_bytes = 300'000;
};

// POST .../embeddings. Spans and errors: those of embedding_client::embed, with provider and errors
// as of openai::client.
class embedder final : public embedding_client {
 public:
  // Throws usage_error for a base URL that is none.
  explicit embedder(client_options options = {}, embedding_form form = {});
  ~embedder() override;
  [[nodiscard]] client_info info() const override;

 protected:
  task<> ask(const std::vector<std::string>& texts, const embedding_options& options,
             embeddings& answer) override;
  [[nodiscard]] std::string_view encoding_format() const override;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace skein::openai
