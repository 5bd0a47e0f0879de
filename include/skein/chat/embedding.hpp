// embedding_client: texts to vectors, with one primitive, `embed`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/async/strand.hpp>
#include <skein/async/task.hpp>
#include <skein/chat/client.hpp>
#include <skein/chat/usage.hpp>
#include <skein/json/value.hpp>
#include <skein/telemetry/operation.hpp>

namespace skein {

// Every field that is not set is not sent, and the provider's default holds.
struct embedding_options {
  std::string model = {};                       // empty: the client's
  std::optional<std::int64_t> dimensions = {};  // of each vector
  json::object extra_body = {};                 // merged over the request body, last
  std::vector<std::pair<std::string, std::string>> extra_headers = {};
};

struct embeddings {
  std::vector<std::vector<float>> vectors = {};  // one for each text, in their order
  std::string model = {};                        // that answered; empty if it did not say
  skein::usage usage = {};                       // input only
};

// Must outlive its tasks. One client may serve any number of them at once.
class embedding_client {
 public:
  embedding_client() = default;
  embedding_client(const embedding_client&) = delete;
  embedding_client& operator=(const embedding_client&) = delete;
  virtual ~embedding_client() = default;

  // Asks the model, in as many requests as the provider's limits make it, one after another; either
  // all texts get a vector or it throws what chat_stream::next() throws, and protocol_error
  // `malformed` for an answer with other than one vector for each text. No texts, no request.
  //
  // Spans: one `embeddings {model}`, CLIENT, a child of the context of this call, from the await
  // until the task has ended, failed or been dropped. Then its metrics are recorded, sampled or
  // not. Inside a run it is a line of the run's ledger, with what was used until then. Texts are
  // never recorded.
  [[nodiscard]] task<embeddings> embed(std::vector<std::string> texts,
                                       embedding_options options = {}) {
    return traced(current_context(), std::move(texts), std::move(options));
  }

  [[nodiscard]] virtual client_info info() const = 0;

  // Whether spans may hold what an exception says. Set before use.
  telemetry::content_policy content = telemetry::content_policy_from_environment();
  // The names they use. Set before use.
  telemetry::dialect dialect = telemetry::dialect_from_environment();
  // What its tokens cost, in the ledger and on spans. Set before use.
  price_table prices = price_table::standard();

 protected:
  // A provider's part: runs inside the span's context. There is at least one text. Adds to `answer`
  // with each of its requests: the usage in there counts, even if a later one fails.
  virtual task<> ask(const std::vector<std::string>& texts, const embedding_options& options,
                     embeddings& answer) = 0;
  // What it asks for, e.g. base64; empty if there is no choice.
  [[nodiscard]] virtual std::string_view encoding_format() const { return {}; }

 private:
  task<embeddings> traced(context where, std::vector<std::string> texts, embedding_options options);
};

}  // namespace skein
