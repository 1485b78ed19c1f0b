# Sencillo, amable, breve. Diga qué pasó y luego qué hacer. Nunca culpe.
# Las familias se forman a partir de códigos: cause-<code>-person|agent|admin, refusal-<code>-title|text|do, state-<state>-…,
# stopped-<code>-…, rule-<code>, rung-<name>.

site-title = Restablecimiento de contraseña
skip-to-content = Ir al contenido
mark-emulated = Demostración: el inquilino de Microsoft que hay detrás de esta página está emulado en este equipo.
mark-other-hosts = Este portal está configurado para confiar en servidores que no son de Microsoft.
sign-out = Cerrar sesión
language = Idioma
language-switch = Cambiar
support-line = ¿Necesita ayuda? Llame al { $phone }
signed-in-as = Sesión iniciada como

span-seconds = { $n ->
    [one] 1 segundo
   *[other] { $n } segundos
}
span-minutes = { $n ->
    [one] 1 minuto
   *[other] { $n } minutos
}
span-hours = { $n ->
    [one] 1 hora
   *[other] { $n } horas
}

moment = { $day } de { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
} de { $year }, { $time }

button-start = Ir al inicio
button-sign-in-again = Iniciar sesión de nuevo
button-sign-in = Iniciar sesión sin mi contraseña

landing-title = ¿Olvidó su contraseña?
landing-text = Inicie sesión de otra forma, elija una contraseña nueva y vea cómo llega: desde cualquier lugar, sin VPN.
landing-opens-on-password = La página de Microsoft se abrirá pidiendo su contraseña
landing-choose-other = No la escriba. Elija «Otras formas de iniciar sesión» y luego una de estas:
landing-method-passkey = Rostro, huella digital o PIN
landing-method-passkey-text = Una clave de paso en este dispositivo o en su teléfono
landing-method-key = Clave de seguridad
landing-method-key-text = Conéctela o acérquela a su teléfono
landing-method-phone = Aplicación Authenticator
landing-method-phone-text = Apruebe el número en su teléfono
landing-method-pass = Pase de acceso temporal
landing-method-pass-text = Un código que le dio el servicio de asistencia
landing-back-title = ¿Volvió sin terminar?
landing-back-text = Eso ocurre cuando la página de Microsoft pide la contraseña. No la escriba: debajo está «Otras formas de iniciar sesión».
landing-steps-title = Qué va a pasar
landing-step-1 = Inicia sesión en Microsoft, sin su contraseña.
landing-step-2 = Elige aquí una contraseña nueva.
landing-step-3 = Ve cómo llega a su organización.

form-title = Elija una contraseña nueva
form-for = Para
home-cloud = Su contraseña está guardada en la nube de Microsoft.
home-directory = Su contraseña está guardada en { $domain }; último contacto: hace { $ago }.
home-directory-unsynced = Su contraseña está guardada en { $domain }.
form-two-steps = Dos pasos: una contraseña nueva aquí; después, es posible que Microsoft le pida otra una vez más.
form-locked = Su cuenta está bloqueada por intentos con contraseñas incorrectas. Antes de seguir, quite la contraseña anterior de su teléfono, del correo y de la red Wi-Fi: siguen probándola.
form-locked-until = Se desbloqueará sola en este momento: { $time }.
form-password = Contraseña nueva
form-again = La misma otra vez
form-show = Mostrar
form-hide = Ocultar
form-submit = Establecer la contraseña nueva
form-rules = Su contraseña
form-whys = ¿Por qué estas reglas?
form-only-microsoft = Microsoft comprueba además su lista de contraseñas comunes y las reglas propias de su organización. Solo Microsoft puede hacerlo; aquí verá la respuesta.
form-until = Termine antes de
form-unknown-title = Pruebe primero la contraseña de su último restablecimiento
form-unknown-text = No pudimos averiguar si funcionó. Si no le deja entrar, marque esta casilla y elija otra.
form-unknown-tick = La probé y no funciona
form-unknown-link = Ver el último restablecimiento
form-expired-soon = Quedan menos de dos minutos. Si se acaba el tiempo, inicie sesión de nuevo; no se pierde nada.

rule-length = Al menos { $n } caracteres
rule-characters = Solo letras de la A a la Z sin acentos, dígitos, espacios y símbolos comunes
rule-classes = { $n } de estos: letra minúscula, letra mayúscula, dígito, símbolo
rule-name = Que no sea su nombre
rule-banned = Que no esté formada con palabras prohibidas
rule-strength = Difícil de adivinar
rule-breach = Que no se conozca por una filtración de datos
rule-microsoft = Aceptada por Microsoft
rule-length-why = La longitud protege más que cualquier otra cosa.
rule-characters-why = Otros caracteres funcionan en Microsoft y luego fallan en su equipo, o al revés.
rule-classes-why = Lo pide el directorio de su organización.
rule-name-why = Es lo primero que se prueba, también escrito con 0 en lugar de o, o con @ en lugar de a.
rule-banned-why = El nombre de su organización y otras palabras comunes se prueban con todas las terminaciones.
rule-strength-why = Las fechas, los patrones del teclado y las palabras conocidas se adivinan en minutos.
rule-breach-why = Las contraseñas robadas alguna vez en algún sitio se prueban en todas partes.
rule-microsoft-why = Se pregunta a Microsoft cuando usted envía el formulario.
rule-microsoft-said = Microsoft dice:
rule-standing-pending = aún sin comprobar
rule-standing-met = se cumple
rule-standing-failed = no se cumple
rule-standing-unchecked = no se pudo comprobar, se permite

