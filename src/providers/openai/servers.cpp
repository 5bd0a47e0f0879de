#include <array>

#include <skein/providers/openai_servers.hpp>

namespace skein::openai {

std::span<const server> known_servers() noexcept {
  static constexpr std::array all = {servers::llama_server, servers::vllm, servers::lm_studio,
                                     servers::mistral,      servers::groq, servers::deepseek,
                                     servers::openrouter,   servers::xai,  servers::together,
                                     servers::fireworks};
  return all;
}

}  // namespace skein::openai
