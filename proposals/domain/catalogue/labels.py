"""What people call things: states, steps, roles, tiers, headings."""

LABELS: dict[str, tuple[str, str]] = {
    # steps
    "raise": ("raise", "提事"),
    "discuss": ("discuss", "议事"),
    "decide": ("decide", "定事"),
    "handle": ("handle", "办事"),
    "evaluate": ("evaluate", "评事"),
    # states of a case
    "raised": ("raised", "已提出"),
    "returned": ("returned", "已退回"),
    "accepted": ("accepted", "已受理"),
    "discussing": ("discussing", "议事中"),
    "tabled": ("tabled", "待定事"),
    "announced": ("announced", "公示中"),
    "confirmed": ("confirmed", "已生效"),
    "handling": ("handling", "办理中"),
    "suspended": ("suspended", "已挂起"),
    "verifying": ("verifying", "核查中"),
    "handled": ("handled", "已办结"),
    "reported": ("reported", "已反馈"),
    "evaluating": ("evaluating", "评议中"),
    "evaluated": ("evaluated", "已评议"),
    "rectifying": ("rectifying", "整改中"),
    "closed": ("closed", "已销号"),
    "refused": ("refused", "不予受理"),
    "rejected": ("rejected", "已否决"),
    "withdrawn": ("withdrawn", "已撤回"),
    "merged": ("merged", "已并案"),
    "archived": ("archived", "已归档"),
    # outcomes
    "settled": ("settled", "就地解决"),
    "infeasible": ("infeasible", "无法办理"),
    "unresolved": ("unresolved", "未决"),
    "lapsed": ("lapsed", "逾期失效"),
    "imported": ("imported", "导入"),
    # tiers
    "county": ("county", "县"),
    "street": ("street", "街道"),
    "community": ("community", "社区"),
    "grid": ("grid", "网格"),
    "building": ("building", "楼栋"),
}
