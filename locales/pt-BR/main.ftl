# Simples, gentil, curto. Diga o que aconteceu e depois o que fazer. Nunca culpe.
# As famílias são formadas a partir de códigos: cause-<code>-person|agent|admin, refusal-<code>-title|text|do, state-<state>-…,
# stopped-<code>-…, rule-<code>, rung-<name>.

site-title = Redefinição de senha
skip-to-content = Ir para o conteúdo
mark-emulated = Demonstração: o locatário da Microsoft por trás desta página está emulado nesta máquina.
mark-other-hosts = Este portal está configurado para confiar em hosts que não são da Microsoft.
sign-out = Sair
language = Idioma
language-switch = Mudar
support-line = Precisa de ajuda? Ligue para { $phone }
signed-in-as = Conectado com a conta

span-seconds = { $n ->
    [one] { $n } segundo
   *[other] { $n } segundos
}
span-minutes = { $n ->
    [one] { $n } minuto
   *[other] { $n } minutos
}
span-hours = { $n ->
    [one] { $n } hora
   *[other] { $n } horas
}

moment = { $day } de { $month ->
    [1] janeiro
    [2] fevereiro
    [3] março
    [4] abril
    [5] maio
    [6] junho
    [7] julho
    [8] agosto
    [9] setembro
    [10] outubro
    [11] novembro
   *[12] dezembro
} de { $year }, { $time }

button-start = Ir para o início
button-sign-in-again = Entrar novamente
button-sign-in = Entrar sem a minha senha

landing-title = Esqueceu a senha?
landing-text = Entre de outra maneira, escolha uma nova senha e veja-a chegar – de qualquer lugar, sem VPN.
landing-opens-on-password = A página da Microsoft vai abrir pedindo a sua senha
landing-choose-other = Não digite a senha. Escolha “Outras maneiras de entrar” e depois uma destas:
landing-method-passkey = Rosto, impressão digital ou PIN
landing-method-passkey-text = Uma chave de acesso neste dispositivo ou no seu telefone
landing-method-key = Chave de segurança
landing-method-key-text = Conecte-a ou aproxime-a do telefone
landing-method-phone = Aplicativo Authenticator
landing-method-phone-text = Aprove o número no seu telefone
landing-method-pass = Passe de Acesso Temporário
landing-method-pass-text = Um código que a central de atendimento deu a você
landing-back-title = Você voltou sem terminar?
landing-back-text = Isso acontece quando a página da Microsoft pede a senha. Não digite a senha: logo abaixo está “Outras maneiras de entrar”.
landing-steps-title = O que vai acontecer
landing-step-1 = Você entra na Microsoft, sem a sua senha.
landing-step-2 = Você escolhe uma nova senha aqui.
landing-step-3 = Você vê a senha chegar à sua organização.

form-title = Escolha uma nova senha
form-for = Para
home-cloud = Sua senha fica na nuvem da Microsoft.
home-directory = Sua senha fica em { $domain }; último contato há { $ago }.
home-directory-unsynced = Sua senha fica em { $domain }.
form-two-steps = Duas etapas: uma nova senha aqui; depois, a Microsoft pode pedir mais uma vez que você escolha outra.
form-locked = Sua conta está bloqueada por tentativas com senhas incorretas. Antes de continuar, remova a senha antiga do telefone, do e-mail e do Wi-Fi: eles continuam tentando usá-la.
form-locked-until = Ela será desbloqueada sozinha neste momento: { $time }.
form-password = Nova senha
form-again = A mesma senha outra vez
form-show = Mostrar
form-hide = Ocultar
form-submit = Definir a nova senha
form-rules = Sua senha
form-whys = Por que estas regras?
form-only-microsoft = A Microsoft também confere a lista dela de senhas comuns e as regras da sua organização. Só ela pode fazer isso; você verá a resposta aqui.
form-until = Termine antes de
form-unknown-title = Primeiro, tente a senha da sua última redefinição
form-unknown-text = Não conseguimos descobrir se deu certo. Se você não conseguir entrar com ela, marque esta opção e escolha outra.
form-unknown-tick = Já tentei, e ela não funciona
form-unknown-link = Ver a última redefinição
form-expired-soon = Faltam menos de dois minutos. Se o tempo acabar, entre novamente; nada se perde.

rule-length = Pelo menos { $n } caracteres
rule-characters = Somente letras de A a Z sem acento, dígitos, espaços e símbolos comuns
rule-classes = { $n } destes: letra minúscula, letra maiúscula, dígito, símbolo
rule-name = Não ser o seu nome
rule-banned = Não ser formada com palavras proibidas
rule-strength = Difícil de adivinhar
rule-breach = Não ser conhecida por um vazamento de dados
rule-microsoft = Aceita pela Microsoft
rule-length-why = O tamanho protege mais do que qualquer outra coisa.
rule-characters-why = Outros caracteres funcionam na Microsoft e depois falham no seu computador, ou o contrário.
rule-classes-why = O diretório da sua organização pede isso.
rule-name-why = É a primeira coisa que se tenta, também escrita com 0 no lugar de o, ou @ no lugar de a.
rule-banned-why = O nome da sua organização e outras palavras comuns são tentados com todas as terminações.
rule-strength-why = Datas, padrões do teclado e palavras conhecidas são adivinhados em minutos.
rule-breach-why = Senhas que já foram roubadas em algum lugar são tentadas em todos os outros.
rule-microsoft-why = A Microsoft é consultada quando você envia o formulário.
rule-microsoft-said = A Microsoft diz:
rule-standing-pending = ainda não conferida
rule-standing-met = cumprida
rule-standing-failed = não cumprida
rule-standing-unchecked = não foi possível conferir, permitida

