#include "problem.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace weir::mongodb_sink {

namespace {

// The server's codes, by its own names for them (error_codes.yml): the library's headers have few.
enum Code : std::uint32_t {
  kBadValue = 2,
  kFailedToParse = 9,
  kUnauthorized = 13,
  kTypeMismatch = 14,
  kOverflow = 15,
  kInvalidLength = 16,
  kAuthenticationFailed = 18,
  kInvalidBson = 22,
  kDollarPrefixedFieldName = 52,
  kInvalidIdField = 53,
  kNotSingleValueField = 54,
  kEmptyFieldName = 56,
  kDottedFieldName = 57,
  kCommandNotFound = 59,
  kShardKeyNotFound = 61,
  kWriteConcernFailed = 64,
  kImmutableField = 66,
  kInvalidOptions = 72,
  kInvalidNamespace = 73,
  kUnknownReplWriteConcern = 79,
  kIndexOptionsConflict = 85,
  kIndexKeySpecsConflict = 86,
  kCannotSatisfyWriteConcern = 100,
  kCommandNotSupported = 115,
  kDocumentValidationFailure = 121,
  kCommandNotSupportedOnView = 166,
  kNotImplemented = 238,
  kBsonObjectTooLarge = 10334,
  kNotWritablePrimary = 10107,
  kDuplicateKey = 11000,
  kDuplicateKeyUpdate = 11001,
  kDuplicateKeyCapped = 12582,
  kNotPrimaryNoSecondaryOk = 13435,
  kCannotExtractGeoKeys = 16755,
  kKeyTooLong = 17280,
  kDocumentTooLargeForUpdate = 17419,
  kDocumentTooLargeForUpsert = 17420,
  kUnknownCommandField = 40415,
};

constexpr std::array kData{kBadValue,
                           kFailedToParse,
                           kTypeMismatch,
                           kOverflow,
                           kInvalidLength,
                           kInvalidBson,
                           kDollarPrefixedFieldName,
                           kInvalidIdField,
                           kNotSingleValueField,
                           kEmptyFieldName,
                           kDottedFieldName,
                           kShardKeyNotFound,
                           kImmutableField,
                           kInvalidNamespace,
                           kDocumentValidationFailure,
                           kCommandNotSupportedOnView,
                           kBsonObjectTooLarge,
                           kCannotExtractGeoKeys,
                           kKeyTooLong,
                           kDocumentTooLargeForUpdate,
                           kDocumentTooLargeForUpsert};
// A document causes these, and so does what goes with a whole command, such as its write concern.
constexpr std::array kCommandsToo{kBadValue, kFailedToParse, kTypeMismatch};
constexpr std::array kUnsupported{kCommandNotFound, kInvalidOptions, kCommandNotSupported,
                                  kNotImplemented, kUnknownCommandField};

constexpr const char* kWriteConcernRemedy =
    "; check write_concern, and that enough members of the replica set run";

template <std::size_t n>
bool is_among(const std::array<Code, n>& codes, std::uint32_t code) {
  return std::find(codes.begin(), codes.end(), static_cast<Code>(code)) != codes.end();
}

}  // namespace

bool Problem::is_about_collection() const {
  return kind == Kind::data && (code == kInvalidNamespace || code == kCommandNotSupportedOnView);
}

Kind kind_of_code(std::uint32_t code) {
  if (code == kDuplicateKey || code == kDuplicateKeyUpdate || code == kDuplicateKeyCapped) {
    return Kind::duplicate;
  }
  if (is_among(kData, code)) return Kind::data;
  if (is_among(kUnsupported, code)) return Kind::unsupported;
  return Kind::transient;
}

Kind kind_of(const bson_error_t& error) {
  switch (error.domain) {
    case MONGOC_ERROR_SERVER:
    case MONGOC_ERROR_COLLECTION: return kind_of_code(error.code);
    case MONGOC_ERROR_BSON: return Kind::data;  // a document larger than the server takes
    case 0:
    case MONGOC_ERROR_WRITE_CONCERN:
    case MONGOC_ERROR_COMMAND: return Kind::transient;
    default: return Kind::connection;
  }
}

Kind kind_of_whole(const bson_error_t& error) {
  const Kind kind = kind_of(error);
  return kind == Kind::data && is_among(kCommandsToo, error.code) ? Kind::transient : kind;
}

const char* remedy_for(const bson_error_t& error, bool tls) {
  const std::string_view text = error.message;
  const auto says = [&](const char* words) { return text.find(words) != std::string_view::npos; };
  if (error.domain == MONGOC_ERROR_WRITE_CONCERN) {
    return kWriteConcernRemedy;
  }
  if (error.domain == MONGOC_ERROR_SERVER || error.domain == MONGOC_ERROR_COLLECTION) {
    switch (error.code) {
      case kUnauthorized:
        if (says("collMod")) {
          return "; grant the user of url the right collMod, which the role dbAdmin has";
        }
        return "; grant the user of url the role readWrite on the database, or name a user in url "
               "where there is none";
      case kAuthenticationFailed: return "; check the user and authSource of url, and password";
      case kIndexOptionsConflict:
      case kIndexKeySpecsConflict: return "; drop the index that is there, or name ours in indexes";
      case kNotWritablePrimary:
      case kNotPrimaryNoSecondaryOk:
        return "; name the replica set in url (?replicaSet=...), or the member that takes writes";
      case kBadValue:
        if (says("'w'")) return kWriteConcernRemedy;
        break;
      case kWriteConcernFailed:
      case kUnknownReplWriteConcern:
      case kCannotSatisfyWriteConcern: return kWriteConcernRemedy;
      default: break;
    }
    if (says("readonly") || says("read-only")) return "; let the server take writes";
    if (says("disk") || says("space")) return "; free space on the server";
    return "";
  }
  if ((error.domain == MONGOC_ERROR_CLIENT && error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE) ||
      error.domain == MONGOC_ERROR_SCRAM || error.domain == MONGOC_ERROR_SASL) {
    return "; check the user and authSource of url, and password";
  }
  if (says("TLS")) return "; check tls: ca, cert and key, and that the server speaks TLS";
  if (says("resolve")) return "; check the host of url";
  if (error.domain == MONGOC_ERROR_SERVER_SELECTION || error.domain == MONGOC_ERROR_STREAM) {
    return tls ? "; check that the server runs there and speaks TLS"
               : "; check that the server runs there, takes writes and speaks no TLS";
  }
  return "";
}

}  // namespace weir::mongodb_sink
