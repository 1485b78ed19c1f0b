# نص بسيط ولطيف وقصير. يُذكر ما حدث ثم ما ينبغي فعله. لا لوم أبدًا.
# تُبنى مجموعات المفاتيح من الرموز: cause-<code>-person|agent|admin, refusal-<code>-title|text|do, state-<state>-…,
# stopped-<code>-…, rule-<code>, rung-<name>.

site-title = إعادة تعيين كلمة المرور
skip-to-content = الانتقال إلى المحتوى
mark-emulated = عرض توضيحي: مستأجر Microsoft الذي تعتمد عليه هذه الصفحة تجري محاكاته على هذا الجهاز.
mark-other-hosts = هذه البوابة مُعدّة للوثوق بمضيفين لا يتبعون Microsoft.
sign-out = تسجيل الخروج
language = اللغة
language-switch = تبديل
support-line = هل تحتاج إلى مساعدة؟ رقم الاتصال: { $phone }
signed-in-as = تم تسجيل الدخول باسم

span-seconds = { $n ->
    [zero] { $n } ثانية
    [one] ثانية واحدة
    [two] ثانيتين
    [few] { $n } ثوانٍ
    [many] { $n } ثانية
   *[other] { $n } ثانية
}
span-minutes = { $n ->
    [zero] { $n } دقيقة
    [one] دقيقة واحدة
    [two] دقيقتين
    [few] { $n } دقائق
    [many] { $n } دقيقة
   *[other] { $n } دقيقة
}
span-hours = { $n ->
    [zero] { $n } ساعة
    [one] ساعة واحدة
    [two] ساعتين
    [few] { $n } ساعات
    [many] { $n } ساعة
   *[other] { $n } ساعة
}

moment = { $day } { $month ->
    [1] يناير
    [2] فبراير
    [3] مارس
    [4] أبريل
    [5] مايو
    [6] يونيو
    [7] يوليو
    [8] أغسطس
    [9] سبتمبر
    [10] أكتوبر
    [11] نوفمبر
   *[12] ديسمبر
} { $year }، { $time }

button-start = الانتقال إلى البداية
button-sign-in-again = تسجيل الدخول مرة أخرى
button-sign-in = تسجيل الدخول بدون كلمة المرور

landing-title = هل نسيت كلمة المرور؟
landing-text = يمكنك تسجيل الدخول بطريقة أخرى، واختيار كلمة مرور جديدة، ومتابعة وصولها – من أي مكان وبدون VPN.
landing-opens-on-password = ستُفتح صفحة Microsoft على خانة كلمة المرور
landing-choose-other = لا حاجة إلى كتابتها. يُرجى اختيار «طرق أخرى لتسجيل الدخول»، ثم إحدى هذه الطرق:
landing-method-passkey = الوجه أو بصمة الإصبع أو رقم PIN
landing-method-passkey-text = مفتاح مرور على هذا الجهاز أو على هاتفك
landing-method-key = مفتاح الأمان
landing-method-key-text = بتوصيله بالجهاز أو تقريبه من الهاتف
landing-method-phone = تطبيق Authenticator
landing-method-phone-text = بالموافقة على الرقم في هاتفك
landing-method-pass = تصريح وصول مؤقت
landing-method-pass-text = رمز حصلت عليه من مكتب المساعدة
landing-back-title = هل عدت قبل إكمال تسجيل الدخول؟
landing-back-text = يحدث ذلك عندما تطلب صفحة Microsoft كلمة المرور. لا حاجة إلى كتابتها: يوجد تحتها «طرق أخرى لتسجيل الدخول».
landing-steps-title = ما الذي سيحدث
landing-step-1 = تسجيل الدخول لدى Microsoft بدون كلمة المرور.
landing-step-2 = اختيار كلمة مرور جديدة هنا.
landing-step-3 = متابعة وصولها إلى مؤسستك.

form-title = اختيار كلمة مرور جديدة
form-for = الحساب
home-cloud = كلمة مرورك محفوظة في سحابة Microsoft.
home-directory = كلمة مرورك محفوظة في { $domain }، وآخر اتصال به كان قبل { $ago }.
home-directory-unsynced = كلمة مرورك محفوظة في { $domain }.
form-writeback-down = الطريق إلى دليل مؤسستك متعطّل منذ { $time }. يمكنك المحاولة مع ذلك: ستخبرك هذه الصفحة بصدق هل وصلت كلمة مرورك.
form-writeback-slow = الطريق إلى دليل مؤسستك بطيء الآن: استغرق آخر مرة { $span }.
form-at-risk = رصدت Microsoft علامات على أن شخصًا آخر قد يعرف كلمة مرورك. اختر كلمة مرور لا تستخدمها في أي مكان آخر.
form-two-steps = خطوتان: كلمة مرور جديدة هنا، ثم قد تطلب منك Microsoft كلمة مرور أخرى مرة واحدة.
form-locked = حسابك مقفل بسبب محاولات بكلمة مرور غير صحيحة. قبل المتابعة، يُرجى إزالة كلمة المرور القديمة من هاتفك ومن البريد ومن Wi-Fi، فهي تُستخدم فيها تلقائيًا مرارًا.
form-locked-until = سيُفتح تلقائيًا في { $time }.
form-password = كلمة المرور الجديدة
form-again = كلمة المرور نفسها مرة أخرى
form-show = إظهار
form-hide = إخفاء
form-submit = تعيين كلمة المرور الجديدة
form-rules = شروط كلمة المرور
form-whys = لماذا هذه الشروط؟
form-only-microsoft = تتحقق Microsoft أيضًا من قائمتها لكلمات المرور الشائعة ومن قواعد مؤسستك. هي وحدها تستطيع ذلك، وستظهر النتيجة هنا.
form-until = يُرجى الانتهاء قبل
form-unknown-title = يُرجى أولًا تجربة كلمة المرور من إعادة التعيين السابقة
form-unknown-text = لم نتمكن من معرفة ما إذا كانت قد نجحت. إذا لم تسمح لك بالدخول، فيُرجى تحديد هذه الخانة واختيار كلمة مرور أخرى.
form-unknown-tick = جرّبتها ولم تعمل
form-unknown-link = عرض إعادة التعيين السابقة
form-expired-soon = بقي أقل من دقيقتين. إذا انتهى الوقت، فيكفي تسجيل الدخول مرة أخرى، ولن تفقد أي شيء.

rule-length = عدد الأحرف: { $n } على الأقل
rule-characters = الأحرف من A إلى Z والأرقام والمسافات والرموز الشائعة فقط
rule-classes = { $n } مما يلي: حرف صغير، حرف كبير، رقم، رمز
rule-name = لا تحتوي على اسمك
rule-banned = لا تعتمد على كلمات ممنوعة
rule-strength = يصعب تخمينها
rule-breach = لم تظهر في أي تسريب بيانات
rule-microsoft = مقبولة لدى Microsoft
rule-length-why = الطول يحمي أكثر من أي شيء آخر.
rule-characters-why = قد تعمل الأحرف الأخرى لدى Microsoft ثم لا تعمل على جهازك، أو العكس.
rule-classes-why = يتطلب دليل مؤسستك ذلك.
rule-name-why = الاسم أول ما تجري تجربته، حتى عند كتابة 0 بدل o أو @ بدل a.
rule-banned-why = يُجرَّب اسم مؤسستك والكلمات الشائعة الأخرى مع كل إضافة ممكنة.
rule-strength-why = التواريخ وأنماط لوحة المفاتيح والكلمات المعروفة تُخمَّن في دقائق.
rule-breach-why = كلمات المرور التي سُرقت في أي مكان تُجرَّب في كل مكان.
rule-microsoft-why = تُسأل Microsoft عند إرسال النموذج.
rule-microsoft-said = تقول Microsoft:
rule-standing-pending = لم يتم التحقق بعد
rule-standing-met = مستوفى
rule-standing-failed = غير مستوفى
rule-standing-unchecked = تعذّر التحقق، مسموح به

phrase-offer = سهلة التذكر وطويلة بما يكفي. يمكنك استخدام هذه:
phrase-use = استخدام هذه
phrase-other = اقتراح آخر
phrase-used = تمت تعبئتها. يُرجى تدوينها أو حفظها قبل المتابعة.

problem-empty = يُرجى كتابة كلمة مرور جديدة. لم يُرسَل أي شيء.
problem-different = كلمتا المرور غير متطابقتين. لم يُرسَل أي شيء.
problem-rules = كلمة المرور هذه لا تستوفي كل الشروط أدناه. لم يُرسَل أي شيء.
problem-late = مضى وقت طويل منذ تسجيل الدخول. لم يُرسَل أي شيء. يُرجى تسجيل الدخول مرة أخرى ثم تعيين كلمة المرور.
problem-try-first = يُرجى أولًا تجربة كلمة المرور من إعادة التعيين السابقة. لم يُرسَل أي شيء.

timeline-reference = الرقم المرجعي
timeline-reference-hint = عند الاتصال بمكتب المساعدة، يُرجى ذكر هذا:
timeline-begun = وقت البدء
timeline-took = استغرق ذلك { $span }.
timeline-usual = يستغرق ذلك عادةً { $span }.
timeline-elapsed = الوقت المنقضي
timeline-line = Microsoft مشغولة حاليًا. ترتيبك في الانتظار: { $n }. لم يُفقد أي شيء.
timeline-line-wait = ستُستأنف العملية بعد نحو { $span }.
timeline-unused = كانت هناك إعادة تعيين جارية بالفعل. لم تُستخدم كلمة المرور التي كتبتها الآن.
timeline-unasked = تعذّر سؤال Microsoft مسبقًا هل تقبل كلمة المرور هذه. ستقرر الآن.
timeline-steps = مسار كلمة مرورك
timeline-code = الرمز
timeline-again = اختيار كلمة مرور أخرى
timeline-retry = إعادة المحاولة
timeline-reload = تتجدد هذه الصفحة تلقائيًا.

