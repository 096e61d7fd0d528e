"""Why a ledger, or a row of one, cannot be taken over where no refusal says it; the codes are as stable as those."""

IMPORT_REJECTS: dict[str, tuple[str, str]] = {
    "ledger_of_another_encoding": (
        "{file} is not {encoding} text (near byte {byte}); name its file.encoding in the mapping, such as 'gb18030'",
        "{file} 不是 {encoding} 文本（第 {byte} 字节附近）；请在映射文件中写明 file.encoding，例如 'gb18030'",
    ),
    "ledger_quote_left_open": (
        "{file}, line {line}: {why}; is a quote left open?",
        "{file} 第 {line} 行：{why}；引号是否没有闭合？",
    ),
    "ledger_no_spreadsheet": ("{file} is no spreadsheet: {why}", "{file} 不是电子表格：{why}"),
    "ledger_without_sheet": (
        "{file} has no sheet {sheet}; it has: {sheets}",
        "{file} 中没有工作表 {sheet}；现有工作表：{sheets}",
    ),
    "ledger_needs_openpyxl": (
        "reading .xlsx takes openpyxl: pip install 'fivestep-proposals[xlsx]'",
        "读取 .xlsx 需要 openpyxl：pip install 'fivestep-proposals[xlsx]'",
    ),
    "ledger_broken": ("{file}, line {line}: {why}", "{file} 第 {line} 行：{why}"),
    "ledger_empty": (
        "{file} is empty: it has not even the names of the columns",
        "{file} 是空的：连列名也没有",
    ),
    "more_cells_than_columns": (
        "the row has {cells} cells, the file {columns} columns; is a delimiter inside a cell not quoted?",
        "该行有 {cells} 格，而文件只有 {columns} 列；单元格内的分隔符是否没有加引号？",
    ),
    "row_unreadable": ("the row cannot be read: {why}", "该行无法读取：{why}"),
    "key_missing": ("the row has no key ({template})", "该行没有编号（{template}）"),
    "key_too_long": ("the key is longer than {limit} characters", "编号超过 {limit} 字"),
    "key_used_before": (
        "the key {key} was used in row {row} for something else",
        "编号 {key} 已在第 {row} 行使用，且内容不同",
    ),
    "key_of_another_source": (
        "{proposal} was taken over from {source} with the key {key}",
        "{proposal} 来自 {source}（编号 {key}），不是本台账的事项",
    ),
    "time_missing": ("{field} is empty", "{field} 为空"),
    "time_not_readable": ("{field}: {value} fits none of: {formats}", "{field}：{value} 不符合任何格式：{formats}"),
    "time_does_not_exist": (
        "{field}: {value} does not exist in {zone}, where the clocks were put forward",
        "{field}：{zone} 因调快时钟，不存在 {value} 这一时刻",
    ),
    "time_is_ambiguous": (
        "{field}: {value} came twice in {zone}, where the clocks were put back",
        "{field}：{zone} 因调慢时钟，{value} 出现两次",
    ),
    "status_missing": ("the row has no status ({template})", "该行没有状态（{template}）"),
    "status_unknown": (
        "the status {value} is neither among the open nor among the closed ones of the mapping",
        "状态 {value} 不在映射文件的未办结或已办结之列",
    ),
}
