"""Why the engine refuses: one sentence a code."""

REFUSALS: dict[str, tuple[str, str]] = {
    # addressing and idempotency
    "no_such_stream": ("{stream} does not exist", "{stream} 不存在"),
    "already_exists": ("{stream} exists already (it is {status})", "{stream} 已存在（当前状态：{status}）"),
    "wrong_state": (
        "{command} is not open while {stream} is {status}; it is open in: {allowed}",
        "{stream} 处于 {status}，不能执行 {command}；可执行的状态：{allowed}",
    ),
    "command_id_reused": (
        "command id {command_id} was used for another command; give this one an id of its own",
        "命令编号 {command_id} 已用于另一条命令，请换一个编号",
    ),
    "not_inside_a_host": (
        "{command} cannot wait for a host's commit: what it does cannot be rolled back",
        "{command} 不能放在宿主事务中：其后果无法回滚",
    ),
    "not_a_public_command": (
        "{command} follows from other events and cannot be given by itself",
        "{command} 由其他事件引发，不能直接执行",
    ),
    # time
    "in_the_future": ("{at} lies in the future (now: {now})", "{at} 是将来的时间（现在：{now}）"),
    "before_the_last_event": (
        "{at} is before what was recorded last ({last}); time does not run backwards",
        "{at} 早于上一条记录（{last}），时间不能倒流",
    ),
    "before_the_stream": ("{at} is before its beginning ({opened})", "{at} 早于其起始时间（{opened}）"),
    "entered_too_late": (
        "{at} is longer ago than late entry allows ({limit}); a command with approved_by can name an approver",
        "{at} 超出补录期限（{limit}）；设有 approved_by 的命令可注明批准人",
    ),
    "not_yet_due": ("not before {due}", "须在 {due} 之后"),
    "no_such_timer": (
        "the clock waits here for nothing called {timer} that is due at {due}, or does more than note it",
        "当前没有到期时间为 {due} 且只作记录的时限 {timer}",
    ),
    "noted_already": ("{timer} was noted already", "{timer} 已记录"),
    # people
    "not_authorised": (
        "{actor} may not do {command}: on {day} it takes one of the roles {roles} at {unit} or where they count",
        "{actor} 无权执行 {command}：{day} 须在 {unit} 或有权单位担任 {roles} 之一",
    ),
    "may_not_enter_for_others": (
        "{entered_by} may not enter this for {actor} at {unit}",
        "{entered_by} 不能在 {unit} 替 {actor} 录入",
    ),
    "approves_own_act": ("{approver} cannot approve their own act", "{approver} 不能批准自己的行为"),
    "not_an_approver": (
        "{approver} is neither tier officer nor reviewer over {unit}",
        "{approver} 不是 {unit} 的上级负责人或复核人",
    ),
    "may_not_approve_erasure": (
        "{approver} is neither reviewer nor principal over {unit}",
        "{approver} 不是 {unit} 的复核人或主要负责人",
    ),
    "screener_is_proposer": (
        "{actor} (entered by {entered_by}) may not screen a proposal of {other}",
        "{actor}（{entered_by} 录入）不得受理与其有关的提案（提出人 {other}）",
    ),
    "verifier_is_handler": (
        "{actor} (entered by {entered_by}) may not verify work that {other} had a hand in",
        "{actor}（{entered_by} 录入）不得核查自己参与的办理（经办人 {other}）",
    ),
    "voter_annuls": ("{person} votes in the round and may not annul it", "{person} 是评议人，不得作废评议"),
    "verifier_is_of_the_unit": (
        "{person} holds an office in a unit that handled it, and may not verify its work",
        "{person} 在办理单位任职，不得核查该单位的办理",
    ),
    "declares_own_work_infeasible": (
        "{actor} (entered by {entered_by}) may not declare infeasible what {other} handled",
        "{actor}（{entered_by} 录入）不得将自己参与的办理认定为无法办理（经办人 {other}）",
    ),
    "opens_own_evaluation": (
        "{actor} (entered by {entered_by}) may not choose who evaluates what {other} handled",
        "{actor}（{entered_by} 录入）不得为自己参与的办理开评（经办人 {other}）",
    ),
    "answers_own_request": (
        "{actor} (entered by {entered_by}) may not answer a request of {other}",
        "{actor}（{entered_by} 录入）不得答复自己的申请（申请人 {other}）",
    ),
    "excuses_own_order": (
        "{actor} (entered by {entered_by}) may not excuse an order that {other} had a hand in",
        "{actor}（{entered_by} 录入）不得免除自己参与的工单（经办人 {other}）",
    ),
    "publisher_drafted": (
        "{actor} (entered by {entered_by}) may not publish what {other} drafted with them",
        "{actor}（{entered_by} 录入）不得发布自己起草的规则（起草人 {other}）",
    ),
    "reviewer_is_involved": (
        "{person} raised it, voted, stepped aside, chaired or objected here and may not rule on it",
        "{person} 是提出人，或参与过表决、回避、主持、异议，不得裁决",
    ),
    "signs_own_act": ("{person} cannot sign their own act", "{person} 不能为自己的行为签字"),
    "not_a_principal": ("{person} is not a principal over {unit}", "{person} 不是 {unit} 的主要负责人"),
    "not_the_lead": ("{person} is no handler of the lead unit", "{person} 不是牵头单位的承办人"),
    # step 1
    "no_such_unit": ("there is no unit {unit}", "没有单位 {unit}"),
    "unit_is_closed": ("{unit} is closed", "{unit} 已撤销"),
    "place_of_wrong_tier": ("{unit} is not one of: {allowed}", "{unit} 不属于：{allowed}"),
    "no_policy_in_force": (
        "no policy is in force at {unit}; publish one there or above",
        "{unit} 没有生效的规则，请在本级或上级发布",
    ),
    "text_too_long": ("{field} is longer than {limit} characters", "{field} 超过 {limit} 字"),
    "source_needs_role": ("a matter from {source} is raised by a {role}", "来源为 {source} 的事项须由 {role} 提出"),
    "sponsor_needed": ("a matter from {source} needs a sponsoring member", "来源为 {source} 的事项须有党员领办"),
    "sponsor_is_no_member": (
        "{sponsor} is no other party member of the place",
        "{sponsor} 不是本地的其他党员",
    ),
    "cosigns_own": ("nobody co-signs their own proposal", "不能附议自己的提案"),
    "cosigned_already": ("{actor} has co-signed already", "{actor} 已附议"),
    "nothing_changes": ("nothing would change", "没有任何变化"),
    "limit_reached": (
        "{loop}: the policy's maximum of {maximum} is reached",
        "{loop}：已达规则上限 {maximum} 次",
    ),
    "too_few_cosigners": ("{have} co-signers, {minimum} are needed", "附议 {have} 人，需要 {minimum} 人"),
    "not_on_the_list": (
        "{field}: {value} is not on the policy's list ({known})",
        "{field}：{value} 不在规则清单内（{known}）",
    ),
    "merges_into_itself": ("a case cannot be merged into itself", "事项不能并入自身"),
    "root_is_not_open": (
        "{root} is {status}: a case is merged only into one that is not sent back and still to be dealt with",
        "{root} 处于 {status}：只能并入尚待办理且未退回的事项",
    ),
    "root_is_elsewhere": ("{root} belongs to another county", "{root} 属于其他县"),
    "others_depend_on_it": (
        "{absorbed} were merged into it and must not be lost; settle, forward or refuse it instead",
        "{absorbed} 已并入本事项，不能因此丢失；请改为解决、上会或不予受理",
    ),
    # step 2 and meetings
    "notice_too_short": ("notice of {notice} is needed", "须提前 {notice} 通知"),
    "on_the_agenda_twice": ("{proposal} is on the agenda twice", "{proposal} 在议程中重复"),
    "motion_of_another_purpose": (
        "a meeting to {purpose} has no motion to {motion}",
        "{purpose} 会议不能列 {motion} 动议",
    ),
    "case_not_for_this_meeting": (
        "{proposal} is {status} at {unit}, revision {revision}: not for this meeting",
        "{proposal} 处于 {status}（{unit}，第 {revision} 稿），不属本次会议",
    ),
    "motion_takes_no_plan": (
        "{proposal}: a motion to {motion} has neither plan nor funding",
        "{proposal}：{motion} 动议不附方案和资金",
    ),
    "motion_needs_plan": ("{proposal}: a motion to adopt needs a plan", "{proposal}：通过动议须附方案"),
    "order_named_twice": ("{proposal}: an order is named twice", "{proposal}：工单重复"),
    "unit_named_twice": ("{proposal}: a unit is named twice", "{proposal}：单位重复"),
    "funds_refused": ("{proposal}: {reason}", "{proposal}：{reason}"),
    "invited_already": ("{observer} is invited already", "{observer} 已受邀"),
    "chair_not_on_the_roll": (
        "the chair {chair} is no voting member that day; call off the meeting, or end its day without it",
        "主持人 {chair} 当日不是委员；请取消会议，或待当日结束",
    ),
    "roll_is_right": (
        "the roll is as the appointments have it, and nobody new asks for leave",
        "名册与任命一致，也无新的请假，无须重定",
    ),
    "leave_too_late": (
        "leave is given before the meeting's hour, not to {people} people after it",
        "请假须在会议开始前，不能在之后为 {people} 人补假",
    ),
    "too_many_excused": (
        "only {due} of {members} members would be due to attend; put the meeting off instead",
        "准假后应到委员仅 {due} 人（共 {members} 人），请改期开会",
    ),
    "no_agenda": ("{meeting} has no agenda", "{meeting} 没有议程"),
    "cannot_be_excused": (
        "{person} is no member or chairs, and cannot be excused",
        "{person} 非委员或为主持人，不能请假",
    ),
    "not_on_the_roll": ("{person} is not on the roll", "{person} 不在名册上"),
    "too_early": ("not before {starts}", "须在 {starts} 之后"),
    "roll_has_changed": (
        "members or observers were appointed or left since the roll was fixed; fix it again",
        "名册确定后人员有变动，请重新确定名册",
    ),
    "chair_keys_in_votes": (
        "{chair} chairs and may not key in what others vote",
        "{chair} 是主持人，不能替他人录入表决",
    ),
    "nobody_has_voted": (
        "nobody but the chair has voted on item {item} yet",
        "第 {item} 项除主持人外尚无人表决",
    ),
    "chair_is_absent": ("the chair {chair} is not present", "主持人 {chair} 未到会"),
    "no_quorum": ("{present} of {due} are present: no quorum", "应到 {due} 人，实到 {present} 人，未达法定人数"),
    "quorum_is_met": ("there is a quorum: open the meeting", "已达法定人数，应当开会"),
    "item_not_open": ("item {item} is not open", "第 {item} 项不在审议中"),
    "member_is_absent": ("{member} is not present", "{member} 未到会"),
    "member_is_recused": ("{member} has stepped aside from item {item}", "{member} 已回避第 {item} 项"),
    "item_takes_no_vote": ("item {item} is a discussion without a vote", "第 {item} 项为议事，不表决"),
    "items_are_open": ("items {items} have no outcome yet", "第 {items} 项尚无结果"),
    "meeting_is_over": ("{meeting} is over ({status})", "{meeting} 已结束（{status}）"),
    "not_on_the_agenda": ("{proposal} is not on the agenda of {meeting}", "{proposal} 不在 {meeting} 议程上"),
    "discussion_is_open": ("{meeting} is still to deal with it", "{meeting} 尚未议完"),
    "nobody_to_complete_it": (
        "{proposal} was imported: nobody here could complete it, so it is not sent back",
        "{proposal} 为导入事项，无提案人可补正，不得退回",
    ),
    "tier_above_takes_it_up": (
        "meetings of {unit} were called off before their hour: the officer of the tier above takes the case up",
        "{unit} 的会议曾在开始前取消，须由上级负责人上报",
    ),
    "minutes_not_published": ("the minutes of {meeting} are not published", "{meeting} 的纪要尚未公布"),
    "top_tier": ("{unit} is the top tier", "{unit} 已是最高层级"),
    "not_top_tier": ("{unit} is not the top tier: take it higher", "{unit} 不是最高层级，请上报"),
    # step 3
    "something_is_left": (
        "while it is {status} something is left to try",
        "处于 {status} 时尚有其他途径",
    ),
    "review_not_ahead": ("the review date is not ahead", "复查日期须在将来"),
    "meeting_too_late": (
        "the meeting is after {last}, the last day the policy allows",
        "会议晚于规则允许的最后期限 {last}",
    ),
    "not_registrar_there": (
        "{actor} keeps no register at {parent}, where the unit is to go",
        "{actor} 不是 {parent} 的登记员，不能将单位划入",
    ),
    "review_too_late": (
        "the review date is after {last}, the last day the policy allows",
        "复查日期晚于规则允许的最后期限 {last}",
    ),
    "correction_is_over": ("the time to complete it ended at {due}", "补正期已于 {due} 结束"),
    "publicity_is_over": ("the publicity period ended at {due}", "公示期已于 {due} 结束"),
    "objects_already": ("{actor} has an open objection", "{actor} 已有未裁决的异议"),
    "no_such_objection": ("there is no open objection {objection}", "没有待裁决的第 {objection} 号异议"),
    "objections_are_open": ("objections {objections} await a ruling", "第 {objections} 号异议待裁决"),
    # step 4
    "plan_has_no_lead": ("name a lead unit: there is no plan to take it from", "请指定牵头单位：没有可依据的方案"),
    "unit_has_an_order": ("{unit} has {order} of this case already", "{unit} 已有本事项的工单 {order}"),
    "no_such_order": ("{order} is no order that counts here", "{order} 不是本事项的有效工单"),
    "lead_is_decided": (
        "the plan that was adopted names {lead} as lead; dispatch to it, then reassign its order with a reason",
        "通过的方案由 {lead} 牵头；如需更换，请先派单，再说明理由改派",
    ),
    "lead_cannot_be_withdrawn": ("the lead's order is reassigned, not withdrawn", "牵头工单只能改派，不能撤回"),
    "order_not_done": ("{order} is {status}", "{order} 处于 {status}"),
    "evidence_needed": ("evidence is needed", "须提供佐证材料"),
    "order_is_directed": ("{order} was directed and cannot be declined", "{order} 为指派工单，不得退单"),
    "case_not_in_handling": ("the case is {status}, not in handling", "事项处于 {status}，不在办理中"),
    "asked_too_late": ("more time is asked for by {latest}", "延期须在 {latest} 前申请"),
    "extended_already": ("one extension for an order", "每单只能延期一次"),
    "extension_too_long": (
        "an extension is counted in {unit} and is at most {limit}",
        "延期以 {unit} 计，且不得超过 {limit}",
    ),
    "nothing_was_asked": ("no extension was asked for", "没有延期申请"),
    # step 5
    "grid_worker_tells": (
        "{unit} lies in a grid: its grid worker tells the residents",
        "{unit} 属于网格，由网格员反馈",
    ),
    "unresolved_is_not_evaluated": ("what is unresolved is reported back, not evaluated", "未决事项只反馈，不评议"),
    "listed_twice": ("somebody is on the list twice", "名单有重复"),
    "handlers_evaluate": ("{people} on the list handled the case", "名单中有 {people} 人参与过办理"),
    "not_concerned": (
        "{people} on the list neither live in the area nor support the case; resides_in can name further homes",
        "名单中有 {people} 人既非本区域登记居民，也非提出人或附议人；其他居住地可用 resides_in 注明",
    ),
    "area_lies_elsewhere": ("{unit} does not lie in {area}", "{unit} 不在 {area} 范围内"),
    "proposer_left_out": ("the proposer is not on the list", "名单缺少提出人"),
    "rounds_are_left": ("an evaluation round is left", "评议次数尚未用完"),
    "not_answered": ("whoever raised it has no answer yet", "尚未答复提出人"),
    "evaluation_is_due": ("it is to be evaluated first", "须先评议"),
    "own_ballot_in_bulk": ("nobody enters their own ballot among others'", "不得在代录中夹带自己的选票"),
    "clerk_is_involved": (
        "{person} raised or handled the case, or chose its voters, and may not enter ballots of others",
        "{person} 是提出人、参与过办理或确定了评议名单，不得代录他人选票",
    ),
    "annuls_own_round": (
        "{actor} (entered by {entered_by}) may not annul a round in which {other} had a hand",
        "{actor}（{entered_by} 录入）不得宣布与其有关的评议无效（相关人 {other}）",
    ),
    "not_entitled": ("{ballots} of the ballots are not of entitled voters", "有 {ballots} 张选票的投票人无资格"),
    "voted_already": ("{ballots} of the ballots are of voters who have voted", "有 {ballots} 张选票的投票人已投票"),
    "voting_is_over": ("voting ended at {due}", "投票已于 {due} 结束"),
    # around the steps
    "no_such_event": ("{stream} has no event {version}", "{stream} 没有第 {version} 条记录"),
    "no_such_field": ("{event} has no field {field} that can be corrected", "{event} 没有可更正的字段 {field}"),
    "category_needed": (
        "{proposal} has no category yet; name one to reopen it",
        "{proposal} 尚无分类，重启时须注明类别",
    ),
    "window_is_over": ("the window of {window} is over", "{window} 的期限已过"),
    "window_is_open": ("it can be reopened until {until}", "{until} 之前仍可重启"),
    "closing_time_does_not_fit": (
        "{proposal}: a closed case has a closing time, an open one has none",
        "{proposal}：办结事项须有办结时间，未办结事项不得有",
    ),
    "closed_before_raised": ("{proposal} was closed before it was raised", "{proposal} 办结早于提出"),
    "dealt_with_here": (
        "a step was taken with {proposal} here: it is closed here, and its source's closing is a note on it",
        "{proposal} 已在本系统进入流程，须在此办结；来源的办结只作记录",
    ),
    "not_imported": ("{proposal} was not imported", "{proposal} 不是导入事项"),
    # organisation and policy
    "only_system": ("{command} without a parent is for the system", "无上级的 {command} 只能由系统执行"),
    "system_only_founds": (
        "{unit} has a registrar: the system only founds what has none",
        "{unit} 已有登记员，系统只负责初建",
    ),
    "unit_has_no_tier": ("{unit} is a {unit_kind}: only areas have a tier", "{unit} 为 {unit_kind}，只有区域才有层级"),
    "area_needs_tier": ("{unit} is an area and needs a tier", "{unit} 为区域，须有层级"),
    "county_has_no_parent": ("{unit} is a county and has no parent", "{unit} 为县级，没有上级"),
    "unit_needs_parent": ("{unit} ({tier}) stands under one of: {allowed}", "{unit}（{tier}）须隶属：{allowed}"),
    "unit_under_wrong_tier": ("{unit} ({tier}) stands under one of: {allowed}", "{unit}（{tier}）须隶属：{allowed}"),
    "unit_below_itself": ("{parent} lies below {unit}", "{parent} 在 {unit} 之下"),
    "not_an_appointment": ("nobody is appointed to {role}", "{role} 不是可任命的职务"),
    "ends_before_it_begins": ("from {since} until {until} is no time", "{since} 至 {until} 不成期间"),
    "already_appointed": ("{person} holds {role} at {unit} already", "{person} 已在 {unit} 担任 {role}"),
    "appoints_themselves": ("{person} cannot appoint themselves", "{person} 不能任命自己"),
    "not_appointed": (
        "{person} has no appointment as {role} at {unit} that lasts longer",
        "{person} 在 {unit} 没有更久的 {role} 任职",
    ),
    "already_paired": ("{unit} and {partner} cannot be paired (again)", "{unit} 与 {partner} 不能（重复）结对"),
    "unit_has_people": ("{unit} has {people} people in office", "{unit} 仍有 {people} 人任职"),
    "policy_unknown": ("there is no policy edition {policy}", "没有规则版本 {policy}"),
    "policy_of_another_unit": ("{policy} is for {unit}", "{policy} 属于 {unit}"),
    "policy_has_errors": ("the draft has errors: {findings}", "草案有错误：{findings}"),
    "policy_reaches_back": ("{effective} is before today ({today})", "{effective} 早于今天（{today}）"),
    "policy_not_published": ("{policy} is not published", "{policy} 尚未发布"),
    # data subjects
    "subject_erased": ("{subject} was erased: its data cannot be stored again", "{subject} 已被遗忘，不能再存其数据"),
}
