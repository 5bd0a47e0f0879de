#include <skein/chat/message.hpp>

namespace skein {

std::string_view name_of(role r) noexcept {
  switch (r) {
    case role::system:
      return "system";
    case role::user:
      return "user";
    case role::assistant:
      return "assistant";
    case role::tool:
      return "tool";
  }
  return {};
}

std::string message::text() const {
  std::string all;
  for (const auto& p : parts) {
    if (const auto* text = std::get_if<text_part>(&p)) all += text->text;
  }
  return all;
}

}  // namespace skein