phrase-offer = Fácil de recordar y suficientemente larga. Puede usar esta:
phrase-use = Usar esta
phrase-other = Otra
phrase-used = Ya está escrita en el formulario. Anótela o guárdela antes de seguir.

problem-empty = Escriba una contraseña nueva. No se envió nada.
problem-different = Las dos contraseñas no son iguales. No se envió nada.
problem-rules = Esta contraseña no cumple todas las reglas de abajo. No se envió nada.
problem-late = Pasó demasiado tiempo desde que inició sesión. No se envió nada. Inicie sesión de nuevo y luego establezca su contraseña.
problem-try-first = Pruebe primero la contraseña de su último restablecimiento. No se envió nada.

timeline-reference = Referencia
timeline-reference-hint = Dígala si llama al servicio de asistencia:
timeline-begun = Inicio
timeline-took = Tardó { $span }.
timeline-usual = Suele tardar { $span }.
timeline-elapsed = Tiempo transcurrido
timeline-line = Microsoft tiene mucha actividad. Su lugar en la fila es el { $n }; no se perdió nada.
timeline-line-wait = Continúa en { $span }, aproximadamente.
timeline-unused = Ya había un restablecimiento en curso. La contraseña que acaba de escribir no se usó.
timeline-unasked = No se pudo preguntar antes a Microsoft si acepta esta contraseña. Lo decide ahora.
timeline-steps = El recorrido de su contraseña
timeline-code = Código
timeline-again = Elegir otra contraseña
timeline-retry = Intentar de nuevo
timeline-reload = Esta página se actualiza sola.

state-sending-title = Enviando su contraseña nueva
state-sending-text = Va de camino a Microsoft. Puede salir de esta página; el trabajo continúa.
state-writing-title = De camino a su organización
state-writing-text = Microsoft la recibió y la está entregando a su organización. Puede salir de esta página; el trabajo continúa.
state-written-title = Su contraseña nueva está lista
state-written-text = Microsoft informa de que su contraseña nueva quedó establecida.
state-refused-title = Sin cambios
state-refused-do1 = Su contraseña anterior sigue funcionando.
state-failed-title = Sin cambios
state-failed-do1 = Su contraseña anterior sigue funcionando.
state-failed-do2 = Llame al servicio de asistencia y diga la referencia. Allí ven lo mismo que usted, y el motivo.
state-split-title = Ya casi está
state-split-do1 = Use ya la contraseña nueva en su equipo y en la VPN.
state-split-do2 = Para Microsoft 365, espere unos minutos. Por ahora, no haga otro restablecimiento.
state-cloud-only-title = Solo cambió en Microsoft
state-cloud-only-do1 = Use la contraseña nueva en Microsoft 365 y la anterior en su equipo y en la VPN.
state-cloud-only-do2 = El servicio de asistencia ya recibió el aviso. Llame y diga la referencia.
state-unknown-title = Todavía no lo sabemos
state-unknown-do1 = Pruebe primero la contraseña nueva.
state-unknown-do2 = Si no funciona, la anterior sigue sirviendo. Después, establezca otra.
state-finished-title = Listo
state-finished-text = Ya usó su contraseña nueva. No queda nada por hacer aquí.

rung-accepted = Microsoft la recibió
rung-accepted-done = Su solicitud llegó a Microsoft.
rung-accepted-now = Esperando a que Microsoft la reciba.
rung-accepted-ahead = Es lo primero.
rung-accepted-bad = Microsoft no confirmó que la recibió.
rung-written = Microsoft informa de que está establecida
rung-written-done = Microsoft dice que la contraseña ya está establecida.
rung-written-now = Esperando la confirmación de Microsoft.
rung-written-ahead = Es lo siguiente.
rung-written-off = No llegó hasta aquí.
rung-written-bad = Microsoft no informó de esto.
rung-carried = Llevada a su organización
rung-carried-done = La llevó { $agent }, según el registro de Microsoft.
rung-carried-now = El registro de Microsoft dirá quién la llevó. Puede llegar con unos minutos de retraso.
rung-carried-ahead = Es lo último; el registro de Microsoft dice quién la llevó.
rung-carried-off = Que sepamos, no llegó hasta aquí.
rung-carried-bad = El registro de Microsoft no muestra que alguien la llevara.

rung-works = Inicia sesión con ella
rung-works-done = Microsoft registró su última elección. Esta es la contraseña que vale.
rung-works-now = Inicie sesión con ella una vez. Es posible que Microsoft le pida otra; entonces vale esa.
rung-works-ahead = Es lo último y le toca a usted: iniciar sesión con ella una vez.
rung-works-off = No llegó hasta aquí.

