// The plugin mongodb: what its file exports.
#include "mongodb.hpp"

WEIR_PLUGIN("mongodb", "0.1.0",
            weir::sink<weir::mongodb_sink::Mongodb>(
                "mongodb", "Keeps rows in collections of MongoDB, as flat or nested documents."))
