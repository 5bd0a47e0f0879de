#include <cstdlib>
#include <expected>
#include <format>
#include <utility>
#include <vector>

#include <boost/url/parse.hpp>

#include <skein/async/time.hpp>
#include <skein/core/error.hpp>
#include <skein/http/sse.hpp>
#include <skein/providers/openai.hpp>

#include "providers/openai/chat_completions.hpp"

namespace skein::openai {

struct client::state {
  client_options options;
  std::string endpoint;
  std::string shown_endpoint;  // without credentials
  std::string host;
  std::uint16_t port = 0;
  detail::dialect dialect;
  http::client own;
  http::client_transport own_transport{own};

  explicit state(client_options o) : options(std::move(o)), own(options.http) {}
  [[nodiscard]] http::transport& transport() {
    return options.transport != nullptr ? *options.transport : own_transport;
  }
};

namespace {

void default_from(std::string& to, const char* variable) {
  if (!to.empty()) return;
  if (const char* value = std::getenv(variable)) to = value;
}

// One answer on its way: what outlives the call of open().
struct answer_context {
  http::request request;
  std::string shown_endpoint;
  std::string model;
  std::size_t max_error_body;
  bool streaming;
};

bool is_event_stream(const http::response_head& head) {
  auto type = head.header("content-type");
  return type && type->starts_with("text/event-stream");
}

detail::retry_headers retry_headers_of(const http::response_head& head) {
  auto get = [&](std::string_view name) { return head.header(name).value_or(std::string_view()); };
  return {.retry_after_ms = get("retry-after-ms"),
          .retry_after = get("retry-after"),
          .remaining_requests = get("x-ratelimit-remaining-requests"),
          .reset_requests = get("x-ratelimit-reset-requests"),
          .remaining_tokens = get("x-ratelimit-remaining-tokens"),
          .reset_tokens = get("x-ratelimit-reset-tokens")};
}

// After what was read before the failure has been passed on.
void check(std::expected<void, detail::failure> result) {
  if (!result) detail::throw_failure(std::move(result.error()));
}

// Reads on to the regular end of a body whose meaning is complete, so that its connection can be
// used again; gives up soon, and the connection with it.
task<> drain(skein::stream<std::string_view>& pieces) {
  constexpr std::size_t most = 64 * 1024;
  std::size_t read = 0;
  while (auto* piece = co_await pieces.next()) {
    read += piece->size();
    if (read > most) co_return;
  }
}

skein::stream<chat_update> receive(std::unique_ptr<answer_context> context,
                                   http::transport& transport) {
  http::response_head head;
  auto pieces = transport.send(std::move(context->request), head);
  std::vector<chat_update> updates;
  detail::stream_decoder decoder;
  auto* piece = co_await pieces.next();

  if (head.status < 200 || head.status >= 300) {
    std::string body;
    for (; piece != nullptr && body.size() < context->max_error_body;
         piece = co_await pieces.next()) {
      body.append(piece->substr(0, context->max_error_body - body.size()));
    }
    throw detail::error_from({.status = head.status,
                              .body = std::move(body),
                              .url = context->shown_endpoint,
                              .model = context->model,
                              .headers = retry_headers_of(head),
                              .now = std::chrono::system_clock::now()});
  }

  // Some servers answer whole although a stream was asked for, some the other way round.
  if (!is_event_stream(head) &&
      (!context->streaming ||
       head.header("content-type").value_or("").starts_with("application/json"))) {
    std::string body;
    for (; piece != nullptr; piece = co_await pieces.next()) body.append(*piece);
    auto read = decoder.whole(body, updates);
    for (auto& u : updates) co_yield u;
    check(std::move(read));
    co_return;
  }

  http::sse_decoder events;
  for (; piece != nullptr; piece = co_await pieces.next()) {
    events.feed(*piece);
    while (auto event = events.next()) {
      auto read = decoder.event(event->data, updates);
      for (auto& u : updates) co_yield u;
      check(std::move(read));
      updates.clear();
      if (decoder.status() == detail::stream_decoder::state::finished) break;
    }
    if (events.error() != http::sse_error::none) {
      throw protocol_error(
          std::format("{}: the event stream of {} passed a limit ({})", context->model,
                      context->shown_endpoint, name_of(events.error())),
          "limit_exceeded");
    }
    if (decoder.status() == detail::stream_decoder::state::finished) break;
  }
  if (decoder.status() == detail::stream_decoder::state::finished) {
    try {
      co_await with_deadline(std::chrono::milliseconds(100), drain(pieces));
    } catch (const std::exception&) {
      // The answer is whole. If the run was stopped meanwhile, its next wait says so.
    }
    co_return;
  }
  std::expected<void, detail::failure> read;
  if (auto last = events.finish()) read = decoder.unterminated_event(last->data, updates);
  if (read) read = decoder.finish(updates);
  for (auto& u : updates) co_yield u;
  check(std::move(read));
}

}  // namespace

client::client(client_options options) : state_(std::make_unique<state>(std::move(options))) {
  auto& o = state_->options;
  if (const char* key = std::getenv("OPENAI_API_KEY"); key != nullptr && o.api_key.empty()) {
    o.api_key = key;
  }
  default_from(o.base_url, "OPENAI_BASE_URL");
  default_from(o.organization, "OPENAI_ORG_ID");
  default_from(o.project, "OPENAI_PROJECT_ID");
  if (o.base_url.empty()) o.base_url = "https://api.openai.com/v1";
  while (o.base_url.ends_with('/')) o.base_url.pop_back();
  auto url = boost::urls::parse_uri(o.base_url);
  if (!url || (url->scheme() != "http" && url->scheme() != "https") || url->host().empty()) {
    throw usage_error(
        "openai: the base URL '" + o.base_url +
        "' is not an http or https URL; set OPENAI_BASE_URL or client_options::base_url, e.g. "
        "https://api.openai.com/v1");
  }
  state_->host = url->host();
  state_->port = url->has_port() ? url->port_number() : url->scheme() == "https" ? 443 : 80;
  state_->endpoint = o.base_url + "/chat/completions";
  state_->shown_endpoint =
      std::format("{}://{}{}/chat/completions", std::string(url->scheme()),
                  std::string(url->encoded_host_and_port()), std::string(url->encoded_path()));
  state_->dialect = detail::dialect_of(state_->host);
}

client::~client() = default;

client_info client::info() const {
  return {.provider = "openai",
          .model = state_->options.model,
          .server_address = state_->host,
          .server_port = state_->port};
}

std::size_t client::open_exchanges() const { return state_->own.open_exchanges(); }
std::size_t client::open_connections() const { return state_->own.open_connections(); }

skein::stream<chat_update> client::open(const chat_request& request, const chat_options& options) {
  const auto& o = state_->options;
  const auto& model = options.model.empty() ? o.model : options.model;
  if (model.empty()) {
    throw usage_error(
        "openai: no model named; set client_options::model or chat_options::model, e.g. "
        "gpt-5-mini");
  }
  auto context = std::make_unique<answer_context>();
  context->request.method = "POST";
  context->request.url = state_->endpoint;
  auto& headers = context->request.headers;
  headers.emplace_back("Content-Type", "application/json");
  headers.emplace_back("Accept", options.streaming ? "text/event-stream" : "application/json");
  if (!o.api_key.empty()) headers.emplace_back("Authorization", "Bearer " + o.api_key.reveal());
  if (!o.organization.empty()) headers.emplace_back("OpenAI-Organization", o.organization);
  if (!o.project.empty()) headers.emplace_back("OpenAI-Project", o.project);
  headers.insert(headers.end(), o.headers.begin(), o.headers.end());
  headers.insert(headers.end(), options.extra_headers.begin(), options.extra_headers.end());
  context->request.body = detail::request_body(request, options, model, state_->dialect);
  context->shown_endpoint = state_->shown_endpoint;
  context->model = model;
  context->max_error_body = o.max_error_body;
  context->streaming = options.streaming;
  return receive(std::move(context), state_->transport());
}

}  // namespace skein::openai
