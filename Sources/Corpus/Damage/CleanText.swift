/// Clean sentences, from which damaged text is made.
enum CleanText {
  enum Script: CaseIterable {
    case simplified, traditional, japanese, korean, russian, french, german, czech, turkish, greek, thai, vietnamese
    case emoji
  }

  /// Phrases of a script and a number, so that two texts are hardly ever the same.
  static func make(_ script: Script, phrases count: Int, random: inout SampleRandom) -> String {
    let phrases = phrases(script)
    let chosen = (0..<max(1, count)).map { _ in phrases[random.below(phrases.count)] }
    return chosen.joined(separator: separator(script)) + " " + String(random.below(100_000))
  }

  private static func separator(_ script: Script) -> String {
    switch script {
    case .simplified, .traditional: "，"
    case .japanese: "、"
    case .thai: " "
    default: ", "
    }
  }

  /// Each has letters beyond ASCII, all of them in the code pages that the script was once written in; those of
  /// `emoji` have one beyond the Basic Multilingual Plane. Those in which letters have marks have one with a mark.
  static func phrases(_ script: Script) -> [String] {
    switch script {
    case .simplified:
      [
        "会议改到星期二下午三点", "数据库迁移之前先做备份", "买牛奶、面包和鸡蛋", "这篇笔记不能丢", "服务器的硬盘又满了",
        "下周去北京出差", "给妈妈打电话", "重新整理旧照片",
      ]
    case .traditional:
      [
        "會議改到星期二下午三點", "資料庫搬移之前先備份", "買牛奶、麵包和雞蛋", "這篇筆記不能遺失", "伺服器的硬碟又滿了",
        "下週去臺北出差", "打電話給媽媽", "重新整理舊照片",
      ]
    case .japanese:
      [
        "会議が火曜日の午後三時に変更", "データベースを移す前に控えを取る", "牛乳とパンと卵を買う", "このメモを失くすとだめ",
        "サーバーの容量がまた足りない", "来週から大阪まで出張", "母が電話を待つ", "古い写真はまだ整理中",
      ]
    case .korean:
      [
        "회의는 화요일 오후 세 시로 변경", "데이터베이스를 옮기기 전에 백업하기", "우유와 빵과 달걀 사기",
        "이 메모는 잃어버리면 안 된다", "서버 디스크가 또 가득 찼다", "다음 주에 부산 출장", "어머니께 전화드리기", "옛날 사진 정리",
      ]
    case .russian:
      [
        "встреча перенесена на вторник", "перед переносом базы сделать копию", "купить молоко, хлеб и яйца",
        "эту заметку нельзя потерять", "на сервере опять нет места", "на следующей неделе в Казань", "позвонить маме",
        "разобрать старые фотографии",
      ]
    case .french:
      [
        "la réunion est déplacée à mardi", "sauvegarder la base avant le déménagement", "acheter du pain à l’épicerie",
        "cette note ne doit pas être perdue", "le disque du serveur est déjà plein",
        "voyage à Besançon, là-bas il pleut",
        "téléphoner à maman", "trier les vieilles photos d’été",
      ]
    case .german:
      [
        "die Besprechung fällt auf Dienstag", "vor dem Umzug die Datenbank prüfen", "Brot, Käse und Äpfel kaufen",
        "diese Notiz wäre nicht verloren – nie", "der Server läuft schon wieder über", "nächste Woche nach Köln",
        "Mutter „später“ anrufen", "alte Fotos in die große Schachtel räumen",
      ]
    case .czech:
      [
        "schůzka se přesouvá na úterý", "před přesunem zálohovat databázi", "koupit chléb, mléko a vejce v neděli",
        "tato poznámka se nesmí ztratit, říkám", "disk serveru je už zase plný", "příští týden jedu do Plzně",
        "zavolat mamince večer po šesté", "roztřídit staré fotografie z léta u řeky",
      ]
    case .turkish:
      [
        "toplantı salı gününe alındı", "taşımadan önce yedek al", "süt, ekmek ve yumurta alınacak",
        "bu not kaybolmasın, dağılmasın",
        "sunucunun diski yine doldu, boş değil", "gelecek hafta İzmir’e gidiş", "anneyi akşam ara, çiçek götür",
        "eski fotoğrafları düzenle",
      ]
    case .greek:
      [
        "η συνάντηση μεταφέρεται την Τρίτη", "αντίγραφο πριν από τη μεταφορά", "αγόρασε γάλα, ψωμί και αυγά",
        "αυτή η σημείωση δεν πρέπει να χαθεί", "ο δίσκος γέμισε πάλι", "ταξίδι στην Πάτρα", "τηλεφώνησε στη μητέρα",
        "τακτοποίησε τις παλιές φωτογραφίες",
      ]
    case .thai:
      [
        "ประชุมเลื่อนไปวันอังคาร", "สำรองข้อมูลก่อนย้าย", "ซื้อนมกับขนมปัง", "บันทึกนี้ห้ามหาย", "เครื่องแม่ข่ายเต็มอีกแล้ว",
        "อาทิตย์หน้าไปเชียงใหม่", "โทรหาแม่ตอนเย็น", "จัดรูปเก่าใหม่ทั้งหมด",
      ]
    case .vietnamese:
      [
        "cuộc họp dời sang thứ ba", "sao lưu dữ liệu trước khi chuyển", "mua sữa, bánh mì và trứng",
        "không được mất ghi chú này",
        "ổ đĩa máy chủ lại đầy", "tuần sau đi Đà Nẵng", "gọi điện cho mẹ", "sắp xếp lại ảnh cũ",
      ]
    case .emoji:
      [
        "发布成功🎉🚀", "ship it 🚢 today", "family trip 👩‍👩‍👧 soon", "voyage à Paris 🇫🇷🗼", "重要⚠️别忘了📌", "🧪 passed ✅",
        "猫🐈と犬🐕", "생일 축하 🎂🎈",
      ]
    }
  }
}
