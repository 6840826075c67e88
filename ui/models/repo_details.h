// The model chosen on Discover: what would be fetched, what engines of it need here, and the button that fetches. GUI
// thread only.
#pragma once

#include <QFrame>
#include <array>
#include <string>

#include "ui/models/hub_search.h"

class QLabel;
class QPushButton;
class QVBoxLayout;

namespace flightdeck {

class ElidedLabel;
class FitChip;
class LinkedText;

class RepoDetails : public QFrame {
  Q_OBJECT
 public:
  explicit RepoDetails(QWidget* parent = nullptr);
  /// What is known of this model already: as a download, or as a folder on this computer.
  struct Here {
    const JobSnapshot* job = nullptr;
    std::string folder;  // a whole model; empty: none
  };
  void setModel(HubKind hub, const HubModel& model, const HubSearch::Look* look, const DeviceFacts* device,
                const Here& here);
  void clear();
  QPushButton* button() const { return button_; }
  QPushButton* againButton() const { return again_; }
  LinkedText* note() const { return note_; }

 Q_SIGNALS:
  void downloadRequested();
  void progressRequested();  // it is among the downloads
  void buildRequested(const std::string& folder);
  void againRequested();  // ask the hub once more

 private:
  void makeFits(QVBoxLayout* column);
  void setFits(const RepoOffer* offer, const DeviceFacts* device);
  void setFiles(const RepoOffer* offer);
  void setNote(const HubModel& model, const HubSearch::Look* look);
  void setButton(const HubSearch::Look* look, const Here& here);
  enum class Act { none, download, progress, build };
  struct FitLine {
    QWidget* line = nullptr;
    FitChip* chip = nullptr;
    QLabel* words = nullptr;
  };
  ElidedLabel *name_, *device_, *files_head_;
  LinkedText *note_, *page_;
  QLabel *facts_, *fits_head_, *files_, *hint_;
  std::array<FitLine, 3> fits_;
  QPushButton *button_, *again_;
  Act act_ = Act::none;
  std::string folder_;
};

}  // namespace flightdeck
