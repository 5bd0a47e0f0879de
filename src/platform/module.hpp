// Shared modules that are loaded only when they are wanted.
#pragma once

#include <dlfcn.h>
#include <expected>
#include <string>

namespace skein::platform {

// The address of a function in a module, which then stays loaded; or what went wrong. A name
// without a slash is looked for where the program's own libraries are.
inline std::expected<void*, std::string> load_function(const char* module, const char* function) {
  void* handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
  void* address = handle == nullptr ? nullptr : dlsym(handle, function);
  if (address != nullptr) return address;
  const char* why = dlerror();
  return std::unexpected(std::string(why == nullptr ? "unknown reason" : why));
}

}  // namespace skein::platform
