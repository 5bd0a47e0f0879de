// chat_client: the one interface to a model, with one primitive, `stream`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <skein/async/stream.hpp>
#include <skein/async/task.hpp>
#include <skein/chat/cost.hpp>
#include <skein/chat/request.hpp>
#include <skein/chat/update.hpp>
#include <skein/telemetry/operation.hpp>

namespace skein {

// What telemetry says of a client.
struct client_info {
  std::string provider;             // gen_ai.provider.name, e.g. openai
  std::string model = {};           // used when the options name none
  std::string server_address = {};  // host, no URL
  std::uint16_t server_port = 0;
  std::string api = {};                            // openai.api.type, of OpenAI's protocols
  schema_formats schemas = schema_formats::taken;  // not for telemetry: for who asks for structs
};

// One answer of a model, arriving. Move-only. Pulled with `next()` like any stream; dropping it
// closes the connection and ends the span as `abandoned`.
class chat_stream {
 public:
  chat_stream(chat_stream&&) noexcept;
  chat_stream& operator=(chat_stream&&) noexcept;
  ~chat_stream();

  // The next update, or null after the model's terminal event. Throws provider_error,
  // transport_error, protocol_error (`stream_cut` when it ended before that event), or `cancelled`.
  [[nodiscard]] auto next() noexcept { return body_.next(); }

  // What the updates so far add up to; the whole answer once `next()` has given null.
  [[nodiscard]] const chat_response& response() const noexcept;
  [[nodiscard]] chat_response take_response() &&;

 private:
  friend class chat_client;
  friend class chat_layer;
  struct state;
  class asking;
  chat_stream(std::unique_ptr<state> s, stream<chat_update> body);
  static stream<chat_update> traced(asking request, state* s, stream<chat_update> inner);
  static stream<chat_update> counted(state* s, stream<chat_update> inner);
  std::unique_ptr<state> state_;
  stream<chat_update> body_;
};

// The whole answer at once: the same path as streaming.
[[nodiscard]] task<chat_response> collect(chat_stream answer);

// Must outlive its streams. One client may serve any number of streams at once.
class chat_client {
 public:
  chat_client() = default;
  chat_client(const chat_client&) = delete;
  chat_client& operator=(const chat_client&) = delete;
  virtual ~chat_client() = default;

  // Asks the model. The request is sent at the first pull; request and options are borrowed for
  // this call only. What fails here (an option the provider cannot express, a set-up) is thrown
  // here.
  //
  // Spans: one `chat {model}`, CLIENT, a child of the context of this call, from this call until
  // the stream has ended, failed or been dropped. Then its metrics are recorded, sampled or not.
  [[nodiscard]] chat_stream stream(const chat_request& request, const chat_options& options = {}) {
    return start(request, options);
  }

  [[nodiscard]] virtual client_info info() const = 0;

  // What a json_schema_format with this schema does not hold the model to, since this provider's
  // schemas have no word for it: JSON paths in the schema, such as $.properties.age.minimum, or $
  // for all of it. A request with such a format has them on its span too, as an event
  // `skein.schema.not_enforced` with `skein.schema.paths`.
  [[nodiscard]] virtual std::vector<std::string> not_enforced(const json::value& schema) const {
    (void)schema;
    return {};
  }

  // Whether spans and log records may hold messages. Set before use; chat_options::content wins.
  telemetry::content_policy content = telemetry::content_policy_from_environment();
  // The names they use. Set before use.
  telemetry::dialect dialect = telemetry::dialect_from_environment();
  // What its tokens cost, in the ledger and on spans. Set before use.
  price_table prices = price_table::standard();

 protected:
  // A provider's part: runs inside the chat span's context. The stream it returns ends only after a
  // response_finished, and throws when there will be none.
  virtual skein::stream<chat_update> open(const chat_request& request,
                                          const chat_options& options) = 0;

 private:
  friend class chat_layer;
  virtual chat_stream start(const chat_request& request, const chat_options& options);
};

// Middleware: a client around another, between the agent and the model's own span. Gives itself out
// as the inner client; makes no span. Layers nest; the outermost is what the agent gets.
//
//   struct logged : skein::chat_layer {
//     using chat_layer::chat_layer;
//     skein::stream<chat_update> around(chat_request request, chat_options options) override {
//       auto answer = inner().stream(request, options);
//       while (auto* update = co_await answer.next()) co_yield *update;
//     }
//   };
class chat_layer : public chat_client {
 public:
  // `inner` must outlive this.
  explicit chat_layer(chat_client& inner) noexcept : inner_(inner) {}
  [[nodiscard]] client_info info() const override { return inner_.info(); }
  [[nodiscard]] std::vector<std::string> not_enforced(const json::value& schema) const override {
    return inner_.not_enforced(schema);
  }

 protected:
  [[nodiscard]] chat_client& inner() const noexcept { return inner_; }
  // One answer: usually that of inner(), asked once, again or not at all. A coroutine's body begins
  // at the first pull. As open(): it ends only after a response_finished.
  virtual skein::stream<chat_update> around(chat_request request, chat_options options) = 0;

 private:
  skein::stream<chat_update> open(const chat_request& request, const chat_options& options) final {
    return around(request, options);
  }
  chat_stream start(const chat_request& request, const chat_options& options) final;
  chat_client& inner_;
};

}  // namespace skein
