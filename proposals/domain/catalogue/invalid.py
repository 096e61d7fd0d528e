"""Why something from outside is no command: one reason for each way in which a field can be wrong."""

INVALID: dict[str, tuple[str, str]] = {
    "invalid_not_an_object": (
        'is not a JSON object; write {{"command": "RaiseProposal", …}}',
        '不是 JSON 对象；应写成 {{"command": "RaiseProposal", …}}',
    ),
    "invalid_empty": ("is empty; remove it, or write a command", "为空；请删除此行或写入命令"),
    "invalid_utf8": (
        "is not UTF-8 text (byte {byte}); save the file as UTF-8",
        "不是 UTF-8 文本（第 {byte} 字节）；请将文件存为 UTF-8",
    ),
    "invalid_utf8_file": ("is not UTF-8 text; save it as UTF-8", "不是 UTF-8 文本；请存为 UTF-8"),
    "invalid_toml": ("is not TOML: {what}", "不是 TOML：{what}"),
    "invalid_json": ("is not JSON: {what} (column {column})", "不是 JSON：{what}（第 {column} 列）"),
    "invalid_twice": ("is given twice; say it once", "重复出现；只写一次"),
    "invalid_nan": ("NaN and Infinity are no JSON numbers", "NaN 和 Infinity 不是 JSON 数字"),
    "invalid_deep": ("is nested deeper than {limit} levels", "嵌套超过 {limit} 层"),
    "invalid_large_number": ("holds a number that is too large", "数字过大"),
    "invalid_large_line": (
        "is longer than {limit} MB; one command to a line",
        "超过 {limit} MB；每行只写一条命令",
    ),
    "invalid_surrogate": (
        "holds half a character (a lone surrogate); write the whole one",
        "含有半个字符（孤立的代理码）；请写完整字符",
    ),
    "invalid_not_json": ("is of a type that JSON does not have", "类型不是 JSON 类型"),
    "invalid_no_command": (
        "is missing; name one, such as RaiseProposal (`proposals schema` lists them)",
        "缺少；请写明命令，如 RaiseProposal（`proposals schema` 列出全部）",
    ),
    "invalid_command": (
        "there is no such command; `proposals schema` lists them",
        "没有这个命令；`proposals schema` 列出全部",
    ),
    "invalid_command_like": (
        "there is no such command; did you mean {near}?",
        "没有这个命令；是否指 {near}？",
    ),
    "invalid_missing": ("is missing; fill it in", "缺少；请填写"),
    "invalid_field": (
        "{command} has no such field; it has: {fields}",
        "{command} 没有这个字段；可用字段：{fields}",
    ),
    "invalid_inner_field": ("there is no such field here", "此处没有这个字段"),
    "invalid_text": ("must be text", "须为文本"),
    "invalid_int": ("must be a whole number, without quotes", "须为整数，不加引号"),
    "invalid_bool": ("must be true or false, without quotes", "须为 true 或 false，不加引号"),
    "invalid_list": ("must be a list [ … ]", "须为列表 [ … ]"),
    "invalid_object": ("must be an object {{ … }}", "须为对象 {{ … }}"),
    "invalid_nothing": ("must be left out", "不得填写"),
    "invalid_naive": (
        "needs a time zone, such as 2026-03-02T09:00:00+08:00",
        "缺少时区，应写成 2026-03-02T09:00:00+08:00",
    ),
    "invalid_instant": (
        "is not a time; write 2026-03-02T09:00:00+08:00",
        "不是时间；应写成 2026-03-02T09:00:00+08:00",
    ),
    "invalid_date": ("is not a day; write 2026-03-02", "不是日期；应写成 2026-03-02"),
    "invalid_choice": ("must be one of: {choices}", "须为以下之一：{choices}"),
    "invalid_id": (
        "is no id of this kind; write {kind}- and up to 80 of A-Z a-z 0-9 . _ -, such as {kind}-42",
        "不是此类编号；应以 {kind}- 开头，后接至多 80 个 A-Z a-z 0-9 . _ -，如 {kind}-42",
    ),
    "invalid_person": (
        "is no id; up to 80 of A-Z a-z 0-9 . _ @ -, beginning with a letter or digit, and never a name",
        "不是编号；至多 80 个 A-Z a-z 0-9 . _ @ -，以字母或数字开头，不得用姓名",
    ),
    "invalid_code": (
        "is no code; small letters, digits and . _ - only",
        "不是代码；只能用小写字母、数字和 . _ -",
    ),
    "invalid_control": (
        "holds a control character; only line ends and tabs may stand in a text",
        "含有控制字符；文本中只允许换行和制表符",
    ),
    "invalid_pattern": ("does not have the form {pattern}", "格式应为 {pattern}"),
    "invalid_too_short": ("is empty or shorter than {limit} characters", "为空或少于 {limit} 字"),
    "invalid_too_long": ("is longer than {limit} characters; shorten it", "超过 {limit} 字；请缩短"),
    "invalid_too_few": ("has fewer than {limit} entries", "少于 {limit} 项"),
    "invalid_too_many": ("has more than {limit} entries", "多于 {limit} 项"),
    "invalid_above": ("must be above {limit}", "须大于 {limit}"),
    "invalid_at_least": ("must be at least {limit}", "不得小于 {limit}"),
    "invalid_below": ("must be below {limit}", "须小于 {limit}"),
    "invalid_at_most": ("must be at most {limit}", "不得大于 {limit}"),
    "invalid_zone": (
        "is no time zone; use an IANA name such as Asia/Shanghai",
        "不是时区；请用 IANA 名称，如 Asia/Shanghai",
    ),
    "invalid_calendar": (
        "is outside the calendar once it is brought to UTC",
        "换算为 UTC 后超出日历范围",
    ),
    # policies
    "invalid_period": (
        "is no period of at most four digits; write '2 hours', '15 days' or '5 working days'",
        "不是四位数以内的期限；应写成 '2 hours'、'15 days' 或 '5 working days'",
    ),
    "invalid_threshold": (
        "is above the whole and could never be met",
        "超过全体，永远无法达到",
    ),
    "invalid_lacks": ("{field} lacks {missing}", "{field} 缺少 {missing}"),
    "invalid_archive_as": (
        "archive_as is none of the retention classes: {classes}",
        "archive_as 不在保管期限之列：{classes}",
    ),
    "invalid_minimum_ballots": (
        "minimum_ballots is below min_cell: a round that small would show who voted how",
        "minimum_ballots 小于 min_cell：票数过少会暴露投票人",
    ),
    # mappings of ledgers
    "invalid_no_column": (
        "names no column; columns are written as {{Column}}",
        "没有列名；列名应写成 {{列名}}",
    ),
    "invalid_brace": (
        "has a lone {brace}: columns are named as {{Column}}, a brace is written twice",
        "有单独的 {brace}：列名写成 {{列名}}，花括号本身须写两次",
    ),
    "invalid_encoding": (
        "is no text encoding; use utf-8 or gb18030",
        "不是文本编码；请用 utf-8 或 gb18030",
    ),
    "invalid_form": (
        "does not give year, month and day; write it as in 2026-03-02 = %Y-%m-%d",
        "未给出年月日；应写成如 2026-03-02 = %Y-%m-%d",
    ),
    "invalid_expression": ("is no regular expression: {what}", "不是正则表达式：{what}"),
    "invalid_groups": (
        "needs exactly one group: the part of the name that counts",
        "须有且只有一个分组，即名称中有效的部分",
    ),
    "invalid_open_and_closed": ("open and closed at once: {words}", "同时列为办结和未办结：{words}"),
    "invalid_no_status": ("no status is open or closed", "没有任何办结或未办结状态"),
    "invalid_stands_under": (
        "a {tier} stands under one of: {allowed}",
        "{tier} 的上级须为：{allowed}",
    ),
    "invalid_place_tier": (
        "a matter lies in a community, a grid or a building",
        "事项所在地须为社区、网格或楼栋",
    ),
    "invalid_department": ("an area is no department", "行政区域不是部门"),
    "invalid_root_prefix": (
        "root.unit begins with the prefix {prefix}, so a unit could get its id",
        "root.unit 以前缀 {prefix} 开头，可能与某单位编号相同",
    ),
    "invalid_prefixes": (
        "the prefixes {one} and {other} could give two units one id",
        "前缀 {one} 与 {other} 可能使两个单位编号相同",
    ),
    # files of commands
    "invalid_id_twice": (
        "stands on line {line} already; with --atomic each command has an id of its own",
        "第 {line} 行已使用；--atomic 时每条命令须有自己的编号",
    ),
    "invalid_column": (
        "the template of {command} has no such column; make it anew with `proposals template {command}`",
        "{command} 的模板没有这一列；请用 `proposals template {command}` 重新生成",
    ),
    "invalid_figure": (
        "there is no figure {figures}; there are {known}",
        "没有指标 {figures}；可用：{known}",
    ),
}
