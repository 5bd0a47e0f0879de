// A model made of code: what tests, examples and dry runs talk to instead of a provider.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <skein/async/runtime.hpp>
#include <skein/chat/client.hpp>

namespace skein::scripted {

// One answer of the model, written step by step:
//   turn().text({"Hello", " world"}).call("add", R"({"a":1,"b":2})").usage(10, 20)
// It ends with a response_finished, unless it fails or is cut.
class turn {
 public:
  turn() = default;

  turn& text(std::vector<std::string> chunks);
  turn& reasoning(std::vector<std::string> chunks);
  // Calls get the ids call_1, call_2, ... of the client unless one is given.
  turn& call(std::string name, std::string arguments, std::string id = {});
  turn& usage(std::int64_t input, std::int64_t output);
  turn& usage(skein::usage u);
  turn& identity(std::string id, std::string model);
  turn& finish(finish_reason reason, std::string raw = {});
  turn& update(chat_update u);
  turn& delay(runtime::duration d);  // of the runtime's time
  template <class Error>
  turn& fail(Error e) {
    return fail(std::make_exception_ptr(std::move(e)));
  }
  turn& fail(std::exception_ptr e);
  // Throws where the stream is opened, before anything was pulled.
  template <class Error>
  turn& refuse(Error e) {
    refusal_ = std::make_exception_ptr(std::move(e));
    return *this;
  }
  turn& cut();  // the stream ends here, without its terminal event
  // Runs inside the provider, in the chat span's context: where an HTTP client's own spans would
  // open.
  turn& run(std::function<void()> code);
  turn& run_at_open(std::function<void()> code);

 private:
  friend class client;
  struct cut_here {};
  // Texts apart, for an update is five times as large.
  using texts = std::vector<std::string>;
  using updates = std::vector<chat_update>;
  using step = std::variant<texts, updates, runtime::duration, std::exception_ptr, cut_here,
                            std::function<void()>>;
  std::vector<step> steps_;
  std::function<void()> at_open_;
  std::exception_ptr refusal_;
  response_finished finish_{.reason = finish_reason::none};
  std::uint32_t calls_ = 0;
};

struct seen_request {
  chat_request request;
  chat_options options;
};

// Answers with its turns, one for each request, in order; a request beyond the last one fails with
// usage_error. Or asks a function, which sees the request and may be called by several runs at
// once.
class client final : public chat_client {
 public:
  using responder = std::function<turn(const chat_request&, const chat_options&)>;
  explicit client(std::vector<turn> turns, client_info about = default_info());
  explicit client(responder answer, client_info about = default_info());
  ~client() override;

  [[nodiscard]] client_info info() const override { return about_; }
  // What was asked so far, in order. Not recorded with a responder.
  [[nodiscard]] std::vector<seen_request> requests() const;
  // Answers begun and not yet ended or dropped, and updates produced: what law 4 and 7 look at.
  [[nodiscard]] std::size_t open_streams() const noexcept;
  [[nodiscard]] std::size_t produced() const noexcept;

  [[nodiscard]] static client_info default_info() {
    return {.provider = "scripted", .model = "scripted-1"};
  }

 protected:
  skein::stream<chat_update> open(const chat_request& request,
                                  const chat_options& options) override;

 private:
  struct state;
  static skein::stream<chat_update> play(turn t, std::shared_ptr<state> s);
  client_info about_;
  std::shared_ptr<state> state_;
};

}  // namespace skein::scripted
