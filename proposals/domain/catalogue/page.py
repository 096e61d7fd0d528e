"""Texts of the evaluation page: headings, notes, and what every figure means in one sentence."""

PAGE: dict[str, tuple[str, str]] = {
    "page_title": ("Evaluation of the five steps", "五步工作法评价报告"),
    "page_until": ("Up to", "截至"),
    "page_never": ("nothing has been recorded yet", "尚无记录"),
    "page_told_by": ("Told apart by", "分列"),
    "page_cases": ("Cases", "事项"),
    "page_min_cell": ("Smallest cell", "最小公布数"),
    "page_min_cell_note": (
        "what ballots say is told from {ballots} ballots on; fewer, and what would give them away, is withheld",
        "评议结果满 {ballots} 票方予公布；不足的，以及可据以推算的，不予公布",
    ),
    "page_index": ("Index", "指数"),
    "page_index_named": ("{title}, version {version}", "{title}，第 {version} 版"),
    "page_of_100": ("of 100", "满分 100"),
    "page_not_ranked_whole": ("no points, for want of: {lacks}", "无得分，缺：{lacks}"),
    "page_figures": ("How well it was done", "工作成效"),
    "page_figures_note": (
        (
            "Each figure with the counts behind it, the 95 % interval in which the true share may well lie, and "
            "what was left out of the counts. What each means is at the end."
        ),
        "各项指标均列出分子、分母、真实比率可能所在的 95% 区间，以及不计入的数量。各指标含义见文末。",
    ),
    "page_interval": ("interval: {low}–{high}", "区间：{low}–{high}"),
    "page_left_out": ("left out: {what}", "不计入：{what}"),
    "page_better_more": ("more is better", "越高越好"),
    "page_better_less": ("less is better", "越低越好"),
    "page_steps": ("The five steps", "五个步骤"),
    "page_steps_note": (
        (
            "A case may skip a step or end early: what is settled in discussion is evaluated at once, and an "
            "imported case begins where it stood. So a later step may count more cases than an earlier one."
        ),
        (
            "事项可跳过步骤或提前结束：议事中就地解决的直接评议，"
            "导入的事项从原有进度开始，因此后面的步骤件数可能多于前面的。"
        ),
    ),
    "page_reached_chart": ("Cases that came to each step", "到达各步骤的事项数"),
    "page_time_chart": ("Days in each step: median and nine of ten", "各步骤用时（天）：中位数与九成"),
    "page_time_note": (
        (
            "Time counts for cases that have left a step, all their stays in it together. Dot: half took no longer; "
            "bar: nine of ten took no longer."
        ),
        "用时按已离开该步骤的事项计算，多次进入的合并。圆点：半数不超过；竖线：九成不超过。",
    ),
    "page_steps_table": ("Cases and time in each step", "各步骤的事项数与用时"),
    "page_reached": ("came to it", "到达"),
    "page_left": ("left it", "离开"),
    "page_outcomes_table": ("How the cases stand", "事项现状"),
    "page_outcome": ("outcome", "结果"),
    "page_still_open": ("still open", "未办结"),
    "page_share": ("share", "占比"),
    "page_participation": ("Participation", "参与情况"),
    "page_proposers": ("people who raised cases", "提出人数"),
    "page_proposers_note": ("each counted once; imported cases left out", "每人只计一次；不含导入事项"),
    "page_trend": ("Month by month", "月度趋势"),
    "page_trend_note": (
        (
            "A case counts in the month in which it was raised, an order in that of its dispatch, a round in that "
            "of its end. Bars: 95 % interval. Where a dot is missing there is no figure; the table says why. "
            "The latest months may still change."
        ),
        (
            "事项计入提出月份，工单计入派出月份，评议轮次计入结束月份。"
            "竖线为 95% 区间；无圆点处无数值，原因见表。最近几个月的数值可能变化。"
        ),
    ),
    "page_no_months": ("There is no month to tell of yet.", "尚无月度数据。"),
    "page_cases_chart": ("Cases raised or imported", "提出或导入的事项数"),
    "page_trend_table": ("Figures by month", "月度指标"),
    "page_groups": ("By {by}", "按{by}分列"),
    "page_ranking": ("Ranking", "排名"),
    "page_ranking_note": (
        (
            "By points of the index, in each period by itself; equal points share a rank (=) and the next is left out. "
            "Who has too few of a figure is not ranked, nor is what belongs to no unit."
        ),
        (
            "按指数得分排名，分列时段的，每一时段单独排名；得分相同者名次并列（=），其后名次顺延。"
            "任一指标数量不足的、不属于任何单位的不参与排名。"
        ),
    ),
    "page_through_time": ("The index through time", "指数变化"),
    "page_through_time_note": (
        "Points of the index. Periods are not ranked; one that has too few of a figure has no points.",
        "指数得分。时段之间不排名；任一指标数量不足的时段没有得分。",
    ),
    "page_points_table": ("Periods with points: {count}", "有得分的时段：{count} 个"),
    "page_ranking_table": ("Who is ranked: {count}", "参与排名：{count} 个"),
    "page_unranked_table": ("Without points, and for want of what: {count}", "没有得分及原因：{count} 个"),
    "page_lacks": ("lacks", "缺少"),
    "page_lacks_missing": ("{figure} ({missing})", "{figure}（{missing}）"),
    "page_lacks_fewer": ("{figure} ({counted} of at least {least})", "{figure}（{counted}，至少 {least}）"),
    "page_lacks_unit": ("no {unit}: nobody to compare", "不属于任何{unit}，无单位可比"),
    "page_nobody_ranked": ("None has enough of every figure for points.", "各项指标均达到得分所需数量的一个也没有。"),
    "page_no_groups": ("There is nothing to tell apart yet.", "尚无可分列的数据。"),
    "page_forest": ("Figures with their intervals", "指标及区间"),
    "page_forest_note": (
        (
            "Dot: the figure; line through it: its 95 % interval, which is long where little was counted; "
            "dashed line: everything together."
        ),
        "圆点为指标值，横线为 95% 区间，数量越少越长；虚线为总体。",
    ),
    "page_forest_left": (
        "Too many groups to draw them all; only in the tables: {figures}.",
        "分组过多，未全部绘图；以下指标只列于表中：{figures}。",
    ),
    "page_groups_table": ("Figures of every group, with their counts", "各组指标及分子/分母"),
    "page_cells_note": (
        "Under each figure its counts, and in brackets how many were left out of them.",
        "各指标下方为分子/分母，括号内为不计入的数量。",
    ),
    "page_part": ("{title} ({part} of {parts})", "{title}（{part}/{parts}）"),
    "page_chart_label": (
        "{title}. Chart of {count} values; the tables of this page hold the same.",
        "{title}。图中 {count} 个数值均列于本页表中。",
    ),
    "page_meanings": ("What the figures mean", "指标含义"),
    "page_index_table": ("What the index is made of", "指数构成"),
    "page_index_note": (
        (
            "The weighted mean of these shares, of 100 points; where less is better, the rest of the share counts. "
            "Who has fewer counted things than the least number of any is not ranked. "
            "Points of different versions cannot be compared."
        ),
        (
            "指数为下列比率的加权平均，满分 100；越低越好的指标按其补数计。"
            "任一指标数量不足的不参与排名。不同版本的得分不可比较。"
        ),
    ),
    "page_weight": ("weight", "权重"),
    "page_at_least": ("at least", "至少"),
    "page_missing_note": (
        (
            "“no data”: there was nothing to count, which is neither 0 nor 100 %. “too few”: so few ballots that "
            "one could tell who wrote what, or that the rest would tell it."
        ),
        (
            "“无数据”：没有可计数的内容，既非 0 也非 100%。"
            "“数量过少”：票数过少，公布后可推知何人如何评议，或可由其余数据推算。"
        ),
    ),
    "define_response": (
        (
            "Work orders that their units acknowledged in time, of all that were sent out; those declined or called "
            "off in time, and those not yet due, are left out."
        ),
        "按时签收的工单占派出工单的比率；按时退单、按时取消及未到期的不计入。",
    ),
    "define_on_time": (
        (
            "Work orders completed in time, of all that were completed or due; those called off in time, and those "
            "not yet due, are left out."
        ),
        "按时办结的工单占已办结或已到期工单的比率；按时取消及未到期的不计入。",
    ),
    "define_first_pass": (
        "Cases whose work passed verification and never failed one, of all whose work was verified.",
        "核查一次通过、从未退回重办的事项占已核查事项的比率。",
    ),
    "define_resolution": (
        (
            "Ballots that call the matter resolved, of all valid ballots that answer this; annulled rounds, and rounds "
            "with too few ballots to be opened, are left out."
        ),
        "认为问题已解决的选票占回答此项的有效选票的比率；作废轮次及票数过少不予开启的轮次不计入。",
    ),
    "define_satisfaction": (
        (
            "Ballots that say very satisfied, satisfied or basically satisfied, of all valid ballots; annulled "
            "rounds, and rounds with too few ballots to be opened, are left out."
        ),
        "评为非常满意、满意、基本满意的选票占有效选票的比率；作废轮次及票数过少不予开启的轮次不计入。",
    ),
    "define_turnout": (
        "Valid ballots, of all people who were entitled to one; annulled rounds are left out.",
        "有效选票占有权参评人数的比率；作废轮次不计入。",
    ),
    "define_rectification": (
        "Cases that failed an evaluation at least once, of all that passed or failed one.",
        "至少一次评议未通过的事项占已有评议结论事项的比率。",
    ),
    "define_reopening": (
        "Cases that were taken up again after they had ended, of all that ended at least once.",
        "办结后又重启的事项占曾办结事项的比率。",
    ),
    "define_escalation": (
        "Cases that went up to a higher tier at least once, of all; imported cases are left out.",
        "至少一次提级的事项占全部事项的比率；导入事项不计入。",
    ),
    "define_return": (
        "Cases sent back at least once, to the proposer or to discussion, of all; imported cases are left out.",
        "至少一次退回（退给提出人或退回议事）的事项占全部事项的比率；导入事项不计入。",
    ),
    "define_volunteering": (
        "Work orders acknowledged by teams of volunteers, of all that were acknowledged.",
        "由志愿队伍签收的工单占全部已签收工单的比率。",
    ),
    "define_non_members": (
        "People who raised no case as a party member, of all who raised one; imported cases are left out.",
        "从未以党员身份提事的提出人占全部提出人的比率；导入事项不计入。",
    ),
}