care-title = Qué queda por hacer
care-question = ¿Puede entrar ahora en su equipo portátil?
care-inside = Sí, ya entré
care-outside = No, no puedo entrar
care-change = Cambiar mi respuesta sobre el equipo portátil
care-by-itself = Su equipo portátil recibe la contraseña nueva por sí solo en cuanto tiene conexión.
care-done = hecho
care-open = pendiente
care-phone-first-title = Primero: quite la contraseña anterior de su teléfono
care-phone-first-text = Su cuenta se bloqueó porque algo sigue probando la contraseña anterior. Antes de nada, abra el correo y la red Wi-Fi en su teléfono y escriba la nueva.
care-phone-title = Escríbala en su teléfono
care-phone-text = El correo y la red Wi-Fi del teléfono siguen probando la contraseña anterior, y eso puede bloquear su cuenta.
care-get-in-title = Entre en su equipo portátil
care-get-in-text = Use el PIN, el rostro o la huella digital que ya usa en él; siguen funcionando. Si no, pruebe la contraseña anterior: fuera de la red de su organización todavía abre el equipo. Si la pantalla de inicio de sesión ofrece VPN, conéctese primero ahí y use la nueva. También puede ir a la oficina o llamar al servicio de asistencia.
care-lock-unlock-title = Enseñe la contraseña nueva a su equipo portátil
care-lock-unlock-text = Conéctese a la VPN o vaya a la oficina. Luego bloquee la pantalla (tecla Windows y L) y desbloquéela con la contraseña nueva.
care-wifi-title = Escríbala en la red Wi-Fi de su organización
care-wifi-text = Donde la red Wi-Fi le pida su nombre y su contraseña: olvide la red, conéctese de nuevo y use la contraseña nueva.
care-signout = ¿Cree que otra persona pudo haber entrado?
care-signout-text = Puede cerrar sesión en todas partes. Microsoft 365 pedirá entonces la contraseña nueva en cada dispositivo, en unos minutos y, como máximo, al cabo de una hora. Los PIN y las claves de paso se conservan.
care-signout-button = Cerrar sesión en todas partes
care-signed-out = Sesión cerrada en todas partes: { $time }. Surte efecto en unos minutos y, como máximo, al cabo de una hora.

finish-title = Queda un paso: inicie sesión con ella
finish-title-unknown = Pruébela: inicie sesión con la contraseña nueva
finish-text = Se abre Microsoft. Escriba la contraseña nueva. Si le pide que elija otra, esa es la que vale desde entonces, en todas partes.
finish-button = Iniciar sesión con la contraseña nueva
finish-asking = Le damos de nuevo la bienvenida. Estamos preguntando a Microsoft si su contraseña cambió. Esto tarda hasta un minuto.
finish-unchanged = Ya volvió, pero Microsoft no ha visto ningún cambio de su contraseña. Si no le pidió otra, todo está bien. Si inició sesión de otra forma, pruebe de nuevo con la contraseña nueva.

