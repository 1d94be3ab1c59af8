// The plugin sqlite: what its file exports.
#include "sqlite.hpp"

WEIR_PLUGIN("sqlite", "0.1.0",
            weir::sink<weir::sqlite_sink::Sqlite>(
                "sqlite", "Keeps rows in tables of an SQLite file, one a measurement."))
