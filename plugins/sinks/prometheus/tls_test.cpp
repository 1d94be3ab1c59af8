// HTTPS with certificates made here, against OpenSSL's own client.
#include "tls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "client.hpp"
#include "server.hpp"
#include "store_fixture.hpp"

namespace weir::prometheus_sink {
namespace {

using ::testing::HasSubstr;

struct Identity {
  EVP_PKEY* key;
  X509* cert;
};

// Signed by `issuer`, or by itself.
Identity make_identity(const char* name, const Identity* issuer = nullptr) {
  Identity id{EVP_EC_gen("P-256"), X509_new()};
  X509_set_version(id.cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(id.cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(id.cert), -60);
  X509_gmtime_adj(X509_getm_notAfter(id.cert), 3600);
  X509_set_pubkey(id.cert, id.key);
  X509_NAME* subject = X509_get_subject_name(id.cert);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(id.cert, issuer ? X509_get_subject_name(issuer->cert) : subject);
  if (issuer == nullptr) {
    X509_EXTENSION* ca =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
    X509_add_ext(id.cert, ca, -1);
    X509_EXTENSION_free(ca);
  }
  X509_sign(id.cert, issuer ? issuer->key : id.key, EVP_sha256());
  return id;
}

void free_identity(const Identity& id) {
  EVP_PKEY_free(id.key);
  X509_free(id.cert);
}

class TlsEndpoint : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "weir-tls-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    save(server_, "server");
    save(ca_, "ca");
    options_ = {file("server.pem"), file("server.key"), ""};
  }
  void TearDown() override {
    server_endpoint_.reset();
    std::filesystem::remove_all(folder_);
    for (const Identity* id : {&server_, &ca_, &client_, &stranger_}) free_identity(*id);
  }
  std::string file(const char* name) const { return folder_ / name; }
  void save(const Identity& id, const std::string& name) {
    std::FILE* cert = std::fopen((folder_ / (name + ".pem")).c_str(), "w");
    PEM_write_X509(cert, id.cert);
    std::fclose(cert);
    save_key(id, name + ".key");
  }
  void save_key(const Identity& id, const std::string& name) {
    std::FILE* key = std::fopen((folder_ / name).c_str(), "w");
    PEM_write_PrivateKey(key, id.key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(key);
  }
  void save_encrypted(const Identity& id, const std::string& name) {
    std::FILE* key = std::fopen((folder_ / name).c_str(), "w");
    unsigned char passphrase[] = "secret";
    PEM_write_PrivateKey(key, id.key, EVP_aes_128_cbc(), passphrase, 6, nullptr, nullptr);
    std::fclose(key);
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  void start() {
    Server::Config config;
    config.listen = "127.0.0.1:0";
    config.series_ttl_ns = 1'000'000'000'000;
    config.tls = std::make_unique<Tls>(options_, WEIR_TLS_HELPER);
    server_endpoint_ = std::make_unique<Server>(std::move(config), fixture_.store);
    server_endpoint_->start();
  }

  struct Answer {
    bool connected = false;
    int version = 0;
    std::string peer;
    std::string text;
  };
  // GET /metrics, with a certificate of one's own or without, up to some version of TLS.
  Answer ask(const Identity* me = nullptr, int version_max = TLS1_3_VERSION) {
    Answer answer;
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0);  // or this side would refuse to be old
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, version_max);
    if (me != nullptr) {
      SSL_CTX_use_certificate(context, me->cert);
      SSL_CTX_use_PrivateKey(context, me->key);
    }
    SSL* ssl = SSL_new(context);
    const int socket_number = socket(AF_INET, SOCK_STREAM, 0);
    const timeval limit{60, 0};
    setsockopt(socket_number, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server_endpoint_->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_number, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    SSL_set_fd(ssl, socket_number);
    if (SSL_connect(ssl) == 1) {
      const std::string request = "GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n";
      SSL_write(ssl, request.data(), static_cast<int>(request.size()));
      char buffer[65536];
      int got = SSL_read(ssl, buffer, sizeof buffer);
      while (got > 0) {
        answer.text.append(buffer, static_cast<std::size_t>(got));
        got = SSL_read(ssl, buffer, sizeof buffer);
      }
      // With TLS 1.3 a client learns only now that its certificate was refused.
      answer.connected = SSL_get_error(ssl, got) == SSL_ERROR_ZERO_RETURN;
      answer.version = SSL_version(ssl);
      X509* peer = SSL_get1_peer_certificate(ssl);
      char name[256] = "";
      X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, name, sizeof name);
      answer.peer = name;
      X509_free(peer);
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(socket_number);
    return answer;
  }

  std::filesystem::path folder_;
  Identity server_ = make_identity("server");
  Identity ca_ = make_identity("ca");
  Identity client_ = make_identity("client", &ca_);
  Identity stranger_ = make_identity("stranger");
  TlsOptions options_;
  testing::Fixture fixture_;
  std::unique_ptr<Server> server_endpoint_;
};

TEST_F(TlsEndpoint, ServesLargeExpositions) {
  start();
  fixture_.now_ns = std::chrono::steady_clock::now().time_since_epoch().count();
  const auto* m =
      fixture_.measurement(weir::Schema("m").label("i").label("padding").gauge("v", "", "h"));
  for (int i = 0; i < 300; ++i) {
    fixture_.add(m, {std::to_string(i), std::string(2000, 'p')}, i);
  }
  fixture_.write();
  testing::Response response;
  Answer answer = ask();
  EXPECT_TRUE(answer.connected) << "and ended with a goodbye, so that nothing can be cut off";
  EXPECT_EQ(answer.version, TLS1_3_VERSION);
  ASSERT_TRUE(testing::take_response(answer.text, response));
  EXPECT_GT(response.body.size(), 600'000u);
  EXPECT_THAT(response.body, HasSubstr("m_v{i=\"299\""));
}

TEST_F(TlsEndpoint, SpeaksTls12AndNothingOlder) {
  start();
  EXPECT_EQ(ask(nullptr, TLS1_2_VERSION).version, TLS1_2_VERSION);
  EXPECT_FALSE(ask(nullptr, TLS1_1_VERSION).connected);
  EXPECT_FALSE(ask(nullptr, TLS1_VERSION).connected);
}

TEST_F(TlsEndpoint, AsksClientsForACertificate) {
  options_.client_ca = file("ca.pem");
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_TRUE(ask(&client_, version).connected);
    const Identity* const refused[] = {nullptr, &stranger_};
    for (const Identity* bad : refused) {
      const Answer answer = ask(bad, version);
      EXPECT_FALSE(answer.connected);
      EXPECT_EQ(answer.text, "");
    }
  }
}

TEST_F(TlsEndpoint, TakesARenewedCertificate) {
  start();
  EXPECT_EQ(ask().peer, "server");
  const Identity renewed = make_identity("renewed");
  std::filesystem::remove(file("server.key"));
  EXPECT_EQ(ask().peer, "server") << "half a renewal changes nothing";
  save(renewed, "server");
  EXPECT_EQ(ask().peer, "renewed");
  free_identity(renewed);
}

TEST_F(TlsEndpoint, StrangersDoNoHarm) {
  start();
  for (const char* bytes : {"GET /metrics HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff garbage", ""}) {
    testing::Client client(server_endpoint_->port());
    client.send(bytes);
    if (*bytes != '\0') {
      while (!client.closed()) {
      }
    }
  }
  EXPECT_TRUE(ask().connected);
}

std::string problem_of(const TlsOptions& options, const std::string& helper = WEIR_TLS_HELPER) {
  try {
    const Tls tls(options, helper);
    return "";
  } catch (const std::runtime_error& e) {
    return e.what();
  }
}

TEST_F(TlsEndpoint, SaysWhichFileIsWrong) {
  EXPECT_EQ(problem_of(options_), "");
  const std::string pem = "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n";
  write("empty", "");
  write("text", "the certificate is in the other file\n");
  write("broken.pem", pem);
  write("broken.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  save_encrypted(server_, "encrypted.key");
  const Identity rsa{EVP_RSA_gen(2048), nullptr};
  save_key(rsa, "rsa.key");
  const std::string other_format = "; convert it from another format, or name another file";
  const std::string not_the_key = "it is not the key of the certificate " + file("server.pem") +
                                  "; name the key that the certificate was made for, or have both "
                                  "made anew";
  const struct {
    const char* option;
    const char* file;
    std::string problem;
  } cases[] = {
      {"cert", "none.pem", "there is no such file; check the path, or put the file there"},
      {"cert", ".", "it is a directory, expected a file in PEM"},
      {"cert", "empty",
       "it holds no certificate in PEM (-----BEGIN ...CERTIFICATE-----)" + other_format},
      {"cert", "server.key",
       "it holds no certificate in PEM (-----BEGIN ...CERTIFICATE-----); are tls.cert and tls.key "
       "the wrong way round?"},
      {"cert", "broken.pem", "its certificate cannot be used ("},
      {"key", "none.key", "there is no such file; check the path, or put the file there"},
      {"key", "text",
       "it holds no private key in PEM (-----BEGIN ...PRIVATE KEY-----)" + other_format},
      {"key", "broken.key", "its private key cannot be used ("},
      {"key", "ca.key", not_the_key},
      {"key", "rsa.key", not_the_key},
      {"key", "encrypted.key",
       "it is encrypted, and nobody is there to type its passphrase; write it without one "},
      {"client_ca", "none.pem", "there is no such file; check the path, or put the file there"},
      {"client_ca", "text",
       "it holds no certificate in PEM (-----BEGIN ...CERTIFICATE-----)" + other_format},
  };
  for (const auto& c : cases) {
    TlsOptions wrong = options_;
    const std::string option = c.option;
    (option == "cert" ? wrong.cert : option == "key" ? wrong.key : wrong.client_ca) = file(c.file);
    EXPECT_THAT(problem_of(wrong),
                ::testing::StartsWith("tls." + option + ": " + file(c.file) + ": " + c.problem));
  }
  EVP_PKEY_free(rsa.key);
}

TEST_F(TlsEndpoint, DoesNotWaitForAFifo) {
  ASSERT_EQ(mkfifo(file("fifo").c_str(), 0600), 0);
  options_.key = file("fifo");
  EXPECT_THAT(problem_of(options_), HasSubstr("it is no regular file, expected one in PEM"));
}

// Root may read everything, and reads it here with another user's rights.
TEST_F(TlsEndpoint, SaysWhoMayNotReadAFile) {
  std::filesystem::permissions(file("server.key"), std::filesystem::perms::none);
  const bool root = geteuid() == 0;
  if (root) {
    std::filesystem::permissions(folder_, std::filesystem::perms::all);
    ASSERT_EQ(seteuid(65534), 0);
  }
  const std::string problem = problem_of(options_);
  const std::string user = std::to_string(geteuid());
  if (root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  EXPECT_EQ(problem, "tls.key: " + file("server.key") + ": the agent's user (uid " + user +
                         ") may not read it; give it the right to, and to enter the directories "
                         "above");
}

TEST_F(TlsEndpoint, SaysThatTheHelperIsMissing) {
  EXPECT_THAT(problem_of(options_, tls_helper_path()), HasSubstr("cannot load the TLS helper"));
  EXPECT_THAT(tls_helper_path(), ::testing::EndsWith("/support/prometheus_tls.so"));
  EXPECT_THAT(problem_of(options_, "libz.so.1"), HasSubstr("is not the TLS helper"));
}

}  // namespace
}  // namespace weir::prometheus_sink
