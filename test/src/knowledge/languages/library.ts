/** Twelve short documents in eight languages, and forty questions about them: inflected otherwise, in another order of words. */

export interface Question {
  readonly question: string
  readonly source: string
  /** How the sentence that answers begins. */
  readonly sentence: string
}

export const documents: Readonly<Record<string, string>> = {
  "zh/handbook.txt":
    "公司数据库的备份每天凌晨两点进行一次，备份磁带锁在三楼的蓝色抽屉里。抽屉的钥匙由安全主管王丽保管。新员工入职第一周必须参加消防培训。差旅费用须在返回后十个工作日内报销。会议室可以通过内部网站提前两周预订。打印机的墨盒坏了要联系后勤部更换。员工食堂周末不营业。访客必须在前台登记并佩戴黄色胸卡。",
  "zh/teahouse.txt":
    "這家茶館開在老城的河邊，已經有一百二十年的歷史。老闆每年春天親自到阿里山挑選烏龍茶。最貴的茶是陳放三十年的普洱，一壺要兩千元。每逢星期三晚上有說書人表演。茶館的招牌點心是綠豆糕和桂花糕。二樓的包廂可以坐十二個人，需要事先打電話訂位。冬天店裡會燒炭火爐取暖。小狗可以進院子，但不能進室內。",
  "ja/library.txt":
    "市立図書館は平日の午前九時から午後八時まで開いています。本は一度に十冊まで、二週間借りることができます。返却が遅れた場合は、同じ日数だけ貸し出しが停止されます。地下の書庫には江戸時代の古い地図が保管されています。子ども向けの読み聞かせ会は毎週土曜日の午後に行われます。館内での飲食は一階のカフェに限られています。コピー機は一枚十円で利用できます。忘れ物は受付で一か月間預かります。",
  "ja/servers.txt":
    "データベースのバックアップは毎晩零時に自動で取得されます。取得したファイルは大阪のデータセンターへ転送されます。障害が起きたときは、まず当番の技術者に電話で連絡してください。ログは九十日間保存した後に削除されます。パスワードは三か月ごとに変更しなければなりません。サーバー室に入るには指紋認証が必要です。停電に備えて、地下に発電機が二台設置されています。新しい機能は毎週火曜日に公開します。",
  "ko/hospital.txt":
    "중앙병원의 외래 진료는 오전 아홉 시에 시작됩니다. 진료를 받으려면 전화나 홈페이지에서 미리 예약해야 합니다. 처방전은 발급일로부터 삼 일 동안만 유효합니다. 약국은 본관 일층 정문 옆에 있습니다. 입원 환자의 면회는 저녁 여섯 시부터 여덟 시까지 가능합니다. 주차장은 환자에게 두 시간 무료로 제공됩니다. 응급실은 스물네 시간 문을 엽니다. 의무기록 사본은 본인만 신분증을 가지고 신청할 수 있습니다.",
  "ko/farm.txt":
    "우리 농장은 제주도 남쪽 바닷가에 있으며 감귤을 재배합니다. 수확은 십일월에 시작해서 이듬해 일월에 끝납니다. 할머니가 심은 가장 오래된 나무는 올해 일흔 살이 되었습니다. 비료는 해초와 생선으로 직접 만듭니다. 농장에는 개 두 마리와 고양이 다섯 마리가 삽니다. 주말마다 아이들이 귤 따기 체험을 하러 옵니다. 창고의 온도는 섭씨 오 도로 유지합니다. 귤로 만든 잼은 마을 시장에서 팔립니다.",
  "th/hotel.txt":
    "โรงแรมริมทะเลแห่งนี้มีห้องพักทั้งหมดสี่สิบห้อง เวลาเช็คอินคือบ่ายสองโมงและต้องคืนห้องก่อนเที่ยง อาหารเช้าเสิร์ฟที่ห้องอาหารชั้นสองตั้งแต่หกโมงครึ่ง สระว่ายน้ำเปิดให้บริการถึงสามทุ่ม สัตว์เลี้ยงไม่สามารถเข้าพักได้ รถรับส่งสนามบินออกทุกหนึ่งชั่วโมง กุญแจห้องที่หายต้องเสียค่าปรับห้าร้อยบาท พนักงานเก็บกระเป๋าเดินทางไว้ให้หลังเคาน์เตอร์",
  "de/museum.txt":
    "Das Stadtmuseum wurde 1893 in einem ehemaligen Kloster eröffnet. Die Dauerausstellung zeigt Schiffsmodelle und alte Seekarten. Kinder unter zwölf Jahren zahlen keinen Eintritt. Montags bleibt das Haus geschlossen. Die Werkstatt der Uhrmacher befindet sich im Dachgeschoss. Führungen in Gebärdensprache finden am ersten Sonntag des Monats statt. Taschen und Rucksäcke müssen in den Schließfächern eingeschlossen werden. Das wertvollste Stück der Sammlung ist ein Globus aus dem Jahr 1612.",
  "de/office.txt":
    "Die Datenbanksicherung läuft jede Nacht um drei Uhr. Die Sicherungsbänder werden im Tresor der Filiale Graz aufbewahrt. Den Schlüssel zum Serverraum hat nur die Hausverwaltung. Reisekosten sind spätestens vier Wochen nach der Rückkehr abzurechnen. Neue Mitarbeiterinnen erhalten ihre Zugangskarte am ersten Arbeitstag. Das Passwort muss alle neunzig Tage geändert werden. Bei Stromausfall springt das Notstromaggregat innerhalb von zehn Sekunden an. Überstunden werden durch freie Tage ausgeglichen.",
  "fr/refuge.txt":
    "Le refuge du col est ouvert de la mi-juin à la fin septembre. Les clés de l'armoire à pharmacie sont accrochées derrière le comptoir. On y sert une soupe aux lentilles chaque soir à dix-neuf heures. L'eau de la source doit être bouillie avant d'être bue. Les chiens dorment dans la grange, jamais dans les chambres. La gardienne, Élodie Marchand, connaît tous les sentiers de la vallée. Les randonneurs laissent leurs chaussures mouillées près du poêle. Une nuit en dortoir coûte vingt-huit euros, petit déjeuner compris.",
  "ar/school.txt":
    "تبدأ الدروس في المدرسة الساعة الثامنة صباحاً وتنتهي الساعة الثانية ظهراً. تقع المكتبة في الطابق الثاني بجانب مختبر العلوم. يستطيع الطلاب استعارة ثلاثة كتب لمدة أسبوعين. مديرة المدرسة هي الأستاذة ليلى حدّاد. مفتاح غرفة الموسيقى محفوظ عند الحارس. تُقام مباريات كرة القدم كلّ يوم خميس بعد الظهر. تغادر الحافلات المدرسية من الباب الشرقي. يجب على أولياء الأمور إبلاغ الإدارة عند غياب أبنائهم.",
  "hi/village.txt":
    "गाँव का पुस्तकालय सुबह दस बजे खुलता है और शाम पाँच बजे बंद होता है। पंचायत भवन की चाबी चौकीदार रामलाल के पास रहती है। हर मंगलवार को बरगद के पेड़ के नीचे बाज़ार लगता है। कुएँ का पानी पीने से पहले उबालना चाहिए। डाकिया सप्ताह में दो बार चिट्ठियाँ लाता है। स्कूल के बच्चों को दोपहर में मुफ़्त भोजन मिलता है। नई सड़क अगले साल मार्च तक बन जाएगी। दवाइयाँ स्वास्थ्य केंद्र की अलमारी में रखी जाती हैं।",
}

