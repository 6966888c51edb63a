extension Metric {
  private static let items = ("items", "条")

  static let conservationEntries: [Metric: Entry] = [
    .source: entry(
      ("In the source", "源库数量"), items,
      measured: ("Counted by the engine of the source, apart from the reading.", "由源库引擎单独统计，与读取过程无关。"),
      matters: ("The sum of all outcomes must equal it.", "所有结果之和必须与它相等。"),
      good: ("what the product itself shows", "与产品自身显示的一致"),
      act: ("When it surprises, inspect the store first.", "若与预期不符，请先检查源库。")),
    .identical: entry(
      ("Identical", "一致"), items,
      measured: ("Read back from the target and equal to the source, byte for byte.", "从目标库读回，与源库逐字节相同。"),
      matters: ("These need nobody's attention.", "这些无需关注。"),
      good: ("nearly all", "接近全部"),
      act: ("Nothing.", "无需处理。")),
    .repaired: entry(
      ("Repaired", "已修复"), items,
      measured: ("Text that was damaged and was put right exactly; the original is kept.", "原文损坏、已精确修复并保留原始内容的条目。"),
      matters: ("They differ from the source on purpose.", "它们与源库的差别是有意的。"),
      good: ("any number; each is reversible", "数量不限，均可还原"),
      act: ("Read a sample before the night.", "割接前抽查若干条。")),
    .adapted: entry(
      ("Adapted", "已适配"), items,
      measured: (
        "Rows that were given another form because the target has other nodes or other places.", "因目标库节点或存放位置不同而改写形式的行。"
      ),
      matters: ("Nothing of their content changed.", "其内容没有任何变化。"),
      good: ("as many as the plan asks for", "与方案要求的数量一致"),
      act: ("Compare the number with the plan.", "与方案核对数量。")),
    .degraded: entry(
      ("Degraded", "部分降级"), items,
      measured: ("Carried, with a known detail left out that the target cannot hold.", "已迁移，但目标库无法保存的某个细节被舍去。"),
      matters: ("Users may notice.", "用户可能会察觉。"),
      good: ("0, or approved one by one", "0，或逐条批准"),
      act: ("Read the items and approve them, or change the target.", "逐条查看并批准，或更换目标库设置。")),
    .quarantined: entry(
      ("Quarantined", "已隔离"), items,
      measured: ("Not carried; their bytes are kept beside the target.", "未迁移，其字节保存在目标库旁边。"),
      matters: ("Users will not see them on the new side.", "用户在新库中看不到它们。"),
      good: ("0, or approved one by one", "0，或逐条批准"),
      act: ("Repair them in the source, or approve them.", "在源库中修复，或批准。")),
    .skippedByRule: entry(
      ("Skipped by rule", "按规则跳过"), items,
      measured: ("Left out because the plan or the profile says so.", "因方案或配置规定而不迁移的条目。"),
      matters: ("They are counted so that a rule never hides a loss.", "单独计数，避免规则掩盖损失。"),
      good: ("as many as the rule means", "与规则的意图一致"),
      act: ("Check the rule.", "核对规则。")),
    .missing: entry(
      ("Missing", "缺失"), items,
      measured: ("In the source, and neither in the target nor in any other outcome.", "源库中有，但目标库和其他结果中都没有。"),
      matters: ("This is loss.", "这就是丢失。"),
      good: ("0", "0"),
      act: ("Do not cut over. Restore the cause and rehearse again.", "不要割接。排除原因后重新演练。")),
    .conservationSum: entry(
      ("Sum", "合计"), items,
      measured: (
        "All outcomes added, from counts of the target; every item is in exactly one.", "由目标库计数得到的各结果之和；每个条目只属于一种结果。"
      ),
      matters: ("Equal to the source, nothing went unnoticed.", "与源库相等，说明没有条目不知去向。"),
      good: ("equal to the source", "与源库相等"),
      act: ("When it differs, trust nothing else in this report.", "若不相等，本报告其余内容均不可信。")),
    .ledgerTotal: entry(
      ("Ledger entries", "台账条目"), ("entries", "条"),
      measured: ("One for each item and field that did not arrive as it was.", "每个未原样到达的条目和字段记一条。"),
      matters: ("It is the complete list of what users may notice.", "这是用户可能察觉的全部内容。"),
      good: ("every entry understood", "每一条都清楚原因"),
      act: ("Begin at the top: the worst stand first.", "从最上面开始：最严重的在最前。")),
    .checkResult: entry(
      ("Check result", "检查结果"), ("word", "文字"),
      measured: (
        "Each check compares what was found with what is recommended; it changes nothing.", "每项检查将实测与建议值比较，不做任何更改。"
      ),
      matters: ("A blocker found now costs minutes; in the night it costs the night.", "现在发现阻断项只需几分钟，割接时发现就要中止。"),
      good: ("pass; nothing unchecked", "全部通过，没有未检查项"),
      act: ("Apply the fix that stands beside it, then run the check again.", "按所列办法处理后再次检查。")),
    .encodingItems: entry(
      ("Damaged texts", "编码损坏的文本"), items,
      measured: (
        "Texts whose bytes are not what their column declares, by the encoding they were found to be in.",
        "字节与列声明不符的文本，按识别出的编码分类。"
      ),
      matters: ("Most importers drop or garble them without a word.", "多数导入工具会悄悄丢弃或弄乱它们。"),
      good: ("all repaired, all reversible", "全部修复且可还原"),
      act: ("Read the samples; plan the repair of the rest.", "查看样例，为其余条目制定修复方案。")),
  ]
}
