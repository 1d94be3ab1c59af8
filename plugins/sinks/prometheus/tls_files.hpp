// Certificates and keys from files, part of the TLS helper; what is wrong with one is said in words
// of files, not of OpenSSL.
#pragma once

#include <openssl/ssl.h>

#include <string>

namespace weir::prometheus_sink {

// Each gives "" or "tls.<option>: <file>: what is wrong; what to do". Never asks for a passphrase.
std::string load_certificate(SSL_CTX* ssl, const std::string& path);
// To be called after load_certificate(cert_path), which the key must belong to.
std::string load_key(SSL_CTX* ssl, const std::string& path, const std::string& cert_path);
std::string load_client_ca(SSL_CTX* ssl, const std::string& path);

}  // namespace weir::prometheus_sink