phrase-offer = Fácil de lembrar e longa o suficiente. Você pode usar esta:
phrase-use = Usar esta
phrase-other = Outra
phrase-used = Preenchida. Anote ou salve a senha antes de continuar.

problem-empty = Digite uma nova senha. Nada foi enviado.
problem-different = As duas senhas não são iguais. Nada foi enviado.
problem-rules = Esta senha não cumpre todas as regras abaixo. Nada foi enviado.
problem-late = Passou tempo demais desde que você entrou. Nada foi enviado. Entre novamente e depois defina a sua senha.
problem-try-first = Primeiro, tente a senha da sua última redefinição. Nada foi enviado.

timeline-reference = Referência
timeline-reference-hint = Diga isto se você ligar para a central de atendimento:
timeline-begun = Início
timeline-took = Levou { $span }.
timeline-usual = Costuma levar { $span }.
timeline-elapsed = Tempo até agora
timeline-line = A Microsoft está com muito movimento. Seu lugar na fila é o { $n }; nada se perdeu.
timeline-line-wait = Continua em cerca de { $span }.
timeline-unused = Já havia uma redefinição em andamento. A senha que você acabou de digitar não foi usada.
timeline-unasked = Não foi possível perguntar antes à Microsoft se ela aceita esta senha. Ela decide agora.
timeline-steps = O caminho da sua senha
timeline-code = Código
timeline-again = Escolher outra senha
timeline-retry = Tentar novamente
timeline-reload = Esta página se atualiza sozinha.

state-sending-title = Enviando a sua nova senha
state-sending-text = Ela está a caminho da Microsoft. Você pode sair desta página; o trabalho continua.
state-writing-title = A caminho da sua organização
state-writing-text = A Microsoft recebeu a senha e a está entregando à sua organização. Você pode sair desta página; o trabalho continua.
state-written-title = Sua nova senha está pronta
state-written-text = A Microsoft informa que a sua nova senha foi definida.
state-refused-title = Não foi alterada
state-refused-do1 = Sua senha antiga continua funcionando.
state-failed-title = Não foi alterada
state-failed-do1 = Sua senha antiga continua funcionando.
state-failed-do2 = Ligue para a central de atendimento e diga a referência. Lá veem o mesmo que você, e o motivo.
state-split-title = Quase lá
state-split-do1 = Use a nova senha no computador e na VPN agora.
state-split-do2 = Para o Microsoft 365, espere alguns minutos. Por enquanto, não faça outra redefinição.
state-cloud-only-title = Alterada somente na Microsoft
state-cloud-only-do1 = Use a nova senha no Microsoft 365 e a antiga no computador e na VPN.
state-cloud-only-do2 = A central de atendimento já foi avisada. Ligue e diga a referência.
state-unknown-title = Ainda não sabemos
state-unknown-do1 = Primeiro, tente a nova senha.
state-unknown-do2 = Se ela não funcionar, a antiga ainda vale. Depois, defina outra.
state-finished-title = Pronto
state-finished-text = Você já usou a sua nova senha. Não há mais nada a fazer aqui.

rung-accepted = A Microsoft recebeu
rung-accepted-done = Sua solicitação chegou à Microsoft.
rung-accepted-now = Esperando a Microsoft receber.
rung-accepted-ahead = Vem primeiro.
rung-accepted-bad = A Microsoft não confirmou que recebeu.
rung-written = A Microsoft informa que foi definida
rung-written-done = A Microsoft diz que a senha já está definida.
rung-written-now = Esperando a confirmação da Microsoft.
rung-written-ahead = Vem em seguida.
rung-written-off = Não chegou até aqui.
rung-written-bad = A Microsoft não informou isto.
rung-carried = Levada à sua organização
rung-carried-done = Levada por { $agent }, segundo o log da Microsoft.
rung-carried-now = O log da Microsoft vai dizer quem a levou. Ele pode chegar com alguns minutos de atraso.
rung-carried-ahead = Vem por último; o log da Microsoft diz quem a levou.
rung-carried-off = Até onde sabemos, não chegou até aqui.
rung-carried-bad = O log da Microsoft não mostra que alguém a levou.

rung-works = Você entra com ela
rung-works-done = A Microsoft registrou a sua última escolha. Esta é a senha que vale.
rung-works-now = Entre com ela uma vez. A Microsoft pode pedir outra; nesse caso, vale essa outra.
rung-works-ahead = Vem por último e cabe a você: entrar com ela uma vez.
rung-works-off = Não chegou até aqui.

