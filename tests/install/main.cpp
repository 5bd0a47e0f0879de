// What a consumer writes first; built against an installation, a build tree and the sources.
#include <print>

#include <skein/skein.hpp>

skein::task<> co_main() {
  skein::scripted::client model{{skein::scripted::turn().text({"hel", "lo"}).usage(3, 2)}};
  skein::agent agent{model, {.name = "greeter"}};

  auto answer = agent.stream("Say hello.");
  while (auto update = co_await answer.next()) std::print("{}", update->text());
  std::println(", {} tokens", answer.response().usage.total());
}

int main() { return skein::run(co_main()); }
