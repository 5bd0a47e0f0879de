// The clients of all protocols, as tests ask a scripted server with them.
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include <skein/chat/client.hpp>
#include <skein/http/transport.hpp>
#include <skein/providers/anthropic.hpp>
#include <skein/providers/gemini.hpp>
#include <skein/providers/ollama.hpp>
#include <skein/providers/openai.hpp>
#include <skein/providers/openai_responses.hpp>

namespace skein::test {

struct speaker {
  const char* name;
  std::unique_ptr<chat_client> (*client)(http::transport& through);
  // What an error inside the answer is called (error::type), and an answer without its last event.
  const char* error_event;
  const char* without_end;

  friend std::ostream& operator<<(std::ostream& out, const speaker& s) { return out << s.name; }
};

// Of whatever is secret in it, the word "canary".
template <class Client, class Options>
std::unique_ptr<chat_client> speaking_client(http::transport& through) {
  Options options;
  options.model = "demo-model";
  options.api_key = "canary-key";
  options.base_url = "http://canary-user:canary-password@demo.test/v1";
  options.transport = &through;
  return std::make_unique<Client>(std::move(options));
}

inline const speaker speakers[] = {
    // Its servers differ: the finish reason says enough.
    {.name = "OpenAiChat",
     .client = speaking_client<openai::client, openai::client_options>,
     .error_event = "server_error",
     .without_end = "ok"},
    {.name = "OpenAiResponses",
     .client = speaking_client<openai::responses_client, openai::client_options>,
     .error_event = "server_error",
     .without_end = "stream_cut"},
    {.name = "Anthropic",
     .client = speaking_client<anthropic::client, anthropic::client_options>,
     .error_event = "api_error",
     .without_end = "stream_cut"},
    {.name = "Gemini",
     .client = speaking_client<gemini::client, gemini::client_options>,
     .error_event = "500",
     .without_end = "stream_cut"},
    {.name = "Ollama",
     .client = speaking_client<ollama::client, ollama::client_options>,
     .error_event = "provider_error",
     .without_end = "stream_cut"},
};

}  // namespace skein::test
