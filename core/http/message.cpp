#include "core/http/message.hpp"

#include "core/telemetry/json.hpp"

namespace weir::http {

Response error_response(unsigned status, const char* what) {
  core::JsonWriter json;
  json.open('{').key("error").text(what).close('}');
  return {status, "application/json", json.finish()};
}

}  // namespace weir::http