cause-r-policy-person = Las reglas de su organización no permiten esta contraseña: puede que sea demasiado corta o demasiado sencilla, que ya se haya usado o que el último cambio sea muy reciente. Elija otra distinta.
cause-r-policy-agent = AD rechazó la contraseña: longitud, complejidad, historial o vigencia mínima.
cause-r-policy-admin = 0000052D de AD. Servidor de sincronización: evento 6329 de ADSync (0x80230619), 33008 de PasswordResetService después de 31011. Revise la directiva de contraseñas del dominio o la específica, sobre todo la vigencia mínima de la contraseña.
cause-r-banned-person = Esta contraseña es demasiado fácil de adivinar: contiene una palabra común o prohibida, o su nombre. Elija otra distinta.
cause-r-banned-agent = La lista de contraseñas prohibidas de Entra la rechazó.
cause-r-banned-admin = FuzzyPolicyViolationInvalidPassword. Revise Métodos de autenticación, Protección con contraseña: la lista personalizada de contraseñas prohibidas y lo que registran los agentes de los controladores de dominio.
cause-r-not-sent-person = Algo nos interrumpió antes de enviar su contraseña. Establézcala de nuevo.
cause-r-not-sent-agent = Terminó antes de enviarse: sin conexión con Graph, o el portal se reinició.
cause-r-not-sent-admin = Busque el id. del restablecimiento en el registro del portal y revise el camino del portal a Graph (TLS, proxy, resolución de nombres).
cause-r-throttled-person = Microsoft tiene mucha actividad. No se envió nada. Inténtelo de nuevo en unos minutos.
cause-r-throttled-agent = Graph nos limitó durante más tiempo del que una persona debería esperar. No se envió nada.
cause-r-throttled-admin = 429 de Graph por encima de reset.line_limit_seconds. Busque otra aplicación con mucha carga en el inquilino.
cause-r-operator-person = El portal no pudo iniciar sesión para hacer esto. No se cambió nada. Llame al servicio de asistencia.
cause-r-operator-agent = No se aceptó el inicio de sesión del operador de restablecimiento. Un administrador tiene que vincularlo de nuevo.
cause-r-operator-admin = Vincule de nuevo al operador en /admin/operator. Revise por qué terminó su concesión: registros de inicio de sesión de la cuenta del operador.
cause-r-denied-person = Microsoft protege esta cuenta. El portal no puede cambiar su contraseña. Llame al servicio de asistencia.
cause-r-denied-agent = Graph respondió 403: es una cuenta con privilegios, o el rol del operador no abarca a esta persona.
cause-r-denied-admin = Compare los roles de la persona (activos y aptos), los grupos a los que se pueden asignar roles y las unidades administrativas con el ámbito del operador.
cause-r-role-person = El portal perdió el permiso para hacer esto. No se cambió nada. Llame al servicio de asistencia.
cause-r-role-agent = El operador de restablecimiento no tiene ningún rol que permita restablecer contraseñas. Mientras no lo tenga, afecta a todas las personas.
cause-r-role-admin = Asigne de nuevo al operador el rol Administrador de autenticación, con el ámbito de su unidad administrativa, y vincúlelo en /admin/operator.
cause-r-not-found-person = Microsoft ya no conoce esta cuenta. Llame al servicio de asistencia.
cause-r-not-found-agent = Graph respondió 404 para esta persona.
cause-r-not-found-admin = El objeto se eliminó o está fuera de la unidad administrativa del operador.
cause-r-rejected-person = Microsoft no aceptó esta contraseña. Elija otra distinta; si tampoco sirve, llame al servicio de asistencia.
cause-r-rejected-agent = Graph rechazó la solicitud; sus palabras exactas se guardan con este restablecimiento.
cause-r-rejected-admin = Lea el código de error y el id. de solicitud guardados con este restablecimiento.
cause-f-agent-offline-person = El servicio de contraseñas de su organización no respondió. No se cambió nada. Inténtelo de nuevo más tarde.
cause-f-agent-offline-agent = No respondió ningún agente de escritura diferida (writeback).
cause-f-agent-offline-admin = Revise el servidor de sincronización: eventos 31034, 31044, 32002, 6800 de PasswordResetService; salida por el puerto 443 a *.servicebus.windows.net y *.passwordreset.microsoftonline.com.
cause-f-admin-action-person = Su cuenta tiene una protección especial en su organización, así que el portal no puede cambiarla. Llame al servicio de asistencia.
cause-f-admin-action-agent = El agente de escritura diferida (writeback) no tiene permiso para cambiar esta cuenta.
cause-f-admin-action-admin = Evento 33004. AdminCount=1 o un grupo protegido, o la cuenta de sincronización no tiene los permisos Reset password, escritura de lockoutTime y escritura de pwdLastSet en la raíz del dominio; «Restrict clients allowed to make remote calls to SAM» debe permitirla.
cause-f-disabled-person = Su cuenta está desactivada. Llame al servicio de asistencia.
cause-f-disabled-agent = La cuenta está deshabilitada en AD.
cause-f-disabled-admin = Evento 33005. Habilite la cuenta en AD si corresponde.
cause-f-locked-person = Su cuenta está bloqueada. Espere un rato o llame al servicio de asistencia; antes, quite la contraseña anterior de su teléfono.
cause-f-locked-agent = La cuenta está bloqueada en AD.
cause-f-locked-admin = Evento 33006. Busque el origen de los intentos fallidos: evento 4740 en el emulador de PDC.
cause-f-expired-person = Su cuenta caducó. Llame al servicio de asistencia.
cause-f-expired-agent = La cuenta caducó en AD.
cause-f-expired-admin = 00000701 de AD. Revise accountExpires; amplíe la fecha si la persona debe tener acceso.
cause-f-several-person = El directorio de su organización tiene más de una cuenta que coincide. Llame al servicio de asistencia.
cause-f-several-agent = El agente de escritura diferida (writeback) encontró varias cuentas para esta persona.
cause-f-several-admin = Evento 33003 (o 0x80230402, delimitador duplicado). No se admite que una persona esté habilitada en dos bosques; revise los objetos unidos en el metaverso.
cause-f-not-enabled-person = Su organización no ha activado esta función para su cuenta. Llame al servicio de asistencia.
cause-f-not-enabled-agent = El autoservicio de restablecimiento o la escritura diferida de contraseñas están desactivados para esta persona o para el inquilino.
cause-f-not-enabled-admin = De SSPR_0009 a SSPR_0014. Revise Restablecimiento de contraseña en Entra: para quién está habilitado, Integración local y la licencia (P1, P2 o Business Premium).
cause-f-agent-trouble-person = El servicio de contraseñas de su organización tuvo un problema propio. No se cambió nada. Inténtelo de nuevo más tarde.
cause-f-agent-trouble-agent = El agente de escritura diferida (writeback) respondió con un error propio; sus palabras se guardan con este restablecimiento.
cause-f-agent-trouble-admin = Eventos de PasswordResetService de 32000 a 32016, 33001, 33009 en el servidor de sincronización. 32004 (descifrado): desactive y vuelva a activar la escritura diferida; hr=800700CE: la contraseña de la cuenta de sincronización tiene más de 256 caracteres; los caracteres reservados en nombres de OU dan 33001.
cause-f-not-in-directory-person = El directorio de su organización no conoce esta cuenta. Llame al servicio de asistencia.
cause-f-not-in-directory-agent = El agente de escritura diferida (writeback) no encontró a la persona en AD.
cause-f-not-in-directory-admin = Evento 33002 (o 33003: varias). Revise los objetos unidos en el metaverso del servidor de sincronización.
cause-f-unrecognised-person = Microsoft dio un motivo que no conocemos. Seguimos buscando pruebas; mientras tanto, pruebe la contraseña nueva y después la anterior.
cause-f-unrecognised-agent = La operación falló con un detalle que no está en nuestra lista; se guarda completo con este restablecimiento.
cause-f-unrecognised-admin = Lea el detalle guardado con este restablecimiento y el registro Aplicación del servidor de sincronización a esa hora.
cause-x-split-person = Su organización ya tiene la contraseña nueva; Microsoft todavía no. Eso tarda unos minutos.
cause-x-split-agent = OnPremisesSuccessCloudFailure: AD la tiene; la nube la recibe después con la sincronización de hash de contraseñas.
cause-x-split-admin = Compruebe que la sincronización de hash de contraseñas esté funcionando; la nube se pone al día en unos minutos.
cause-x-cloud-only-person = Microsoft tiene su contraseña nueva, pero no llegó a su organización.
cause-x-cloud-only-agent = El registro de auditoría no nombra ningún agente de escritura diferida (writeback) para este restablecimiento de una persona sincronizada.
cause-x-cloud-only-admin = OnPremisesAgent es None: la escritura diferida está desactivada o no hay ningún agente conectado. Revise Integración local en Entra y el servidor de sincronización.
cause-u-no-answer-person = Su contraseña se envió y no llegó respuesta. Puede que esté establecida o puede que no.
cause-u-no-answer-agent = La solicitud se envió y no llegó respuesta.
cause-u-no-answer-admin = La respuesta de Graph fue 5xx, 408, quedó cortada o no llegó. El registro de auditoría lo dirá; el portal sigue buscando durante 24 horas.
cause-u-crashed-person = El portal se interrumpió mientras se enviaba su contraseña. Puede que esté establecida o puede que no.
cause-u-crashed-agent = El proceso del portal terminó entre el envío y la respuesta.
cause-u-crashed-admin = Revise por qué terminó el proceso. El portal sigue buscando pruebas durante 24 horas.
cause-u-lost-person = Microsoft recibió su contraseña y luego no pudo decir qué pasó con ella. Puede que esté establecida o puede que no.
cause-u-lost-agent = Graph olvidó la operación (404 durante más de un minuto).
cause-u-lost-admin = Consulte el registro de auditoría del directorio para esta persona y esta hora.
cause-u-time-limit-person = Está tardando mucho más de lo habitual. Puede que su contraseña esté establecida o puede que no.
cause-u-time-limit-agent = La operación no terminó dentro del límite de tiempo.
cause-u-time-limit-admin = Revise el estado del agente de escritura diferida (writeback); el portal sigue buscando pruebas durante 24 horas.