state-sending-title = جارٍ إرسال كلمة مرورك الجديدة
state-sending-text = هي في طريقها إلى Microsoft. يمكنك مغادرة هذه الصفحة، فالعمل مستمر.
state-writing-title = في طريقها إلى مؤسستك
state-writing-text = استلمتها Microsoft وتسلّمها الآن إلى مؤسستك. يمكنك مغادرة هذه الصفحة، فالعمل مستمر.
state-written-title = تم تعيين كلمة مرورك الجديدة
state-written-text = أفادت Microsoft بأنه تم تعيين كلمة مرورك الجديدة.
state-refused-title = لم تتغير
state-refused-do1 = كلمة مرورك القديمة ما زالت تعمل.
state-failed-title = لم تتغير
state-failed-do1 = كلمة مرورك القديمة ما زالت تعمل.
state-failed-do2 = يُرجى الاتصال بمكتب المساعدة وذكر الرقم المرجعي. يظهر لديهم ما يظهر لك، مع السبب.
state-split-title = على وشك الانتهاء
state-split-do1 = يمكنك من الآن استخدام كلمة المرور الجديدة لجهازك ولـ VPN.
state-split-do2 = بالنسبة إلى Microsoft 365، يُرجى الانتظار بضع دقائق. يُرجى عدم إعادة التعيين مرة أخرى الآن.
state-cloud-only-title = تغيّرت لدى Microsoft فقط
state-cloud-only-do1 = يُرجى استخدام كلمة المرور الجديدة لـ Microsoft 365، والقديمة لجهازك ولـ VPN.
state-cloud-only-do2 = تم إبلاغ مكتب المساعدة. يُرجى الاتصال به وذكر الرقم المرجعي.
state-unknown-title = لا نعرف النتيجة بعد
state-unknown-do1 = يُرجى تجربة كلمة المرور الجديدة أولًا.
state-unknown-do2 = إذا لم تعمل، فكلمة مرورك القديمة ما زالت تعمل. يُرجى بعد ذلك تعيين كلمة مرور أخرى.
state-finished-title = تم
state-finished-text = لقد استخدمت كلمة مرورك الجديدة. لم يبقَ ما يلزم فعله هنا.

rung-accepted = استلام Microsoft
rung-accepted-done = وصل طلبك إلى Microsoft.
rung-accepted-now = في انتظار أن تستلمه Microsoft.
rung-accepted-ahead = الخطوة الأولى.
rung-accepted-bad = لم تؤكد Microsoft استلامه.
rung-written = تأكيد Microsoft للتعيين
rung-written-done = أفادت Microsoft بأنه تم تعيين كلمة المرور.
rung-written-now = في انتظار رد Microsoft.
rung-written-ahead = الخطوة التالية.
rung-written-off = لم تصل العملية إلى هذه المرحلة.
rung-written-bad = لم تؤكد Microsoft ذلك.
rung-carried = الوصول إلى مؤسستك
rung-carried-done = تم النقل بواسطة { $agent }، وفقًا لسجل Microsoft.
rung-carried-now = سيُظهر سجل Microsoft الجهة التي نقلتها. قد يتأخر بضع دقائق.
rung-carried-ahead = الخطوة الأخيرة، ويُظهر سجل Microsoft الجهة التي نقلتها.
rung-carried-off = لم تصل العملية إلى هذه المرحلة، على حد علمنا.
rung-carried-bad = لا يُظهر سجل Microsoft أن أي جهة نقلتها.

rung-carried-ambiguous = في سجل Microsoft عدة قيود مناسبة، فلا يبيّن من نقل هذه.
rung-carried-unavailable = لا يسجّل سجل مؤسستك هذا، فلن يظهر هنا.
rung-landed = على وحدة تحكم بالمجال
rung-landed-done = وحدة تحكم بالمجال في مؤسستك لديها كلمة المرور.
rung-landed-now = نسأل وحدة تحكم بالمجال إن كانت وصلت.
rung-landed-ahead = ثم نسأل وحدة تحكم بالمجال إن كانت وصلت.
rung-landed-off = لم تصل إلى هنا بحسب علمنا.
rung-landed-bad = لا تظهر على أي وحدة تحكم بالمجال.
rung-works = تسجيل دخولك بها
rung-works-done = سجّلت Microsoft اختيارك النهائي. هذه هي كلمة المرور المعتمدة.
rung-works-now = يُرجى تسجيل الدخول بها مرة واحدة. قد تطلب Microsoft كلمة مرور أخرى، وعندها تصبح تلك هي المعتمدة.
rung-works-ahead = الخطوة الأخيرة لك: تسجيل الدخول بها مرة واحدة.
rung-works-off = لم تصل العملية إلى هذه المرحلة.

care-title = ما تبقّى
care-question = هل يمكنك الآن الدخول إلى الكمبيوتر المحمول؟
care-inside = نعم، دخلت
care-outside = لا، لم أدخل
care-change = تغيير إجابتي بشأن الكمبيوتر المحمول
care-by-itself = يأخذ الكمبيوتر المحمول كلمة المرور الجديدة تلقائيًا بمجرد اتصاله بالإنترنت.
care-done = تم
care-open = لم يتم بعد
care-phone-first-title = أولًا: إزالة كلمة المرور القديمة من هاتفك
care-phone-first-text = قُفل حسابك لأن كلمة المرور القديمة ما زالت تُستخدم تلقائيًا في مكان ما. قبل أي شيء آخر، يُرجى فتح البريد وWi-Fi على هاتفك وكتابة كلمة المرور الجديدة.
care-phone-title = كتابتها على هاتفك
care-phone-text = يستمر البريد وWi-Fi على الهاتف في تجربة كلمة المرور القديمة، وقد يؤدي ذلك إلى قفل حسابك.
care-get-in-title = الدخول إلى الكمبيوتر المحمول
care-get-in-text = يمكنك استخدام رقم PIN أو الوجه أو بصمة الإصبع كالمعتاد، فهي ما زالت تعمل. وإلا فيُرجى تجربة كلمة المرور القديمة: بعيدًا عن شبكة مؤسستك ما زالت تفتح الكمبيوتر المحمول. إذا كانت صفحة تسجيل الدخول تعرض VPN، فيُرجى الاتصال به أولًا ثم استخدام كلمة المرور الجديدة. ويمكنك أيضًا الذهاب إلى المكتب أو الاتصال بمكتب المساعدة.
care-lock-unlock-title = تعريف الكمبيوتر المحمول بكلمة المرور الجديدة
care-lock-unlock-text = يُرجى الاتصال عبر VPN، أو القيام بذلك من المكتب. ثم قفل الشاشة (مفتاح Windows مع L) وفتحها بكلمة المرور الجديدة.
care-wifi-title = كتابتها في شبكة Wi-Fi الخاصة بمؤسستك
care-wifi-text = حيثما تطلب شبكة Wi-Fi اسمك وكلمة مرورك: يُرجى حذف الشبكة، ثم الانضمام إليها من جديد بكلمة المرور الجديدة.
care-signout = هل يُحتمل أن شخصًا آخر دخل إلى حسابك؟
care-signout-text = يمكنك تسجيل الخروج من كل مكان. بعد ذلك يطلب Microsoft 365 كلمة المرور الجديدة على كل جهاز خلال دقائق، وبعد ساعة على الأكثر. تبقى أرقام PIN ومفاتيح المرور كما هي.
care-signout-button = تسجيل الخروج من كل مكان
care-signed-out = تم تسجيل خروجك من كل مكان في { $time }. يسري ذلك خلال دقائق، وبعد ساعة على الأكثر.

finish-title = بقيت خطوة واحدة: تسجيل الدخول بها
finish-title-unknown = للتجربة: تسجيل الدخول بكلمة المرور الجديدة
finish-text = ستُفتح صفحة Microsoft. يُرجى كتابة كلمة المرور الجديدة. إذا طُلب منك اختيار كلمة مرور أخرى، فستكون هي المعتمدة من ذلك الحين في كل مكان.
finish-button = تسجيل الدخول بكلمة المرور الجديدة
finish-asking = مرحبًا بعودتك. نسأل Microsoft الآن عما إذا كانت كلمة مرورك قد تغيرت. يستغرق ذلك دقيقة على الأكثر.
finish-unchanged = لقد عدت، لكن Microsoft لم تسجّل تغييرًا في كلمة مرورك. إذا لم يُطلب منك تغييرها، فكل شيء على ما يرام. وإذا سجّلت الدخول بطريقة أخرى، فيُرجى المحاولة مرة أخرى بكلمة المرور الجديدة.

