"""What a policy check says."""

POLICY_FINDINGS: dict[str, tuple[str, str]] = {
    "policy_no_exit": (
        "{field}: without its action a case could wait in this state for ever",
        "{field}：缺少到期动作，事项可能永远停在此状态",
    ),
    "policy_no_deadline": ("{field}: the state has no owner and no time", "{field}：此状态没有责任人和期限"),
    "policy_no_time": ("{field}: the time is missing", "{field}：缺少期限"),
    "policy_unknown_state": ("{field}: there is no such state", "{field}：没有这个状态"),
    "policy_action_out_of_place": (
        "{field}: the action cannot be done there, so the clock would try it for ever",
        "{field}：该状态不能执行此到期动作，系统会反复尝试",
    ),
    "policy_no_discussion": (
        "{field}: with zero no accepted matter could ever be discussed",
        "{field}：设为零后已受理事项无法议事",
    ),
    "policy_unreachable": (
        "{field}: zero makes the rule unreachable; nobody will ever be able to use it",
        "{field}：设为零后该规则永远无法使用",
    ),
    "policy_always_met": ("{field}: a share of nothing is always reached", "{field}：零比例总能满足"),
    "policy_cell_too_small": (
        "{field} is below 3: a count that small shows who voted how",
        "{field} 小于 3：票数过少会暴露投票人",
    ),
    "policy_no_time_to_handle": (
        "{field}: not longer than the time to acknowledge",
        "{field}：办理期限不长于签收期限",
    ),
    "policy_archived_too_soon": (
        "{field}: cases would be archived inside their reopen window",
        "{field}：事项会在可重启期内被归档",
    ),
}
