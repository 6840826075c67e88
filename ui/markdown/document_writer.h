// Writes one block into a text document: spans to formats, lists to indents, tables to tables. GUI thread only.
#pragma once

#include <QTextDocument>

#include "ui/markdown/splitter.h"
#include "ui/theme.h"

namespace flightdeck {

void writeBlock(QTextDocument& document, const Block& block, bool plain, const Colors& colors);
/// Cells of one table row, bars inside code not counted.
QStringList tableCells(const QString& row);

}  // namespace flightdeck
