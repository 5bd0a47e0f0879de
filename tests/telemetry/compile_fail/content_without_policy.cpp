#include <skein/core/secret.hpp>
#include <skein/telemetry/operation.hpp>

void describe(skein::telemetry::operation& span, skein::content<skein::json::value> question) {
  span.set("user.question", std::move(question));
}
