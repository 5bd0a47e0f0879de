// Must not compile: a raw pointer has no JSON shape.
#include <skein/json/reflect.hpp>

struct holder {
  void* raw = nullptr;
};

skein::json::value written() { return skein::json::to_json(holder{}); }