cause-r-policy-person = لا تسمح قواعد مؤسستك بكلمة المرور هذه: قد تكون قصيرة جدًا أو بسيطة جدًا أو مستخدمة من قبل، أو قد تكون كلمة مرورك تغيرت مؤخرًا. يُرجى اختيار كلمة مرور أخرى.
cause-r-policy-agent = رفض AD كلمة المرور: الطول أو التعقيد أو المحفوظات أو الحد الأدنى للعمر.
cause-r-policy-admin = الرمز 0000052D من AD. خادم المزامنة: حدث ADSync رقم 6329 (0x80230619)، وحدث PasswordResetService رقم 33008 بعد 31011. يُرجى فحص نهج كلمات المرور للمجال أو النهج الدقيق (fine-grained)، وخصوصًا الحد الأدنى لعمر كلمة المرور.
cause-r-banned-person = كلمة المرور هذه سهلة التخمين: تحتوي على كلمة شائعة أو ممنوعة أو على اسمك. يُرجى اختيار كلمة مرور أخرى.
cause-r-banned-agent = رفضتها قائمة كلمات المرور المحظورة في Entra.
cause-r-banned-admin = الرمز FuzzyPolicyViolationInvalidPassword. يُرجى فحص «أساليب المصادقة» ثم «الحماية بكلمة المرور» (Password protection): القائمة المحظورة المخصصة، وما يسجّله وكلاء DC.
cause-r-not-sent-person = حدث انقطاع قبل إرسال كلمة مرورك. يُرجى تعيينها مرة أخرى.
cause-r-not-sent-agent = انتهت العملية قبل الإرسال: لا اتصال بـ Graph، أو أُعيد تشغيل البوابة.
cause-r-not-sent-admin = يُرجى البحث في سجل البوابة عن معرّف إعادة التعيين، وفحص المسار من البوابة إلى Graph ‏(TLS والوكيل proxy وتحليل الأسماء).
cause-r-throttled-person = Microsoft مشغولة جدًا. لم يُرسَل أي شيء. يُرجى المحاولة مرة أخرى بعد بضع دقائق.
cause-r-throttled-agent = قيّد Graph الطلبات مدة أطول مما ينبغي لأحد انتظاره. لم يُرسَل أي شيء.
cause-r-throttled-admin = استمر الرد 429 من Graph بعد تجاوز reset.line_limit_seconds. يُرجى البحث عن تطبيق آخر يسبب حملًا كبيرًا في المستأجر.
cause-r-operator-person = لم تتمكن البوابة من تسجيل الدخول لتنفيذ ذلك. لم يتغير أي شيء. يُرجى الاتصال بمكتب المساعدة.
cause-r-operator-agent = لم يُقبل تسجيل دخول مشغّل إعادة التعيين. يجب أن يعيد أحد المسؤولين ربطه.
cause-r-operator-admin = يُرجى إعادة ربط المشغّل في /admin/operator، ومعرفة سبب انتهاء منحته من سجلات تسجيل الدخول لحساب المشغّل.
cause-r-denied-person = تحمي Microsoft هذا الحساب. لا يُسمح للبوابة بتغيير كلمة مروره. يُرجى الاتصال بمكتب المساعدة.
cause-r-denied-agent = أجاب Graph بالرمز 403: حساب ذو امتيازات، أو أن دور المشغّل لا يشمل هذا الشخص.
cause-r-denied-admin = يُرجى مقارنة أدوار الشخص (النشطة والمؤهلة) والمجموعات القابلة لتعيين الأدوار والوحدات الإدارية بنطاق المشغّل.
cause-r-role-person = فقدت البوابة صلاحية تنفيذ ذلك. لم يتغير أي شيء. يُرجى الاتصال بمكتب المساعدة.
cause-r-role-agent = لا يملك مشغّل إعادة التعيين أي دور يسمح بإعادة تعيين كلمات المرور. يتأثر الجميع إلى أن يحصل عليه.
cause-r-role-admin = يُرجى منح المشغّل دور مسؤول المصادقة (Authentication Administrator) من جديد بنطاق وحدته الإدارية، ثم ربطه في /admin/operator.
cause-r-not-found-person = لم تعد Microsoft تتعرّف على هذا الحساب. يُرجى الاتصال بمكتب المساعدة.
cause-r-not-found-agent = أجاب Graph بالرمز 404 لهذا الشخص.
cause-r-not-found-admin = حُذف الكائن أو أنه يقع خارج الوحدة الإدارية للمشغّل.
cause-r-rejected-person = لم تقبل Microsoft كلمة المرور هذه. يُرجى اختيار كلمة مرور أخرى، وإذا لم تنجح أيضًا، فيُرجى الاتصال بمكتب المساعدة.
cause-r-rejected-agent = رفض Graph الطلب، ونص رده محفوظ مع عملية إعادة التعيين هذه.
cause-r-rejected-admin = يُرجى قراءة رمز الخطأ ومعرّف الطلب المحفوظين مع عملية إعادة التعيين هذه.
cause-f-agent-offline-person = لم تستجب خدمة كلمات المرور في مؤسستك. لم يتغير أي شيء. يُرجى المحاولة مرة أخرى لاحقًا.
cause-f-agent-offline-agent = لم يستجب أي وكيل إعادة كتابة (writeback).
cause-f-agent-offline-admin = يُرجى فحص خادم المزامنة: أحداث PasswordResetService رقم 31034 و31044 و32002 و6800، والاتصال الصادر عبر المنفذ 443 إلى *.servicebus.windows.net و *.passwordreset.microsoftonline.com.
cause-f-admin-action-person = حسابك محمي حماية خاصة في مؤسستك، لذلك لا يُسمح للبوابة بتغييره. يُرجى الاتصال بمكتب المساعدة.
cause-f-admin-action-agent = لا يملك وكيل إعادة الكتابة (writeback) صلاحية تغيير هذا الحساب.
cause-f-admin-action-admin = الحدث 33004. إما AdminCount=1 أو مجموعة محمية، أو أن حساب المزامنة تنقصه على جذر المجال صلاحيات إعادة تعيين كلمة المرور (Reset password) وكتابة lockoutTime وكتابة pwdLastSet. يجب أن يسمح له النهج «تقييد العملاء المسموح لهم بإجراء مكالمات عن بُعد إلى SAM».
cause-f-disabled-person = حسابك معطّل. يُرجى الاتصال بمكتب المساعدة.
cause-f-disabled-agent = الحساب معطّل في AD.
cause-f-disabled-admin = الحدث 33005. يُرجى تمكين الحساب في AD إذا كان ينبغي أن يكون ممكّنًا.
cause-f-locked-person = حسابك مقفل. يُرجى الانتظار قليلًا أو الاتصال بمكتب المساعدة، وقبل ذلك إزالة كلمة المرور القديمة من هاتفك.
cause-f-locked-agent = الحساب مقفل في AD.
cause-f-locked-admin = الحدث 33006. يُرجى البحث عن مصدر المحاولات الخاطئة: الحدث 4740 على محاكي PDC.
cause-f-expired-person = انتهت صلاحية حسابك. يُرجى الاتصال بمكتب المساعدة.
cause-f-expired-agent = انتهت صلاحية الحساب في AD.
cause-f-expired-admin = الرمز 00000701 من AD. يُرجى فحص accountExpires وتمديده إذا كان ينبغي أن يكون للشخص حق الوصول.
cause-f-several-person = يوجد في دليل مؤسستك أكثر من حساب مطابق. يُرجى الاتصال بمكتب المساعدة.
cause-f-several-agent = عثر وكيل إعادة الكتابة (writeback) على عدة حسابات لهذا الشخص.
cause-f-several-admin = الحدث 33003 (أو 0x80230402، مرساة مكررة). لا يُدعم شخص مُمكَّن في غابتين (forests)؛ يُرجى فحص الكائنات المرتبطة في metaverse.
cause-f-not-enabled-person = لم تفعّل مؤسستك هذه الميزة لحسابك. يُرجى الاتصال بمكتب المساعدة.
cause-f-not-enabled-agent = إعادة التعيين الذاتية أو إعادة كتابة كلمة المرور (writeback) متوقفة لهذا الشخص أو للمستأجر.
cause-f-not-enabled-admin = من SSPR_0009 إلى SSPR_0014. يُرجى فحص «إعادة تعيين كلمة المرور» في Entra: لمن هي مفعّلة، و«التكامل المحلي» (On-premises integration)، والترخيص (P1 أو P2 أو Business Premium).
cause-f-agent-trouble-person = واجهت خدمة كلمات المرور في مؤسستك مشكلة داخلية. لم يتغير أي شيء. يُرجى المحاولة مرة أخرى لاحقًا.
cause-f-agent-trouble-agent = أجاب وكيل إعادة الكتابة (writeback) بخطأ داخلي، ونصه محفوظ مع عملية إعادة التعيين هذه.
cause-f-agent-trouble-admin = أحداث PasswordResetService من 32000 إلى 32016 و33001 و33009 على خادم المزامنة. 32004 (فك التشفير): يُرجى إيقاف writeback ثم تشغيله؛ hr=800700CE: كلمة مرور حساب المزامنة أطول من 256 حرفًا؛ والأحرف المحجوزة في أسماء OU تسبب 33001.
cause-f-not-in-directory-person = لا يتعرّف دليل مؤسستك على هذا الحساب. يُرجى الاتصال بمكتب المساعدة.
cause-f-not-in-directory-agent = لم يعثر وكيل إعادة الكتابة (writeback) على الشخص في AD.
cause-f-not-in-directory-admin = الحدث 33002 (أو 33003: عدة حسابات). يُرجى فحص الكائنات المرتبطة في metaverse على خادم المزامنة.
cause-f-unrecognised-person = ذكرت Microsoft سببًا لا نعرفه. نواصل البحث عن دليل، وفي هذه الأثناء يُرجى تجربة كلمة المرور الجديدة ثم القديمة.
cause-f-unrecognised-agent = فشلت العملية بتفاصيل غير موجودة في قائمتنا، وهي محفوظة كاملة مع عملية إعادة التعيين هذه.
cause-f-unrecognised-admin = يُرجى قراءة التفاصيل المحفوظة مع عملية إعادة التعيين هذه، وسجل التطبيق (Application) على خادم المزامنة في ذلك الوقت.
cause-x-split-person = وصلت كلمة المرور الجديدة إلى مؤسستك، ولم تصل إلى Microsoft بعد. يستغرق ذلك بضع دقائق.
cause-x-split-agent = الحالة OnPremisesSuccessCloudFailure: كلمة المرور موجودة في AD، وتلحق بها السحابة عبر مزامنة تجزئة كلمة المرور.
cause-x-split-admin = يُرجى التحقق من عمل مزامنة تجزئة كلمة المرور؛ تلحق السحابة خلال دقائق.
cause-x-cloud-only-person = وصلت كلمة مرورك الجديدة إلى Microsoft، لكنها لم تصل إلى مؤسستك.
cause-x-cloud-only-agent = لا يذكر سجل التدقيق أي وكيل إعادة كتابة (writeback) لعملية إعادة التعيين هذه، مع أن الشخص مُزامَن.
cause-x-cloud-only-admin = قيمة OnPremisesAgent هي None: إعادة الكتابة (writeback) متوقفة أو لا يوجد وكيل متصل. يُرجى فحص «التكامل المحلي» (On-premises integration) في Entra وخادم المزامنة.
cause-u-no-answer-person = أُرسلت كلمة مرورك ولم يصل رد. ربما تم تعيينها وربما لا.
cause-u-no-answer-agent = أُرسل الطلب ولم يصل رد.
cause-u-no-answer-admin = كان رد Graph ‏5xx أو 408 أو مقطوعًا أو غائبًا. سيوضح سجل التدقيق ما حدث، وتواصل البوابة البحث مدة 24 ساعة.
cause-u-crashed-person = توقفت البوابة أثناء إرسال كلمة مرورك. ربما تم تعيينها وربما لا.
cause-u-crashed-agent = انتهت عملية البوابة بين الإرسال وتلقي الرد.
cause-u-crashed-admin = يُرجى معرفة سبب انتهاء العملية (process). تواصل البوابة البحث عن دليل مدة 24 ساعة.
cause-u-lost-person = استلمت Microsoft كلمة مرورك، ثم لم تتمكن من تحديد ما حدث لها. ربما تم تعيينها وربما لا.
cause-u-lost-agent = لم يعد Graph يعرف العملية (404 لأكثر من دقيقة).
cause-u-lost-admin = يُرجى فحص سجل تدقيق الدليل لهذا الشخص وهذا الوقت.
cause-u-time-limit-person = يستغرق الأمر وقتًا أطول بكثير من المعتاد. ربما تم تعيين كلمة مرورك وربما لا.
cause-u-time-limit-agent = لم تنتهِ العملية ضمن المهلة المحددة.
cause-u-time-limit-admin = يُرجى فحص سلامة وكيل إعادة الكتابة (writeback). تواصل البوابة البحث عن دليل مدة 24 ساعة.

refusal-e-not-found-title = هذه الصفحة غير موجودة
refusal-e-not-found-text = أو أن عرضها غير متاح لحسابك. إذا وصلت عبر رابط لعملية إعادة تعيين، فيُرجى تسجيل الدخول أولًا ثم فتحه من جديد.
refusal-e-limit-title = محاولات متقاربة قليلًا
refusal-e-limit-text = لم يُرسَل أي شيء. يُرجى المحاولة مرة أخرى بعد { $wait }.
refusal-e-unavailable-title = غير متاح حاليًا
refusal-e-unavailable-text = لا يمكننا الوصول إلى خدمة نحتاج إليها. لم يتغير أي شيء.
refusal-e-unavailable-do = يُرجى المحاولة مرة أخرى بعد دقيقة.
refusal-e-internal-title = حدث خطأ لدينا
refusal-e-internal-text = الخطأ من جانبنا. لم يُنفَّذ أي شيء آخر.
refusal-e-internal-do = يُرجى المحاولة مرة أخرى. إذا استمر ذلك، فيُرجى الاتصال بمكتب المساعدة.
refusal-e-cross-site-title = جاء هذا الطلب من موقع ويب آخر
refusal-e-cross-site-text = حرصًا على سلامتك، لم يُنفَّذ أي شيء.
refusal-e-cross-site-do = يُرجى فتح البوابة مباشرةً والمحاولة من هناك.
refusal-e-timeout-title = استغرق ذلك وقتًا طويلًا
refusal-e-timeout-text = توقفنا عن الانتظار. لم يُنفَّذ أي شيء آخر.
refusal-e-timeout-do = يُرجى المحاولة مرة أخرى.
refusal-e-bad-request-title = لم نتمكن من فهم الطلب
refusal-e-bad-request-text = كان الطلب غير مكتمل أو كبيرًا جدًا. لم يُنفَّذ أي شيء.

