// Accepting, reading, answering; see server.hpp.
#include "core/http/server.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <list>
#include <optional>
#include <utility>

#include "weir/http.hpp"
#include "weir/listen.hpp"
#include "weir/posix.hpp"
#include "weir/signals.hpp"

namespace weir::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Stream = beast::basic_stream<asio::generic::stream_protocol, asio::io_context::executor_type>;
using Socket = Stream::socket_type;
template <class Protocol>
using Acceptor = asio::basic_socket_acceptor<Protocol, asio::io_context::executor_type>;

namespace {

constexpr std::chrono::seconds kRequestTime{10};
constexpr std::chrono::seconds kRestTime{60};
constexpr std::chrono::seconds kFarewellTime{1};
constexpr std::chrono::milliseconds kPause{100};

}  // namespace

template <class Protocol>
struct Listener {
  explicit Listener(asio::io_context& io) : acceptor(io), pause(io) {}
  Acceptor<Protocol> acceptor;
  asio::steady_timer pause;
  bool armed = false;  // somebody waits for the next connection
};

struct Server::Impl {
  explicit Impl(Handler h) : handler(std::move(h)) {}

  void run();
  void arm();
  template <class Protocol>
  void arm(Listener<Protocol>& listener);
  void admit(Socket socket, bool local);

  const Handler handler;
  asio::io_context io{1};
  Listener<asio::ip::tcp> tcp{io};
  Listener<asio::local::stream_protocol> local{io};
  std::string unix_path;
  Fd unix_lock;
  // The one that has been quiet longest is first.
  std::list<std::shared_ptr<Session>> sessions;
};

class Server::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Impl& server, Socket socket, bool local)
      : server_(server), stream_(std::move(socket)), local_(local) {}

  // Rests until the first byte of a request is there, which then has as long as any other.
  void rest() {
    if (buffer_.size() != 0) return read();
    stream_.expires_after(kRestTime);
    stream_.async_read_some(buffer_.prepare(buffer_.max_size()),
                            [self = shared_from_this()](const error_code& error, std::size_t n) {
                              if (error) return self->end();
                              self->buffer_.commit(n);
                              self->read();
                            });
  }
  void close() {
    error_code ignored;
    stream_.socket().close(ignored);
  }

 private:
  using Parser = beast::http::request_parser<beast::http::empty_body>;
  using Message = beast::http::response<beast::http::string_body>;

  void read() {
    parser_.emplace();
    parser_->header_limit(kHeaderBytesMax);
    stream_.expires_after(kRequestTime);
    beast::http::async_read_header(stream_, buffer_, *parser_,
                                   [self = shared_from_this()](const error_code& e, std::size_t) {
                                     if (e) return self->failed(e);
                                     self->answer();
                                   });
  }

  // A client that breaks the rules is told so once; one that went away, or is too slow, is not.
  void failed(const error_code& error) {
    if (error == beast::http::error::header_limit || error == beast::http::error::buffer_overflow) {
      refuse(431, "the header is larger than 8 KiB");
    } else if (error.category() == make_error_code(beast::http::error::bad_target).category() &&
               error != beast::http::error::end_of_stream &&
               error != beast::http::error::partial_message) {
      refuse(400, "this is no HTTP request");
    } else {
      end();
    }
  }

  void refuse(unsigned status, const char* why) {
    send(error_response(status, why), 11, false, false);
  }

  void answer() {
    const auto& message = parser_->get();
    touch();
    if (message.version() >= 11 && message.count(beast::http::field::host) != 1) {
      return refuse(400, "expected one Host");
    }
    Response response;
    try {
      Request request;
      request.method = std::string(message.method_string());
      const beast::string_view target = message.target();
      request.path = std::string(path_of({target.data(), target.size()}));
      request.authorization = std::string(message[beast::http::field::authorization]);
      request.host = std::string(message[beast::http::field::host]);
      request.local = local_;
      response = server_.handler(request);
    } catch (const std::exception&) {
      return refuse(500, "the agent could not answer");
    }
    // No page has anything to do with a body: whoever sends one is answered without it being read.
    const bool has_body = parser_->chunked() || parser_->content_length().value_or(0) != 0;
    send(std::move(response), message.version(), message.keep_alive() && !has_body,
         message.method() == beast::http::verb::head);
  }

  void send(Response response, unsigned version, bool keep_alive, bool head) {
    message_.emplace();
    message_->version(version);
    message_->result(response.status);
    message_->set(beast::http::field::server, "weir");
    message_->set(beast::http::field::content_type, response.content_type);
    message_->set(beast::http::field::cache_control, "no-store");
    if (response.status == 401) message_->set(beast::http::field::www_authenticate, "Bearer");
    if (response.status == 405) message_->set(beast::http::field::allow, response.allow);
    message_->keep_alive(keep_alive);
    message_->content_length(response.body.size());
    if (!head) message_->body() = std::move(response.body);
    serializer_.emplace(*message_);
    stream_.expires_after(kRequestTime);
    const auto sent = [self = shared_from_this()](const error_code& error, std::size_t) {
      if (error) return self->end();
      if (!self->message_->keep_alive()) return self->say_goodbye();
      self->rest();
    };
    if (head) {
      beast::http::async_write_header(stream_, *serializer_, sent);
    } else {
      beast::http::async_write(stream_, *serializer_, sent);
    }
  }

  // A socket that is closed while there is something to read takes its last answer back: what the
  // client still sends is thrown away first, for a while.
  void say_goodbye() {
    error_code ignored;
    stream_.socket().shutdown(Socket::shutdown_send, ignored);
    stream_.expires_after(kFarewellTime);
    throw_away();
  }
  void throw_away() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(buffer_.max_size()),
                            [self = shared_from_this()](const error_code& error, std::size_t n) {
                              self->thrown_away_ += n;
                              if (error || self->thrown_away_ > kThrownAwayMax) return self->end();
                              self->throw_away();
                            });
  }

  void end() {
    close();
    std::erase_if(server_.sessions, [this](const auto& s) { return s.get() == this; });
  }

  void touch() {
    auto& all = server_.sessions;
    const auto at =
        std::find_if(all.begin(), all.end(), [this](const auto& s) { return s.get() == this; });
    if (at != all.end()) all.splice(all.end(), all, at);
  }

  static constexpr std::size_t kThrownAwayMax = 1u << 20;

  Impl& server_;
  Stream stream_;
  const bool local_;
  std::size_t thrown_away_ = 0;
  beast::flat_static_buffer<kHeaderBytesMax> buffer_;
  std::optional<Parser> parser_;
  std::optional<Message> message_;
  std::optional<beast::http::response_serializer<beast::http::string_body>> serializer_;
};

