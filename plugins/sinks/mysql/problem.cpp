#include "problem.hpp"

#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>

#include <algorithm>
#include <array>

namespace weir::mysql_sink {

namespace {

// Codes that only one of the two servers has are not in the client's headers.
constexpr unsigned kPacketOutOfOrder = ER_NET_PACKETS_OUT_OF_ORDER;
constexpr unsigned kConnectionKilled = 1927;
constexpr unsigned kReadOnlyMode = 1836;
constexpr unsigned kCheckConstraintMysql = 3819;
constexpr unsigned kCheckConstraintMariadb = 4025;
constexpr unsigned kInvalidJson = 3140;

bool is_connection_lost(unsigned code) {
  return (code >= CR_MIN_ERROR && code <= CR_MAX_ERROR && code != CR_OUT_OF_MEMORY) ||
         code == ER_SERVER_SHUTDOWN || code == kConnectionKilled || code == kPacketOutOfOrder ||
         code == ER_NET_READ_ERROR || code == ER_NET_READ_INTERRUPTED ||
         code == ER_NET_ERROR_ON_WRITE || code == ER_NET_WRITE_INTERRUPTED;
}

// Errors about rows whose SQLSTATE does not say so.
constexpr std::array kData{static_cast<unsigned>(ER_TRUNCATED_WRONG_VALUE_FOR_FIELD),
                           static_cast<unsigned>(WARN_DATA_TRUNCATED),
                           static_cast<unsigned>(ER_NO_DEFAULT_FOR_FIELD),
                           static_cast<unsigned>(ER_NO_PARTITION_FOR_GIVEN_VALUE),
                           static_cast<unsigned>(ER_WARN_DATA_OUT_OF_RANGE),
                           static_cast<unsigned>(ER_SIGNAL_EXCEPTION),
                           static_cast<unsigned>(ER_TOO_BIG_ROWSIZE),
                           kCheckConstraintMysql,
                           kCheckConstraintMariadb,
                           kInvalidJson};

}  // namespace

bool Problem::is_for_a_lock() const {
  return code == ER_LOCK_WAIT_TIMEOUT || code == ER_LOCK_DEADLOCK;
}

Kind kind_of(unsigned code, std::string_view state) {
  if (code == 0) return Kind::none;
  if (code == ER_NET_PACKET_TOO_LARGE || code == CR_NET_PACKET_TOO_LARGE) return Kind::too_large;
  if (is_connection_lost(code)) return Kind::connection;
  if (code == ER_BAD_FIELD_ERROR || code == ER_NO_SUCH_TABLE || code == ER_WRONG_VALUE_COUNT) {
    return Kind::schema;
  }
  if (std::find(kData.begin(), kData.end(), code) != kData.end()) return Kind::data;
  if (state.starts_with("22") || state.starts_with("23")) return Kind::data;
  return Kind::transient;
}

Kind kind_of_definition(unsigned code, std::string_view state) {
  if (code == ER_TABLE_EXISTS_ERROR || code == ER_DUP_FIELDNAME || code == ER_NO_SUCH_TABLE) {
    return Kind::schema;  // another agent was quicker
  }
  const Kind kind = kind_of(code, state);
  if (kind == Kind::none || kind == Kind::connection) return kind;
  switch (code) {
    case ER_ACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR:
    case ER_NO_DB_ERROR:
    case ER_BAD_DB_ERROR: return Kind::transient;
    case ER_TOO_MANY_FIELDS:
    case ER_TOO_BIG_ROWSIZE:
    case ER_UNIQUE_KEY_NEED_ALL_FIELDS_IN_PF:
    case ER_TOO_MANY_PARTITIONS_ERROR: return Kind::definition;
    default: return state.starts_with("42") ? Kind::definition : Kind::transient;
  }
}

const char* remedy_for(unsigned code) {
  switch (code) {
    case ER_ACCESS_DENIED_ERROR: return "; check the user of url, and password";
    case ER_BAD_DB_ERROR: return "; create it: CREATE DATABASE ... CHARACTER SET utf8mb4";
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR:
      return "; GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX on the database";
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR: return "; check that the server runs there";
    case CR_UNKNOWN_HOST: return "; check the host of url";
    case ER_HOST_NOT_PRIVILEGED: return "; let the server take connections of this host";
    case CR_SSL_CONNECTION_ERROR:
      return "; check tls: ca, cert and key, and that the server speaks TLS";
    case ER_OPTION_PREVENTS_STATEMENT:
    case kReadOnlyMode: return "; name the server that takes writes";
    case ER_CON_COUNT_ERROR: return "; raise the server's max_connections";
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL: return "; free space on the server";
    default: return "";
  }
}

}  // namespace weir::mysql_sink
