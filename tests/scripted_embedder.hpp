// An embedding model made of code.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <skein/chat/embedding.hpp>

namespace skein::test {

// `work` says what comes, and may wait or throw; vectors come by themselves when it is done.
class scripted_embedder final : public embedding_client {
 public:
  using work = std::function<task<>(embeddings& answer)>;
  explicit scripted_embedder(work each) : each_(std::move(each)) {}
  [[nodiscard]] client_info info() const override {
    return {.provider = "vectors", .model = "v-1"};
  }

 protected:
  task<> ask(const std::vector<std::string>& texts, const embedding_options&,
             embeddings& answer) override {
    co_await each_(answer);
    answer.vectors.resize(texts.size(), {1.0F});
  }

 private:
  work each_;
};

}  // namespace skein::test
