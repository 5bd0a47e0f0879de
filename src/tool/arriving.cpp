#include <utility>

#include <skein/json/reflect.hpp>
#include <skein/tool/arriving.hpp>

namespace skein {

void arguments_pipe::write(std::string_view piece) {
  if (!piece.empty()) pieces_.try_send(std::string(piece));
}

task<bool> arguments_pipe::more() {
  auto piece = co_await pieces_.receive();
  if (piece) {
    blank_ = blank_ && piece->find_first_not_of(" \t\r\n") == piece->npos;
    text_.feed(*piece);
  } else if (!blank_) {
    text_.finish();
  }
  check();
  co_return piece.has_value();
}

void arguments_pipe::check() const {
  if (const auto& failure = text_.failure()) {
    throw arguments_error("malformed JSON at byte " + std::to_string(failure->offset) + ": " +
                          failure->message);
  }
  const auto* root = text_.root();
  // Whole, since the message quotes it. Null is no arguments.
  if (root == nullptr || root->is_object() || root->is_null() || !text_.complete()) return;
  throw arguments_error(json::detail::read_object({}, *root).error());
}

json::value arguments_pipe::take_object() const {
  const auto* root = text_.root();
  return root != nullptr && root->is_object() ? *root : json::value(json::object());
}

}  // namespace skein