care-title = O que falta fazer
care-question = Você consegue entrar no seu notebook agora?
care-inside = Sim, consegui entrar
care-outside = Não, não consigo entrar
care-change = Mudar a minha resposta sobre o notebook
care-by-itself = Seu notebook recebe a nova senha sozinho assim que estiver on-line.
care-done = feito
care-open = a fazer
care-phone-first-title = Primeiro: remova a senha antiga do telefone
care-phone-first-text = Sua conta foi bloqueada porque algo continua tentando a senha antiga. Antes de qualquer outra coisa, abra o e-mail e o Wi-Fi no telefone e digite a nova.
care-phone-title = Digite-a no telefone
care-phone-text = O e-mail e o Wi-Fi do telefone continuam tentando a senha antiga, e isso pode bloquear a sua conta.
care-get-in-title = Entre no seu notebook
care-get-in-text = Use o PIN, o rosto ou a impressão digital que você já usa nele; continuam funcionando. Se não, tente a senha antiga: fora da rede da sua organização, ela ainda abre o notebook. Se a tela de entrada oferecer VPN, conecte-se primeiro ali e use a nova. Você também pode ir ao escritório ou ligar para a central de atendimento.
care-lock-unlock-title = Ensine a nova senha ao seu notebook
care-lock-unlock-text = Conecte a VPN ou esteja no escritório. Depois, bloqueie a tela (tecla Windows e L) e desbloqueie com a nova senha.
care-wifi-title = Digite-a no Wi-Fi da sua organização
care-wifi-text = Onde o Wi-Fi pedir seu nome e senha: esqueça a rede, conecte-se de novo e use a nova senha.
care-signout = Será que outra pessoa entrou na sua conta?
care-signout-text = Você pode sair em todos os lugares. O Microsoft 365 então pede a nova senha em cada dispositivo, em minutos ou, no máximo, depois de uma hora. PINs e chaves de acesso continuam valendo.
care-signout-button = Sair em todos os lugares
care-signed-out = Sessões encerradas em todos os lugares: { $time }. Isso passa a valer em minutos ou, no máximo, depois de uma hora.

finish-title = Falta uma etapa: entre com ela
finish-title-unknown = Faça o teste: entre com a nova senha
finish-text = A página da Microsoft abre. Digite a nova senha. Se ela pedir que você escolha outra, é essa que vale a partir daí, em todos os lugares.
finish-button = Entrar com a nova senha
finish-asking = Que bom que você voltou. Estamos perguntando à Microsoft se a sua senha foi alterada. Isso leva até um minuto.
finish-unchanged = Você voltou, mas a Microsoft não viu nenhuma alteração da sua senha. Se ela não pediu outra, está tudo bem. Se você entrou de outra maneira, tente novamente com a nova senha.

