#include "ui/models/discover_view.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QScrollArea>
#include <QScrollBar>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/format.h"
#include "ui/models/download_texts.h"
#include "ui/models/model_row.h"
#include "ui/models/repo_details.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/linked_text.h"

namespace flightdeck {

DiscoverView::DiscoverView(Context& context, QWidget* parent) : QWidget(parent), context_(context), search_(context) {
  auto* outer = makeBox<QVBoxLayout>(this, 0, space::m);
  outer->setContentsMargins(space::xxl, 0, space::xxl, space::l);
  outer->addWidget(makeBar());
  pages_ = new QStackedWidget;
  state_ = new EmptyState(QStringLiteral("search"), {}, {}, {});
  pages_->addWidget(state_);
  pages_->addWidget(makeResults());
  outer->addWidget(pages_, 1);
  connectAll();
  showState();
}

QWidget* DiscoverView::makeBar() {
  auto* bar = new QWidget;
  auto* row = makeBox<QHBoxLayout>(bar, 0, space::s);
  field_ = new QLineEdit;
  field_->setProperty("look", "search");
  field_->setPlaceholderText(tr("Name of a model, OWNER/NAME, or its address"));
  field_->setAccessibleName(tr("Search models"));
  field_->setClearButtonEnabled(true);
  field_->setMaxLength(300);
  field_->setAcceptDrops(false);  // a folder dropped here is for the page
  field_->installEventFilter(this);
  hub_ = new QComboBox;
  hub_->setAccessibleName(tr("Hub"));
  for (const HubKind hub : {HubKind::hugging_face, HubKind::model_scope})
    hub_->addItem(hubName(hub), static_cast<int>(hub));
  order_ = new QComboBox;
  order_->setAccessibleName(tr("Order"));
  order_->addItem(tr("Most downloads"), static_cast<int>(SearchOrder::downloads));
  order_->addItem(tr("Most relevant"), static_cast<int>(SearchOrder::relevance));
  order_->addItem(tr("Most likes"), static_cast<int>(SearchOrder::likes));
  order_->addItem(tr("Newest"), static_cast<int>(SearchOrder::last_modified));
  row->addWidget(field_, 1);
  row->addWidget(hub_);
  row->addWidget(order_);
  return bar;
}

QWidget* DiscoverView::makeResults() {
  auto* results = new QWidget;
  auto* row = makeBox<QHBoxLayout>(results, 0, space::l);
  auto* left = makeBox<QVBoxLayout>(nullptr, 0, space::s);
  count_ = makeLabel({}, type::small, Tone::muted);
  trouble_ = new LinkedText(type::small, Tone::error);
  scroll_ = new QScrollArea;
  scroll_->setWidgetResizable(true);
  scroll_->setFrameShape(QFrame::NoFrame);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll_->setFocusPolicy(Qt::NoFocus);
  auto* body = new QWidget;
  setLook(body, "page");
  auto* column = makeBox<QVBoxLayout>(body, 0, space::s);
  column->setContentsMargins(0, 0, space::xs, 0);
  column_ = makeBox<QVBoxLayout>(nullptr, 0, space::s);
  more_ = makeButton(tr("More"));
  column->addLayout(column_);
  column->addWidget(more_, 0, Qt::AlignHCenter);
  column->addStretch();
  scroll_->setWidget(body);
  left->addWidget(count_);
  left->addWidget(trouble_);
  left->addWidget(scroll_, 1);
  details_ = new RepoDetails;
  details_->setMinimumWidth(280);
  row->addLayout(left, 3);
  row->addWidget(details_, 2);
  return results;
}

void DiscoverView::connectAll() {
  connect(field_, &QLineEdit::textEdited, this, [this] { search_.ask(question()); });
  connect(field_, &QLineEdit::returnPressed, this, [this] { search_.askNow(question()); });
  for (QComboBox* box : {hub_, order_})
    connect(box, &QComboBox::activated, this, [this] {
      if (search_.state() != HubSearch::State::idle || !field_->text().isEmpty()) search_.askNow(question());
    });
  connect(state_, &EmptyState::pressed, this,
          [this] { asks_again_ ? search_.askAgain() : search_.askNow(question()); });
  connect(more_, &QPushButton::clicked, &search_, &HubSearch::more);
  connect(&search_, &HubSearch::stateChanged, this, &DiscoverView::showState);
  connect(&search_, &HubSearch::modelsChanged, this, &DiscoverView::addRows);
  connect(&search_, &HubSearch::lookChanged, this, [this](size_t row) {
    if (row < rows_.size()) rows_[row]->setLook(search_.look(row));
    if (static_cast<int>(row) == chosen_) refreshChosen();
  });
  connect(scroll_->verticalScrollBar(), &QScrollBar::valueChanged, this, &DiscoverView::lookAtVisible);
  connect(details_, &RepoDetails::downloadRequested, this, [this] {
    const auto& models = search_.models();
    if (chosen_ >= 0) context_.downloads.start(search_.question().hub, models[static_cast<size_t>(chosen_)].repo);
  });
  connect(details_, &RepoDetails::progressRequested, this, &DiscoverView::downloadsRequested);
  connect(details_, &RepoDetails::buildRequested, this, &DiscoverView::buildRequested);
  connect(details_, &RepoDetails::againRequested, this, [this] {
    if (chosen_ >= 0) search_.lookAgain(static_cast<size_t>(chosen_));
  });
  connect(&context_.downloads, &Downloads::changed, this, &DiscoverView::refreshChosen);
  connect(&context_.library, &Library::changed, this, &DiscoverView::refreshHere);
}

HubSearch::Question DiscoverView::question() const {
  return {static_cast<HubKind>(hub_->currentData().toInt()), field_->text(),
          static_cast<SearchOrder>(order_->currentData().toInt())};
}

void DiscoverView::focusSearch() { field_->setFocus(); }

QString DiscoverView::stateText() const {
  if (pages_->currentIndex() == 1) return trouble_->isHidden() ? QString() : trouble_->message();
  QStringList texts;
  for (const QLabel* label : state_->findChildren<QLabel*>())
    if (!label->text().isEmpty()) texts << label->text();
  return texts.join(QLatin1Char('\n'));
}

void DiscoverView::showState() {
  const bool has_rows = !search_.models().empty();
  const HubSearch::State state = search_.state();
  const QString hub = hubName(search_.question().hub);
  asks_again_ = state == HubSearch::State::failed;
  more_->setEnabled(state != HubSearch::State::searching);
  trouble_->setMessage(state == HubSearch::State::failed ? qs(search_.error().message) : QString());
  trouble_->setVisible(state == HubSearch::State::failed);
  more_->setVisible(search_.hasMore());
  pages_->setCurrentIndex(has_rows ? 1 : 0);
  if (has_rows) return;
  switch (state) {
    case HubSearch::State::idle:
      return state_->setTexts(
          tr("Find a model"),
          tr("Search Hugging Face or ModelScope. Every model shows how much would be fetched and whether its engines "
             "fit this computer. Nothing is asked of the network before you search."),
          tr("Show the most downloaded"));
    case HubSearch::State::searching:
      return state_->setTexts(tr("Searching %1…").arg(hub), {}, {});
    case HubSearch::State::done:
      return state_->setTexts(
          tr("Nothing found"),
          tr("%1 has no language model for “%2”. Try fewer words, or the other hub.").arg(hub, search_.question().text),
          {});
    case HubSearch::State::failed:
      return showFailure(search_.error());
  }
}

void DiscoverView::showFailure(const Error& error) {
  QString title = tr("The search failed");
  if (error.kind == ErrorKind::unreachable) title = tr("The hub cannot be reached");
  if (error.kind == ErrorKind::rate_limited) title = tr("Too many requests for now");
  if (error.kind == ErrorKind::not_allowed) title = tr("The hub refuses");
  if (error.kind == ErrorKind::not_found) title = tr("Not found");
  state_->setTexts(title, qs(error.message), tr("Try again"));
}

void DiscoverView::addRows(bool is_new) {
  if (is_new) {
    for (ModelRow* row : rows_) row->hide(), row->deleteLater();
    rows_.clear();
    chosen_ = -1;
    details_->clear();
    scroll_->verticalScrollBar()->setValue(0);
  }
  for (size_t i = rows_.size(); i < search_.models().size(); ++i) {
    auto* row = new ModelRow(search_.models()[i]);
    row->setLook(search_.look(i));
    row->installEventFilter(this);
    connect(row, &ModelRow::toggled, this, [this, i](bool on) {
      if (on) choose(static_cast<int>(i));
    });
    column_->addWidget(row);
    rows_.push_back(row);
  }
  count_->setText(rows_.size() == 1 ? tr("1 model") : tr("%1 models").arg(rows_.size()));
  refreshHere();
  // Once the rows have their places.
  QMetaObject::invokeMethod(this, &DiscoverView::lookAtVisible, Qt::QueuedConnection);
}

void DiscoverView::lookAtVisible() {
  if (!isVisible()) return;
  std::vector<size_t> wanted;
  if (chosen_ >= 0) wanted.push_back(static_cast<size_t>(chosen_));
  for (size_t i = 0; i < rows_.size(); ++i)
    if (!rows_[i]->visibleRegion().isEmpty()) wanted.push_back(i);
  search_.lookAt(wanted);
}

void DiscoverView::choose(int row) {
  chosen_ = row;
  refreshChosen();
  lookAtVisible();
}

std::string DiscoverView::folderOf(const RepoId& repo) const {
  for (const CheckpointListing& listing : context_.library.checkpoints())
    if (listing.cached && listing.error.empty() && listing.cached->hub == search_.question().hub &&
        listing.cached->repo == repo && !context_.downloads.fills(listing.path))
      return listing.path;
  return {};
}

void DiscoverView::refreshChosen() {
  if (chosen_ < 0 || !isVisible()) return;
  const auto row = static_cast<size_t>(chosen_);
  const HubModel& model = search_.models()[row];
  details_->setModel(search_.question().hub, model, search_.look(row), search_.device(),
                     {context_.downloads.find(search_.question().hub, model.repo), folderOf(model.repo)});
}

void DiscoverView::refreshHere() {
  for (size_t i = 0; i < rows_.size(); ++i) rows_[i]->setHere(!folderOf(search_.models()[i].repo).empty());
  refreshChosen();
}

void DiscoverView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  refreshChosen();  // downloads went on meanwhile
  search_.goOn();
}

void DiscoverView::hideEvent(QHideEvent* event) {
  search_.cancel();
  QWidget::hideEvent(event);
}

void DiscoverView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  lookAtVisible();
}

// Down leads from the field into the rows; a row that gets the focus comes into view.
bool DiscoverView::eventFilter(QObject* object, QEvent* event) {
  if (object == field_ && event->type() == QEvent::KeyPress && !rows_.empty() &&
      static_cast<QKeyEvent*>(event)->key() == Qt::Key_Down) {
    rows_.front()->setFocus(Qt::TabFocusReason);
    rows_.front()->setChecked(true);
    return true;
  }
  if (event->type() == QEvent::FocusIn)
    if (auto* row = qobject_cast<ModelRow*>(object)) scroll_->ensureWidgetVisible(row, 0, space::s);
  return QWidget::eventFilter(object, event);
}

}  // namespace flightdeck
