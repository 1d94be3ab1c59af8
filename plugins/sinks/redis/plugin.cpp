// The plugin redis: what its file exports.
#include "redis.hpp"

WEIR_PLUGIN("redis", "0.1.0",
            weir::sink<weir::redis_sink::Redis>(
                "redis", "Keeps newest rows and histories in Redis, and publishes them."))