cause-r-policy-person = As regras da sua organização não permitem esta senha: ela pode ser curta demais, simples demais, já ter sido usada, ou a última alteração pode ser muito recente. Escolha outra.
cause-r-policy-agent = O AD recusou a senha: comprimento, complexidade, histórico ou tempo de vida mínimo.
cause-r-policy-admin = 0000052D do AD. Servidor de sincronização: evento 6329 do ADSync (0x80230619), 33008 do PasswordResetService após 31011. Verifique a política de senha do domínio ou a política refinada, principalmente o tempo de vida mínimo da senha.
cause-r-banned-person = Esta senha é fácil demais de adivinhar: ela contém uma palavra comum ou proibida, ou o seu nome. Escolha outra.
cause-r-banned-agent = A lista de senhas proibidas do Entra recusou a senha.
cause-r-banned-admin = FuzzyPolicyViolationInvalidPassword. Verifique Métodos de autenticação, Proteção de senha: a lista personalizada de senhas proibidas e o que os agentes dos controladores de domínio registram.
cause-r-not-sent-person = Algo nos interrompeu antes do envio da sua senha. Defina-a novamente.
cause-r-not-sent-agent = Terminou antes do envio: sem conexão com o Graph, ou o portal foi reiniciado.
cause-r-not-sent-admin = Procure a ID da redefinição no log do portal e verifique o caminho do portal até o Graph (TLS, proxy, resolução de nomes).
cause-r-throttled-person = A Microsoft está com muito movimento. Nada foi enviado. Tente novamente em alguns minutos.
cause-r-throttled-agent = O Graph nos limitou por mais tempo do que uma pessoa deveria esperar. Nada foi enviado.
cause-r-throttled-admin = 429 do Graph além de reset.line_limit_seconds. Procure outro aplicativo com carga pesada no locatário.
cause-r-operator-person = O portal não conseguiu entrar para fazer isso. Nada foi alterado. Ligue para a central de atendimento.
cause-r-operator-agent = A entrada do operador de redefinição não foi aceita. Um administrador precisa vinculá-lo novamente.
cause-r-operator-admin = Vincule o operador novamente em /admin/operator. Verifique por que a concessão dele terminou: logs de entrada da conta do operador.
cause-r-denied-person = A Microsoft protege esta conta. O portal não pode alterar a senha dela. Ligue para a central de atendimento.
cause-r-denied-agent = O Graph respondeu 403: é uma conta privilegiada, ou a função do operador não abrange esta pessoa.
cause-r-denied-admin = Compare as funções da pessoa (ativas e qualificadas), os grupos atribuíveis a funções e as unidades administrativas com o escopo do operador.
cause-r-role-person = O portal perdeu a permissão para fazer isso. Nada foi alterado. Ligue para a central de atendimento.
cause-r-role-agent = O operador de redefinição não tem nenhuma função que possa redefinir senhas. Enquanto não tiver, todas as pessoas são afetadas.
cause-r-role-admin = Atribua novamente ao operador a função Administrador de Autenticação, com escopo na unidade administrativa dele, e vincule-o em /admin/operator.
cause-r-not-found-person = A Microsoft não conhece mais esta conta. Ligue para a central de atendimento.
cause-r-not-found-agent = O Graph respondeu 404 para esta pessoa.
cause-r-not-found-admin = O objeto foi excluído ou está fora da unidade administrativa do operador.
cause-r-rejected-person = A Microsoft não aceitou esta senha. Escolha outra; se também não der certo, ligue para a central de atendimento.
cause-r-rejected-agent = O Graph recusou a solicitação; as palavras exatas dele ficam guardadas com esta redefinição.
cause-r-rejected-admin = Leia o código de erro e a ID da solicitação guardados com esta redefinição.
cause-f-agent-offline-person = O serviço de senhas da sua organização não respondeu. Nada foi alterado. Tente novamente mais tarde.
cause-f-agent-offline-agent = Nenhum agente de write-back respondeu.
cause-f-agent-offline-admin = Verifique o servidor de sincronização: eventos 31034, 31044, 32002, 6800 do PasswordResetService; saída pela porta 443 para *.servicebus.windows.net e *.passwordreset.microsoftonline.com.
cause-f-admin-action-person = Sua conta tem uma proteção especial na sua organização, por isso o portal não pode alterá-la. Ligue para a central de atendimento.
cause-f-admin-action-agent = O agente de write-back não tem permissão para alterar esta conta.
cause-f-admin-action-admin = Evento 33004. AdminCount=1 ou um grupo protegido, ou a conta de sincronização não tem as permissões Reset password, gravação de lockoutTime e gravação de pwdLastSet na raiz do domínio; “Restrict clients allowed to make remote calls to SAM” deve permiti-la.
cause-f-disabled-person = Sua conta está desativada. Ligue para a central de atendimento.
cause-f-disabled-agent = A conta está desabilitada no AD.
cause-f-disabled-admin = Evento 33005. Habilite a conta no AD, se for o caso.
cause-f-locked-person = Sua conta está bloqueada. Espere um pouco ou ligue para a central de atendimento; antes, remova a senha antiga do telefone.
cause-f-locked-agent = A conta está bloqueada no AD.
cause-f-locked-admin = Evento 33006. Procure a origem das tentativas incorretas: evento 4740 no emulador de PDC.
cause-f-expired-person = Sua conta expirou. Ligue para a central de atendimento.
cause-f-expired-agent = A conta expirou no AD.
cause-f-expired-admin = 00000701 do AD. Verifique accountExpires; prorrogue a data se a pessoa deve ter acesso.
cause-f-several-person = O diretório da sua organização tem mais de uma conta que corresponde. Ligue para a central de atendimento.
cause-f-several-agent = O agente de write-back encontrou várias contas para esta pessoa.
cause-f-several-admin = Evento 33003 (ou 0x80230402, âncora duplicada). Não há suporte para uma pessoa habilitada em duas florestas; verifique os objetos unidos no metaverso.
cause-f-not-enabled-person = Sua organização não ativou este recurso para a sua conta. Ligue para a central de atendimento.
cause-f-not-enabled-agent = A redefinição de senha por autoatendimento ou o write-back de senha está desativado para esta pessoa ou para o locatário.
cause-f-not-enabled-admin = SSPR_0009 a SSPR_0014. Verifique Redefinição de senha no Entra: para quem está habilitada, Integração local e a licença (P1, P2 ou Business Premium).
cause-f-agent-trouble-person = O serviço de senhas da sua organização teve um problema próprio. Nada foi alterado. Tente novamente mais tarde.
cause-f-agent-trouble-agent = O agente de write-back respondeu com um erro próprio; as palavras dele ficam guardadas com esta redefinição.
cause-f-agent-trouble-admin = Eventos 32000 a 32016, 33001, 33009 do PasswordResetService no servidor de sincronização. 32004 (descriptografia): desative e reative o write-back; hr=800700CE: a senha da conta de sincronização tem mais de 256 caracteres; caracteres reservados em nomes de OU geram 33001.
cause-f-not-in-directory-person = O diretório da sua organização não conhece esta conta. Ligue para a central de atendimento.
cause-f-not-in-directory-agent = O agente de write-back não encontrou a pessoa no AD.
cause-f-not-in-directory-admin = Evento 33002 (ou 33003: várias). Verifique os objetos unidos no metaverso do servidor de sincronização.
cause-f-unrecognised-person = A Microsoft deu um motivo que não conhecemos. Continuamos procurando provas; enquanto isso, tente a nova senha e depois a antiga.
cause-f-unrecognised-agent = A operação falhou com um detalhe que não está na nossa lista; ele fica guardado por inteiro com esta redefinição.
cause-f-unrecognised-admin = Leia o detalhe guardado com esta redefinição e o log de Aplicativo do servidor de sincronização nesse horário.
cause-x-split-person = Sua organização já tem a nova senha; a Microsoft ainda não. Isso leva alguns minutos.
cause-x-split-agent = OnPremisesSuccessCloudFailure: o AD tem a senha; a nuvem a recebe depois, pela sincronização de hash de senha.
cause-x-split-admin = Verifique se a sincronização de hash de senha está em execução; a nuvem acompanha em alguns minutos.
cause-x-cloud-only-person = A Microsoft tem a sua nova senha, mas ela não chegou à sua organização.
cause-x-cloud-only-agent = O log de auditoria não indica nenhum agente de write-back para esta redefinição de uma pessoa sincronizada.
cause-x-cloud-only-admin = OnPremisesAgent é None: o write-back está desativado ou nenhum agente está conectado. Verifique Integração local no Entra e o servidor de sincronização.
cause-u-no-answer-person = Sua senha foi enviada, e nenhuma resposta chegou. Ela pode ou não ter sido definida.
cause-u-no-answer-agent = A solicitação foi enviada e nenhuma resposta chegou.
cause-u-no-answer-admin = A resposta do Graph foi 5xx, 408, veio cortada ou não veio. O log de auditoria dirá; o portal continua procurando por 24 horas.
cause-u-crashed-person = O portal foi interrompido durante o envio da sua senha. Ela pode ou não ter sido definida.
cause-u-crashed-agent = O processo do portal terminou entre o envio e a resposta.
cause-u-crashed-admin = Verifique por que o processo terminou. O portal continua procurando evidências por 24 horas.
cause-u-lost-person = A Microsoft recebeu a sua senha e depois não soube dizer o que aconteceu com ela. Ela pode ou não ter sido definida.
cause-u-lost-agent = O Graph esqueceu a operação (404 por mais de um minuto).
cause-u-lost-admin = Consulte o log de auditoria do diretório para esta pessoa e este horário.
cause-u-time-limit-person = Está demorando muito mais do que o normal. Sua senha pode ou não ter sido definida.
cause-u-time-limit-agent = A operação não terminou dentro do limite de tempo.
cause-u-time-limit-admin = Verifique a integridade do agente de write-back; o portal continua procurando evidências por 24 horas.

