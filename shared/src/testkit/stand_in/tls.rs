//! TLS on a port of this machine, with a certificate that is made for one run.

use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, rustls};

/// Connections that may wait to be taken; more than any test opens at once.
const BACKLOG: u32 = 64;

/// A free port of this machine. Until somebody listens there, who calls it is refused at once.
pub fn port() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    socket
}

/// A certificate for this machine, under a root that nobody trusts who was not told to.
pub struct Identity {
    root: String,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// Makes root, key and certificate.
    #[expect(clippy::new_without_default, reason = "each one is another")]
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([Ipv4Addr::LOCALHOST.to_string()])
            .and_then(|params| params.signed_by(&key, &root))
            .unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        Self {
            root: root.pem(),
            config: Arc::new(config),
        }
    }

    /// The root in PEM: what a file that `SSL_CERT_FILE` names has to hold.
    pub fn root(&self) -> &str {
        &self.root
    }

    pub(in crate::testkit) fn listen(&self, port: TcpSocket) -> TlsListener {
        TlsListener {
            listener: port.listen(BACKLOG).unwrap(),
            acceptor: TlsAcceptor::from(Arc::clone(&self.config)),
            handshakes: JoinSet::new(),
        }
    }
}

/// Gives connections whose handshake is done. One that fails is the caller's to complain of.
pub(in crate::testkit) struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<io::Result<TlsStream<TcpStream>>>,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                connection = self.listener.accept() => {
                    let (stream, _) = connection.unwrap();
                    self.handshakes.spawn(self.acceptor.accept(stream));
                }
                // Not a pattern for those that succeed: one that fails would switch this branch off,
                // and the next that succeeds would wait for one more connection.
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Ok(stream)) = done {
                        let address = stream.get_ref().0.peer_addr().unwrap();
                        return (stream, address);
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
