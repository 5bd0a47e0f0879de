#include <string>

#include <skein/core/secret.hpp>
#include <skein/telemetry/operation.hpp>

void describe(skein::telemetry::operation& span, const skein::secret<std::string>& key) {
  span.set("user.key", key);
}
