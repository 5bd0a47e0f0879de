#include <skein/agent/agent.hpp>

void ask(skein::agent& agent) { (void)agent.run<int>("How many?"); }