// What finds no memory costs its own connection, and nothing else.
void Server::Impl::run() {
  for (;;) {
    try {
      arm();
      io.run();
      return;
    } catch (const std::exception&) {
      timespec pause{0, std::chrono::nanoseconds(kPause).count()};
      nanosleep(&pause, nullptr);
    }
  }
}

void Server::Impl::arm() {
  arm(tcp);
  arm(local);
}

template <class Protocol>
void Server::Impl::arm(Listener<Protocol>& listener) {
  if (!listener.acceptor.is_open() || listener.armed) return;
  auto socket = std::make_shared<Socket>(io.get_executor());
  listener.acceptor.async_accept(*socket, [this, &listener, socket](const error_code& error) {
    listener.armed = false;
    if (error == asio::error::operation_aborted) return;
    if (!error) {
      admit(std::move(*socket), std::is_same_v<Protocol, asio::local::stream_protocol>);
      return arm(listener);
    }
    // Most likely no file descriptor is left: not again at once.
    listener.pause.expires_after(kPause);
    listener.pause.async_wait([this, &listener](const error_code&) { arm(listener); });
  });
  listener.armed = true;
}

void Server::Impl::admit(Socket socket, bool is_local) {
  auto session = std::make_shared<Session>(*this, std::move(socket), is_local);
  session->rest();
  sessions.push_back(std::move(session));
  if (sessions.size() <= kConnectionsMax) return;
  sessions.front()->close();
  sessions.pop_front();
}

Server::Server(Handler handler) : impl_(std::make_unique<Impl>(std::move(handler))) {}

Server::~Server() { stop(); }

std::string Server::listen(const std::string& address) {
  int family = 0;
  std::string error;
  Fd fd = open_listener(address, family, error);
  if (!fd) return error;
  impl_->tcp.acceptor.assign(family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(),
                             fd.release());
  return "";
}

// Agents agree by a lock beside the socket on whose it is; a socket without one is removed only
// where nobody answers.
std::string Server::listen_unix(const std::string& path) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  const auto refusal = [&](const std::string& why) {
    return "cannot serve on " + path + ": " + why;
  };
  if (path.size() >= sizeof at.sun_path) {
    return refusal("the path is longer than " + std::to_string(sizeof at.sun_path - 1) + " bytes");
  }
  path.copy(at.sun_path, path.size());
  const auto* address = reinterpret_cast<const sockaddr*>(&at);

  Fd lock(open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return refusal(errno_text(errno));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return refusal(errno == EWOULDBLOCK ? "another agent does" : errno_text(errno));
  }
  {
    const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int error = connect(probe.get(), address, sizeof at) == 0 ? 0 : errno;
    if (error == 0 || error == EAGAIN) return refusal("another program does");
    struct stat file {};
    if (error == ECONNREFUSED && lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode)) {
      unlink(path.c_str());
    }
  }
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // Before it has a name, so that at no time others may connect; and after, whatever the umask is.
  if (!fd || fchmod(fd.get(), 0660) != 0 || bind(fd.get(), address, sizeof at) != 0 ||
      chmod(path.c_str(), 0660) != 0 || ::listen(fd.get(), SOMAXCONN) != 0) {
    return refusal(errno_text(errno));
  }
  impl_->local.acceptor.assign(asio::local::stream_protocol(), fd.release());
  impl_->unix_path = path;
  impl_->unix_lock = std::move(lock);
  return "";
}

void Server::start() {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "weir-http");
    impl_->run();
  });
}

void Server::stop() {
  impl_->io.stop();
  if (thread_.joinable()) thread_.join();
  error_code ignored;
  if (!impl_->unix_path.empty()) unlink(std::exchange(impl_->unix_path, "").c_str());
  impl_->tcp.acceptor.close(ignored);
  impl_->local.acceptor.close(ignored);
  impl_->unix_lock.close();
  const auto all = std::exchange(impl_->sessions, {});
  for (const auto& session : all) session->close();
}

std::string Server::address() const {
  if (!impl_->tcp.acceptor.is_open()) return "";
  const asio::ip::tcp::endpoint at = impl_->tcp.acceptor.local_endpoint();
  const std::string host = at.address().to_string();
  return (at.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(at.port());
}

bool Server::is_loopback() const {
  return !impl_->tcp.acceptor.is_open() ||
         impl_->tcp.acceptor.local_endpoint().address().is_loopback();
}

}  // namespace weir::http