refusal-s-attempt-title = يُرجى البدء من جديد
refusal-s-attempt-text = بدأ تسجيل الدخول هذا في متصفح آخر، أو سبق استخدامه، أو استغرق وقتًا طويلًا.
refusal-s-attempt-do = إذا تكرر ذلك، فيُرجى السماح بملفات تعريف الارتباط لهذا الموقع.
refusal-s-cancelled-title = لم يكتمل تسجيل الدخول
refusal-s-cancelled-text = لم يحدث أي شيء. يمكنك المحاولة مرة أخرى في أي وقت.
refusal-s-cancelled-do = هل طلبت Microsoft كلمة مرورك؟ يُرجى اختيار «طرق أخرى لتسجيل الدخول» بدلًا من ذلك.
refusal-s-not-assigned-title = لا يمكن لحسابك استخدام هذه البوابة بعد
refusal-s-not-assigned-text = مؤسستك هي التي تحدد من يمكنه استخدامها.
refusal-s-not-assigned-do = يُرجى الاتصال بمكتب المساعدة وذكر: AADSTS50105، غير معيَّن.
refusal-s-blocked-title = لم تسمح Microsoft بالدخول
refusal-s-blocked-text = تطلب مؤسستك طريقة أقوى لتسجيل الدخول، أو جهازًا أو مكانًا آخر.
refusal-s-blocked-do = يُرجى المحاولة مرة أخرى بمفتاح مرور أو مفتاح أمان أو تطبيق Authenticator.
refusal-s-tenant-title = هذا حساب تابع لمؤسسة أخرى
refusal-s-tenant-text = هذه البوابة مخصصة لمؤسسة واحدة فقط.
refusal-s-tenant-do = يُرجى تسجيل الدخول بحساب العمل.
refusal-s-locked-title = حسابك مقفل لدى Microsoft
refusal-s-locked-text = محاولات كثيرة بكلمة مرور غير صحيحة، ربما من هاتفك تلقائيًا.
refusal-s-locked-do = يُرجى إزالة كلمة المرور القديمة من هاتفك، والانتظار بضع دقائق، ثم المحاولة مرة أخرى بدون كلمة مرور.
refusal-s-disabled-title = حسابك معطّل
refusal-s-disabled-text = مؤسستك وحدها يمكنها تفعيله من جديد.
refusal-s-disabled-do = يُرجى الاتصال بمكتب المساعدة.
refusal-s-risk-title = تطلب Microsoft تغيير كلمة المرور أولًا
refusal-s-risk-text = ترى Microsoft خطرًا في تسجيل دخول إلى حسابك، فلا تسمح لأحد بالدخول دون كلمة مرور جديدة.
refusal-s-risk-do = اتصل بمكتب المساعدة وقل: S-RISK. يمكنهم التأكد من أنك أنت.
refusal-s-on-premises-title = خادم تسجيل الدخول في مؤسستك لا يجيب
refusal-s-on-premises-text = سألته Microsoft عن كلمة مرورك ولم يجب أحد.
refusal-s-on-premises-do = اختر «طرق أخرى لتسجيل الدخول» وطريقة بلا كلمة مرور، أو حاول مجددًا بعد بضع دقائق.
refusal-s-busy-title = خدمة Microsoft مشغولة
refusal-s-busy-text = لم يحدث شيء.
refusal-s-busy-do = انتظر بضع دقائق ثم حاول مجددًا.
refusal-s-enrol-title = يجب إعداد طريقة لتسجيل الدخول أولًا
refusal-s-enrol-text = ليس لحسابك بعد طريقة تسجيل دخول قوية بما يكفي.
refusal-s-enrol-do = اتصل بمكتب المساعدة: سيساعدونك في إعداد واحدة.
refusal-s-device-title = مؤسستك لا تدير هذا الجهاز
refusal-s-device-text = تسمح مؤسستك بتسجيل الدخول من أجهزتها فقط.
refusal-s-device-do = حاول من هاتف العمل أو حاسوبه، أو اتصل بمكتب المساعدة.
refusal-s-setup-title = لم يكتمل إعداد البوابة
refusal-s-setup-text = لا تقبل Microsoft تسجيل البوابة نفسها. ليس هذا خطأك.
refusal-s-setup-do = يُرجى الاتصال بمكتب المساعدة وذكر: S-SETUP.
refusal-s-entra-title = لم يستجب تسجيل الدخول لدى Microsoft كما هو متوقع
refusal-s-entra-text = لم يحدث أي شيء.
refusal-s-entra-do = يُرجى المحاولة مرة أخرى بعد دقيقة.
refusal-s-forged-title = تعذّر علينا الوثوق بعملية تسجيل الدخول هذه
refusal-s-forged-text = ما وصلنا من Microsoft لم يجتز عمليات التحقق لدينا. لم يُنفَّذ أي شيء.
refusal-s-forged-do = يُرجى البدء من جديد. إذا استمر ذلك، فيُرجى إبلاغ مكتب المساعدة بالرمز: S-FORGED.
refusal-s-guest-title = لا يمكن للضيوف إعادة تعيين كلمة المرور هنا
refusal-s-guest-text = كلمة مرورك تابعة لمؤسستك الأصلية.
refusal-s-guest-do = يُرجى إعادة تعيينها هناك.
refusal-s-password-title = يُرجى تسجيل الدخول بدون كلمة المرور
refusal-s-password-text = تحتاج البوابة إلى التعرّف عليك بوسيلة غير كلمة المرور التي نسيتها.
refusal-s-password-do = يُرجى اختيار «طرق أخرى لتسجيل الدخول» في صفحة Microsoft.
refusal-s-stale-title = يُرجى تسجيل الدخول مرة أخرى
refusal-s-stale-text = مضى على تسجيل دخولك لدى Microsoft وقت أطول مما يسمح بهذا الإجراء.
refusal-s-context-title = يلزم تسجيل دخول أقوى
refusal-s-context-text = تتطلب كلمة المرور الجديدة تسجيل الدخول بمفتاح مرور أو مفتاح أمان أو تطبيق Authenticator أو تصريح وصول مؤقت.
refusal-s-context-do = يُرجى اختيار «طرق أخرى لتسجيل الدخول» في صفحة Microsoft.
refusal-s-policy-title = إعادة التعيين متوقفة مؤقتًا
refusal-s-policy-text = لا يمكننا حاليًا التأكد من أن تسجيل الدخول هنا يتم بدون كلمة المرور. وإلى أن نتأكد، لا يمكن لأحد إعادة التعيين.
refusal-s-policy-do = يُرجى الاتصال بمكتب المساعدة وذكر: S-POLICY.
refusal-s-excluded-title = حسابك غير مشمول
refusal-s-excluded-text = لا تنطبق قاعدة تسجيل الدخول في مؤسستك على حسابك، لذلك لا يمكننا التأكد من هويتك.
refusal-s-excluded-do = يُرجى الاتصال بمكتب المساعدة.
refusal-s-no-role-title = لا يوجد دور للموظفين
refusal-s-no-role-text = ليس لحسابك أي من أدوار الموظفين في البوابة.
refusal-s-no-role-do = يُرجى طلب أحد أدوار Passback من المسؤول.
refusal-s-somebody-else-title = كان هذا حساب شخص آخر
refusal-s-somebody-else-text = أُعيد تعيين كلمة المرور لحساب غير الحساب الذي سُجّل الدخول به الآن. لم يتغير أي شيء.
refusal-s-somebody-else-do = يُرجى العودة إلى صفحة إعادة التعيين وتسجيل الدخول بالحساب المذكور فيها.
refusal-s-not-staff-title = للموظفين ذوي الدور المناسب
refusal-s-not-staff-text = تتطلب هذه الصفحة تسجيل دخول موظف بدور يسمح بها.
refusal-s-network-title = ليس من هذه الشبكة
refusal-s-network-text = لا تُفتح صفحات الموظفين إلا من الشبكات التي حددتها مؤسستك.
refusal-s-expired-title = انتهت جلستك
refusal-s-expired-text = لم يُرسَل أي شيء. للمتابعة، يُرجى تسجيل الدخول مرة أخرى.

refusal-l-yourself-title = يُرجى اختيار حساب آخر
refusal-l-yourself-text = لا يمكن أن يكون حسابك هو المشغّل: لا تسمح Microsoft أبدًا لحساب بإعادة تعيين كلمة مروره بنفسه.
refusal-l-global-admin-title = لا يصلح حساب المسؤول العام
refusal-l-global-admin-text = يحتاج المشغّل إلى أقل قدر ممكن من الصلاحيات. يُرجى استخدام حساب له دور مسؤول المصادقة (Authentication Administrator) بنطاق وحدة إدارية.
refusal-l-no-role-title = الدور غير موجود
refusal-l-no-role-text = ليس لهذا الحساب دور نشط يسمح بإعادة تعيين كلمات المرور. يُرجى منحه دور مسؤول المصادقة (Authentication Administrator).
refusal-l-tenant-wide-title = يشمل الدور المستأجر بأكمله
refusal-l-tenant-wide-text = يُرجى حصر نطاق الدور في وحدة إدارية، أو تعيين operator.tenant_wide = true إذا كان ذلك مقصودًا.
refusal-l-no-token-title = لا يوجد إذن دائم
refusal-l-no-token-text = لم تُصدر Microsoft رمز تحديث مميزًا (refresh token). يُرجى منح الإذن offline_access والمحاولة مرة أخرى.
refusal-l-nobody-title = لا يوجد حساب في الانتظار
refusal-l-nobody-text = يُرجى أولًا تسجيل الدخول بحساب المشغّل؛ أمامك بعدها عشر دقائق للتأكيد.