refusal-e-not-found-title = Esta página no existe
refusal-e-not-found-text = O no es para su cuenta. Si siguió un enlace a un restablecimiento, inicie sesión primero y ábralo de nuevo.
refusal-e-limit-title = Demasiado seguido
refusal-e-limit-text = No se envió nada. Inténtelo de nuevo dentro de { $wait }.
refusal-e-unavailable-title = No está disponible en este momento
refusal-e-unavailable-text = No podemos conectar con algo que necesitamos. No se cambió nada.
refusal-e-unavailable-do = Inténtelo de nuevo en un minuto.
refusal-e-internal-title = Algo falló aquí
refusal-e-internal-text = Fue un error nuestro. No se hizo nada más.
refusal-e-internal-do = Inténtelo de nuevo. Si continúa, llame al servicio de asistencia.
refusal-e-cross-site-title = Esto vino de otro sitio web
refusal-e-cross-site-text = Por su seguridad, no se hizo nada.
refusal-e-cross-site-do = Abra usted el portal e inténtelo de nuevo desde allí.
refusal-e-timeout-title = Tardó demasiado
refusal-e-timeout-text = Dejamos de esperar. No se hizo nada más.
refusal-e-timeout-do = Inténtelo de nuevo.
refusal-e-bad-request-title = No pudimos entender la solicitud
refusal-e-bad-request-text = La solicitud estaba incompleta o era demasiado grande. No se hizo nada.