const asked = (source: string, question: string, sentence: string): Question => ({ question, source, sentence })

export const questions: readonly Question[] = [
  asked("zh/handbook.txt", "蓝色抽屉的钥匙在谁那里？", "抽屉的钥匙"),
  asked("zh/handbook.txt", "多久备份一次数据库？", "公司数据库"),
  asked("zh/handbook.txt", "出差花的钱要在几天之内报销？", "差旅费用"),
  asked("zh/teahouse.txt", "哪一天晚上可以聽到說書？", "每逢星期三"),
  asked("zh/teahouse.txt", "想預約二樓包廂要怎麼做？", "二樓的包廂"),
  asked("ja/library.txt", "図書館で本は何冊まで借りられますか？", "本は一度に"),
  asked("ja/library.txt", "古い江戸の地図はどこにありますか？", "地下の書庫"),
  asked("ja/servers.txt", "バックアップしたファイルの転送先はどこ？", "取得したファイル"),
  asked("ja/servers.txt", "ログを消すのは何日後ですか？", "ログは"),
  asked("ja/servers.txt", "停電のときのための発電機は何台ありますか？", "停電に備えて"),
  asked("ko/hospital.txt", "처방전의 유효 기간은 며칠인가요?", "처방전은"),
  asked("ko/hospital.txt", "약을 사려면 약국이 어디에 있나요?", "약국은"),
  asked("ko/hospital.txt", "입원한 환자를 몇 시에 면회할 수 있습니까?", "입원 환자의"),
  asked("ko/farm.txt", "고양이는 모두 몇 마리예요?", "농장에는 개"),
  asked("ko/farm.txt", "창고 온도를 몇 도로 유지하나요?", "창고의"),
  asked("th/hotel.txt", "ถ้าทำกุญแจหายต้องจ่ายค่าปรับเท่าไร", "กุญแจห้อง"),
  asked("th/hotel.txt", "สระว่ายน้ำปิดกี่โมง", "สระว่ายน้ำ"),
  asked("th/hotel.txt", "กินอาหารเช้าได้ที่ไหน", "อาหารเช้า"),
  asked("th/hotel.txt", "รถรับส่งไปสนามบินออกบ่อยแค่ไหน", "รถรับส่ง"),
  asked("th/hotel.txt", "ฝากกระเป๋าเดินทางไว้ที่ไหนได้", "พนักงาน"),
  asked("de/office.txt", "Wann wird die Datenbank gesichert?", "Die Datenbanksicherung"),
  asked("de/office.txt", "Wo bewahrt man die Bänder mit der Sicherung auf?", "Die Sicherungsbänder"),
  asked("de/office.txt", "Wie oft sind Passwörter zu ändern?", "Das Passwort"),
  asked("de/museum.txt", "Wie viel Eintritt zahlt ein Kind?", "Kinder unter"),
  asked("de/museum.txt", "In welchem Stockwerk liegt die Uhrmacherwerkstatt?", "Die Werkstatt"),
  asked("fr/refuge.txt", "Où trouve-t-on la clé de la pharmacie ?", "Les clés"),
  asked("fr/refuge.txt", "À quelle heure la soupe est-elle servie ?", "On y sert"),
  asked("fr/refuge.txt", "Faut-il faire bouillir l’eau de source ?", "L'eau"),
  asked("fr/refuge.txt", "Combien coûtent les nuits en dortoir ?", "Une nuit"),
  asked("fr/refuge.txt", "Où un chien peut-il dormir ?", "Les chiens"),
  asked("ar/school.txt", "أين توجد مكتبة المدرسة؟", "تقع المكتبة"),
  asked("ar/school.txt", "كم كتاباً يمكن للطالب أن يستعير؟", "يستطيع الطلاب"),
  asked("ar/school.txt", "من يحفظ مفتاح غرفة الموسيقى؟", "مفتاح غرفة"),
  asked("ar/school.txt", "متى تقام مباراة كرة القدم؟", "تُقام مباريات"),
  asked("ar/school.txt", "من أي باب تخرج حافلات المدرسة؟", "تغادر الحافلات"),
  asked("hi/village.txt", "शाम को पुस्तकालय कब बंद किया जाता है?", "गाँव का"),
  asked("hi/village.txt", "पंचायत भवन की चाबियाँ किसके पास हैं?", "पंचायत भवन"),
  asked("hi/village.txt", "बाजार किस दिन लगता है?", "हर मंगलवार"),
  asked("hi/village.txt", "दवाई कहाँ रखी है?", "दवाइयाँ"),
  asked("hi/village.txt", "चिट्ठी लाने डाकिया कितनी बार आता है?", "डाकिया सप्ताह"),
]

