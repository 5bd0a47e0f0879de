// Everything a program usually needs: agents and tools, all providers, and the layers around them.
// Beside the agent's own, their headers cost a compiler next to nothing.
// Not in it: traces as data (skein/trace), OTLP (skein/otlp, skein/otlp_grpc) and what is for tests
// (skein/testing).
#pragma once

#include <skein/agent/agent.hpp>
#include <skein/async/asio_runtime.hpp>
#include <skein/async/channel.hpp>
#include <skein/async/offload.hpp>
#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/async/spawn.hpp>
#include <skein/async/stream.hpp>
#include <skein/async/task.hpp>
#include <skein/async/time.hpp>
#include <skein/async/when.hpp>
#include <skein/chat/arriving_calls.hpp>
#include <skein/chat/circuit.hpp>
#include <skein/chat/client.hpp>
#include <skein/chat/embedding.hpp>
#include <skein/chat/hedge.hpp>
#include <skein/chat/ledger.hpp>
#include <skein/chat/limit.hpp>
#include <skein/chat/message_json.hpp>
#include <skein/chat/prompt_cache.hpp>
#include <skein/chat/retry.hpp>
#include <skein/chat/timeouts.hpp>
#include <skein/core/error.hpp>
#include <skein/core/version.hpp>
#include <skein/json/docs.hpp>
#include <skein/json/reflect.hpp>
#include <skein/json/schema.hpp>
#include <skein/providers/anthropic.hpp>
#include <skein/providers/gemini.hpp>
#include <skein/providers/media.hpp>
#include <skein/providers/models.hpp>
#include <skein/providers/named.hpp>
#include <skein/providers/ollama.hpp>
#include <skein/providers/ollama_embeddings.hpp>
#include <skein/providers/openai.hpp>
#include <skein/providers/openai_embeddings.hpp>
#include <skein/providers/openai_responses.hpp>
#include <skein/providers/replay.hpp>
#include <skein/providers/scripted.hpp>
#include <skein/telemetry/setup.hpp>
#include <skein/tool/tool.hpp>
