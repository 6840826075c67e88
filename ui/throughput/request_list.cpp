#include "ui/throughput/request_list.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/format.h"
#include "ui/widgets/controls.h"
#include "ui/widgets/elided_label.h"

namespace flightdeck {
namespace {
constexpr size_t kMaxRows = 128;
}

RequestList::RequestList(QWidget* parent) : QScrollArea(parent) {
  setWidgetResizable(true);
  setFrameShape(QFrame::NoFrame);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto* body = new QWidget;
  setLook(body, "panel");
  column_ = makeBox<QVBoxLayout>(body, 0, 0);
  empty_ = makeLabel(tr("Nothing runs. Send a message, or several from different chats: they share one batch."),
                     type::small, Tone::muted);
  empty_->setWordWrap(true);
  column_->addWidget(empty_);
  column_->addStretch();
  setWidget(body);
}

void RequestList::addRow() {
  Row row;
  row.widget = new QWidget;
  auto* outer = makeBox<QVBoxLayout>(row.widget, 0, 0);
  auto* line = makeBox<QHBoxLayout>(nullptr, 0, space::s);
  line->setContentsMargins(0, space::xs, 0, space::xs);
  auto* words = makeBox<QVBoxLayout>(nullptr, 0, 0);
  row.name = new ElidedLabel;
  row.name->setFont(fontOf(FontKind::ui, type::body));
  row.state = new ElidedLabel;  // in a narrow window it gives way to the button
  row.state->setFont(fontOf(FontKind::ui, type::tiny));
  row.cancel = makeButton(tr("cancel"), "quiet");
  words->addWidget(row.name);
  words->addWidget(row.state);
  line->addLayout(words, 1);
  line->addWidget(row.cancel);
  outer->addLayout(line);
  outer->addWidget(makeFrame("line"));
  column_->insertWidget(static_cast<int>(rows_.size()) + 1, row.widget);
  const size_t index = rows_.size();
  connect(row.cancel, &QPushButton::clicked, this, [this, index] { Q_EMIT cancelRequested(rows_[index].id); });
  rows_.push_back(row);
}

void RequestList::setRequests(const std::vector<RequestView>& requests) {
  const size_t count = std::min(requests.size(), kMaxRows);
  while (rows_.size() < count) addRow();
  empty_->setVisible(count == 0);
  for (size_t i = 0; i < rows_.size(); ++i) {
    Row& row = rows_[i];
    row.widget->setVisible(i < count);
    if (i >= count) continue;
    const RequestView& request = requests[i];
    row.id = request.id;
    row.name->setText(QStringLiteral("#%1 %2").arg(request.id).arg(qs(request.label)));
    row.cancel->setAccessibleName(tr("Cancel request %1").arg(request.id));
    switch (request.state) {
      case RequestView::State::queued:
        row.state->setText(tr("queued %1").arg(formatSeconds(request.age_ms / 1000)));
        setTone(row.state, Tone::queue);
        break;
      case RequestView::State::prefill:
        row.state->setText(
            tr("prefill %1 / %2").arg(formatCount(request.prefilled_tokens), formatCount(request.prompt_tokens)));
        setTone(row.state, Tone::prefill);
        break;
      case RequestView::State::decode:
        // A rate needs two tokens.
        row.state->setText(request.generated_tokens < 2
                               ? tr("decode, first token")
                               : tr("decode %1 tok/s · %2 tokens")
                                     .arg(formatRate(request.tokens_per_s), formatCount(request.generated_tokens)));
        setTone(row.state, Tone::accent);
        break;
    }
  }
}

}  // namespace flightdeck
