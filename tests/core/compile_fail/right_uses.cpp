#include <string>

#include <skein/core/secret.hpp>

std::string authorization(const skein::secret<std::string>& key) {
  return "Bearer " + key.reveal();
}
