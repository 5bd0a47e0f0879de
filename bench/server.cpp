// bench_server: the model server with the benchmark's models, for machines without Node. Prints its
// base URL and serves until its standard input ends.
#include <cstdio>

#include <skein/testing/model_server.hpp>

int main() {
  skein::testing::model_server server(skein::testing::benchmark_script());
  std::printf("%s\n", server.url().c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) {}
}
