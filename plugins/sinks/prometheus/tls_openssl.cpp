// The TLS helper: support/prometheus_tls.so, the only object that knows OpenSSL. Sessions work on
// memory BIOs; see tls_abi.h for who calls what.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <new>
#include <string>

#include "tls_abi.h"
#include "tls_files.hpp"

namespace {

using weir::prometheus_sink::load_certificate;
using weir::prometheus_sink::load_client_ca;
using weir::prometheus_sink::load_key;

struct Free {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, Free>;

struct Changed {
  timespec cert{}, key{};
  friend bool operator==(const Changed& a, const Changed& b) {
    const auto same = [](const timespec& x, const timespec& y) {
      return x.tv_sec == y.tv_sec && x.tv_nsec == y.tv_nsec;
    };
    return same(a.cert, b.cert) && same(a.key, b.key);
  }
};

struct Context {
  std::string cert, key, client_ca;
  Changed loaded;
  ContextPtr ssl;
};

struct Session {
  std::unique_ptr<SSL, Free> ssl;
  BIO* in = nullptr;   // of ssl
  BIO* out = nullptr;  // of ssl
};

timespec changed_at(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_mtim : timespec{};
}

Changed changed(const Context& c) { return {changed_at(c.cert), changed_at(c.key)}; }

// Empty, or why not.
std::string load(Context& c) {
  ContextPtr ssl(SSL_CTX_new(TLS_server_method()));
  if (!ssl) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(ssl.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(ssl.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(ssl.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(ssl.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  const Changed now = changed(c);
  std::string fault = load_certificate(ssl.get(), c.cert);
  if (fault.empty()) fault = load_key(ssl.get(), c.key, c.cert);
  if (fault.empty() && !c.client_ca.empty()) fault = load_client_ca(ssl.get(), c.client_ca);
  if (!fault.empty()) return fault;
  if (!c.client_ca.empty()) {
    SSL_CTX_set_client_CA_list(ssl.get(), SSL_load_client_CA_file(c.client_ca.c_str()));
    SSL_CTX_set_verify(ssl.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  c.ssl = std::move(ssl);
  c.loaded = now;
  return "";
}

void* context_new(const char* cert, const char* key, const char* client_ca, char* error,
                  size_t error_size) try {
  auto context = std::make_unique<Context>();
  context->cert = cert;
  context->key = key;
  context->client_ca = client_ca;
  const std::string problem = load(*context);
  if (problem.empty()) return context.release();
  std::snprintf(error, error_size, "%s", problem.c_str());
  return nullptr;
} catch (const std::bad_alloc&) {
  std::snprintf(error, error_size, "out of memory");
  return nullptr;
}

void context_free(void* context) { delete static_cast<Context*>(context); }

void* session_new(void* pointer) try {
  auto& context = *static_cast<Context*>(pointer);
  // Half a renewal (a certificate without its key) does not load: the old pair stays until both
  // are there.
  if (!(changed(context) == context.loaded)) load(context);
  auto session = std::make_unique<Session>();
  session->ssl.reset(SSL_new(context.ssl.get()));
  if (!session->ssl) return nullptr;
  session->in = BIO_new(BIO_s_mem());
  session->out = BIO_new(BIO_s_mem());
  if (session->in == nullptr || session->out == nullptr) {
    BIO_free(session->in);
    BIO_free(session->out);
    return nullptr;
  }
  SSL_set_bio(session->ssl.get(), session->in, session->out);
  SSL_set_accept_state(session->ssl.get());
  return session.release();
} catch (const std::bad_alloc&) {
  return nullptr;
}

void session_free(void* session) { delete static_cast<Session*>(session); }

int feed(void* session, const char* bytes, size_t size) {
  return BIO_write(static_cast<Session*>(session)->in, bytes, static_cast<int>(size)) ==
         static_cast<int>(size);
}

long read(void* session, char* bytes, size_t capacity) {
  SSL* ssl = static_cast<Session*>(session)->ssl.get();
  ERR_clear_error();
  const int size = SSL_read(ssl, bytes, static_cast<int>(capacity));
  if (size > 0) return size;
  const int error = SSL_get_error(ssl, size);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

int write(void* session, const char* bytes, size_t size) {
  ERR_clear_error();
  return SSL_write(static_cast<Session*>(session)->ssl.get(), bytes, static_cast<int>(size)) ==
         static_cast<int>(size);
}

size_t take(void* session, char* bytes, size_t capacity) {
  const int size = BIO_read(static_cast<Session*>(session)->out, bytes, static_cast<int>(capacity));
  return size > 0 ? static_cast<size_t>(size) : 0;
}

void close(void* session) {
  ERR_clear_error();
  SSL_shutdown(static_cast<Session*>(session)->ssl.get());
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const weir_prometheus_tls*
weir_prometheus_tls_open() {
  static const weir_prometheus_tls functions = {sizeof(weir_prometheus_tls),
                                                context_new,
                                                context_free,
                                                session_new,
                                                session_free,
                                                feed,
                                                read,
                                                write,
                                                take,
                                                close};
  return &functions;
}
