#include <string>

#include <skein/telemetry/operation.hpp>

void describe(skein::telemetry::operation& span, const std::string& model) {
  span.set("gen_ai.request.model", model);
}
