#include "tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>

namespace weir::redis_sink {

namespace {

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

SslContext make_context(const ClientTls& tls, std::string& problem) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  const auto fails = [&](int done, const std::string& what) {
    if (done == 1) return false;
    problem = what + ": " + ssl_error_text();
    return true;
  };
  if (context == nullptr) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context.get(), tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (tls.verify && tls.ca.empty()) {
    if (fails(SSL_CTX_set_default_verify_paths(context.get()), "the system's authorities")) {
      return nullptr;
    }
  } else if (!tls.ca.empty() &&
             fails(SSL_CTX_load_verify_file(context.get(), tls.ca.c_str()), "tls.ca " + tls.ca)) {
    return nullptr;
  }
  if (!tls.cert.empty() &&
      fails(SSL_CTX_use_certificate_chain_file(context.get(), tls.cert.c_str()),
            "tls.cert " + tls.cert)) {
    return nullptr;
  }
  if (!tls.key.empty() &&
      fails(SSL_CTX_use_PrivateKey_file(context.get(), tls.key.c_str(), SSL_FILETYPE_PEM),
            "tls.key " + tls.key)) {
    return nullptr;
  }
  return context;
}

}  // namespace

std::string ssl_error_text() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "";
  const char* reason = ERR_reason_error_string(code);
  if (reason != nullptr) return reason;
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

Ssl make_ssl(const ClientTls& tls, const std::string& host, int fd, std::string& problem) {
  ERR_clear_error();
  const SslContext context = make_context(tls, problem);
  if (context == nullptr) return nullptr;
  Ssl ssl(SSL_new(context.get()));  // keeps the context
  if (ssl == nullptr) throw std::bad_alloc();
  const bool is_named =
      is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) == 1
                       : SSL_set1_host(ssl.get(), host.c_str()) == 1 &&
                             SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1;
  if (!is_named || SSL_set_fd(ssl.get(), fd) != 1) {
    problem = "TLS: " + ssl_error_text();
    return nullptr;
  }
  SSL_set_connect_state(ssl.get());
  return ssl;
}

}  // namespace weir::redis_sink
