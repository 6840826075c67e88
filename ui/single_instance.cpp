#include "ui/single_instance.h"

#include <unistd.h>

#include <QCryptographicHash>
#include <QLocalSocket>

namespace flightdeck {
namespace {
constexpr int kPatienceMs = 1000;  // a program that hangs does not keep a new one from starting
}

SingleInstance::SingleInstance(const std::string& profile) {
  // A hash, because a socket's name has room for a hundred characters.
  const QByteArray hash = QCryptographicHash::hash(QByteArray::fromStdString(profile), QCryptographicHash::Sha1);
  name_ = QStringLiteral("flightdeck-%1-%2").arg(::getuid()).arg(QString::fromLatin1(hash.toHex().left(16)));
  server_.setSocketOptions(QLocalServer::UserAccessOption);
  connect(&server_, &QLocalServer::newConnection, this, &SingleInstance::answer);
}

bool SingleInstance::raiseOther() const {
  QLocalSocket socket;
  socket.connectToServer(name_);
  if (!socket.waitForConnected(kPatienceMs)) return false;
  return socket.bytesAvailable() > 0 || socket.waitForReadyRead(kPatienceMs);
}

void SingleInstance::listen() {
  if (server_.listen(name_)) return;
  QLocalServer::removeServer(name_);  // left by a program that was killed: nobody answered
  server_.listen(name_);              // without it every start opens a window; the chat store says the rest
}

void SingleInstance::answer() {
  while (QLocalSocket* socket = server_.nextPendingConnection()) {
    connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
    socket->write("1");
    socket->flush();
    socket->disconnectFromServer();
    Q_EMIT raiseRequested();
  }
}

}  // namespace flightdeck