refusal-e-not-found-title = Esta página não existe
refusal-e-not-found-text = Ou não é para a sua conta. Se você seguiu um link para uma redefinição, entre primeiro e abra-o de novo.
refusal-e-limit-title = Vezes demais em pouco tempo
refusal-e-limit-text = Nada foi enviado. Tente novamente em { $wait }.
refusal-e-unavailable-title = Não disponível no momento
refusal-e-unavailable-text = Não conseguimos acessar algo de que precisamos. Nada foi alterado.
refusal-e-unavailable-do = Tente novamente em um minuto.
refusal-e-internal-title = Algo deu errado aqui
refusal-e-internal-text = Foi um erro nosso. Nada mais foi feito.
refusal-e-internal-do = Tente novamente. Se continuar, ligue para a central de atendimento.
refusal-e-cross-site-title = Isto veio de outro site
refusal-e-cross-site-text = Para a sua segurança, nada foi feito.
refusal-e-cross-site-do = Abra você o portal e tente novamente por lá.
refusal-e-timeout-title = Demorou demais
refusal-e-timeout-text = Paramos de esperar. Nada mais foi feito.
refusal-e-timeout-do = Tente novamente.
refusal-e-bad-request-title = Não conseguimos entender a solicitação
refusal-e-bad-request-text = A solicitação estava incompleta ou era grande demais. Nada foi feito.