stopped-g-paused-title = إعادة التعيين متوقفة مؤقتًا
stopped-g-paused-text = أوقفت مؤسستك مؤقتًا كل عمليات إعادة التعيين. كلمة مرورك القديمة لم تتغير.
stopped-g-paused-do = يُرجى المحاولة مرة أخرى لاحقًا أو الاتصال بمكتب المساعدة.
stopped-g-ceiling-title = إعادة التعيين متوقفة مؤقتًا
stopped-g-ceiling-text = كان عدد عمليات إعادة التعيين كبيرًا على غير العادة، فتوقفت البوابة حرصًا على السلامة. كلمة مرورك القديمة لم تتغير.
stopped-g-ceiling-do = تم إبلاغ مكتب المساعدة. يُرجى المحاولة مرة أخرى لاحقًا.
trouble-operator = لا أحد يستطيع إعادة التعيين: المشغّل لا يعمل
trouble-operator-do = على مسؤول أن يربط المشغّل من جديد. ما ينتظر يستمر بعدها وحده.
trouble-operator-old = لم تُجدَّد صلاحية المشغّل منذ أسبوع
trouble-operator-old-do = تنتهي وحدها بعد 90 يومًا. على مسؤول أن ينظر في السجل ويربط المشغّل من جديد.
trouble-operator-power = أصبح المشغّل مسؤولًا عامًا
trouble-operator-power-do = أزل الدور في Entra: من يخترق هذه البوابة يملك المستأجر كله.
trouble-policy-people = إعادة التعيين متوقفة: سياسة تسجيل الدخول لا تثبت شيئًا
trouble-policy-people-do = على مسؤول أن يصلح سياسة الوصول المشروط. الأمر «passback doctor» يبيّن الخلل.
trouble-policy-staff = لا يستطيع الموظفون تسجيل الدخول: سياستهم لا تثبت شيئًا
trouble-policy-staff-do = على مسؤول أن يصلح سياسة سياق الموظفين. الأمر «passback doctor» يبيّن الخلل.
trouble-credential = بيانات اعتماد البوابة تنتهي قريبًا
trouble-credential-do = على مسؤول أن يجدّد الشهادة في Entra أولًا ثم هنا. عند انتهائها لا يستطيع أحد تسجيل الدخول.
trouble-sync = لم يُزامَن الدليل مع Microsoft منذ ساعات
trouble-sync-do = قد تعمل إعادة التعيين، لكن خادم المزامنة يحتاج إلى نظرة: الكتابة العكسية تعمل عليه.
trouble-canary = لم تصل إعادة التعيين التجريبية: ربما تعطّلت الكتابة العكسية
trouble-canary-do = انظر إلى وكيل الكتابة العكسية على خادم المزامنة. يقرأ الناس ذلك في النموذج.
trouble-clock = ساعة البوابة تختلف عن ساعة Microsoft
trouble-clock-do = اضبط ساعة الجهاز عبر NTP. بعد خمس دقائق لا يستطيع أحد تسجيل الدخول.
trouble-proxy = يوجد وكيل (proxy) ليس في قائمة الوكلاء الموثوق بهم: يُحتسب الجميع كعنوان واحد
trouble-proxy-do = على المسؤول التحقق من الجهاز الذي أرسل الطلبات. إذا كان وكيل مؤسستك، فأضفه إلى «server.trusted_proxies» وأعد التشغيل. لا تُضف عنوانًا لا تعرفه.
trouble-since = منذ { $time }
letter-trouble-subject = إعادة تعيين كلمات المرور في { $organisation } تحتاج إلى أحد
letter-trouble-hello = وجدت البوابة في { $time }:
letter-trouble-link = افتح صفحة مكتب المساعدة
letter-trouble-once = يُقال هذا مرة واحدة. تعرضه الصفحة حتى ينتهي.
stopped-g-operator-account-title = هذا حساب البوابة نفسها
stopped-g-operator-account-text = يعيد المشغّل تعيين كلمات مرور الآخرين، ولا تسمح له Microsoft بإعادة تعيين كلمته.
stopped-g-operator-account-do = يغيّرها مسؤول في Entra.
stopped-g-operator-title = إعادة التعيين متوقفة مؤقتًا
stopped-g-operator-text = لا يمكن للبوابة تسجيل الدخول لدى Microsoft حاليًا. لم تفقد أي شيء، ولا حاجة إلى كتابة أي شيء.
stopped-g-operator-do = يجب أن يعيد أحد المسؤولين ربط المشغّل. يُرجى الاتصال بمكتب المساعدة.
stopped-g-protected-title = يحتاج حسابك إلى مكتب المساعدة
stopped-g-protected-text = تحمي Microsoft الحسابات ذات الصلاحيات الخاصة. لا يُسمح للبوابة بتغيير كلمات مرورها.
stopped-g-protected-do = يُرجى الاتصال بمكتب المساعدة، فلديه طريقة آمنة لذلك.
stopped-g-outside-title = هذه البوابة ليست لحسابك
stopped-g-outside-text = تسمح لها مؤسستك بإعادة تعيين كلمات مرور أشخاص معيّنين، وحسابك ليس بينها.
stopped-g-outside-do = اتصل بمكتب المساعدة؛ فهم يعرفون الطريقة المناسبة لحسابك.
stopped-g-guest-title = لا يمكن للضيوف إعادة تعيين كلمة المرور هنا
stopped-g-guest-text = كلمة مرورك تابعة لمؤسستك الأصلية.
stopped-g-expired-title = انتهت صلاحية حسابك
stopped-g-expired-text = يفيد دليل مؤسستك بأن صلاحية هذا الحساب قد انتهت. لن تفيد كلمة مرور جديدة.
stopped-g-expired-do = يُرجى الاتصال بمكتب المساعدة.
stopped-g-protected-ad-title = هذا الحساب محمي حماية خاصة
stopped-g-protected-ad-text = يتعامل معه دليل مؤسستك كحساب مسؤول. لا يُسمح لأي بوابة بتغيير كلمة مروره.
stopped-g-protected-ad-do = يُرجى الاتصال بمكتب المساعدة.
stopped-g-cannot-change-title = لا يمكن تغيير كلمة مرورك
stopped-g-cannot-change-text = لا يسمح دليل مؤسستك بذلك لهذا الحساب.
stopped-g-cannot-change-do = يُرجى الاتصال بمكتب المساعدة.
stopped-g-too-young-title = تغيّرت كلمة مرورك مؤخرًا
stopped-g-too-young-text = تسمح قواعد مؤسستك بتغييرها مرة أخرى بعد { $time }. وحتى ذلك الحين ستُرفض أي كلمة مرور جديدة.
stopped-g-too-young-do = إذا لم يكن بإمكانك الانتظار، فيُرجى الاتصال بمكتب المساعدة.
stopped-g-disabled-title = حسابك معطّل
stopped-g-disabled-text = مؤسستك وحدها يمكنها تفعيله من جديد.
stopped-g-disabled-do = يُرجى الاتصال بمكتب المساعدة.
stopped-g-cannot-check-title = غير متاح حاليًا
stopped-g-cannot-check-text = لا تجيب Microsoft عما يجب أن نعرفه أولًا. كلمة مرورك القديمة لم تتغير.
stopped-g-cannot-check-do = يُرجى المحاولة مرة أخرى بعد دقيقة.

operator-title = مشغّل إعادة التعيين
operator-intro = المشغّل هو الحساب الوحيد الذي تتم من خلاله إعادة تعيين كلمات المرور. يحتاج إلى دور مسؤول المصادقة (Authentication Administrator) بنطاق الأشخاص الذين يُسمح له بإعادة تعيين كلمات مرورهم.
operator-none = لا يوجد مشغّل مرتبط. إلى أن يُربط مشغّل، لا يمكن لأحد إعادة التعيين.
operator-works = مرتبط ويعمل
operator-trouble-token = انتهى إذنه. يُرجى ربطه من جديد.
operator-trouble-role = فقد دوره. يُرجى إعادة الدور إليه ثم ربطه من جديد.
operator-trouble-relink = تطلب Microsoft منه تسجيل الدخول من جديد، وعمليات إعادة التعيين في الانتظار. يُرجى ربطه من جديد.
operator-account = الحساب
operator-role = الدور
operator-scope = النطاق
operator-linked = وقت الربط
operator-refreshed = وقت آخر تجديد
operator-link = تسجيل الدخول بحساب المشغّل
operator-relink = إعادة الربط أو الاستبدال
operator-link-hint = سيتم نقلك إلى Microsoft. يُرجى تسجيل الدخول هناك بحساب المشغّل، وليس بحسابك.
operator-confirm-title = جعل هذا الحساب هو المشغّل؟
operator-confirm = نعم، جعله المشغّل
operator-tenant-wide = يشمل هذا الدور المستأجر بأكمله.

stopped-g-frozen-title = إعادة تعيين كلمة مرورك متوقفة
stopped-g-frozen-text = وصلنا بلاغ بأن إعادة تعيين سابقة لكلمة مرورك لم تكن منك. لن تبدأ أي إعادة جديدة حتى يتحقق مكتب المساعدة. كلمة مرورك كما هي.
stopped-g-frozen-do = يُرجى الاتصال بمكتب المساعدة. سيتحققون من هويتك ثم يفتحونها من جديد.