/** Twenty more, written when the first forty were found. */
export const heldOut: readonly Question[] = [
  asked("zh/handbook.txt", "周末可以在公司食堂吃饭吗？", "员工食堂"),
  asked("zh/handbook.txt", "来访的人要戴什么颜色的胸卡？", "访客必须"),
  asked("zh/teahouse.txt", "這裡最有名的點心是什麼？", "茶館的招牌"),
  asked("ja/library.txt", "忘れ物をしたら、受付でどのくらい預かってもらえますか？", "忘れ物は"),
  asked("ja/library.txt", "コピー一枚の値段はいくらですか？", "コピー機"),
  asked("ja/servers.txt", "パスワードはどのくらいの頻度で変更するのですか？", "パスワード"),
  asked("ko/hospital.txt", "주차는 얼마 동안 무료인가요?", "주차장은"),
  asked("ko/farm.txt", "잼은 어디에서 살 수 있나요?", "귤로 만든"),
  asked("ko/farm.txt", "가장 오래된 나무의 나이는?", "할머니가"),
  asked("th/hotel.txt", "พาสัตว์เลี้ยงมาด้วยได้ไหม", "สัตว์เลี้ยง"),
  asked("th/hotel.txt", "ต้องคืนห้องเมื่อไร", "เวลาเช็คอิน"),
  asked("de/museum.txt", "Wohin mit meinem Rucksack?", "Taschen und"),
  asked("de/museum.txt", "Gibt es Führungen für Gehörlose in Gebärdensprache?", "Führungen in"),
  asked("de/office.txt", "Was passiert, wenn der Strom ausfällt?", "Bei Stromausfall"),
  asked("fr/refuge.txt", "Jusqu'à quel mois les refuges restent-ils ouverts ?", "Le refuge"),
  asked("fr/refuge.txt", "Que fait-on de la chaussure mouillée d'un randonneur ?", "Les randonneurs"),
  asked("ar/school.txt", "ما اسم مدير المدرسة؟", "مديرة المدرسة"),
  asked("ar/school.txt", "في أي ساعة يبدأ الدرس الأول؟", "تبدأ الدروس"),
  asked("hi/village.txt", "कुएं के पानी को पीने से पहले क्या करें?", "कुएँ का"),
  asked("hi/village.txt", "नयी सड़कें कब तक बनेंगी?", "नई सड़क"),
]
