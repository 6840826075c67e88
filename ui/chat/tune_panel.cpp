#include "ui/chat/tune_panel.h"

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSpinBox>
#include <QVBoxLayout>
#include <utility>

#include "ui/format.h"
#include "ui/widgets/controls.h"

namespace flightdeck {
namespace {

QDoubleSpinBox* number(double low, double high, double step) {
  auto* box = new QDoubleSpinBox;
  box->setRange(low, high);
  box->setSingleStep(step);
  box->setDecimals(2);
  return box;
}

QPlainTextEdit* field(int height, const QString& placeholder) {
  auto* edit = new QPlainTextEdit;
  edit->setProperty("look", "field");
  edit->setPlaceholderText(placeholder);
  edit->setFixedHeight(height);
  edit->setTabChangesFocus(true);
  return edit;
}

}  // namespace

TunePanel::TunePanel(QWidget* parent) : QFrame(parent) {
  setProperty("look", "side");
  setFixedWidth(300);
  auto* outer = makeBox<QVBoxLayout>(this, 0, 0);
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  auto* body = new QWidget;
  setLook(body, "panel");
  auto* column = makeBox<QVBoxLayout>(body, space::l, space::s);
  scroll->setWidget(body);
  outer->addWidget(scroll);

  auto* head = makeBox<QHBoxLayout>(nullptr, 0, space::s);
  head->addWidget(makeLabel(tr("Tune this chat"), type::reading, Tone::text, FontKind::semibold));
  head->addStretch();
  auto* close = makeIconButton(QStringLiteral("close"), tr("Close"));
  head->addWidget(close);
  column->addLayout(head);
  column->addWidget(makeLabel(tr("System prompt"), type::small, Tone::muted));
  system_ = field(112, tr("How the model should answer in this chat, for example: Answer in one sentence."));
  system_->setAccessibleName(tr("System prompt"));
  column->addWidget(system_);
  column->addSpacing(space::s);

  auto* form = new QFormLayout;
  form->setSpacing(space::s);
  form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  const auto row = [&form](const QString& name, const QString& help, QWidget* widget) {
    QLabel* label = makeLabel(name, type::small, Tone::muted, FontKind::mono);
    label->setToolTip(help);
    label->setMinimumHeight(30);
    label->setBuddy(widget);
    widget->setToolTip(help);
    widget->setAccessibleName(name);
    form->addRow(label, widget);
  };
  max_tokens_ = new QSpinBox;
  max_tokens_->setRange(1, 1000000);
  row(QStringLiteral("max_tokens"), tr("The longest answer"), max_tokens_);
  column->addLayout(form);
  use_model_ = new QCheckBox(tr("Sampling as the model suggests"));
  column->addSpacing(space::s);
  column->addWidget(use_model_);

  fields_ = new QWidget;
  form = new QFormLayout(fields_);
  form->setContentsMargins(0, 0, 0, 0);
  form->setSpacing(space::s);
  temperature_ = number(0, 100, 0.1);
  row(QStringLiteral("temperature"), tr("0 always takes the likeliest token; higher is more varied"), temperature_);
  top_p_ = number(0.01, 1, 0.05);
  row(QStringLiteral("top_p"), tr("Only the likeliest tokens that together have this probability"), top_p_);
  top_k_ = new QSpinBox;
  top_k_->setRange(0, 1000000);
  top_k_->setSpecialValueText(tr("off"));
  row(QStringLiteral("top_k"), tr("Only this many of the likeliest tokens"), top_k_);
  min_p_ = number(0, 1, 0.01);
  row(QStringLiteral("min_p"), tr("Only tokens at least this fraction as likely as the likeliest"), min_p_);
  repetition_ = number(0.01, 10, 0.05);
  row(QStringLiteral("repetition_penalty"), tr("Above 1: tokens that were used become less likely"), repetition_);
  seed_ = new QLineEdit;
  seed_->setPlaceholderText(tr("random"));
  row(QStringLiteral("seed"), tr("The same seed gives the same answer"), seed_);
  column->addWidget(fields_);
  column->addWidget(makeLabel(tr("Stop texts, one a line"), type::small, Tone::muted));
  stop_ = field(64, tr("The answer ends before any of these"));
  stop_->setAccessibleName(tr("Stop texts"));
  column->addWidget(stop_);
  column->addStretch();

  later_.setSingleShot(true);
  later_.setInterval(400);
  connect(&later_, &QTimer::timeout, this, [this] { Q_EMIT optionsChanged(options()); });
  connect(close, &QPushButton::clicked, this, &TunePanel::closed);
  connect(system_, &QPlainTextEdit::textChanged, this, &TunePanel::edited);
  connect(stop_, &QPlainTextEdit::textChanged, this, &TunePanel::edited);
  connect(seed_, &QLineEdit::textEdited, this, &TunePanel::edited);
  for (QDoubleSpinBox* box : {temperature_, top_p_, min_p_, repetition_})
    connect(box, &QDoubleSpinBox::valueChanged, this, &TunePanel::edited);
  for (QSpinBox* box : {top_k_, max_tokens_}) connect(box, &QSpinBox::valueChanged, this, &TunePanel::edited);
  connect(use_model_, &QCheckBox::toggled, this, [this](bool on) {
    fields_->setEnabled(!on);
    if (on && !filling_) showSampling(model_);
    edited();
  });
}

void TunePanel::showSampling(const SamplingParams& sampling) {
  const bool was = std::exchange(filling_, true);
  temperature_->setValue(sampling.temperature);
  top_p_->setValue(sampling.top_p);
  top_k_->setValue(sampling.top_k);
  min_p_->setValue(sampling.min_p);
  repetition_->setValue(sampling.repetition_penalty);
  seed_->setText(sampling.seed ? QString::number(sampling.seed) : QString());
  QStringList stops;
  for (const std::string& stop : sampling.stop) stops << qs(stop);
  stop_->setPlainText(stops.join(QLatin1Char('\n')));
  filling_ = was;
}

void TunePanel::setOptions(const ChatOptions& options, const SamplingParams& model) {
  if (later_.isActive()) return;  // the user is typing: what is shown is newer
  options_ = options;
  model_ = model;
  filling_ = true;
  if (system_->toPlainText() != qs(options.system_prompt)) system_->setPlainText(qs(options.system_prompt));
  max_tokens_->setValue(options.max_tokens);
  use_model_->setChecked(options.use_model_sampling);
  fields_->setEnabled(!options.use_model_sampling);
  showSampling(options.use_model_sampling ? model : options.sampling);
  filling_ = false;
}

ChatOptions TunePanel::options() const {
  ChatOptions options = options_;
  options.system_prompt = system_->toPlainText().toStdString();
  options.max_tokens = max_tokens_->value();
  options.use_model_sampling = use_model_->isChecked();
  SamplingParams& sampling = options.sampling;
  sampling.temperature = temperature_->value();
  sampling.top_p = top_p_->value();
  sampling.top_k = top_k_->value();
  sampling.min_p = min_p_->value();
  sampling.repetition_penalty = repetition_->value();
  sampling.seed = seed_->text().toULongLong();
  sampling.stop.clear();
  for (const QString& line : stop_->toPlainText().split(QLatin1Char('\n'), Qt::SkipEmptyParts))
    sampling.stop.push_back(line.toStdString());
  return options;
}

void TunePanel::edited() {
  if (!filling_) later_.start();
}

void TunePanel::focusSystemPrompt() { system_->setFocus(); }

}  // namespace flightdeck