notice-subject = أُعيد تعيين كلمة مرورك لدى { $organisation }
notice-subject-unknown = ربما أُعيد تعيين كلمة مرورك لدى { $organisation }
notice-hello = مرحبًا { $name }،
notice-what = عُيّنت كلمة مرور جديدة لحسابك لدى { $organisation }. كان الطلب في { $time }.
notice-what-split = يجري تعيين كلمة مرور جديدة لحسابك لدى { $organisation }. كان الطلب في { $time }، وقد تصل إلى حاسوبك قبل Microsoft 365.
notice-what-cloud-only = عُيّنت كلمة مرور جديدة لحسابك لدى { $organisation }، لدى Microsoft فقط حتى الآن. كان الطلب في { $time }.
notice-what-unknown = أُرسلت كلمة مرور جديدة لحسابك لدى { $organisation } في { $time }. لم نتمكن بعد من معرفة هل أصبحت سارية.
notice-reference = الرقم المرجعي: { $reference }
notice-was-me = هل كان الطلب منك؟ إذًا لا يلزم فعل شيء.
notice-not-me = لم يكن منك؟ يُرجى فتح هذا الرابط والضغط على الزر. تتوقف عندها إعادة تعيين كلمة مرورك ويُنبَّه مكتب المساعدة. الرابط صالح لمدة 7 أيام.
notice-button = لم أكن أنا
notice-call = أو الاتصال بمكتب المساعدة: { $phone }
notice-never = لا تحتوي هذه الرسالة على كلمة مرور أبدًا، ولن يطلب منك أحد كلمة مرورك.
letter-pass-made-subject = أُنشئ رمز مرور وصول مؤقت لحسابك في { $organisation }
letter-pass-made = في { $time } أنشأ مكتب المساعدة في { $organisation } رمزًا يتيح لك تسجيل الدخول مرة واحدة دون طرقك الأخرى.
letter-pass-made-subject-about = أُنشئ رمز مرور وصول مؤقت لأجل { $person }
letter-pass-made-about = في { $time } أنشأ مكتب المساعدة في { $organisation } رمزًا يتيح لـ { $person } تسجيل الدخول مرة واحدة. نخبرك لأنك من يشهد لهذا الشخص.
letter-pass-used-subject = استُخدم رمز مرور الوصول المؤقت الخاص بك في { $organisation }
letter-pass-used = في { $time } سجّل شخص ما الدخول إلى حسابك في { $organisation } بالرمز الذي أنشأه مكتب المساعدة.
letter-pass-used-subject-about = استُخدم رمز مرور الوصول المؤقت الخاص بـ { $person }
letter-pass-used-about = في { $time } سجّل شخص ما الدخول إلى حساب { $person } في { $organisation } بالرمز الذي أنشأه مكتب المساعدة.
letter-pass-method-subject = سُجّلت طريقة جديدة لتسجيل الدخول إلى حسابك في { $organisation }
letter-pass-method = في { $time } سُجّلت طريقة جديدة لتسجيل الدخول إلى حسابك في { $organisation }، بعد أقل من يوم من إنشاء مكتب المساعدة رمز لك.
letter-pass-method-subject-about = سُجّلت طريقة جديدة لتسجيل الدخول لأجل { $person }
letter-pass-method-about = في { $time } سُجّلت طريقة جديدة لتسجيل الدخول لأجل { $person } في { $organisation }، بعد أقل من يوم من إنشاء مكتب المساعدة رمزًا.
letter-not-you = لم تطلب هذا؟ اتصل بمكتب المساعدة فورًا.
letter-not-known = لا تعرف شيئًا عن هذا؟ تحدث مع الشخص عبر رقم تعرفه، واتصل بمكتب المساعدة فورًا.
letter-link = اطّلع على ما فعله مكتب المساعدة
notice-page-title = ألم تكن إعادة التعيين هذه منك؟
notice-page-text = طُلبت كلمة مرور جديدة في { $time }، الرقم المرجعي { $reference }.
notice-page-effect = إن لم يكن الطلب منك، يُرجى الضغط على الزر. تتوقف عندها إعادة تعيين كلمة مرورك ويُنبَّه مكتب المساعدة.
notice-page-button = لم أكن أنا
notice-page-was-me = هل كان الطلب منك؟ إذًا يمكنك إغلاق هذه الصفحة. لم يتغير شيء.
notice-done-title = شكرًا لك. نُبِّه مكتب المساعدة
notice-done-text = مكتب المساعدة هو من يقرر متى يمكن إعادة تعيين كلمة مرورك هنا من جديد. لم تتغير كلمة مرورك نفسها بهذا.
notice-done-call = يُرجى الاتصال الآن: { $phone }. سيتأكدون من أن تسجيل الدخول متاح لك وحدك.
notice-done-call-desk = يُرجى الاتصال بمكتب المساعدة الآن. سيتأكدون من أن تسجيل الدخول متاح لك وحدك.

desk-nav = صفحات الموظفين
desk-nav-resets = عمليات إعادة التعيين
desk-nav-people = الأشخاص
desk-nav-audit = التدقيق
desk-nav-insights = نظرة عامة
desk-nav-operator = المشغّل
desk-title = عمليات إعادة التعيين
desk-find = الاسم أو اسم المستخدم أو المرجع أو التذكرة
desk-find-hint = تكفي بداية كل كلمة: «an mu» تجد Anna Müller. تتنقل مفاتيح الأسهم في القائمة.
desk-find-unreadable = لا حرف في ذلك ولا رقم.
desk-from = من (يوم، UTC)
desk-to = إلى (يوم، UTC)
desk-find-day = يُكتب اليوم هكذا: 2026-11-24.
desk-nothing = لم يُعثر على شيء. يمكنك كتابة:
desk-nothing-name = اسم، أو بداية كل كلمة منه: an mu
desk-nothing-upn = اسم مستخدم، أو بدايته: anna.mu
desk-nothing-reference = مرجع، أو ثلاثة أحرف على الأقل من أوله كما سُمعت: يُعدّ O صفرًا، وI وL واحدًا
desk-nothing-ticket = رقم التذكرة كاملًا
desk-looked-back = رجع البحث حتى { $time }.
desk-further = ابحث في ما هو أقدم
desk-gathering = ما زالت العمليات الأقدم تُجهَّز للبحث، وقد ينقص بعضها الآن.
desk-find-button = بحث
desk-state = الحالة
desk-cause = السبب
desk-any = الكل
desk-none = لا توجد عمليات كهذه.
desk-age = قبل { $span }
desk-age-days = { $n ->
    [zero] قبل { $n } يوم
    [one] قبل يوم واحد
    [two] قبل يومين
    [few] قبل { $n } أيام
    [many] قبل { $n } يومًا
   *[other] قبل { $n } يوم
}
desk-older = الأقدم
desk-newest = الأحدث
desk-home-directory = كلمة المرور محفوظة في الدليل.
desk-home-cloud = كلمة المرور محفوظة لدى Microsoft فقط.
desk-verified = تم التحقق: تُثبت الأدلة أن كلمة المرور الجديدة سارية.
desk-not-verified = لم يتم التحقق.
desk-missing = ينقص: { $rungs }.
desk-or = أو
desk-evidence = الأدلة
desk-not-reached = لم تُرَ بعد
desk-nothing-to-prove = لم يتغيّر شيء، فلا شيء يُثبَت.
desk-evidence-none = لا يوجد دليل، ولا يمكن أن يأتي بعد الآن.
desk-ask = اسأل Microsoft الآن
desk-asked = يجري سؤال Microsoft. يظهر الجواب هنا بعد لحظة: أعد تحميل الصفحة.
desk-asked-final = لم يبقَ ما يُسأل عنه: هذه هي الكلمة الأخيرة.
desk-for-admin = لمسؤول AD:
desk-detail = قالت Microsoft:
desk-notes = الملاحظات
desk-notes-none = لا توجد ملاحظات بعد.
desk-note = ملاحظة جديدة
desk-note-hint = سيقرؤها موظفون آخرون. لا تكتب كلمة مرور هنا أبدًا.
desk-note-button = حفظ الملاحظة
desk-noted = حُفظت الملاحظة.
desk-note-empty = لم يُحفظ شيء: كانت الملاحظة فارغة.
desk-answers = ما أجابت به Microsoft
desk-answers-none = لا جواب بعد.
desk-trail = سجل التدقيق
desk-state-sending = جارٍ الإرسال
desk-state-writing = في الطريق
desk-state-written = كُتبت
desk-state-refused = مرفوضة
desk-state-failed = فشلت
desk-state-split = في الدليل فقط
desk-state-cloud-only = لدى Microsoft فقط
desk-state-unknown = غير معروفة
desk-state-finished = مكتملة
desk-rung-accepted = قبلتها Microsoft
desk-rung-written = عُيّنت بحسب Microsoft
desk-rung-carried = نُقلت إلى الدليل
desk-rung-landed = على وحدة تحكم بالمجال
desk-carried-ambiguous = تناسب عدة قيود من سجل Microsoft، أو قد يخص القيد إعادة تعيين أخرى للشخص نفسه.
desk-carried-unavailable = لا يحوي سجل هذا المستأجر شيئًا عن إعادة التعيين. على أحد أن يفتح مرة «إعادة تعيين كلمة المرور – سجلات التدقيق» في Entra.
desk-rung-works = استخدمها الشخص
desk-others = عمليات أخرى لهذا الشخص
desk-people-title = الأشخاص
desk-person = الشخص
desk-name-erased = مُحي الاسم
desk-people-find = الاسم أو اسم تسجيل الدخول
desk-people-hint = بداية اسم، أو اسم تسجيل دخول كامل، أو عنوان بريد كامل. تُسجَّل عمليات البحث في سجل التدقيق.
desk-people-short = اكتب حرفين على الأقل.
desk-people-many = أكثر من { $n } شخصًا: اكتب المزيد من الاسم.
desk-people-nobody = لا يوجد أحد بهذا الاسم.
desk-people-unread = لم تُجب Microsoft، فتعذّر البحث عن أحد. حاول مرة أخرى بعد قليل.
desk-gone = لم يعد هذا الشخص موجودًا في المستأجر.
desk-frozen = مجمَّد منذ { $time }: قال أحدهم إن عملية إعادة تعيين لم تكن له. لا يمكن بدء عملية جديدة.
desk-privileged = ذو امتيازات: يلزم موظفان للتصرف نيابةً عن هذا الشخص.
desk-not-privileged = بلا امتيازات.
desk-why-active-role = يحمل الدور { $name }.
desk-why-scoped-role = يحمل الدور { $name } في جزء من المستأجر.
desk-why-eligible-role = يمكنه تفعيل الدور { $name }.
desk-why-group = ينتمي إلى المجموعة { $name } التي يمكن أن تحمل أدوارًا.
desk-why-listed = مدرج في قائمة المؤسسة.
desk-why-unreadable = تتعذّر قراءة الأدوار أو المجموعات الآن، لذا يُعدّ الجميع ذوي امتيازات.
desk-account = الحساب
desk-lives = مكان كلمة المرور
desk-lives-cloud = لدى Microsoft فقط
desk-lives-directory = في الدليل، { $domain }
desk-synced = آخر مزامنة
desk-enabled = مفعّل لدى Microsoft
desk-password-changed = آخر تغيير لكلمة المرور
desk-guest = ضيف
desk-restricted = في وحدة إدارية مقيّدة
desk-yes = نعم
desk-no = لا
desk-not-known = غير معروف
desk-directory = في الدليل
desk-locked = مقفل
desk-locked-until = حتى { $time }
desk-disabled = معطّل
desk-expired = منتهي الصلاحية
desk-protected = محمي (مسؤول)
desk-must-change = يجب التغيير عند تسجيل الدخول التالي
desk-cannot-change = لا يُسمح له بتغييرها
desk-numbers = أرقام الهاتف المسجّلة
desk-numbers-none = لا يوجد رقم مسجّل.
desk-number-mobile = جوّال
desk-number-business = مكتب
desk-number-since = شوهد دون تغيير منذ { $time }.
desk-settled = مستقر
desk-unsettled = أحدث من أن يُعاد الاتصال به
desk-methods = طرق تسجيل الدخول
desk-methods-none = لا سطر لهذا الشخص في تقرير Microsoft.
desk-passwordless = يمكنه تسجيل الدخول دون كلمة المرور.
desk-not-passwordless = لا يمكنه تسجيل الدخول دون كلمة المرور.
desk-method-passkey = مفتاح مرور
desk-method-hello = Windows Hello
desk-method-authenticator = تطبيق Authenticator
desk-method-phone-sign-in = تسجيل الدخول بالهاتف
desk-method-code = رمز لمرة واحدة
desk-method-phone = هاتف
desk-method-email = بريد إلكتروني
desk-method-pass = تصريح وصول مؤقت
desk-method-question = أسئلة الأمان
desk-devices = الأجهزة
desk-devices-none = لا يوجد جهاز مسجّل.
desk-trust-hybrid = منضم إلى الدليل
desk-trust-joined = منضم إلى Entra
desk-trust-registered = مسجّل
desk-risk = الخطر
desk-risk-not-available = غير متاح: لا يُسمح للبوابة بقراءته، أو لا يوجد ترخيص له.
desk-risk-before = رصدت Microsoft خطرًا قبل إعادة التعيين هذه، وكلمة المرور الآن مختلفة. إذا لم يبدُ أي شيء آخر غير طبيعي، فأخبر Microsoft بأن الخطر انتهى.
desk-risk-dismiss = إخبار Microsoft بأن الخطر انتهى
desk-risk-told = تم إخبار Microsoft بأن الخطر انتهى.
desk-risk-not = لا يوجد خطر من قبل إعادة التعيين هذه، أو أنها غير مثبتة. لم يتغير شيء.
desk-risk-kept = لم تقبل Microsoft ذلك ولم يتغير شيء. يمكن للمسؤول التحقق باستخدام “passback doctor”.
desk-risk-none = لم ترَ Microsoft أي خطر.
desk-risk-now = معرّض للخطر، { $level }: { $time }.
desk-risk-compromised = تأكّد الاستيلاء عليه: { $time }.
desk-risk-over = لا خطر الآن. آخر تغيير: { $time }.
desk-risk-level-low = منخفض
desk-risk-level-medium = متوسط
desk-risk-level-high = مرتفع
desk-risk-level-hidden = المستوى مخفي
desk-resets = عمليات إعادة التعيين السابقة
desk-resets-none = لا عمليات إعادة تعيين بعد.
desk-unread = تعذّرت قراءة هذا. أعد تحميل الصفحة بعد قليل.
desk-source-graph = Microsoft Graph، قُرئ في { $time }.
desk-source-directory = وحدة تحكم المجال، قُرئت في { $time }.
desk-source-report = تقرير Microsoft، آخر تغيير { $time }.
desk-source-ours = الرقم من Microsoft Graph، أما عمره فهو ما رأيناه بأنفسنا.
audit-title = سجل التدقيق
audit-event = الحدث
audit-reference = المرجع
audit-actor = بواسطة
audit-person = بشأن
audit-hint = الأشخاص باسم المستخدم الكامل أو معرّف الكائن؛ كما أن «portal» و«command» ينفّذان أعمالًا. تُسجَّل عمليات البحث والتصدير أيضًا.
audit-nobody = لا أحد يحمل اسم المستخدم هذا. من غادر يُعثر عليه بمعرّف الكائن.
audit-no-reference = لا توجد عملية إعادة تعيين بهذا المرجع.
audit-csv = تصدير بصيغة CSV
audit-jsonl = تصدير كأسطر JSON
audit-none = لا توجد أسطر كهذه.
audit-detail = الوقائع
audit-personal = بيانات شخصية
audit-erased = مُحيت
audit-hash = التجزئة
audit-previous = التجزئة السابقة
insights-title = نظرة عامة: آخر 30 يومًا
insights-outcomes = عمليات إعادة التعيين حسب اليوم والنتيجة
insights-outcomes-summary = العمليات: { $all }. نجحت: { $good }. رُفضت: { $refused }. فشلت: { $failed }. جارية أو مجهولة: { $open }.
insights-good = نجحت
insights-refused = رُفضت
insights-failed = فشلت
insights-open = جارية أو مجهولة
insights-day = اليوم
insights-all = الكل
insights-table = في جدول
insights-saved = العمليات التي نجحت: { $resets }. دقائق الهاتف لكل منها: { $minutes }. الساعات التي وُفّرت: { $hours }.
insights-latency = كم استغرقت الكتابة إلى الدليل
insights-latency-what = من إرسال كلمة المرور إلى إثبات وصولها. نصف العمليات و95 و99 من كل 100 لم تتجاوز p50 وp95 وp99.
insights-latency-summary = المقيس: { $n }. نصفها في { $half } على الأكثر، و95 من 100 في { $most } على الأكثر، و99 من 100 في { $nearly } على الأكثر.
insights-latency-none = لم يُقَس شيء.
insights-measured = المقيس
insights-canary = إعادات تعيين تجريبية
insights-canary-what = يُعاد تعيين حساب تجريبي وفق جدول، عبر Microsoft ووكيل الكتابة العكسية إلى الدليل. لا يحتفظ أحد بكلمة مروره.
insights-canary-none = لا شيء بعد.
insights-canary-stopped = فشل مرات كثيرة فتوقف. انظر إلى وكيل الكتابة العكسية ثم حاول مجددًا.
insights-canary-try = جرّب الآن
insights-canary-tried = ستبدأ إعادة تعيين تجريبية بعد لحظة.
insights-canary-result = النتيجة
insights-canary-took = المدة
insights-canary-proved = أثبته
canary-pending = جارٍ
canary-good = وصلت
canary-asked = سُئل الدليل ورفض
canary-nothing = لا يقول شيئًا
canary-bad = لم تصل
insights-causes = الأسباب
insights-causes-none = لم يكن لأي عملية سبب.
insights-work = عمل الموظفين
insights-work-none = لم يعمل الموظفون على أي عملية.
insights-agent = من
insights-acts = الخطوات
insights-people = الأشخاص
number = { $n }
alarm-title = الإنذارات
alarm-none = لا إنذار مفتوح.
alarm-past = إنذارات أُكِّدت
alarm-note = ماذا وجدت؟
alarm-acknowledge = تأكيد
alarm-acknowledged = { $who }، { $time }
alarm-span = أولًا { $first }، وأخيرًا { $last }.
alarm-said-done = أُكِّد الإنذار.
alarm-said-empty = يبقى الإنذار مفتوحًا: قل ماذا وجدت.
alarm-said-gone = لم يعد هذا الإنذار مفتوحًا.
alarm-many-people = عمل موظف واحد على أشخاص كثيرين خلال ساعة
alarm-many-people-amount = الأشخاص: { $n }
alarm-many-agents = عمل موظفون كثيرون على شخص واحد خلال يوم
alarm-many-agents-amount = الموظفون: { $n }
alarm-failures-then-success = نجحت عملية بعد فشل متكرر خلال ساعة
alarm-failures-then-success-amount = مرات الفشل: { $n }
alarm-new-method = سُجّلت طريقة لتسجيل الدخول بعد عملية بقليل
alarm-new-method-amount = التسجيلات: { $n }
alarm-odd-hour = عمل الموظفون خارج ساعات العمل
alarm-odd-hour-amount = الخطوات: { $n }