refusal-s-attempt-title = Empiece de nuevo
refusal-s-attempt-text = Este inicio de sesión se comenzó en otro navegador, ya se usó o tardó demasiado.
refusal-s-attempt-do = Si vuelve a ocurrir, permita las cookies de este sitio.
refusal-s-cancelled-title = El inicio de sesión no se terminó
refusal-s-cancelled-text = No pasó nada. Puede intentarlo de nuevo cuando quiera.
refusal-s-cancelled-do = ¿Microsoft le pidió la contraseña? Elija «Otras formas de iniciar sesión» en su lugar.
refusal-s-not-assigned-title = Su cuenta todavía no puede usar este portal
refusal-s-not-assigned-text = Su organización decide quién puede usarlo.
refusal-s-not-assigned-do = Llame al servicio de asistencia y diga: AADSTS50105, sin asignar.
refusal-s-blocked-title = Microsoft no le permitió entrar
refusal-s-blocked-text = Su organización pide un inicio de sesión más seguro, u otro dispositivo o lugar.
refusal-s-blocked-do = Inténtelo de nuevo con una clave de paso, una clave de seguridad o la aplicación Authenticator.
refusal-s-tenant-title = Esa cuenta es de otra organización
refusal-s-tenant-text = Este portal es solo para una organización.
refusal-s-tenant-do = Inicie sesión con su cuenta de trabajo.
refusal-s-locked-title = Su cuenta está bloqueada en Microsoft
refusal-s-locked-text = Hubo demasiados intentos con una contraseña incorrecta, quizá desde su teléfono.
refusal-s-locked-do = Quite la contraseña anterior de su teléfono, espere unos minutos e inténtelo de nuevo sin contraseña.
refusal-s-disabled-title = Su cuenta está desactivada
refusal-s-disabled-text = Solo su organización puede activarla de nuevo.
refusal-s-disabled-do = Llame al servicio de asistencia.
refusal-s-setup-title = Falta configuración en el portal
refusal-s-setup-text = Microsoft no acepta el registro propio del portal. No es un error suyo.
refusal-s-setup-do = Llame al servicio de asistencia y diga: S-SETUP.
refusal-s-entra-title = El inicio de sesión de Microsoft no respondió como se esperaba
refusal-s-entra-text = No pasó nada.
refusal-s-entra-do = Inténtelo de nuevo en un minuto.
refusal-s-forged-title = No pudimos confiar en este inicio de sesión
refusal-s-forged-text = Lo que llegó de Microsoft no superó nuestras comprobaciones. No se hizo nada.
refusal-s-forged-do = Empiece de nuevo. Si continúa, diga al servicio de asistencia: S-FORGED.
refusal-s-guest-title = Los usuarios invitados no pueden restablecer aquí su contraseña
refusal-s-guest-text = Su contraseña pertenece a su organización de origen.
refusal-s-guest-do = Restablézcala allí.
refusal-s-password-title = Inicie sesión sin su contraseña
refusal-s-password-text = El portal tiene que reconocerle por algo distinto de la contraseña que olvidó.
refusal-s-password-do = Elija «Otras formas de iniciar sesión» en la página de Microsoft.
refusal-s-stale-title = Inicie sesión una vez más
refusal-s-stale-text = Su inicio de sesión en Microsoft es demasiado antiguo para esto.
refusal-s-context-title = Este inicio de sesión no es lo bastante seguro
refusal-s-context-text = Para una contraseña nueva hace falta iniciar sesión con una clave de paso, una clave de seguridad, la aplicación Authenticator o un Pase de acceso temporal.
refusal-s-context-do = Elija «Otras formas de iniciar sesión» en la página de Microsoft.
refusal-s-policy-title = Los restablecimientos están en pausa
refusal-s-policy-text = En este momento no podemos demostrar que aquí se inicia sesión sin contraseña. Hasta entonces, nadie puede hacer un restablecimiento.
refusal-s-policy-do = Llame al servicio de asistencia y diga: S-POLICY.
refusal-s-excluded-title = Su cuenta no está incluida
refusal-s-excluded-text = La regla de inicio de sesión de su organización no se aplica a su cuenta, así que no podemos tener la certeza de que es usted.
refusal-s-excluded-do = Llame al servicio de asistencia.
refusal-s-no-role-title = Sin rol de personal
refusal-s-no-role-text = Su cuenta no tiene ninguno de los roles de personal del portal.
refusal-s-no-role-do = Pida a su administrador un rol de Passback.
refusal-s-somebody-else-title = Esa era la cuenta de otra persona
refusal-s-somebody-else-text = La contraseña se restableció para una cuenta distinta de la que acaba de iniciar sesión. No se cambió nada.
refusal-s-somebody-else-do = Vuelva a su restablecimiento e inicie sesión con la cuenta que se indica allí.
refusal-s-not-staff-title = Para personal con el rol adecuado
refusal-s-not-staff-text = Esta página necesita un inicio de sesión del personal con un rol que la permita.
refusal-s-network-title = No desde esta red
refusal-s-network-text = Las páginas del personal solo se abren desde las redes previstas por su organización.
refusal-s-expired-title = Su sesión terminó
refusal-s-expired-text = No se envió nada. Inicie sesión de nuevo para seguir.

refusal-l-yourself-title = Elija otra cuenta
refusal-l-yourself-text = El operador no puede ser usted: Microsoft nunca permite que una cuenta restablezca su propia contraseña.
refusal-l-global-admin-title = No use un Administrador global
refusal-l-global-admin-text = El operador necesita los mínimos permisos posibles. Use una cuenta con el rol Administrador de autenticación, con el ámbito de una unidad administrativa.
refusal-l-no-role-title = Falta el rol
refusal-l-no-role-text = Esta cuenta no tiene ningún rol activo que permita restablecer contraseñas. Asígnele el rol Administrador de autenticación.
refusal-l-tenant-wide-title = El rol abarca todo el inquilino
refusal-l-tenant-wide-text = Limite el rol a una unidad administrativa, o defina operator.tenant_wide = true si es lo que desea.
refusal-l-no-token-title = No hay un permiso duradero
refusal-l-no-token-text = Microsoft no dio ningún token de actualización. Conceda el permiso offline_access e inténtelo de nuevo.
refusal-l-nobody-title = No hay nadie en espera
refusal-l-nobody-text = Inicie primero la sesión del operador; tiene diez minutos para confirmar.