refusal-s-attempt-title = Comece de novo
refusal-s-attempt-text = Esta entrada foi iniciada em outro navegador, já foi usada ou demorou demais.
refusal-s-attempt-do = Se acontecer de novo, permita cookies para este site.
refusal-s-cancelled-title = A entrada não foi concluída
refusal-s-cancelled-text = Nada aconteceu. Você pode tentar novamente quando quiser.
refusal-s-cancelled-do = A Microsoft pediu a sua senha? Em vez disso, escolha “Outras maneiras de entrar”.
refusal-s-not-assigned-title = Sua conta ainda não pode usar este portal
refusal-s-not-assigned-text = Sua organização decide quem pode usá-lo.
refusal-s-not-assigned-do = Ligue para a central de atendimento e diga: AADSTS50105, não atribuída.
refusal-s-blocked-title = A Microsoft não permitiu a sua entrada
refusal-s-blocked-text = Sua organização pede uma entrada mais segura, ou outro dispositivo ou lugar.
refusal-s-blocked-do = Tente novamente com uma chave de acesso, uma chave de segurança ou o aplicativo Authenticator.
refusal-s-tenant-title = Essa conta é de outra organização
refusal-s-tenant-text = Este portal é somente para uma organização.
refusal-s-tenant-do = Entre com a sua conta de trabalho.
refusal-s-locked-title = Sua conta está bloqueada na Microsoft
refusal-s-locked-text = Houve tentativas demais com uma senha incorreta, talvez pelo seu telefone.
refusal-s-locked-do = Remova a senha antiga do telefone, espere alguns minutos e tente novamente sem senha.
refusal-s-disabled-title = Sua conta está desativada
refusal-s-disabled-text = Somente a sua organização pode ativá-la novamente.
refusal-s-disabled-do = Ligue para a central de atendimento.
refusal-s-setup-title = Falta configuração no portal
refusal-s-setup-text = A Microsoft não aceita o registro do próprio portal. Não é um erro seu.
refusal-s-setup-do = Ligue para a central de atendimento e diga: S-SETUP.
refusal-s-entra-title = A entrada da Microsoft não respondeu como esperado
refusal-s-entra-text = Nada aconteceu.
refusal-s-entra-do = Tente novamente em um minuto.
refusal-s-forged-title = Não foi possível confiar nesta entrada
refusal-s-forged-text = O que voltou da Microsoft não passou nas nossas verificações. Nada foi feito.
refusal-s-forged-do = Comece de novo. Se continuar, diga à central de atendimento: S-FORGED.
refusal-s-guest-title = Usuários convidados não podem redefinir a senha aqui
refusal-s-guest-text = Sua senha pertence à sua organização de origem.
refusal-s-guest-do = Redefina a senha por lá.
refusal-s-password-title = Entre sem a sua senha
refusal-s-password-text = O portal precisa reconhecer você por algo diferente da senha que você esqueceu.
refusal-s-password-do = Escolha “Outras maneiras de entrar” na página da Microsoft.
refusal-s-stale-title = Entre mais uma vez
refusal-s-stale-text = Sua entrada na Microsoft é antiga demais para isto.
refusal-s-context-title = Esta entrada não é segura o suficiente
refusal-s-context-text = Para uma nova senha, é preciso entrar com uma chave de acesso, uma chave de segurança, o aplicativo Authenticator ou um Passe de Acesso Temporário.
refusal-s-context-do = Escolha “Outras maneiras de entrar” na página da Microsoft.
refusal-s-policy-title = As redefinições estão em pausa
refusal-s-policy-text = No momento, não podemos provar que as pessoas entram aqui sem a senha. Até lá, ninguém pode fazer uma redefinição.
refusal-s-policy-do = Ligue para a central de atendimento e diga: S-POLICY.
refusal-s-excluded-title = Sua conta não está incluída
refusal-s-excluded-text = A regra de entrada da sua organização não se aplica à sua conta, por isso não podemos ter certeza de que é você.
refusal-s-excluded-do = Ligue para a central de atendimento.
refusal-s-no-role-title = Sem função de equipe
refusal-s-no-role-text = Sua conta não tem nenhuma das funções de equipe do portal.
refusal-s-no-role-do = Peça ao seu administrador uma função do Passback.
refusal-s-somebody-else-title = Essa era a conta de outra pessoa
refusal-s-somebody-else-text = A senha foi redefinida para uma conta diferente da que acabou de entrar. Nada foi alterado.
refusal-s-somebody-else-do = Volte à sua redefinição e entre com a conta indicada lá.
refusal-s-not-staff-title = Para a equipe com a função certa
refusal-s-not-staff-text = Esta página precisa de uma entrada da equipe com uma função que a permita.
refusal-s-network-title = Não a partir desta rede
refusal-s-network-text = As páginas da equipe só abrem a partir das redes previstas pela sua organização.
refusal-s-expired-title = Sua sessão terminou
refusal-s-expired-text = Nada foi enviado. Entre novamente para continuar.

refusal-l-yourself-title = Escolha outra conta
refusal-l-yourself-text = O operador não pode ser você: a Microsoft nunca permite que uma conta redefina a própria senha.
refusal-l-global-admin-title = Não use um Administrador Global
refusal-l-global-admin-text = O operador precisa do mínimo de poder possível. Use uma conta com a função Administrador de Autenticação, com escopo em uma unidade administrativa.
refusal-l-no-role-title = Falta a função
refusal-l-no-role-text = Esta conta não tem nenhuma função ativa que possa redefinir senhas. Atribua a ela a função Administrador de Autenticação.
refusal-l-tenant-wide-title = A função abrange o locatário inteiro
refusal-l-tenant-wide-text = Limite a função a uma unidade administrativa ou defina operator.tenant_wide = true se for essa a intenção.
refusal-l-no-token-title = Sem permissão duradoura
refusal-l-no-token-text = A Microsoft não forneceu um token de atualização. Conceda a permissão offline_access e tente novamente.
refusal-l-nobody-title = Ninguém está esperando
refusal-l-nobody-text = Entre primeiro com a conta do operador; você tem dez minutos para confirmar.