## Cases of the helpdesk

desk-nav-cases = الحالات
cases-title = الحالات
cases-show = عرض
cases-none = لا توجد حالات كهذه.
cases-begin = بدء حالة
cases-begin-button = بدء
cases-person = الشخص: اسم تسجيل الدخول، مثل wanda@contoso.example
cases-for = الغرض
cases-unknown = لا أحد يحمل اسم تسجيل الدخول هذا. اكتبه كاملًا أو ابدأ من صفحة الشخص.
case-state-open = مفتوحة
case-state-locked = مقفلة
case-state-closed = مغلقة
case-action-grant = السماح بإعادة تعيين كلمة المرور
case-action-pass = إعطاء رمز مرور وصول مؤقت
case-action-revoke = تسجيل الخروج من كل مكان
case-action-unlock = إلغاء قفل الحساب
case-action-thaw = السماح من جديد بعد بلاغ
case-nobody = شخص غير معروف بعد
case-wrote = كُتب:
case-owner = يتولاها { $name }
case-ticket = التذكرة
case-internet = غير متحقق منها، من الإنترنت
case-internet-text = طُلب هذا عبر الإنترنت دون تسجيل دخول. لا شيء منه مثبت: اتركه للأخير، واتصل بالرقم المسجّل.
case-asks = { $n ->
    [zero] لم يُطلب ({ $n }).
    [one] طُلب مرة واحدة ({ $n }).
    [two] طُلب مرتين ({ $n }).
    [few] طُلب { $n } مرات.
    [many] طُلب { $n } مرة.
   *[other] طُلب { $n } مرة.
}
case-locked-text = هذه الحالة مقفلة: رفض الشخص أو كثرت الأخطاء. لا تفعل شيئًا بناءً على هذه المكالمة. أبلغ فريق الأمن.
case-unread = لا تجيب Microsoft، لذا لا يُعرف ما يلزم هنا. لا يمكن التحقق من شيء أو فعله حتى تجيب.
case-who = من المقصود؟
case-who-text = اعرف من هو قبل تسميته. لا يمكن تغيير ذلك بعدها.
case-who-button = المقصود هذا الشخص
case-verify = التحقق
case-enough = التحقق كافٍ.
case-not-enough = التحقق غير كافٍ.
case-used = استُخدم التحقق. تحقّق من جديد لأي إجراء آخر.
case-points = { $got } من { $needed } نقاط
case-missing-points = { $n ->
    [zero] لا تنقص أي نقطة ({ $n }).
    [one] تنقص نقطة واحدة ({ $n }).
    [two] تنقص نقطتان ({ $n }).
    [few] تنقص { $n } نقاط.
    [many] تنقص { $n } نقطة.
   *[other] تنقص { $n } نقطة.
}
case-missing-witness = يجب أن يسجّل أحدهم الدخول ويؤكد، أو أن يشهد موظف ثانٍ بنفسه.
case-missing-beyond = جلسة الشخص وحدها لا تكفي هنا: أضف طريقة أخرى.
case-risk-privileged = لهذا الشخص صلاحيات في المؤسسة: يلزم المزيد، وشخص ثانٍ.
case-risk-internet = طُلب عبر الإنترنت: يلزم المزيد.
case-risk-frozen = أُبلغ عن إعادة تعيين لم تكن له: يلزم المزيد.
case-worth = { $n ->
    [zero] لا نقاط ({ $n })
    [one] نقطة واحدة ({ $n })
    [two] نقطتان ({ $n })
    [few] { $n } نقاط
    [many] { $n } نقطة
   *[other] { $n } نقطة
}
case-good-until = صالح حتى { $time }
case-method-call-check = فحص المكالمة
case-method-call-check-text = تقول ثلاث كلمات، ويختارها المتصل من بين تسع في صفحته بعد تسجيل الدخول. يثبت ذلك أن لديه تلك الجلسة، لا أن لا أحد خلفه.
case-method-push = تأكيد في صفحته
case-method-push-text = يؤكد الشخص في صفحته بعد تسجيل الدخول. لا يثبت ذلك أنه المتصل.
case-method-manager = المدير يشهد
case-method-manager-text = يسجّل مديره في الدليل الدخول ويؤكد أنه تحدث مع الشخص.
case-method-call-back = معاودة الاتصال
case-method-call-back-text = أنهِ المكالمة. اتصل بنفسك بأحد هذه الأرقام. الرقم الذي تغيّر حديثًا لا يُحتسب.
case-method-in-person = رؤية شخصية
case-method-in-person-text = ترى الشخص وتعرفه، أو تحققت من بطاقة عمله.
case-ways = طرق التحقق
case-ask = اسأل الآن
case-attest = فعلت ذلك
case-phone-settled = لم يتغيّر منذ { $time }
case-phone-new = جديد منذ { $time }: لا يُحتسب
case-phone-none = لا يوجد رقم مسجّل.
case-say = قل هذه الكلمات الثلاث للمتصل:
case-say-hint = اطلب منه فتح هذا الموقع واختيار «هل تتحدث مع مكتب المساعدة؟» ثم تحديد الكلمات. لا تقل عنها شيئًا آخر.
case-check-open = في انتظار الرد
case-check-over = لا رد في الوقت المحدد
case-check-confirmed = مؤكد
case-check-wrong = كلمات خاطئة
case-check-refused = مرفوض
case-decide = القرار
case-waits = ينتظر { $agent } شخصًا ثانيًا.
case-approved-by = وافق { $name } على ما طلبه { $agent }.
case-override = دون تحقق كافٍ:
case-approve = الموافقة: { $action }
case-approve-hint = لا توافق إلا على ما نظرت فيه بنفسك. يُسجَّل ذلك باسمك.
case-two = يلزم شخص ثانٍ.
case-pass-manager = يراه المدير
case-pass-me = أظهر الرمز لي
case-second = طلب شخص ثانٍ
case-override-title = المتابعة دون تحقق كافٍ
case-override-reason = السبب
case-override-hint = عشرة أحرف على الأقل. يجب أن يوافق شخص ثانٍ، ويُطلق إنذار.
case-override-button = طلب ذلك
case-done = ما تم
case-outcome-begun = بدأ؛ ولا يُعرف إن تم
case-outcome-waiting = ينتظر أن ينظر المدير
case-outcome-sign-in = ينتظر أن يسجّل الموظف الدخول إلى Microsoft مجددًا
case-outcome-done = تم
case-outcome-failed = فشل
case-file = الحالة
case-save = حفظ
case-for-hint = ما تم التحقق منه لغرض آخر لم يعد يُحتسب.
case-take = تولّي الحالة
case-freeze = إيقاف إعادة التعيين لهذا الشخص
case-close = إغلاق الحالة
case-copy = نسخ للتذكرة
case-copy-label = نص للتذكرة
case-copy-case = الحالة
case-copy-person = الشخص
case-copy-for = الغرض
case-copy-state = الوضع
case-copy-done = تم
case-begin = بدء حالة
case-none = لا توجد حالات بعد.
case-said-taken = أصبحت الحالة لديك.
case-said-saved = تم الحفظ.
case-said-noted = حُفظت الملاحظة.
case-said-empty = لم يُحفظ شيء: الملاحظة فارغة.
case-said-closed = أُغلقت الحالة.
case-said-asked = طُرح السؤال.
case-said-attested = سُجّل باسمك.
case-said-approval-asked = طُلب شخص ثانٍ.
case-said-approved = تمت الموافقة.
case-said-granted = يمكن للشخص إعادة التعيين مرة واحدة خلال ٢٤ ساعة.
case-said-thawed = يمكن للشخص إعادة التعيين من جديد.
case-said-revoked = سُجّل خروج الشخص من كل مكان. يسري ذلك خلال دقائق، وبعد ساعة على الأكثر.
case-said-unlocked = أُلغي قفل الحساب.
case-said-pass-waits = ينتظر الرمز المدير في صفحته.
case-said-failed = لم ينجح ذلك. تذكر الحالة ما جُرّب؛ حاول مرة أخرى أو اسأل مسؤولًا.
case-said-frozen = أُوقفت إعادة التعيين لهذا الشخص.
case-said-c-not-open = لم يُفعل شيء: لم تعد الحالة مفتوحة.
case-said-c-nobody = لم يُفعل شيء: لا يُعرف من المقصود.
case-said-c-yourself = لم يُفعل شيء: لا أحد يتولى حالة عن نفسه.
case-said-c-too-often = لم يُفعل شيء: كثر الرفض أو الخطأ بشأن هذا الشخص اليوم.
case-said-c-waiting = لم يُفعل شيء: السؤال نفسه قيد الانتظار.
case-said-c-no-manager = لم يُفعل شيء: لا مدير لهذا الشخص في الدليل.
case-said-c-manager-is-you = لم يُفعل شيء: أنت مدير هذا الشخص. اطلب من زميل أن يتولى الحالة.
case-said-c-number-new = لا يُحتسب: كل الأرقام المسجّلة جديدة، أو لا يوجد رقم.
case-said-c-said-already = لم يُفعل شيء: قلت ذلك من قبل.
case-said-c-not-enough = لم يُفعل شيء: التحقق غير كافٍ.
case-said-c-needs-approval = لم يُفعل شيء: يلزم شخص ثانٍ.
case-said-c-own-approval = لم يُفعل شيء: لا أحد يوافق لنفسه.
case-said-c-turns = لم يُفعل شيء: وافق هذا الزميل لك اليوم بشأن الشخص نفسه. يجب أن يفعلها غيره.
case-said-c-expired = لم يُفعل شيء: سبق البت فيه أو انتهى وقته.
case-said-c-no-reason = لم يُفعل شيء: يحتاج السبب إلى عشرة أحرف على الأقل.
case-said-c-pass-not-taken = لم يُفعل شيء: تسجيل الدخول الذي تطلبه هذه البوابة لا يقبل رمز مرور وصول مؤقت، فلن يفيد أحدًا. يمكن لمسؤول السماح به.
case-said-c-operator = لا يستطيع مشغّل البوابة العمل الآن. لم يُستهلك شيء: حاول مجددًا بعد ربطه.
case-said-c-own-role = لا يحمل حسابك في Entra دورًا يسمح بهذا. إن كان بإمكانك تفعيل دور فافعل ثم اضغط مجددًا.
case-said-c-again-asked = طلبت Microsoft منك تسجيل الدخول مرتين، لذلك لم يُنفَّذ. تحقّق من هذا الشخص مجددًا واسأل المسؤول إن استمر ذلك.
case-said-c-protected = تحمي Microsoft هذا الحساب: لا يجوز للمشغّل فعل ذلك له.
case-said-c-not-possible = لم يُفعل شيء: هذا غير مُعَدّ هنا.
refusal-c-yourself-title = ليس عن نفسك
refusal-c-yourself-text = لا أحد يتولى حالة عن نفسه. اطلب من زميل.
refusal-c-too-often-title = لا مزيد لهذا الشخص اليوم
refusal-c-too-often-text = رُفضت أسئلة كثيرة عن هذا الشخص أو أُجيب عنها خطأً. أبلغ فريق الأمن.

