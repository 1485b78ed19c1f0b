//! A mail server on a loopback port that stores what it receives. It speaks as much SMTP as a client needs, and
//! STARTTLS if it has a certificate.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::portal::TestPortal;
use super::raw_client;
use super::wait::{let_time_pass, wait_for_value};

/// A received message.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedMail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Headers and body, with each part decoded.
    pub(crate) text: String,
    pub(crate) encrypted: bool,
    /// The value of `AUTH PLAIN`, in base64.
    pub(crate) login: Option<String>,
}

impl ReceivedMail {
    /// Returns an unfolded header.
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let value = head.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
    }

    /// Returns the path of the not-me link.
    pub(crate) fn not_me_link(&self) -> String {
        let after = self.text.split_once("/not-me/").unwrap_or_else(|| panic!("no link in {}", self.text)).1;
        let token: String = after.chars().take_while(char::is_ascii_alphanumeric).collect();
        format!("/not-me/{token}")
    }
}

#[derive(Default)]
struct MailServerState {
    mails: Vec<ReceivedMail>,
    /// Number of messages that are refused with 451 before one is accepted.
    refuse_first: usize,
    refused_count: usize,
    connection_count: usize,
    /// Delay before a message is accepted.
    delay: Duration,
}

/// The server. It stops with its runtime.
#[derive(Clone)]
pub(crate) struct TestMailServer {
    pub(crate) port: u16,
    state: Arc<Mutex<MailServerState>>,
}

impl TestMailServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(0, None).await
    }

    /// Starts a server that refuses the first messages.
    pub(crate) async fn start_refusing(first: usize) -> Self {
        Self::start_with(first, None).await
    }

    /// Sets the delay before each message is accepted.
    pub(crate) fn set_delay(&self, span: Duration) {
        self.state.lock().unwrap().delay = span;
    }

    /// Starts a server with STARTTLS as `localhost`. Returns its certificate as PEM.
    pub(crate) async fn start_with_tls() -> (Self, String) {
        raw_client::install_crypto();
        let key = rcgen::KeyPair::generate().unwrap();
        let made = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let secret = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![made.der().clone()], secret).unwrap();
        (Self::start_with(0, Some(TlsAcceptor::from(Arc::new(config)))).await, made.pem())
    }

    async fn start_with(refuse: usize, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(MailServerState { refuse_first: refuse, ..MailServerState::default() }));
        let mailbox = Self { port, state: Arc::clone(&state) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                state.lock().unwrap().connection_count += 1;
                tokio::spawn(serve_client(stream, tls.clone(), Arc::clone(&state)));
            }
        });
        mailbox
    }

    pub(crate) fn mails(&self) -> Vec<ReceivedMail> {
        self.state.lock().unwrap().mails.clone()
    }

    /// Number of 451 responses.
    pub(crate) fn refused_count(&self) -> usize {
        self.state.lock().unwrap().refused_count
    }

    pub(crate) fn connection_count(&self) -> usize {
        self.state.lock().unwrap().connection_count
    }

    /// Waits for this many messages.
    pub(crate) async fn wait_for_mails(&self, count: usize) -> Vec<ReceivedMail> {
        wait_for_value(format!("{count} messages"), async || self.mails(), |mails| mails.len() >= count).await
    }

    /// Waits until the portal has delivered what is due, and returns all messages.
    pub(crate) async fn mails_after_round(&self, portal: &TestPortal) -> Vec<ReceivedMail> {
        portal.wait_for_round("mail-delivery").await;
        self.mails()
    }
}

/// Serves one client, over TLS if it asks for it.
async fn serve_client(mut stream: TcpStream, tls: Option<TlsAcceptor>, state: Arc<Mutex<MailServerState>>) {
    let _ = stream.write_all(b"220 localhost ready\r\n").await;
    let wants_tls = serve_smtp(&mut stream, tls.is_some(), false, &state).await;
    if let Some(acceptor) = tls.filter(|_| wants_tls)
        && let Ok(mut secure) = acceptor.accept(stream).await
    {
        serve_smtp(&mut secure, false, true, &state).await;
    }
}

/// Speaks SMTP until the client ends. Returns `true` if the client asked for TLS.
async fn serve_smtp<S>(stream: &mut S, offers_tls: bool, encrypted: bool, state: &Mutex<MailServerState>) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from, mut to, mut login) = (String::new(), Vec::new(), None);
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return false;
        }
        let word = line.split([' ', '\r']).next().unwrap_or("").to_ascii_uppercase();
        let rest = line.trim_end().split_once([' ', ':']).map_or("", |(_, rest)| rest).to_owned();
        let answer = match word.as_str() {
            "EHLO" if offers_tls => "250-localhost\r\n250 STARTTLS",
            "EHLO" => "250-localhost\r\n250 AUTH PLAIN",
            "STARTTLS" => {
                let _ = stream.write_all(b"220 go ahead\r\n").await;
                return true;
            }
            "AUTH" => {
                login = rest.split(' ').nth(1).map(str::to_owned);
                "235 welcome"
            }
            "MAIL" if should_refuse(state) => "451 come back later",
            "MAIL" => {
                from = parse_address(&rest);
                "250 ok"
            }
            "RCPT" => {
                to.push(parse_address(&rest));
                "250 ok"
            }
            "DATA" => {
                let _ = stream.write_all(b"354 go ahead\r\n").await;
                let text = read_message(&mut stream).await;
                let mail = ReceivedMail {
                    from: std::mem::take(&mut from),
                    to: std::mem::take(&mut to),
                    text,
                    encrypted,
                    login: login.clone(),
                };
                let thinks = state.lock().unwrap().delay;
                let_time_pass(thinks).await;
                state.lock().unwrap().mails.push(mail);
                "250 kept"
            }
            "QUIT" => {
                let _ = stream.write_all(b"221 bye\r\n").await;
                return false;
            }
            _ => "250 ok",
        };
        if stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return false;
        }
    }
}

fn should_refuse(state: &Mutex<MailServerState>) -> bool {
    let mut state = state.lock().unwrap();
    let busy = state.refused_count < state.refuse_first;
    state.refused_count += usize::from(busy);
    busy
}

/// Extracts `a@b` from `FROM:<a@b> …`.
fn parse_address(rest: &str) -> String {
    rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(address, _)| address).to_owned()
}

/// Reads a message up to the line with the dot.
async fn read_message<S: AsyncBufRead + Unpin>(stream: &mut S) -> String {
    let (mut text, mut line) = (String::new(), String::new());
    while stream.read_line(&mut line).await.unwrap_or(0) > 0 && line != ".\r\n" {
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        line.clear();
    }
    text.split("\r\n--").map(decode_part).collect::<Vec<_>>().join("\r\n--")
}

/// Decodes the body of one part and keeps its headers.
fn decode_part(part: &str) -> String {
    use base64::Engine as _;
    let Some((head, body)) = part.split_once("\r\n\r\n") else { return part.to_owned() };
    let body = if head.contains("quoted-printable") {
        decode_quoted_printable(body)
    } else if head.contains("Transfer-Encoding: base64") {
        let bytes = base64::engine::general_purpose::STANDARD.decode(body.replace("\r\n", "")).unwrap();
        String::from_utf8(bytes).unwrap()
    } else {
        body.to_owned()
    };
    format!("{head}\r\n\r\n{body}")
}

fn decode_quoted_printable(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let mut parts = joined.split('=');
    let mut bytes = parts.next().unwrap_or("").as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => bytes.extend_from_slice(format!("={part}").as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