stopped-g-paused-title = Los restablecimientos están en pausa
stopped-g-paused-text = Su organización ha puesto en pausa todos los restablecimientos por ahora. Su contraseña anterior sigue igual.
stopped-g-paused-do = Inténtelo de nuevo más tarde o llame al servicio de asistencia.
stopped-g-ceiling-title = Los restablecimientos están en pausa
stopped-g-ceiling-text = Hubo más restablecimientos de lo habitual, así que el portal se detuvo por seguridad. Su contraseña anterior sigue igual.
stopped-g-ceiling-do = El servicio de asistencia ya recibió el aviso. Inténtelo de nuevo más tarde.
stopped-g-operator-title = Los restablecimientos están en pausa
stopped-g-operator-text = El portal no puede iniciar sesión en Microsoft en este momento. Usted no ha perdido nada y no tiene que escribir nada.
stopped-g-operator-do = Un administrador tiene que vincular de nuevo al operador. Llame al servicio de asistencia.
stopped-g-protected-title = Su cuenta necesita al servicio de asistencia
stopped-g-protected-text = Microsoft protege las cuentas con permisos especiales. El portal no puede cambiar sus contraseñas.
stopped-g-protected-do = Llame al servicio de asistencia; tienen una forma segura de hacerlo.
stopped-g-guest-title = Los usuarios invitados no pueden restablecer aquí su contraseña
stopped-g-guest-text = Su contraseña pertenece a su organización de origen.
stopped-g-expired-title = Su cuenta ya no está vigente
stopped-g-expired-text = El directorio de su organización dice que esta cuenta caducó. Una contraseña nueva no ayudaría.
stopped-g-expired-do = Llame al servicio de asistencia.
stopped-g-protected-ad-title = Esta cuenta tiene una protección especial
stopped-g-protected-ad-text = El directorio de su organización la trata como cuenta de administrador. Ningún portal puede cambiar su contraseña.
stopped-g-protected-ad-do = Llame al servicio de asistencia.
stopped-g-cannot-change-title = Su contraseña no se puede cambiar
stopped-g-cannot-change-text = El directorio de su organización no lo permite para esta cuenta.
stopped-g-cannot-change-do = Llame al servicio de asistencia.
stopped-g-too-young-title = Su contraseña se cambió hace poco
stopped-g-too-young-text = Según las reglas de su organización, podrá cambiarla de nuevo después de este momento: { $time }. Hasta entonces, una nueva se rechazaría.
stopped-g-too-young-do = Si no puede esperar, llame al servicio de asistencia.
stopped-g-disabled-title = Su cuenta está desactivada
stopped-g-disabled-text = Solo su organización puede activarla de nuevo.
stopped-g-disabled-do = Llame al servicio de asistencia.
stopped-g-cannot-check-title = No está disponible en este momento
stopped-g-cannot-check-text = Microsoft no responde a lo que necesitamos saber primero. Su contraseña anterior sigue igual.
stopped-g-cannot-check-do = Inténtelo de nuevo en un minuto.

operator-title = Operador de restablecimiento
operator-intro = El operador es la única cuenta con la que se restablecen las contraseñas. Necesita el rol Administrador de autenticación, con un ámbito limitado a las personas cuya contraseña puede restablecer.
operator-none = No hay ningún operador vinculado. Hasta que lo haya, nadie puede hacer un restablecimiento.
operator-works = Vinculado y en funcionamiento
operator-trouble-token = Su permiso terminó. Vincúlelo de nuevo.
operator-trouble-role = Perdió su rol. Devuélvale el rol y luego vincúlelo de nuevo.
operator-trouble-relink = Microsoft le pide que vuelva a iniciar sesión y los restablecimientos esperan. Vincúlelo de nuevo.
operator-account = Cuenta
operator-role = Rol
operator-scope = Ámbito
operator-linked = Vinculación
operator-refreshed = Última renovación
operator-link = Iniciar la sesión del operador
operator-relink = Vincular de nuevo o reemplazar
operator-link-hint = Se abrirá la página de Microsoft. Inicie sesión allí como el operador, no con su propia cuenta.
operator-confirm-title = ¿Convertir esta cuenta en el operador?
operator-confirm = Sí, convertirla en el operador
operator-tenant-wide = Este rol abarca todo el inquilino.

stopped-g-frozen-title = Los restablecimientos de su contraseña están detenidos
stopped-g-frozen-text = Alguien nos avisó de que un restablecimiento anterior de su contraseña no era suyo. Hasta que el servicio de asistencia lo revise, no empieza ninguno nuevo. Su contraseña sigue como estaba.
stopped-g-frozen-do = Llame al servicio de asistencia. Comprobarán que es usted y lo volverán a abrir.

