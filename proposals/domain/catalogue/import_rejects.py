"""Why a row of a ledger cannot be taken over where no refusal says it; the codes are as stable as those of refusals."""

IMPORT_REJECTS: dict[str, tuple[str, str]] = {
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
