// What a consumer writes first; built against an installation, a build tree and the sources.
#include <iostream>
#include <stdexcept>

#include <skein/chat/message.hpp>
#include <skein/core/error.hpp>

int main() {
  const skein::message hello{.role = skein::role::assistant, .parts = {skein::text_part{"hello"}}};
  std::cout << skein::name_of(hello.role) << ": " << std::get<skein::text_part>(hello.parts[0]).text
            << '\n';
  return skein::usage_error("never thrown").type() == "usage_error" ? 0 : 1;
}