stopped-g-paused-title = As redefinições estão em pausa
stopped-g-paused-text = Sua organização pausou todas as redefinições por enquanto. Sua senha antiga continua a mesma.
stopped-g-paused-do = Tente novamente mais tarde ou ligue para a central de atendimento.
stopped-g-ceiling-title = As redefinições estão em pausa
stopped-g-ceiling-text = Houve mais redefinições do que o normal, então o portal parou por segurança. Sua senha antiga continua a mesma.
stopped-g-ceiling-do = A central de atendimento já foi avisada. Tente novamente mais tarde.
stopped-g-operator-title = As redefinições estão em pausa
stopped-g-operator-text = O portal não consegue entrar na Microsoft no momento. Você não perdeu nada, e não há nada para digitar.
stopped-g-operator-do = Um administrador precisa vincular o operador novamente. Ligue para a central de atendimento.
stopped-g-protected-title = Sua conta precisa da central de atendimento
stopped-g-protected-text = Contas com direitos especiais são protegidas pela Microsoft. O portal não pode alterar as senhas delas.
stopped-g-protected-do = Ligue para a central de atendimento; lá existe uma maneira segura de fazer isso.
stopped-g-guest-title = Usuários convidados não podem redefinir a senha aqui
stopped-g-guest-text = Sua senha pertence à sua organização de origem.
stopped-g-expired-title = Sua conta não está mais vigente
stopped-g-expired-text = O diretório da sua organização diz que esta conta expirou. Uma nova senha não ajudaria.
stopped-g-expired-do = Ligue para a central de atendimento.
stopped-g-protected-ad-title = Esta conta tem uma proteção especial
stopped-g-protected-ad-text = O diretório da sua organização a trata como conta de administrador. Nenhum portal pode alterar a senha dela.
stopped-g-protected-ad-do = Ligue para a central de atendimento.
stopped-g-cannot-change-title = Sua senha não pode ser alterada
stopped-g-cannot-change-text = O diretório da sua organização não permite isso para esta conta.
stopped-g-cannot-change-do = Ligue para a central de atendimento.
stopped-g-too-young-title = Sua senha foi alterada há pouco tempo
stopped-g-too-young-text = Pelas regras da sua organização, ela poderá ser alterada de novo depois deste momento: { $time }. Até lá, uma nova seria recusada.
stopped-g-too-young-do = Se não puder esperar, ligue para a central de atendimento.
stopped-g-disabled-title = Sua conta está desativada
stopped-g-disabled-text = Somente a sua organização pode ativá-la novamente.
stopped-g-disabled-do = Ligue para a central de atendimento.
stopped-g-cannot-check-title = Não disponível no momento
stopped-g-cannot-check-text = A Microsoft não responde ao que precisamos saber primeiro. Sua senha antiga continua a mesma.
stopped-g-cannot-check-do = Tente novamente em um minuto.

operator-title = Operador de redefinição
operator-intro = O operador é a única conta pela qual as senhas são redefinidas. Ele precisa da função Administrador de Autenticação, com escopo nas pessoas cuja senha pode redefinir.
operator-none = Nenhum operador está vinculado. Até que haja um, ninguém pode fazer uma redefinição.
operator-works = Vinculado e funcionando
operator-trouble-token = A permissão dele terminou. Vincule-o novamente.
operator-trouble-role = Ele perdeu a função. Devolva a função e depois vincule-o novamente.
operator-trouble-relink = A Microsoft exige que ele entre novamente, e as redefinições estão em espera. Vincule-o novamente.
operator-account = Conta
operator-role = Função
operator-scope = Escopo
operator-linked = Vinculado em
operator-refreshed = Última renovação em
operator-link = Entrar com a conta do operador
operator-relink = Vincular novamente ou substituir
operator-link-hint = A página da Microsoft vai abrir. Entre lá como o operador, não com a sua própria conta.
operator-confirm-title = Tornar esta conta o operador?
operator-confirm = Sim, tornar esta conta o operador
operator-tenant-wide = Esta função abrange o locatário inteiro.

stopped-g-frozen-title = As redefinições da sua senha estão suspensas
stopped-g-frozen-text = Alguém nos avisou que uma redefinição anterior da sua senha não era sua. Até a central de atendimento verificar, nenhuma nova começa. Sua senha continua como estava.
stopped-g-frozen-do = Ligue para a central de atendimento. Ela vai confirmar que é você e liberar de novo.

