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
        "the archive in {directory} is damaged ({why}): export into an empty folder",
        "{directory} 中的归档已损坏（{why}）：请导出到一个空文件夹",
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
