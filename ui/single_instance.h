// One window a profile: a second start asks the first to come forward and ends. GUI thread only.
#pragma once

#include <QLocalServer>
#include <QObject>

namespace flightdeck {

class SingleInstance : public QObject {
  Q_OBJECT
 public:
  /// `profile`: the folder that both starts would use.
  explicit SingleInstance(const std::string& profile);

  /// True when another start answered that it comes forward. Called before there is a window: it may wait a second.
  bool raiseOther() const;
  /// From now on later starts are answered.
  void listen();

 Q_SIGNALS:
  void raiseRequested();

 private:
  void answer();
  QString name_;
  QLocalServer server_;
};

}  // namespace flightdeck
