#include "ui/build/advanced_panel.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QSpinBox>
#include <QVBoxLayout>

#include "ui/format.h"
#include "ui/widgets/controls.h"

namespace flightdeck {
namespace {

QSpinBox* count(int low, int high, const QString& zero = {}) {
  auto* box = new QSpinBox;
  box->setRange(low, high);
  box->setSpecialValueText(zero);
  return box;
}

QComboBox* choice(const QStringList& values) {
  auto* box = new QComboBox;
  box->addItems(values);
  return box;
}

}  // namespace

AdvancedPanel::AdvancedPanel(QWidget* parent) : QFrame(parent) {
  setProperty("look", "card");
  auto* column = makeBox<QVBoxLayout>(this, space::l, space::m);
  column->addWidget(makeLabel(tr("Advanced"), type::reading, Tone::text, FontKind::semibold));
  auto* form = new QFormLayout;
  form->setHorizontalSpacing(space::l);
  form->setVerticalSpacing(space::s);
  form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  const auto row = [form](const QString& name, QWidget* widget, const QString& help) {
    QLabel* label = makeLabel(name, type::small, Tone::muted, FontKind::mono);
    label->setToolTip(help);
    label->setMinimumHeight(30);
    label->setBuddy(widget);
    widget->setMinimumHeight(30);
    widget->setToolTip(help);
    widget->setAccessibleName(name);
    form->addRow(label, widget);
  };
  max_batch_size_ = count(1, 1024);
  row(QStringLiteral("max_batch_size"), max_batch_size_, tr("Sequences that run at the same time"));
  max_input_len_ = count(0, 10000000, tr("auto"));
  row(QStringLiteral("max_input_len"), max_input_len_, tr("The longest prompt in tokens"));
  max_output_len_ = count(0, 10000000, tr("auto"));
  row(QStringLiteral("max_output_len"), max_output_len_, tr("The longest answer in tokens"));
  dtype_ = choice(
      {QStringLiteral("auto"), QStringLiteral("float32"), QStringLiteral("float16"), QStringLiteral("bfloat16")});
  row(QStringLiteral("dtype"), dtype_, tr("Type of the weights that are not quantized"));
  kv_cache_dtype_ = choice({QStringLiteral("auto"), QStringLiteral("float16"), QStringLiteral("float32")});
  row(QStringLiteral("kv_cache_dtype"), kv_cache_dtype_, tr("Type of the key/value cache"));
  group_size_ = choice({QStringLiteral("32"), QStringLiteral("64"), QStringLiteral("128"), tr("per channel")});
  group_size_->setCurrentIndex(2);
  row(QStringLiteral("group_size"), group_size_,
      tr("Columns that share a scale; smaller is more exact and larger on disk"));
  quantize_lm_head_ = new QCheckBox;
  row(QStringLiteral("quantize_lm_head"), quantize_lm_head_, tr("Smaller and faster, at some cost in quality"));
  measure_error_ = new QCheckBox;
  measure_error_->setChecked(true);
  row(QStringLiteral("measure_error"), measure_error_,
      tr("Compares the engine's logits with full precision while building"));
  column->addLayout(form);
  column->addStretch();
  for (QSpinBox* box : {max_batch_size_, max_input_len_, max_output_len_})
    connect(box, &QSpinBox::valueChanged, this, &AdvancedPanel::changed);
  for (QComboBox* box : {dtype_, kv_cache_dtype_, group_size_})
    connect(box, &QComboBox::currentIndexChanged, this, &AdvancedPanel::changed);
  for (QCheckBox* box : {quantize_lm_head_, measure_error_})
    connect(box, &QCheckBox::toggled, this, &AdvancedPanel::changed);
  setFormat(QFormat::int8_wo);
}

void AdvancedPanel::setModel(const ModelConfig& config) {
  for (QSpinBox* box : {max_input_len_, max_output_len_}) box->setMaximum(std::max(1, config.max_positions));
}

void AdvancedPanel::setMaxBatchSize(int sequences) { max_batch_size_->setValue(sequences); }

void AdvancedPanel::setFormat(QFormat format) {
  group_size_->setEnabled(format == QFormat::int4_wo);
  quantize_lm_head_->setEnabled(format != QFormat::full_prec);
  measure_error_->setEnabled(format != QFormat::full_prec);
}

int AdvancedPanel::groupSize() const {
  return group_size_->currentIndex() == 3 ? 0 : group_size_->currentText().toInt();
}

void AdvancedPanel::apply(BuildOptions& options) const {
  options.max_batch_size = max_batch_size_->value();
  options.max_input_len = max_input_len_->value();
  options.max_output_len = max_output_len_->value();
  options.dtype = dtype_->currentText().toStdString();
  options.kv_cache_dtype = kv_cache_dtype_->currentText().toStdString();
  options.group_size = groupSize();
  options.quantize_lm_head = quantize_lm_head_->isChecked();
  options.measure_error = measure_error_->isChecked();
}

}  // namespace flightdeck
