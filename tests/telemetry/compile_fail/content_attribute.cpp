#include <string>

#include <skein/core/secret.hpp>
#include <skein/telemetry/operation.hpp>

void describe(skein::telemetry::operation& span, const skein::content<std::string>& question) {
  span.set("user.question", question);
}
