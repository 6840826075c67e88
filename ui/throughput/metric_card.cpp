#include "ui/throughput/metric_card.h"

#include <QVBoxLayout>

#include "ui/widgets/elided_label.h"

namespace flightdeck {
namespace {
constexpr int kValueSize = 20;
}

MetricCard::MetricCard(const QString& name, Tone tone, QWidget* parent) : QFrame(parent), name_(name) {
  setProperty("look", "card");
  setMinimumWidth(100);
  auto* column = makeBox<QVBoxLayout>(this, 0, 0);
  column->setContentsMargins(space::l, space::s, space::s, space::s);
  column->addWidget(makeLabel(name, type::small, Tone::muted));
  value_ = makeLabel(QStringLiteral("–"), kValueSize, tone, FontKind::semibold);
  detail_ = new ElidedLabel;
  detail_->setFont(fontOf(FontKind::ui, type::tiny));
  detail_->setProperty("tone", "faint");
  value_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  column->addWidget(value_);
  column->addWidget(detail_);
}

void MetricCard::setValue(const QString& value, const QString& detail, const QString& brief) {
  int size = kValueSize;  // smaller in a narrow card: a figure is never cut
  while (size > type::small &&
         QFontMetrics(fontOf(FontKind::semibold, size)).horizontalAdvance(value) > value_->width())
    --size;
  if (size != value_->font().pixelSize()) value_->setFont(fontOf(FontKind::semibold, size));
  value_->setText(value);
  const bool fits = brief.isEmpty() || detail_->fontMetrics().horizontalAdvance(detail) <= detail_->width();
  detail_->setText(fits ? detail : brief);
  detail_->setToolTip(fits ? QString() : detail);
  setAccessibleName(QStringLiteral("%1: %2, %3").arg(name_, value, detail));
}

}  // namespace flightdeck
