// The plugin mysql: what its file exports.
#include "mysql.hpp"

WEIR_PLUGIN("mysql", "0.1.0",
            weir::sink<weir::mysql_sink::Mysql>(
                "mysql", "Keeps rows in tables of MySQL or MariaDB, one a measurement."))
