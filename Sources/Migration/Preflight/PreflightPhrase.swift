import NoteModel

/// What checks of a preflight say of what they found, with the case's numbers.
package enum PreflightPhrase: String, Phrase {
  // Any check
  case asFound, both, failed, failedBecause, onNode, none, nothingToLookAt, sideStuck, noAnswer, sideSource
  case sideTarget, sideMachine, atLeast, atMost, noServer, noDatabase, planHasNone, planNamesNone, ofAllRows, inSample
  case andMore
  // Load
  case readTimes, rowRate, commitRate, rateAtMost, ageSeconds, ageSecondsOrMore, noWriteAheadLog, logKept
  case writeAheadLog, rollbackJournal
  // Source and versions
  case storeOpened, knownByTables, otherProduct, soundRules, brokenRules, logDamaged, tablesCarried, tablesUnknown
  case tablesLost, notAsked, otherRun, keepsUsersOut, works, endsIn, endsNever, olderThanSource, versionRange
  case noMarker, noProductYet, oneSideUnmarked
  // Space
  case pipeNoArchive, diskUnknown, placeUnknown, spaceFree, spaceFreeAt, spaceShared, spaceBelowFloor, theArchive
  case theJournals, theTarget, fixPipe, fixArchivePlace, fixOtherDisk, fixFreeSpace, disksElsewhere, targetDiskUnseen,
    logDiskUnseen
  case onDataDisk, noFileLimit, filesFreeAt
  // Target and machine
  case targetTables, targetEmpty, tablesToMake, noTables, fixCreateSchema, foreignProduct, noRows, rowsOf
  case nothingToWaitFor, noFileAttachments, aPlace, noDirectory, noLimit, notTold, hookMissing, hookNotExecutable
  case hooksRunnable, windowOpen, windowOpens
  // Text
  case noDamage, damaged, allRows, sampleRows, fixScan, fixInspect, sqlAscii, serverConverts, madeAsUnicode
  case targetHoldsNUL, countInRows
  // Clocks and rights
  case thisMachinesClock, clockBehind, clockAhead, freezeByHook, everyTable, triggersPossible, tablesFillable
  case followsPrimary, bothWritable, notWritable, aMember
  // Topology and attachments
  case oneNode, primaryWith, primaryWithSeveral, standbyBehind, standbyUnknown, primaryForFence, mapping
  case sourceHasOneNode, productHasNone, nodeRows, nodeRowsAdapted, targetHasOneNode, secondFollows, eachFilled
  case noStoreYet, targetIsSource, twoStores, filesThere, filesMissing, noneElsewhere, someElsewhere

  package var words: (en: String, zh: String) {
    switch self {
    // Any check
    case .asFound: ("{1}", "{1}")
    case .both: ("{1}; {2}", "{1}；{2}")
    case .failed: ("{1}", "错误：{1}")
    case .failedBecause: ("{1}: {2}", "错误：{1}：{2}")
    case .onNode: ("node {1}: {2}", "节点 {1}：{2}")
    case .none: ("none", "无")
    case .nothingToLookAt: ("nothing to look at", "没有可查看的内容")
    case .sideStuck: ("the {1} did not answer in time ({2})", "{1}未及时应答（{2}）")
    case .noAnswer: ("no answer within {1}", "{1} 内没有应答")
    case .sideSource: ("source", "源库")
    case .sideTarget: ("target", "目标库")
    case .sideMachine: ("machine", "本机")
    case .atLeast: ("at least {1}", "至少 {1}")
    case .atMost: ("at most {1}", "最多 {1}")
    case .noServer: ("no server", "不是服务器")
    case .noDatabase: ("no database", "没有数据库")
    case .planHasNone: ("the plan has none", "方案中没有")
    case .planNamesNone: ("the plan names none", "方案未指定")
    case .ofAllRows: ("of all rows", "（全部行）")
    case .inSample: ("in a sample", "（抽样）")
    case .andMore: ("{1} and {2} more", "{1} 等（另有 {2} 项）")
    // Load
    case .readTimes: ("median {1}, slowest {2} of {3}", "中位数 {1}，{3} 次中最慢 {2}")
    case .rowRate: ("{1}/s, {2} rows/s over {3} s", "{1}/s，每秒 {2} 行，观察 {3} s")
    case .commitRate: ("{1}/s, {2} commits or more/s over {3} s", "{1}/s，每秒至少 {2} 次提交，观察 {3} s")
    case .rateAtMost: ("at most {1}/s", "不超过 {1}/s")
    case .ageSeconds: ("{1} s", "{1} s")
    case .ageSecondsOrMore: ("{1} s or more", "{1} s 或更久")
    case .noWriteAheadLog: ("no write-ahead log", "没有预写日志")
    case .logKept: ("{1}, kept by {2}", "{1}，因 {2} 而保留")
    case .writeAheadLog: ("a write-ahead log", "预写日志")
    case .rollbackJournal: ("a rollback journal: writers wait", "回滚日志：写入者需要等待")
    // Source and versions
    case .storeOpened: ("{1}, {2} notes, {3}", "{1}，{2} 条笔记，{3}")
    case .knownByTables: ("{1}, by its tables", "{1}（按表识别）")
    case .otherProduct: ("{1}, and the plan says {2}", "{1}，而方案中为 {2}")
    case .soundRules: ("0 broken rules", "0 条规则被破坏")
    case .brokenRules: ("{1} broken rules: {2}", "{1} 条规则被破坏：{2}")
    case .logDamaged: ("commits behind a damaged place of the log", "日志损坏处之后还有提交")
    case .tablesCarried: ("{1} tables", "{1} 张表")
    case .tablesUnknown: ("{1} tables, {2} unknown and carried", "{1} 张表，其中 {2} 张未知但照样迁移")
    case .tablesLost: ("{1} not carried: {2}", "{1} 张无法迁移：{2}")
    case .notAsked: ("not asked", "未询问")
    case .otherRun: ("run {1} ({2}) {3} at {4}; that {5}", "运行 {1}（{2}）正在 {4} {3}；{5}")
    case .keepsUsersOut: ("keeps users out", "阻止用户写入")
    case .works: ("works", "工作")
    case .endsIn: ("ends in {1} s", "{1} s 后结束")
    case .endsNever: ("does not end by itself", "不会自行结束")
    case .olderThanSource: ("{1}, the source has {2}", "{1}，源库为 {2}")
    case .versionRange: ("{1} to {2}", "{1} 至 {2}")
    case .noMarker: ("no marker; recognised by its tables", "没有版本标记；按表识别")
    case .noProductYet: ("no product there yet", "目标处尚无该产品")
    case .oneSideUnmarked: ("one side has no version marker", "有一侧没有版本标记")
    // Space
    case .pipeNoArchive: ("a pipe keeps no archive", "管道方式不留归档")
    case .diskUnknown: ("the disk of {1} cannot be asked", "无法查询 {1} 所在的磁盘")
    case .placeUnknown: ("{1} cannot be asked", "无法查询 {1}")
    case .spaceFree: ("{1} free", "空闲 {1}")
    case .spaceFreeAt: ("{1} free at {2}", "{2} 空闲 {1}")
    case .spaceShared: ("{1} free at {2}, shared by {3}", "{2} 空闲 {1}，由{3}共用")
    case .spaceBelowFloor: ("{1} free at {2}, below the floor", "{2} 空闲 {1}，低于下限")
    case .theArchive: ("the archive", "归档")
    case .theJournals: ("journals", "日志文件")
    case .theTarget: ("the target", "目标库")
    case .fixPipe: ("leave --archive out: a pipe needs no space", "省略 --archive：管道不占空间")
    case .fixArchivePlace: ("name a place on another disk for archive in the plan", "为方案中的 archive 指定另一块磁盘上的位置")
    case .fixOtherDisk: ("or name a directory on another disk", "或指定另一块磁盘上的目录")
    case .fixFreeSpace: ("or free space, or lower free-floor", "或腾出空间，或调低 free-floor")
    case .disksElsewhere:
      (
        "the server's disks are another machine's, or closed to this user",
        "服务器的磁盘在另一台机器上，或当前用户无权查看"
      )
    case .targetDiskUnseen:
      (
        "the server's disk cannot be seen from here; ask its administrator",
        "从这里看不到服务器的磁盘；请询问其管理员"
      )
    case .logDiskUnseen: ("its disk cannot be seen from here", "从这里看不到其磁盘")
    case .onDataDisk: ("on the data's disk", "与数据在同一磁盘")
    case .noFileLimit: ("the disk of {1} has no such limit", "{1} 所在磁盘没有此限制")
    case .filesFreeAt: ("{1} at {2}", "{2} 处有 {1} 个")
    // Target and machine
    case .targetTables: ("{1}, {2} tables", "{1}，{2} 张表")
    case .targetEmpty: ("{1}, nothing there yet", "{1}，尚无内容")
    case .tablesToMake: ("no tables, they are made", "没有表，将会创建")
    case .noTables: ("no tables", "没有表")
    case .fixCreateSchema: ("create-schema = true in the plan", "在方案中设置 create-schema = true")
    case .foreignProduct: ("tables of another product", "是其他产品的表")
    case .noRows: ("no rows", "没有行")
    case .rowsOf: ("{1} rows of {2}", "{2} 有 {1} 行")
    case .nothingToWaitFor: ("nothing to wait for", "没有需要等待的")
    case .noFileAttachments: ("no attachment is a file there", "那里没有以文件存放的附件")
    case .aPlace: ("a place", "有位置")
    case .noDirectory: ("no directory is named", "未指定目录")
    case .noLimit: ("no limit", "没有限制")
    case .notTold: ("the system does not tell", "系统未提供")
    case .hookMissing: ("{1}: there is no {2}", "{1}：没有 {2}")
    case .hookNotExecutable: ("{1}: {2} is not executable", "{1}：{2} 不可执行")
    case .hooksRunnable: ("{1} can be run", "{1} 个均可运行")
    case .windowOpen: ("{1}, {2}; open now", "{1}，{2}；现已开放")
    case .windowOpens: ("{1}, {2}; opens in {3} min", "{1}，{2}；{3} 分钟后开放")
    // Text
    case .noDamage: ("0 in {1}", "{1}中 0 处")
    case .damaged: ("{1} in {2}; {3} can be repaired exactly or by a rule", "{2}中 {1} 处；其中 {3} 处可精确修复或按规则修复")
    case .allRows: ("all {1} rows", "全部 {1} 行")
    case .sampleRows: ("a sample, the first rows of each table, {1}", "抽样（每张表的前若干行，共 {1} 行）")
    case .fixScan: ("noteferry repair scan {1}", "noteferry repair scan {1}")
    case .fixInspect: ("noteferry inspect {1} --deep", "noteferry inspect {1} --deep")
    case .sqlAscii: ("SQL_ASCII: the server never looked at what the bytes mean", "SQL_ASCII：服务器从不检查字节的含义")
    case .serverConverts: ("{1}: the server converts text while it is read", "{1}：读取时服务器会转换文本")
    case .madeAsUnicode: ("made as UTF8", "将按 UTF8 创建")
    case .targetHoldsNUL: ("the target holds them", "目标库可以保存")
    case .countInRows: ("{1} in {2} rows", "{2} 行中 {1} 处")
    // Clocks and rights
    case .thisMachinesClock: ("it is this machine's", "就是本机时钟")
    case .clockBehind: ("{1} s behind, known to {2} s", "慢 {1} s，误差 {2} s")
    case .clockAhead: ("{1} s ahead, known to {2} s", "快 {1} s，误差 {2} s")
    case .freezeByHook: ("the plan freezes by a hook", "方案通过钩子冻结")
    case .everyTable: ("every table", "所有表")
    case .triggersPossible: ("triggers can be made", "可以建立触发器")
    case .tablesFillable: ("tables can be filled", "可以写入各表")
    case .followsPrimary: ("it follows the primary", "跟随主节点")
    case .bothWritable: ("both are writable", "均可写")
    case .notWritable: ("{1} is not writable", "{1} 不可写")
    case .aMember: ("a member", "是成员")
    // Topology and attachments
    case .oneNode: ("one node", "单节点")
    case .primaryWith: ("a primary with {1} standby", "主节点，带 {1} 个备节点")
    case .primaryWithSeveral: ("a primary with {1} standbys", "主节点，带 {1} 个备节点")
    case .standbyBehind: ("a standby, {1} s behind", "备节点，落后 {1} s")
    case .standbyUnknown: ("a standby; its lag cannot be told", "备节点；无法得知其延迟")
    case .primaryForFence: ("a primary, because of the fence", "主节点，因为需要围栏")
    case .mapping: ("{1} to {2} nodes", "由 {1} 个节点到 {2} 个节点")
    case .sourceHasOneNode: ("the source has one node", "源库只有一个节点")
    case .productHasNone: ("the product has none", "该产品没有")
    case .nodeRows: ("{1}; rows in {2}", "{1}；相关行在 {2}")
    case .nodeRowsAdapted: ("{1}; rows in {2} are adapted", "{1}；{2} 中的行会被适配")
    case .targetHasOneNode: ("the target has one node", "目标库只有一个节点")
    case .secondFollows: ("the second follows the first", "第二个节点跟随第一个")
    case .eachFilled: ("each is filled", "两个节点分别写入")
    case .noStoreYet: ("no store there yet", "那里尚无库")
    case .targetIsSource: ("the target is the source", "目标库就是源库")
    case .twoStores: ("two stores", "两个不同的库")
    case .filesThere: ("none is missing {1}", "没有缺失{1}")
    case .filesMissing: ("{1} missing or unreadable {2}", "{1} 个缺失或不可读{2}")
    case .noneElsewhere: ("none {1}", "无{1}")
    case .someElsewhere: ("{1} {2}", "{1} 个{2}")
    }
  }
}
