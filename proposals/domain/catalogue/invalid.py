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
    "invalid_id_twice": (
        "stands on line {line} already; with --atomic each command has an id of its own",
        "第 {line} 行已使用；--atomic 时每条命令须有自己的编号",
    ),
    "invalid_column": (
        "the template of {command} has no such column; make it anew with `proposals template {command}`",
        "{command} 的模板没有这一列；请用 `proposals template {command}` 重新生成",
    ),
}
