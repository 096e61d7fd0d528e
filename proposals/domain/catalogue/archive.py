"""Why an archive cannot be written or read, by code."""

ARCHIVE: dict[str, tuple[str, str]] = {
    "archive_needs_library": (
        "this takes {library}: pip install 'fivestep-proposals[{extra}]'",
        "此功能需要 {library}：pip install 'fivestep-proposals[{extra}]'",
    ),
    "archive_needs_java": (
        "Spark does not start ({why}): it needs Java 17, on the path or named by JAVA_HOME",
        "Spark 无法启动（{why}）：需要 Java 17，应在 PATH 中或由 JAVA_HOME 指定",
    ),
    "archive_missing": (
        "{directory} holds no archive: write one with `proposals export --format parquet`",
        "{directory} 中没有归档：请先用 `proposals export --format parquet` 导出",
    ),
    "archive_damaged": (
        "the archive in {directory} is damaged ({file} cannot be read): export into an empty folder",
        "{directory} 中的归档已损坏（无法读取 {file}）：请导出到一个空文件夹",
    ),
    "archive_replaced": (
        "the archive in {directory} has been written anew, more than once, since it was opened: open it again",
        "{directory} 中的归档在打开之后已多次更新：请重新打开",
    ),
    "archive_twice": (
        "the archive in {directory} is of a log that is read already: name each county once",
        "{directory} 中归档的日志已在读取之列：每个县只能给出一次",
    ),
    "archives_differ": (
        "the archives tell different things of {unit}: each county needs unit ids of its own",
        "各归档对 {unit} 的记载不一致：各县的单位编号不得相同",
    ),
    "archive_newer": (
        "the archive in {directory} has format {found}, this release knows {known}: install a newer release",
        "{directory} 中归档的格式为 {found}，本版本只支持 {known}：请安装更新的版本",
    ),
    "archive_of_another_log": (
        "the archive in {directory} is of another log: export into a folder of this store's own",
        "{directory} 中的归档属于另一份日志：请导出到本库专用的文件夹",
    ),
    "archive_in_use": (
        "another export is writing to {directory}",
        "另一个导出正在写入 {directory}",
    ),
}