## The person's side of a case

account-title = أنت ومكتب المساعدة
account-asks = يريد { $agent } من مكتب المساعدة التحقق من أنك أنت
account-vouch = يطلب { $agent } من مكتب المساعدة أن تشهد لـ { $person }
account-for = ما يريدون فعله:
account-did-you-call = هل اتصلت بهم؟
account-did-you-call-text = إن لم تتصل، أو إن طلب منك شخص آخر المجيء إلى هنا، فاختر لا.
account-words = اختر الكلمات الثلاث التي قالها مكتب المساعدة
account-yes = نعم، أنا هو
account-no = لا، لم أتصل
account-vouch-text = قل نعم فقط إذا تحدثت معه بنفسك الآن، وجهًا لوجه أو على رقم تعرفه.
account-vouch-yes = نعم، تحدثنا
account-vouch-no = لا
account-pass = رمز لـ { $person } في انتظارك
account-pass-text = يتيح تسجيل دخول واحدًا. أظهره وأنتما معًا، أو قله على رقم تعرفه. يظهر مرة واحدة.
account-pass-show = إظهار الرمز
account-none = لا أحد يسألك شيئًا الآن. أبقِ هذه الصفحة مفتوحة أثناء حديثك مع مكتب المساعدة.
account-history = ما فعله مكتب المساعدة
account-history-none = لا شيء بعد.
account-history-text = إن لم يكن شيء هنا منك، فاتصل بمكتب المساعدة.
account-past = سأل { $agent }:
account-reset = إعادة تعيين كلمة مرورك
account-said-confirmed = شكرًا. يمكن لمكتب المساعدة المتابعة.
account-said-wrong = لم تكن تلك هي الكلمات. اطلب كلمات جديدة.
account-said-refused = شكرًا. أُوقف مكتب المساعدة وحُذّر.
account-said-later = لا يمكن ذلك الآن. الرمز ما زال في انتظارك: حاول لاحقًا.
account-said-over = انتهى هذا السؤال. لم يُفعل شيء.
account-link = هل تتحدث مع مكتب المساعدة؟
case-pass-used = استُخدم أول مرة في { $time }.
case-pass-method = سُجّلت طريقة جديدة لتسجيل الدخول في { $time }.
pass-title = رمز مرور الوصول المؤقت
pass-for = لـ { $person }، لتسجيل دخول واحد.
pass-lasts = صالح لمدة { $span }.
pass-hint = يظهر مرة واحدة ولا يُحفظ في أي مكان. لا ترسله أبدًا بالبريد أو الدردشة.
pass-back = تم

## Help without signing in

help-title = لا سبيل لتسجيل الدخول؟
help-lead = إن لم تستطع استخدام أي من طرق تسجيل الدخول، فيمكن لمكتب المساعدة أن يساعدك. أخبرنا من أنت، وسيتصلون بك على الرقم المسجّل لدى مؤسستك.
help-name = اسمك أو بريدك في العمل
help-button = طلب المساعدة
help-hint = لا نبحث عن شيء هنا، ولا يعرف أحد إن كان هناك حساب.
help-done-title = سينظر مكتب المساعدة في الأمر
help-done-text = اكتب هذا الرقم المرجعي. إن اتصل بك أحد، فاسأله عنه أولًا.
help-done-call = يمكنك أيضًا الاتصال بنفسك:
help-done-careful = لا يطلب مكتب المساعدة كلمة مرور أبدًا.
help-empty = يُرجى كتابة اسمك أو عنوانك.
help-link = لا سبيل لتسجيل الدخول؟
stopped-g-approval-title = على مكتب المساعدة السماح بذلك أولًا
stopped-g-approval-text = تريد مؤسستك أن يتحقق مكتب المساعدة من أنك أنت قبل إعادة تعيين كلمة مرورك. لم يتغيّر شيء.
stopped-g-approval-do = اتصل بمكتب المساعدة. عندما يسمحون بذلك، عُد خلال يوم.
