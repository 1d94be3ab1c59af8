// TLS settings of a connection, made from the options.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "weir/client_tls.hpp"

namespace weir::redis_sink {

struct FreeSsl {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslContext = std::unique_ptr<SSL_CTX, FreeSsl>;
using Ssl = std::unique_ptr<SSL, FreeSsl>;

// A client's session on `fd` that will prove `host`, a name or an address; nothing, and `problem`
// says why.
Ssl make_ssl(const ClientTls& tls, const std::string& host, int fd, std::string& problem);

// The oldest error of this thread that OpenSSL keeps, and forgets all of them. "" where none is.
std::string ssl_error_text();

}  // namespace weir::redis_sink
