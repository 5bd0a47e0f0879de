#include "providers/common/error_text.hpp"

#include <charconv>
#include <utility>

#include <skein/json/text.hpp>

#include "providers/common/json_text.hpp"

namespace skein::providers {

namespace {

std::string as_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_null()) return {};
  std::string out;
  append_value(out, value);
  return out;
}

int status_of(std::string_view code) {
  int status = 0;
  const auto parsed = std::from_chars(code.data(), code.data() + code.size(), status);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == code.data() + code.size();
  return whole && status >= 400 && status <= 599 ? status : 0;
}

// Google's reason of an error (google.rpc.ErrorInfo), else its word for the status.
std::string google_code(const json::object& error) {
  if (const auto* details = error.if_contains("details"); details && details->is_array()) {
    for (const auto& detail : details->get_array()) {
      const auto* members = detail.if_object();
      const auto* reason = members ? members->if_contains("reason") : nullptr;
      if (reason && reason->is_string()) return std::string(reason->get_string());
    }
  }
  const auto* status = error.if_contains("status");
  return status && status->is_string() ? std::string(status->get_string()) : std::string();
}

error_text read_object(const json::object& error) {
  error_text result;
  for (const std::string_view key : {"message", "msg", "detail"}) {
    if (const auto* message = error.if_contains(key); message && !message->is_null()) {
      result.message = as_text(*message);
      break;
    }
  }
  for (const std::string_view key : {"code", "type"}) {
    const auto* code = error.if_contains(key);
    if (code && (code->is_string() || code->is_int64()) && result.code.empty()) {
      result.code = as_text(*code);
    }
  }
  result.status = status_of(result.code);
  // There `code` repeats the HTTP status.
  if (result.status != 0) {
    if (auto code = google_code(error); !code.empty()) result.code = std::move(code);
  }
  // OpenRouter hides the words of the provider behind it there.
  if (const auto* metadata = error.if_contains("metadata"); metadata && metadata->is_object()) {
    if (const auto* raw = metadata->get_object().if_contains("raw"); raw && !raw->is_null()) {
      result.message += " (" + as_text(*raw) + ")";
    }
  }
  return result;
}

}  // namespace

error_text read_error(const json::value& error) {
  if (const auto* object = error.if_object()) {
    error_text result = read_object(*object);
    if (result.message.empty()) result.message = as_text(error);
    return result;
  }
  return {.message = as_text(error)};
}

error_text read_error_body(const json::value& body) {
  // Gemini's compatible endpoint wraps the body in an array.
  if (const auto* array = body.if_array(); array && !array->empty()) {
    return read_error_body(array->front());
  }
  const auto* object = body.if_object();
  if (!object) return {};
  if (const auto* error = object->if_contains("error"); is_error(error)) return read_error(*error);
  return read_object(*object);
}

bool is_error(const json::value* error) noexcept {
  if (!error || error->is_null()) return false;
  if (const auto* flag = error->if_bool()) return *flag;
  if (const auto* text = error->if_string()) return !text->empty();
  if (const auto* object = error->if_object()) return !object->empty();
  if (const auto* array = error->if_array()) return !array->empty();
  return true;
}

std::string one_line(std::string_view text, std::size_t limit) {
  std::string out;
  bool space = false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) {
      space = !out.empty();
      continue;
    }
    if (space) out.push_back(' ');
    space = false;
    out.push_back(c);
    if (out.size() >= limit) {
      out += "...";
      break;
    }
  }
  return json::valid_utf8(out);
}

}  // namespace skein::providers