notice-subject = Se restableció su contraseña en { $organisation }
notice-subject-unknown = Puede que se haya restablecido su contraseña en { $organisation }
notice-hello = Hola, { $name }:
notice-what = Se estableció una contraseña nueva para su cuenta en { $organisation }. Se pidió el { $time }.
notice-what-split = Se está estableciendo una contraseña nueva para su cuenta en { $organisation }. Se pidió el { $time }; es posible que su equipo la tenga antes que Microsoft 365.
notice-what-cloud-only = Se estableció una contraseña nueva para su cuenta en { $organisation }, por ahora solo en Microsoft. Se pidió el { $time }.
notice-what-unknown = Se envió una contraseña nueva para su cuenta en { $organisation } el { $time }. Todavía no hemos podido saber si ya está en uso.
notice-reference = Referencia: { $reference }
notice-was-me = ¿Fue usted? Entonces no hay nada que hacer.
notice-not-me = ¿No fue usted? Abra este enlace y pulse el botón. Se detienen entonces los nuevos restablecimientos de su contraseña y se avisa al servicio de asistencia. El enlace sirve durante 7 días.
notice-button = No fui yo
notice-call = O llame al servicio de asistencia: { $phone }
notice-never = Este mensaje nunca contiene una contraseña y nadie le pedirá la suya.
notice-page-title = ¿No era suyo este restablecimiento?
notice-page-text = Se pidió una contraseña nueva el { $time }, referencia { $reference }.
notice-page-effect = Si no fue usted, pulse el botón. Se detienen entonces los nuevos restablecimientos de su contraseña y se avisa al servicio de asistencia.
notice-page-button = No fui yo
notice-page-was-me = ¿Fue usted? Entonces cierre esta página. No ha cambiado nada.
notice-done-title = Gracias. Se ha avisado al servicio de asistencia
notice-done-text = El servicio de asistencia decide cuándo se podrá restablecer aquí de nuevo su contraseña. Su contraseña en sí no ha cambiado con esto.
notice-done-call = Llame ahora: { $phone }. Se asegurarán de que nadie más pueda iniciar sesión.
notice-done-call-desk = Llame ahora a su servicio de asistencia. Se asegurarán de que nadie más pueda iniciar sesión.

desk-nav = Páginas del personal
desk-nav-resets = Restablecimientos
desk-nav-operator = Operador
desk-title = Restablecimientos
desk-find = Nombre, usuario, referencia o ticket
desk-find-hint = Basta el comienzo de cada palabra: «an mu» encuentra a Anna Müller. Las flechas recorren la lista.
desk-find-unreadable = Ahí no hay ninguna letra ni cifra.
desk-from = Desde (día, UTC)
desk-to = Hasta (día, UTC)
desk-find-day = Un día se escribe así: 2026-11-24.
desk-nothing = No se encontró nada. Puede escribir:
desk-nothing-name = un nombre, o el comienzo de cada una de sus palabras: an mu
desk-nothing-upn = un nombre de usuario, o su comienzo: anna.mu
desk-nothing-reference = una referencia, o al menos sus tres primeros caracteres, como se oyeron: O cuenta como 0, I y L como 1
desk-nothing-ticket = el número entero de un ticket
desk-looked-back = La búsqueda llegó hasta el { $time }.
desk-further = Buscar más atrás
desk-gathering = Los restablecimientos más antiguos aún se preparan para la búsqueda. Por ahora pueden faltar algunos.
desk-find-button = Buscar
desk-state = Estado
desk-cause = Causa
desk-any = Todos
desk-none = No hay restablecimientos así.
desk-age = hace { $span }
desk-older = Anteriores
desk-newest = Más recientes
desk-home-directory = La contraseña vive en el directorio.
desk-home-cloud = La contraseña vive solo en Microsoft.
desk-verified = Verificado: las pruebas muestran que la contraseña nueva está en su sitio.
desk-not-verified = No verificado.
desk-missing = Falta: { $rungs }.
desk-or = o
desk-evidence = Pruebas
desk-not-reached = aún no visto
desk-nothing-to-prove = No se cambió nada: no hay nada que probar.
desk-evidence-none = No hay ninguna prueba, y ya no puede llegar ninguna.
desk-ask = Preguntar a Microsoft ahora
desk-asked = Se está preguntando a Microsoft. La respuesta aparece aquí enseguida: vuelva a cargar la página.
desk-asked-final = No queda nada que preguntar: esta es la última palabra.
desk-for-admin = Para quien administra AD:
desk-detail = Microsoft dijo:
desk-notes = Notas
desk-notes-none = Aún no hay notas.
desk-note = Nota nueva
desk-note-hint = Otras personas del servicio la leerán. Nunca escriba aquí una contraseña.
desk-note-button = Guardar nota
desk-noted = La nota está guardada.
desk-note-empty = No se guardó nada: la nota estaba vacía.
desk-answers = Lo que respondió Microsoft
desk-answers-none = Aún no hay respuesta.
desk-trail = Registro de auditoría
desk-state-sending = Enviando
desk-state-writing = En camino
desk-state-written = Escrita
desk-state-refused = Rechazada
desk-state-failed = Fallida
desk-state-split = Solo en el directorio
desk-state-cloud-only = Solo en Microsoft
desk-state-unknown = Desconocido
desk-state-finished = Terminado
desk-rung-accepted = Aceptada por Microsoft
desk-rung-written = Establecida, dice Microsoft
desk-rung-carried = Llevada al directorio
desk-rung-works = Usada por la persona
desk-others = Otros restablecimientos de esta persona