notice-subject = Sua senha em { $organisation } foi redefinida
notice-subject-unknown = Sua senha em { $organisation } pode ter sido redefinida
notice-hello = Olá, { $name },
notice-what = Uma nova senha foi definida para sua conta em { $organisation }. O pedido foi feito em { $time }.
notice-what-split = Uma nova senha está sendo definida para sua conta em { $organisation }. O pedido foi feito em { $time }; seu computador pode tê-la antes do Microsoft 365.
notice-what-cloud-only = Uma nova senha foi definida para sua conta em { $organisation }, por enquanto só na Microsoft. O pedido foi feito em { $time }.
notice-what-unknown = Uma nova senha foi enviada para sua conta em { $organisation } em { $time }. Ainda não conseguimos saber se ela já vale.
notice-reference = Referência: { $reference }
notice-was-me = Foi você? Então não há nada a fazer.
notice-not-me = Não foi você? Abra este link e pressione o botão. Novas redefinições da sua senha ficam suspensas e a central de atendimento é avisada. O link vale por 7 dias.
notice-button = Não fui eu
notice-call = Ou ligue para a central de atendimento: { $phone }
notice-never = Esta mensagem nunca contém uma senha, e ninguém vai pedir a sua.
notice-page-title = Esta redefinição não foi sua?
notice-page-text = Uma nova senha foi pedida em { $time }, referência { $reference }.
notice-page-effect = Se não foi você, pressione o botão. Novas redefinições da sua senha ficam suspensas e a central de atendimento é avisada.
notice-page-button = Não fui eu
notice-page-was-me = Foi você? Então feche esta página. Nada foi alterado.
notice-done-title = Obrigado. A central de atendimento foi avisada
notice-done-text = A central de atendimento decide quando sua senha poderá ser redefinida aqui de novo. Sua senha em si não mudou com isto.
notice-done-call = Ligue agora: { $phone }. Vão garantir que mais ninguém possa entrar.
notice-done-call-desk = Ligue agora para a central de atendimento. Vão garantir que mais ninguém possa entrar.

desk-nav = Páginas da equipe
desk-nav-resets = Redefinições
desk-nav-operator = Operador
desk-title = Redefinições
desk-find = Nome, nome de usuário, referência ou chamado
desk-find-hint = Basta o começo de cada palavra: “an mu” encontra Anna Müller. As setas percorrem a lista.
desk-find-unreadable = Não há nenhuma letra nem algarismo nisso.
desk-from = De (dia, UTC)
desk-to = Até (dia, UTC)
desk-find-day = Um dia se escreve assim: 2026-11-24.
desk-nothing = Nada foi encontrado. Você pode digitar:
desk-nothing-name = um nome, ou como começa cada uma de suas palavras: an mu
desk-nothing-upn = um nome de usuário, ou como ele começa: anna.mu
desk-nothing-reference = uma referência, ou pelo menos seus três primeiros caracteres, como ouvidos: O conta como 0, I e L como 1
desk-nothing-ticket = o número inteiro de um chamado
desk-looked-back = A busca voltou até { $time }.
desk-further = Procurar mais para trás
desk-gathering = Redefinições mais antigas ainda estão sendo preparadas para a busca. Por enquanto, algumas podem faltar.
desk-find-button = Procurar
desk-state = Estado
desk-cause = Causa
desk-any = Todos
desk-none = Não há redefinições assim.
desk-age = há { $span }
desk-older = Mais antigas
desk-newest = Mais recentes
desk-home-directory = A senha fica no diretório.
desk-home-cloud = A senha fica só na Microsoft.
desk-verified = Verificado: as evidências mostram que a nova senha está valendo.
desk-not-verified = Não verificado.
desk-missing = Falta: { $rungs }.
desk-or = ou
desk-evidence = Evidências
desk-not-reached = ainda não visto
desk-nothing-to-prove = Nada foi alterado: não há nada a provar.
desk-evidence-none = Não há nenhuma prova, e nenhuma pode mais chegar.
desk-ask = Perguntar à Microsoft agora
desk-asked = A Microsoft está sendo consultada. A resposta aparece aqui em instantes: recarregue a página.
desk-asked-final = Não há mais nada a perguntar: esta é a última palavra.
desk-for-admin = Para quem administra o AD:
desk-detail = A Microsoft disse:
desk-notes = Notas
desk-notes-none = Ainda não há notas.
desk-note = Nova nota
desk-note-hint = Outras pessoas da equipe vão ler. Nunca escreva uma senha aqui.
desk-note-button = Salvar nota
desk-noted = A nota foi salva.
desk-note-empty = Nada foi salvo: a nota estava vazia.
desk-answers = O que a Microsoft respondeu
desk-answers-none = Ainda não há resposta.
desk-trail = Trilha de auditoria
desk-state-sending = Enviando
desk-state-writing = A caminho
desk-state-written = Gravada
desk-state-refused = Recusada
desk-state-failed = Falhou
desk-state-split = Só no diretório
desk-state-cloud-only = Só na Microsoft
desk-state-unknown = Desconhecido
desk-state-finished = Concluída
desk-rung-accepted = Aceita pela Microsoft
desk-rung-written = Definida, diz a Microsoft
desk-rung-carried = Levada ao diretório
desk-rung-works = Usada pela pessoa
desk-others = Outras redefinições desta pessoa
